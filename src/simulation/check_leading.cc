// Invariants of leader election: who knows that it does not lead decides nothing, takes nothing
// over and dials nothing new. Safety never rests on this (the others hold without election too);
// it is what makes a standby one.
#include <algorithm>

#include <fmt/format.h>

#include "base/hash.h"
#include "simulation/checker.h"
#include "simulation/resource.h"

namespace podcron::simulation {
namespace {

constexpr std::string_view kInvariant = "S18 a standby starts nothing";
constexpr std::string_view kRun = "run/";

/// What the API server will refuse as out of date decides nothing.
bool is_current(const Json& patch, const Json& stored) {
  return text_in(patch, "metadata", "resourceVersion") ==
         text_in(stored, "metadata", "resourceVersion");
}

/// Whether a status goes further than the one that is stored, or gives a run another holder.
bool decides_times(const Json& patch, const Json& stored, std::string_view holder) {
  const auto decided = time_in(patch, "status", "decidedThrough");
  const auto before = time_in(stored, "status", "decidedThrough");
  if (decided && (!before || *decided > *before)) return true;
  const ScheduleStatusView wanted = read_schedule_status(patch);
  const ScheduleStatusView known = read_schedule_status(stored);
  return std::any_of(wanted.active.begin(), wanted.active.end(), [&](const ActiveView& run) {
    if (run.holder != holder) return false;
    return std::none_of(known.active.begin(), known.active.end(), [&](const ActiveView& other) {
      return other.name == run.name && other.holder == holder;
    });
  });
}

bool takes_record(const Json& patch, const Json& stored, std::string_view holder) {
  const auto annotation = [](const Json& json) {
    const Json* all = find_in(json, "metadata", "annotations");
    return all == nullptr ? std::string() : text_in(*all, "podcron.dev/holder");
  };
  const std::string wanted = annotation(patch);
  return wanted.starts_with(std::string(holder) + "/") && wanted != annotation(stored);
}

bool decides(const engine::KubeRequest& request, std::string_view holder,
             const ObjectStore& store) {
  if (request.method != engine::Method::kPatch) return false;
  const auto path = parse_request_path(request.path);
  if (!path) return false;
  const ObjectRef stored = store.find(path->resource, {path->namespace_, path->name});
  if (stored == nullptr) return false;
  const Json patch = Json::parse(request.body);
  if (!is_current(patch, stored->json)) return false;
  if (path->resource == Resource::kPodCronJobs) return decides_times(patch, stored->json, holder);
  return path->resource == Resource::kPodJobs && takes_record(patch, stored->json, holder);
}

}  // namespace

void Checker::on_request(const Candidate& replica, const engine::KubeRequest& request,
                         const ObjectStore& store, VirtualTime now) {
  if (request.method != engine::Method::kPatch) return;
  // A request whose fate is unknown is repeated unchanged until it is known.
  const std::uint64_t content = hash64(request.body, hash64(request.path));
  std::set<std::uint64_t>& sent = led_[replica.holder].sent;
  if (replica.leads) {
    sent.insert(content);
  } else if (!sent.contains(content) && decides(request, replica.holder, store)) {
    report(kInvariant, fmt::format("{} sends PATCH {}", replica.holder, request.path), now);
  }
}

void Checker::on_exec(const Candidate& replica, std::string_view purpose, VirtualTime now) {
  const std::string run(purpose.substr(purpose.find('/') + 1));
  std::set<std::string>& dialled = led_[replica.holder].dialled;
  // A probe dials no task: whoever has only asked gives the run back.
  if (replica.leads && purpose.starts_with(kRun)) dialled.insert(run);
  if (replica.leads || dialled.contains(run)) return;
  report(kInvariant, fmt::format("{} dials {} for the first time", replica.holder, run), now);
}

/// Whoever takes no part in the election decides always. Of the others one does, and the Lease
/// says which.
void Checker::on_settled_election(const std::vector<Candidate>& replicas, const ObjectStore& store,
                                  VirtualTime now) {
  std::size_t candidates = 0;
  std::vector<std::string> leaders;
  for (const Candidate& replica : replicas) {
    if (!replica.elected && !replica.leads) {
      report("L7 one leader", fmt::format("{} asks nobody and waits", replica.holder), now);
    }
    if (!replica.elected) continue;
    ++candidates;
    if (replica.leads) leaders.push_back(replica.holder);
  }
  if (candidates == 0) return;
  if (leaders.size() != 1) {
    report("L7 one leader", fmt::format("{} of {} lead", leaders.size(), candidates), now);
    return;
  }
  const ObjectRef lease = store.find(Resource::kLeases, {"podcron", "podcron"});
  const std::string named = lease == nullptr ? "" : text_in(lease->json, "spec", "holderIdentity");
  if (named == leaders.front()) return;
  report("L7 one leader",
         fmt::format("{} leads, and the Lease names \"{}\"", leaders.front(), named), now);
}

}  // namespace podcron::simulation
