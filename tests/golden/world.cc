#include "golden/world.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

#include <fmt/format.h>

#include "base/hash.h"
#include "observe/reasons.h"

namespace podcron::golden {
namespace {

constexpr const char* kNamespace = "shop";

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// The zones that scenarios name, from the machine's tzdata.
std::map<std::string, std::string> load_zones() {
  std::map<std::string, std::string> files;
  for (const char* name :
       {"Europe/Berlin", "America/New_York", "Asia/Shanghai", "Africa/Cairo", "Asia/Beirut",
        "Australia/Lord_Howe", "Antarctica/Troll", "Pacific/Apia"}) {
    files[name] = read_file(std::filesystem::path("/usr/share/zoneinfo") / name);
  }
  return files;
}

/// Splits at blanks outside double quotes; the quotes go.
std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> words;
  std::string word;
  bool quoted = false;
  bool any = false;
  for (const char c : line) {
    if (c == '"') {
      quoted = !quoted;
      any = true;
    } else if (c == ' ' && !quoted) {
      if (any) words.push_back(std::move(word));
      word.clear();
      any = false;
    } else {
      word += c;
      any = true;
    }
  }
  if (any) words.push_back(word);
  return words;
}

Uid uid_of(const std::string& name) { return {hash64(name, 1), hash64(name, 2)}; }

/// A ReplicaSet of an older revision; that of all other pods is the newest.
constexpr const char* kOlderOwner = "web-5b6d";

int number(const std::string& text) { return std::stoi(text); }

void set(api::PodCronJobSpec& spec, const std::string& key, const std::string& value) {
  if (key == "schedule") {
    spec.schedule = value;
  } else if (key == "zone") {
    spec.time_zone = value;
  } else if (key == "saving") {
    spec.daylight_saving = value;
  } else if (key == "policy") {
    spec.concurrency_policy = value == "Allow"     ? api::ConcurrencyPolicy::kAllow
                              : value == "Replace" ? api::ConcurrencyPolicy::kReplace
                              : value == "Queue"   ? api::ConcurrencyPolicy::kQueue
                                                   : api::ConcurrencyPolicy::kForbid;
  } else if (key == "catchUp") {
    spec.catch_up_policy = value == "None"  ? api::CatchUpPolicy::kNone
                           : value == "All" ? api::CatchUpPolicy::kAll
                                            : api::CatchUpPolicy::kLatest;
  } else if (key == "catchUpLimit") {
    spec.catch_up_limit = number(value);
  } else if (key == "strategy") {
    spec.job.strategy.type = value;
  } else if (key == "count") {
    spec.job.strategy.count = number(value);
  } else if (key == "ordinal") {
    spec.job.strategy.ordinal = number(value);
  } else if (key == "fallback") {
    spec.job.strategy.fallback =
        value == "Random" ? api::OrdinalFallback::kRandom : api::OrdinalFallback::kNone;
  } else if (key == "topologyKey") {
    spec.job.strategy.topology_key = value;
  } else if (key == "webhook") {
    spec.job.strategy.webhook.name = value;
  } else if (key == "failure") {
    spec.job.strategy.webhook.failure_policy =
        value == "Random" ? api::FailurePolicy::kRandom : api::FailurePolicy::kFail;
  } else if (key == "percent") {
    spec.job.strategy.percent = number(value);
  } else if (key == "deadline") {
    spec.starting_deadline_seconds = number(value);
  } else if (key == "suspend") {
    spec.suspend = value == "true";
  } else if (key == "spread") {
    spec.spread_seconds = number(value);
  } else if (key == "noTarget") {
    spec.job.no_target_policy =
        value == "Skip" ? api::NoTargetPolicy::kSkip : api::NoTargetPolicy::kWait;
  } else if (key == "minEligible") {
    spec.job.target.min_eligible = number(value);
  } else if (key == "minReady") {
    spec.job.target.min_ready_seconds = number(value);
  } else if (key == "revision") {
    spec.job.target.revision = value == "Any"      ? api::Revision::kAny
                               : value == "Latest" ? api::Revision::kLatest
                                                   : api::Revision::kPreferLatest;
  } else if (key == "service") {
    spec.job.target.service_name = value;
  } else if (key == "cooldown") {
    spec.job.target.interactive_sessions.cooldown_seconds = number(value);
  } else if (key == "sessions") {
    spec.job.target.interactive_sessions.exclude =
        value == "AnyExec" ? api::SessionExclusion::kAnyExec
        : value == "None"  ? api::SessionExclusion::kNone
                           : api::SessionExclusion::kStdinOrTty;
  } else if (key == "notImplemented") {
    spec.not_implemented = value;
  } else {
    throw std::runtime_error("unknown key " + key);
  }
}

const char* word_of(api::Outcome outcome) {
  switch (outcome) {
    case api::Outcome::kSucceeded:
      return "Succeeded";
    case api::Outcome::kFailed:
      return "Failed";
    case api::Outcome::kUnknown:
      return "Unknown";
    case api::Outcome::kSkipped:
      return "skip";
    case api::Outcome::kMissed:
      return "miss";
  }
  return "";
}

/// The strategy services that the controller knows.
const std::map<std::string, Millis> kStrategyServices{{"quiet", Seconds{10}}};

/// What a plan decides, a line each.
std::string describe(const reconcile::Plan& plan, const store::PodStore& pods) {
  std::string printed;
  if (plan.inquiry) {
    std::string names;
    for (const store::PodHandle pod : plan.inquiry->eligible) {
      names += (names.empty() ? "" : ",") + std::string(pods.name(pod));
    }
    printed +=
        fmt::format("ask scheduled={} until={} pods={}\n", to_rfc3339(plan.inquiry->scheduled_time),
                    to_rfc3339(*plan.inquiry->until), names);
  }
  for (const reconcile::Disposal& d : plan.disposals) {
    printed += d.count == 1
                   ? fmt::format("{} scheduled={} reason={}\n", word_of(d.outcome),
                                 to_rfc3339(d.from), d.reason)
                   : fmt::format("{} from={} to={} count={} reason={}\n", word_of(d.outcome),
                                 to_rfc3339(d.from), to_rfc3339(d.to), d.count, d.reason);
  }
  if (plan.claim) {
    std::string targets;
    for (const api::TargetRef& target : plan.claim->targets) {
      targets += (targets.empty() ? "" : ",") + target.pod_name;
    }
    printed += fmt::format("claim {} targets={}\n", plan.claim->run, targets);
    for (const auto& [pod, time] : plan.status.strategy_state) {
      printed += fmt::format("used {} {}\n", pod, time);
    }
  }
  for (const api::Condition& c : plan.status.conditions) {
    if (c.status == api::ConditionStatus::kFalse && c.type != "Ready") {
      printed += fmt::format("condition {}=False {} \"{}\"\n", c.type, c.reason, c.message);
    }
    if (c.reason == "ServingUnproven") {
      printed += fmt::format("condition {}=True {} \"{}\"\n", c.type, c.reason, c.message);
    }
    if (c.type == "Ready" && (c.reason == "NotImplemented" || c.reason == "DecidedInFuture")) {
      printed += fmt::format("condition Ready=False {} \"{}\"\n", c.reason, c.message);
    }
  }
  for (const api::ActiveRun& run : plan.status.active) {
    if (run.state == api::ActiveState::kUnknown) printed += "unknown " + run.name + "\n";
    if (run.state == api::ActiveState::kEnding) printed += "ending " + run.name + "\n";
  }
  if (!plan.write && !plan.disposals.empty()) printed += "deferred\n";
  return printed;
}

}  // namespace

