// A run that a test feeds by hand, and what it is fed with.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "observe/reasons.h"
#include "reconcile/run.h"

namespace podcron::reconcile::testing {

namespace reason = observe::reason;

inline constexpr WallTime kScheduled{Seconds{1'772'971'200}};
inline const Uid kJob{1, 2};
inline const Uid kRecord{3, 4};

inline Now at(int milliseconds) {
  return {WallMillis(kScheduled) + Millis{milliseconds}, MonoTime{Millis{milliseconds}}};
}

inline api::TargetRef pod(const std::string& name, std::uint64_t id) {
  return {name, Uid{9, id}, "node-0", "app", "containerd://" + name};
}

inline RunOrigin origin() {
  RunOrigin o;
  o.namespace_ = "shop";
  o.pod_cron_job = "digest";
  o.pod_cron_job_uid = kJob;
  o.run = "digest-1772971200-k7x2p";
  o.scheduled_time = kScheduled;
  o.starting_deadline = kScheduled + Seconds{60};
  o.holder = "me_1";
  return o;
}

inline api::PodJobTemplateSpec spec() {
  api::PodJobTemplateSpec s;
  s.executor = api::Executor::kExec;
  s.exec.command = {"true"};
  s.active_deadline_seconds = 100;
  return s;
}

inline api::PodJob record(const std::string& holder = "me_1/1") {
  api::PodJob r;
  r.meta.uid = kRecord;
  r.meta.resource_version = 50;
  r.controller = api::OwnerReference{"podcron.dev", "PodCronJob", "digest", kJob};
  r.holder = holder;
  r.has_holder = true;
  r.spec = spec();
  return r;
}

inline api::PodCronJob parent() {
  api::PodCronJob p;
  p.meta.uid = kJob;
  p.status.active.push_back({origin().run, kScheduled, "me_1", 1, api::ActiveState::kActive});
  return p;
}

inline RecordReply ok(api::PodJob r) { return {RecordReply::Kind::kOk, std::move(r), ""}; }
inline RecordReply reply(RecordReply::Kind kind) { return {kind, std::nullopt, "because"}; }

inline api::ExecReport success() {
  api::ExecReport r;
  r.end = api::ExecEnd::kClosed;
  r.status_json = R"({"status":"Success"})";
  r.tail = "hello";
  return r;
}

inline api::ExecReport not_found() {
  api::ExecReport r;
  r.end = api::ExecEnd::kRefused;
  r.http_status = 404;
  return r;
}

inline TaskOver over(std::uint32_t target, api::ExecReport report) {
  return {target, judge(std::move(report))};
}

/// Feeds inputs and keeps the actions of the last one.
struct Driver {
  Run run;
  std::vector<RunAction> actions;
  int now = 10;

  explicit Driver(std::vector<api::TargetRef> targets = {pod("web-1", 1)},
                  api::PodJobTemplateSpec s = spec())
      : run(Run::claimed(origin(), s, std::move(targets), {})) {
    run.start(at(now), actions);
  }
  void feed(RunInput input) {
    actions.clear();
    run.on(at(now), std::move(input), actions);
    // As the engine does when a handshake place is free.
    std::vector<RunAction> none;
    for (const RunAction& action : actions) {
      const auto* dial = std::get_if<Dial>(&action);
      if (dial != nullptr && run.may_dial(at(now), dial->target)) {
        run.on(at(now), Dialled{dial->target}, none);
      }
    }
    EXPECT_TRUE(none.empty());
  }
  template <class Action>
  [[nodiscard]] bool asks_only_for() const {
    return actions.size() == 1 && std::holds_alternative<Action>(actions[0]);
  }
  /// To the first dial.
  void to_dial() {
    feed(ok(record()));
    feed(ParentReply{parent()});
    feed(PodChecked{0, "", ""});
  }
};

}  // namespace podcron::reconcile::testing
