#include "conservation/story.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

#include "base/hash.h"

namespace podcron::conservation {
namespace {

constexpr std::int64_t kHour = 3600;
constexpr std::int64_t kDay = 24 * kHour;
constexpr const char* kNamespace = "shop";
constexpr std::int64_t kPodsMost = 3;
/// More looks at one instant would be a loop: All with its limit and 100 runs need fewer.
constexpr int kLooksAtOnceMost = 400;
const std::vector<std::string> kZones{"UTC", "Europe/Berlin", "America/New_York",
                                      "Australia/Lord_Howe", "Asia/Shanghai"};

std::string read_zone(const std::string& name) {
  std::ifstream in(std::filesystem::path("/usr/share/zoneinfo") / name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

const ZoneDatabase& zones() {
  static const std::shared_ptr<const ZoneDatabase> database = [] {
    std::map<std::string, std::string> files;
    for (const std::string& name : kZones) files[name] = read_zone(name);
    return ZoneDatabase::make("conservation", std::move(files));
  }();
  return *database;
}

const Uid kJobUid{hash64("nightly", 1), hash64("nightly", 2)};
const Uid kOwnerUid{hash64("web-7c9d", 1), hash64("web-7c9d", 2)};

api::Pod pod_number(std::int64_t number, WallTime ready_since, std::uint64_t version) {
  constexpr std::array<const char*, kPodsMost> kNames{"web-7c9d-4xk2p", "web-7c9d-7bq8w",
                                                      "web-7c9d-zt6lv"};
  api::Pod pod;
  pod.meta.namespace_ = kNamespace;
  pod.meta.name = kNames.at(static_cast<std::size_t>(number));
  pod.meta.uid = {hash64(pod.meta.name, 1), hash64(pod.meta.name, 2)};
  pod.meta.resource_version = version;
  pod.generate_name = "web-7c9d-";
  pod.labels = {{"app", "web"}, {"podcron.dev/serving", "true"}};
  pod.controller = api::OwnerReference{"apps", "ReplicaSet", "web-7c9d", kOwnerUid};
  pod.phase = api::PodPhase::kRunning;
  pod.ready = true;
  pod.ready_since = ready_since;
  pod.containers.push_back({"app", false, false, true});
  pod.statuses.push_back({"app", "containerd://" + pod.meta.name, true, true, true});
  return pod;
}

}  // namespace

Story::Story(std::uint64_t seed, const Tell& tell)
    : prng_(seed), tell_(tell), ledger_([this](const api::ObservedSchedule& observed) {
        return due_of(observed.schedule, observed.time_zone, observed.daylight_saving);
      }) {
  // Half of the stories begin some days before clocks are moved somewhere.
  constexpr std::array<const char*, 6> kMoves{"2026-03-08T07:00:00Z", "2026-03-29T01:00:00Z",
                                              "2026-04-04T15:00:00Z", "2026-10-03T15:30:00Z",
                                              "2026-10-25T01:00:00Z", "2026-11-01T06:00:00Z"};
  now_ = chance(500)
             ? *parse_rfc3339(kMoves.at(prng_.below(kMoves.size()))) - Seconds{draw(0, 9 * kDay)}
             : *parse_rfc3339("2026-01-01T00:00:00Z") + Seconds{draw(0, 365 * kDay)};
  weeks_ = draw(1, 6);
  constexpr std::array<std::int64_t, 4> kCalm{2 * kHour, 8 * kHour, 24 * kHour, 72 * kHour};
  calm_seconds_ = kCalm.at(prng_.below(kCalm.size()));
  constexpr std::array<std::int64_t, 5> kRun{5, 120, 1200, 3 * kHour, 12 * kHour};
  run_seconds_ = kRun.at(prng_.below(kRun.size()));
  if (chance(25)) {
    // Enough runs at once for the bound on `active`.
    crowded_ = true;
    weeks_ = 1;
    calm_seconds_ = 48 * kHour;
    run_seconds_ = 4 * kDay;
  }
  end_ = now_ + Seconds{weeks_ * 7 * kDay};
  fault_at_ = now_ + Seconds{draw(0, 2 * calm_seconds_)};
  serving_.requirements.push_back({"podcron.dev/serving", api::SelectorOperator::kIn, {"true"}});
  api::Workload owner;
  owner.meta.namespace_ = kNamespace;
  owner.meta.name = "web-7c9d";
  owner.meta.uid = kOwnerUid;
  owner.meta.resource_version = 1;
  owner.kind = "ReplicaSet";
  owner.containers.push_back({"app", false, false, true});
  owners_.apply(owner, 1);
  begin_job();
}

void Story::begin_job() {
  job_.meta.namespace_ = kNamespace;
  job_.meta.name = "nightly";
  job_.meta.uid = kJobUid;
  job_.meta.creation_timestamp = now_;
  job_.meta.generation = 1;
  job_.spec.job.executor = api::Executor::kExec;
  job_.spec.job.exec.command = {"true"};
  job_.spec.job.target.selector.requirements.push_back(
      {"app", api::SelectorOperator::kIn, {"web"}});
  controllers_.resize(chance(250) ? 2 : 1);
  for (std::size_t i = 0; i < controllers_.size(); ++i) {
    controllers_[i].name = fmt::format("controller-{}", i);
    controllers_[i].look_at = now_;
  }
  edit();
  edit_policies();
  job_.spec.suspend = false;
  if (crowded_) {
    job_.spec.schedule = "*/5 * * * *";
    job_.spec.concurrency_policy = api::ConcurrencyPolicy::kAllow;
  }
  for (int i = 0; i < 2; ++i) change_pods();
}

// ---- what happens

StoryReport Story::run() {
  while (report_.wrong.empty() && step()) {
  }
  if (report_.wrong.empty() && job_.status.decided_through) {
    WallTime latest = now_;
    for (const Controller& c : controllers_) latest = std::max(latest, clock_of(c));
    wrong(ledger_.close(job_.status, latest));
  }
  report_.weeks = weeks_;
  report_.due = ledger_.due();
  report_.pending = ledger_.pending();
  report_.sums = ledger_.sums();
  return std::move(report_);
}

/// To the next event, and what is due then. False at the end.
bool Story::step() {
  WallTime next = std::min(end_, fault_at_);
  const auto maybe = [&](std::optional<WallTime> at) {
    if (at) next = std::min(next, std::max(*at, now_));
  };
  for (const api::ActiveRun& run : job_.status.active) {
    const RunStory& story = runs_.at(run.name);
    for (const WallTime at : {story.ends, story.leaves}) {
      if (at > now_) maybe(at);
    }
  }
  if (api_down_until_) maybe(api_down_until_);
  for (const Controller& c : controllers_) maybe(c.down_until ? c.down_until : next_look(c));
  looks_at_once_ = next == now_ ? looks_at_once_ + 1 : 0;
  if (looks_at_once_ > kLooksAtOnceMost) {
    wrong("it plans without end");
    return false;
  }
  const WallTime before = now_;
  now_ = next;
  if (now_ >= end_) return false;
  for (const api::ActiveRun& run : job_.status.active) {
    const RunStory& story = runs_.at(run.name);
    const auto passed = [&](WallTime at) { return at > before && at <= now_; };
    if (passed(story.ends) || passed(story.leaves)) everybody_looks();
  }
  if (api_down_until_ && *api_down_until_ <= now_) api_down_until_.reset();
  if (fault_at_ <= now_) {
    fault();
    fault_at_ = now_ + Seconds{draw(1, 2 * calm_seconds_)};
  }
  for (Controller& c : controllers_) {
    if (c.down_until && *c.down_until <= now_) {
      c.down_until.reset();
      c.look_at = now_;
      say(c.name + " starts");
    }
    const auto at = c.down_until ? std::nullopt : next_look(c);
    if (at && *at <= now_) look(c);
  }
  return true;
}

void Story::everybody_looks() {
  for (Controller& c : controllers_) look_later(c, 0);
}

void Story::look_later(Controller& controller, std::int64_t seconds_most) {
  const WallTime at = now_ + Seconds{draw(0, seconds_most)};
  controller.look_at = std::min(controller.look_at.value_or(at), at);
}

void Story::fault() {
  switch (draw(0, 11)) {
    case 0:
    case 1:
      edit();
      break;
    case 2:
      turn_a_switch();
      break;
    case 3:
      edit_policies();
      break;
    case 4:
    case 5:
      return change_pods();
    case 6:
      return change_capacity();
    case 7:
    case 8:
      return step_clock();
    case 9:
      return crash(controllers_[prng_.below(controllers_.size())],
                   chance(600) ? draw(1, 600) : draw(600, chance(300) ? 3 * kDay : 6 * kHour));
    default:
      api_down_until_ = now_ + Seconds{chance(700) ? draw(5, 900) : draw(900, 5 * kHour)};
      return say("the API server takes no writes until " + to_rfc3339(*api_down_until_));
  }
  for (bool* held : {&job_.spec.suspend, &namespace_held_, &everything_held_}) {
    if (*held && chance(400)) *held = false;
  }
  ++job_.meta.generation;
  ++job_version_;
  const api::PodCronJobSpec& s = job_.spec;
  say(
      fmt::format("edit: \"{}\" {} {} spread {} held \"{}\" catchUp {} limit {} concurrency {} "
                  "deadline {} noTarget {} minEligible {}",
                  s.schedule, s.time_zone, s.daylight_saving, s.spread_seconds, suspended_by(),
                  static_cast<int>(s.catch_up_policy), s.catch_up_limit,
                  static_cast<int>(s.concurrency_policy), s.starting_deadline_seconds.value_or(-1),
                  static_cast<int>(s.job.no_target_policy), s.job.target.min_eligible));
  for (Controller& c : controllers_) look_later(c, 3);
}

void Story::turn_a_switch() {
  const std::int64_t which = draw(0, 3);
  bool& held = which == 0 ? namespace_held_ : which == 1 ? everything_held_ : job_.spec.suspend;
  held = chance(held ? 900 : 500) != held;
}

std::string_view Story::suspended_by() const {
  if (job_.spec.suspend) return "Suspended";
  if (namespace_held_) return "NamespaceSuspended";
  return everything_held_ ? "GloballySuspended" : "";
}

void Story::edit() {
  api::PodCronJobSpec& spec = job_.spec;
  if (spec.schedule.empty() || chance(700)) {
    const auto& all = rhythms();
    // No schedule at all is drawn rarely, and frequent ones as often as the others.
    const std::size_t count = chance(60) ? all.size() : all.size() - 1;
    spec.schedule = std::string(all[prng_.below(count)].text);
    if (rhythm_of(spec.schedule).times_a_day > 60 && chance(600)) spec.schedule = "45 * * * *";
  }
  if (chance(400)) spec.time_zone = kZones[prng_.below(kZones.size())];
  if (chance(300)) spec.daylight_saving = chance(700) ? "Once" : "AsCronJob";
  if (chance(300)) {
    spec.spread_seconds = chance(500) ? 0 : static_cast<std::int32_t>(draw(1, 900));
  }
}

void Story::edit_policies() {
  api::PodCronJobSpec& spec = job_.spec;
  if (chance(500)) spec.catch_up_policy = static_cast<api::CatchUpPolicy>(prng_.below(3));
  if (chance(300)) spec.catch_up_limit = static_cast<std::int32_t>(draw(1, 5));
  if (chance(500)) spec.concurrency_policy = static_cast<api::ConcurrencyPolicy>(prng_.below(4));
  if (chance(500)) {
    constexpr std::array<std::int64_t, 6> kDeadlines{0, 15, 300, 1800, 7200, 20 * kHour};
    spec.starting_deadline_seconds.reset();
    if (chance(600)) spec.starting_deadline_seconds = kDeadlines.at(prng_.below(kDeadlines.size()));
  }
  if (chance(300)) {
    spec.job.no_target_policy =
        chance(700) ? api::NoTargetPolicy::kWait : api::NoTargetPolicy::kSkip;
  }
  if (chance(200)) spec.job.target.min_eligible = static_cast<std::int32_t>(draw(1, 2));
}

void Story::change_pods() {
  pods_ready_ = chance(350) ? 0 : draw(1, kPodsMost);
  for (std::int64_t i = 0; i < kPodsMost; ++i) {
    const api::Pod pod = pod_number(i, now_ - Seconds{30 * kDay}, ++pod_version_);
    if (i < pods_ready_) {
      pods_.apply(pod, 1);
    } else if (pods_.find(kNamespace, pod.meta.name)) {
      pods_.erase(kNamespace, pod.meta.name, pod.meta.uid, pod_version_);
    }
  }
  say(fmt::format("{} pods", pods_ready_));
  for (Controller& c : controllers_) {
    if (c.waits_for_pods) look_later(c, 0);
  }
}

void Story::change_capacity() {
  capacity_ = !capacity_ || chance(500);
  say(fmt::format("capacity {}", capacity_));
  for (Controller& c : controllers_) {
    if (capacity_ && c.waits) look_later(c, 0);
  }
}

void Story::step_clock() {
  Controller& c = controllers_[prng_.below(controllers_.size())];
  const std::int64_t most = chance(500) ? 60 : chance(700) ? 3 * kHour : 3 * kDay;
  c.ahead = chance(300) ? Seconds{0} : c.ahead + Seconds{draw(-most, most)};
  say(fmt::format("the clock of {} is {} s ahead", c.name, c.ahead.count()));
}

void Story::crash(Controller& controller, std::int64_t seconds) {
  Controller fresh;
  fresh.name = controller.name;
  fresh.ahead = controller.ahead;
  fresh.clock_known = chance(900);
  fresh.down_until = now_ + Seconds{seconds};
  controller = std::move(fresh);
  say(fmt::format("{} is gone until {}", controller.name, to_rfc3339(*controller.down_until)));
}

const Result<Schedule>& Story::schedule_of(const std::string& text, const std::string& zone,
                                           const std::string& saving) {
  const std::string key = text + "|" + zone + "|" + saving;
  const auto at = schedules_.find(key);
  if (at != schedules_.end()) return at->second;
  return schedules_
      .emplace(key, Schedule::parse(
                        text, *zones().find(zone),
                        saving == "Once" ? DaylightSaving::kOnce : DaylightSaving::kAsCronJob))
      .first->second;
}

DueTimes* Story::due_of(const std::string& text, const std::string& zone,
                        const std::string& saving) {
  std::unique_ptr<DueTimes>& due = due_[text + "|" + zone + "|" + saving];
  if (!due) {
    due = std::make_unique<DueTimes>(rhythm_of(text), *zones().find(zone), saving == "Once");
  }
  return due.get();
}

}  // namespace podcron::conservation