World::World() : zone_files_(load_zones()), zones_(ZoneDatabase::make("golden", zone_files_)) {
  serving_.requirements.push_back({"podcron.dev/serving", api::SelectorOperator::kIn, {"true"}});
  api::Workload owner;
  owner.meta.namespace_ = kNamespace;
  owner.meta.name = "web";
  owner.meta.uid = uid_of("web");
  owner.meta.resource_version = 1;
  owner.kind = "Deployment";
  owner.template_hash = 2;
  owner.containers.push_back({.name = "app", .has_readiness_probe = true});
  owners_.apply(owner, 1);
  owner.kind = "ReplicaSet";
  owner.controller = api::OwnerReference{"apps", "Deployment", "web", uid_of("web")};
  for (const char* name : {"web-7c9d", kOlderOwner}) {
    owner.meta.name = name;
    owner.meta.uid = uid_of(name);
    owners_.apply(owner, 1);
    owner.template_hash = 1;
  }
  owner.kind = "StatefulSet";
  owner.controller.reset();
  owner.meta.name = "db";
  owner.meta.uid = uid_of("db");
  owners_.apply(owner, 1);
}

std::string World::command(const std::string& line) {
  const std::vector<std::string> words = split(line);
  if (words.empty() || words[0].starts_with("#")) return "";
  if (words[0] == "podcronjob") {
    make_job(words, false);
  } else if (words[0] == "edit") {
    make_job(words, true);
  } else if (words[0] == "pod") {
    make_pod(words);
  } else if (words[0] == "rests") {
    const Uid pod = uid_of(words.at(1));
    words.at(2) == "on" ? void(resting_.insert(pod)) : void(resting_.erase(pod));
  } else if (words[0] == "endpoints") {
    make_slice(words);
  } else if (words[0] == "unlisted") {
    unlisted_ = words.at(1) == "on";
  } else if (words[0] == "node") {
    api::ClusterNode node;
    node.meta.name = words.at(1);
    node.meta.resource_version = ++version_;
    node.labels = {{words.at(2), words.at(3)}};
    nodes_.apply(node, 1);
  } else if (words[0] == "session") {
    make_session(words);
  } else if (words[0] == "remove") {
    const auto handle = pods_.find(kNamespace, words.at(1));
    if (!handle) throw std::runtime_error("no pod " + words.at(1));
    pods_.erase(kNamespace, words[1], pods_.expand(*handle).meta.uid, ++version_);
  } else if (words[0] == "end") {
    // The generation that a run was claimed under is asked of its end alone, and the scenarios'
    // edits come after it.
    const api::Outcome outcome = words.at(2) == "Succeeded" ? api::Outcome::kSucceeded
                                 : words[2] == "Failed"     ? api::Outcome::kFailed
                                                            : api::Outcome::kUnknown;
    const std::string job = words.at(1).substr(0, words[1].find('-'));
    ended_[words[1]] = {outcome, words.size() > 3 && words[3] == "harmed",
                        jobs_.at(job).object.meta.generation};
  } else if (words[0] == "switch") {
    bool& held = words.at(1) == "namespace" ? namespace_suspended_ : globally_suspended_;
    held = words.at(2) == "on";
  } else if (words[0] == "rules") {
    zone_files_[words.at(1)] = zone_files_.at(words.at(2));
    zones_ = ZoneDatabase::make("golden", zone_files_);
  } else if (words[0] == "disputed") {
    const auto time = parse_rfc3339(words.at(2));
    if (!time) throw std::runtime_error(time.error().message);
    jobs_.at(words.at(1)).object.status.next_schedule_time = *time;
  } else if (words[0] == "answer" || words[0] == "fails" || words[0] == "again") {
    answer(words);
  } else if (words[0] == "lost") {
    lost_ = true;
  } else if (words[0] == "at") {
    return plan_at(words.at(1));
  } else if (words[0] == "through") {
    return plan_through(words.at(1));
  } else {
    throw std::runtime_error("unknown command " + words[0]);
  }
  return "";
}

void World::make_job(const std::vector<std::string>& words, bool edit) {
  Job& job = jobs_[words.at(1)];
  api::PodCronJob& object = job.object;
  if (!edit) {
    object.meta.namespace_ = kNamespace;
    object.meta.name = words[1];
    object.meta.uid = uid_of(words[1]);
    object.meta.creation_timestamp = now_;
    object.spec.job.executor = api::Executor::kExec;
    object.spec.job.exec.command = {"true"};
    object.spec.job.target.selector.requirements.push_back(
        {"app", api::SelectorOperator::kIn, {"web"}});
  }
  ++object.meta.generation;
  for (std::size_t i = 2; i < words.size(); ++i) {
    const auto equals = words[i].find('=');
    if (equals == std::string::npos) throw std::runtime_error("key=value wanted: " + words[i]);
    set(object.spec, words[i].substr(0, equals), words[i].substr(equals + 1));
  }
}

void World::make_pod(const std::vector<std::string>& words) {
  api::Pod pod;
  // Names that the generator could have made: the last word of the name is given its shape.
  pod.meta.namespace_ = kNamespace;
  pod.meta.name = words.at(1);
  pod.meta.uid = uid_of(words[1]);
  pod.meta.resource_version = ++version_;
  const std::string owner = words[1].starts_with(kOlderOwner) ? kOlderOwner : "web-7c9d";
  pod.generate_name = owner + "-";
  pod.labels = {{"app", "web"}, {"podcron.dev/serving", "true"}};
  pod.controller = api::OwnerReference{"apps", "ReplicaSet", owner, uid_of(owner)};
  pod.phase = api::PodPhase::kRunning;
  pod.ready = true;
  pod.ready_since = now_ - Seconds{3600};
  pod.containers.push_back({.name = "app", .has_readiness_probe = true});
  pod.statuses.push_back({"app", "containerd://" + words[1], true, true, true});
  for (std::size_t i = 2; i < words.size(); ++i) {
    if (words[i] == "notready") {
      pod.ready = false;
    } else if (words[i] == "terminating") {
      pod.meta.deletion_timestamp = now_;
    } else if (words[i] == "unlabelled") {
      pod.labels.pop_back();
    } else if (words[i] == "bare") {
      pod.controller.reset();
    } else if (words[i] == "adopted") {
      pod.generate_name.clear();
    } else if (words[i] == "changed") {
      pod.containers[0].process = 1;
    } else if (words[i] == "devtool") {
      pod.dev_tool = true;
    } else if (words[i] == "unprobed") {
      pod.containers[0].has_readiness_probe = false;
    } else if (words[i] == "ephemeral") {
      pod.ephemeral_running = true;
    } else if (words[i] == "stateful") {
      pod.generate_name = "db-";
      pod.controller = api::OwnerReference{"apps", "StatefulSet", "db", uid_of("db")};
    } else if (words[i].starts_with("node=")) {
      pod.node_name = words[i].substr(5);
    } else if (words[i].starts_with("young=")) {
      pod.ready_since = now_ - Seconds{number(words[i].substr(6))};
    } else {
      throw std::runtime_error("unknown word " + words[i]);
    }
  }
  pods_.apply(pod, 1);
}

void World::make_slice(const std::vector<std::string>& words) {
  api::EndpointSlice slice;
  slice.meta.namespace_ = kNamespace;
  slice.meta.name = words.at(1) + "-abc12";
  slice.meta.resource_version = ++version_;
  slice.service = words[1];
  for (std::size_t i = 2; i < words.size(); ++i) {
    const auto colon = words[i].find(':');
    const std::string word = colon == std::string::npos ? "" : words[i].substr(colon + 1);
    slice.endpoints.push_back(
        {uid_of(words[i].substr(0, colon)), word != "notserving", word == "terminating"});
  }
  endpoints_.apply(slice, 1);
}

void World::make_session(const std::vector<std::string>& words) {
  const auto handle = pods_.find(kNamespace, words.at(1));
  const auto at = parse_rfc3339(words.at(2));
  if (!handle) throw std::runtime_error("no pod " + words[1]);
  if (!at) throw std::runtime_error(at.error().message);
  sessions_.push_back({pods_.uid(*handle), words.size() == 3, *at});
}

void World::answer(const std::vector<std::string>& words) {
  Job& job = jobs_.at(words.at(1));
  if (job.questions.empty()) throw std::runtime_error("nothing was asked for " + words[1]);
  if (words[0] == "again") return job.questions.clear();
  for (auto& [scheduled, question] : job.questions) {
    if (question.answered) continue;
    question.answered = true;
    if (words[0] == "fails") {
      question.advice.failure = words.at(2);
      continue;
    }
    std::vector<Uid>& chosen = question.advice.chosen;
    for (std::size_t i = 2; i < words.size(); ++i) chosen.push_back(uid_of(words[i]));
    std::sort(chosen.begin(), chosen.end());
  }
}

std::string World::plan_at(const std::string& time) {
  const auto at = parse_rfc3339(time);
  if (!at) throw std::runtime_error(at.error().message);
  now_ = *at;
  std::string printed;
  for (auto& [name, job] : jobs_) {
    printed += plan_job(job, Now{WallMillis(now_), MonoTime{}});
    if (job.wake) printed += fmt::format("wake {}\n", to_rfc3339(*job.wake));
  }
  lost_ = false;
  return printed;
}

std::string World::plan_through(const std::string& time) {
  const auto end = parse_rfc3339(time);
  if (!end) throw std::runtime_error(end.error().message);
  std::string printed;
  for (;;) {
    std::optional<WallTime> next;
    for (const auto& [name, job] : jobs_) {
      if (job.wake && *job.wake <= *end && (!next || *job.wake < *next)) next = job.wake;
    }
    if (!next) break;
    if (*next <= now_) throw std::runtime_error("a plan wants to wake up at once");
    now_ = *next;
    std::string decided;
    for (auto& [name, job] : jobs_) {
      if (job.wake == now_) decided += plan_job(job, Now{WallMillis(now_), MonoTime{}});
    }
    if (!decided.empty()) printed += fmt::format("at {}\n", to_rfc3339(now_)) + decided;
  }
  now_ = *end;
  for (const auto& [name, job] : jobs_) {
    const auto& next = job.object.status.next_schedule_time;
    printed += fmt::format("next {} {}\n", name, next ? to_rfc3339(*next) : "none");
  }
  return printed;
}

std::optional<reconcile::Unreadable> World::unreadable(const Job& job) const {
  if (unlisted_) {
    return reconcile::Unreadable{observe::condition::kEndpointsNotListed,
                                 "the EndpointSlices cannot be read"};
  }
  std::string why = reconcile::unknown_service(job.object.spec.job.strategy, kStrategyServices);
  if (why.empty()) return std::nullopt;
  return reconcile::Unreadable{observe::condition::kUnknownStrategyService, std::move(why)};
}

reconcile::RunFact World::fact_of(const api::ActiveRun& run) const {
  reconcile::RunFact fact;
  if (const auto at = ended_.find(run.name); at != ended_.end()) {
    fact.outcome = at->second.outcome;
    fact.unknown = fact.outcome == api::Outcome::kUnknown;
    fact.harm = at->second.harmed ? reconcile::HarmFact::kHarmed
                : fact.unknown    ? reconcile::HarmFact::kNothing
                                  : reconcile::HarmFact::kUnharmed;
    fact.generation = at->second.generation;
    fact.leaves = !fact.unknown;
    fact.completed = now_;
  }
  return fact;
}

/// The last session in a pod (rule 25).
std::optional<WallTime> World::last_session(const Uid& pod, api::SessionExclusion exclude) const {
  std::optional<WallTime> last;
  for (const Session& each : sessions_) {
    const bool counts = each.tty || exclude == api::SessionExclusion::kAnyExec;
    if (each.pod == pod && counts) last = std::max(last, {each.at});
  }
  return last;
}

std::string World::plan_job(Job& job, Now now) {
  const api::PodCronJobSpec& spec = job.object.spec;
  const auto parse = [&](const std::string& zone, const std::string& text,
                         const std::string& saving) -> Result<Schedule> {
    const auto found = zones_->find(zone);
    if (!found) return tl::unexpected(found.error());
    return Schedule::parse(text, *found,
                           saving == "Once" ? DaylightSaving::kOnce : DaylightSaving::kAsCronJob,
                           std::string(kNamespace) + "/" + job.object.meta.name);
  };
  const Result<Schedule> schedule = parse(spec.time_zone, spec.schedule, spec.daylight_saving);
  const auto& seen = job.object.status.observed_schedule;
  const Result<Schedule> observed =
      seen ? parse(seen->time_zone, seen->schedule, seen->daylight_saving) : schedule;
  const reconcile::View view{
      job.object,
      schedule,
      observed ? &*observed : nullptr,
      namespace_suspended_,
      globally_suspended_,
      [&](const api::ActiveRun& run) { return fact_of(run); },
      pods_,
      owners_,
      serving_,
      owner_kinds_,
      nullptr,
      "controller-0",
      now_ + Seconds{5},
      true,
      true,
      "",
      job.memory,
      &endpoints_,
      unreadable(job),
      [&](const Uid& pod) { return resting_.contains(pod); },
      [&](const Uid& pod, api::SessionExclusion exclude) { return last_session(pod, exclude); },
      {},
      &nodes_,
      [&](WallTime scheduled) -> reconcile::Consultation {
        const auto at = job.questions.find(scheduled);
        if (at == job.questions.end()) return {};
        return {true, at->second.answered ? &at->second.advice : nullptr};
      }};
  reconcile::Plan plan = reconcile::plan(view, now);
  std::string printed = describe(plan, pods_);
  if (plan.inquiry) job.questions[plan.inquiry->scheduled_time];
  job.memory = plan.memory;
  job.wake.reset();
  if (lost_) {
    if (plan.claim) job.memory.unreachable_through = plan.claim->scheduled_time;
    return printed + "not written\n";
  }
  if (plan.write || plan.settled) {
    job.object.status = std::move(plan.status);
    job.memory.unreachable_through.reset();
    job.memory.deferred.clear();
  }
  if (plan.wake_at) job.wake = whole_seconds(*plan.wake_at);
  return printed;
}

}  // namespace podcron::golden
