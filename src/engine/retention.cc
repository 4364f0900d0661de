// Finished PodJobs go: the oldest beyond the history limits, and those whose own lifetime is over.
#include <algorithm>

#include "engine/state.h"
#include "kube/paths.h"

namespace podcron::engine {
namespace {

/// A wall clock may be stepped, so that a long wait is looked at now and then.
constexpr Millis kLookAgainAfter{3'600'000};

/// Newest first: by the time that it was for, or at which somebody made it.
bool is_newer(const RecordRow& a, const RecordRow& b) {
  const WallTime time_a = a.scheduled_time.value_or(a.created);
  const WallTime time_b = b.scheduled_time.value_or(b.created);
  return time_a != time_b ? time_a > time_b : a.name > b.name;
}

}  // namespace

/// Runs made by hand that the PodCronJob owns count, as Jobs made from a CronJob do.
void Engine::State::limit_history(JobRow& row) {
  const api::PodCronJobSpec& spec = row.object.spec;
  std::vector<RecordRow*> finished;
  for (const std::string& name : records_.owned_by(row.object.meta.uid)) {
    RecordRow* record = records_.find(name);
    if (is_final(record->phase)) finished.push_back(record);
  }
  std::sort(finished.begin(), finished.end(),
            [](const RecordRow* a, const RecordRow* b) { return is_newer(*a, *b); });
  std::size_t kept[2] = {0, 0};
  for (RecordRow* record : finished) {
    const std::string name = key_of(record->namespace_, record->name);
    const bool left = has_left(row, *record);
    // Whoever writes it out of `active`, it makes no pod busy any more.
    if (record->end_unknown && left) free_pods(name);
    // Another controller's write may have taken it from `active`: its finalizer is ours to drop.
    if (record->has_finalizer && !record->tending && left) {
      record_timers_[now_.mono].insert(name);
    }
    const bool succeeded = record->phase == api::PodJobPhase::kSucceeded;
    const auto limit = static_cast<std::size_t>(std::max(
        0, succeeded ? spec.successful_jobs_history_limit : spec.failed_jobs_history_limit));
    if (++kept[succeeded ? 0 : 1] <= limit) continue;
    if (record->has_finalizer || record->deleting || record->tending || !left) continue;
    if (record->retry_at && now_.mono < *record->retry_at) continue;
    const std::string_view holder = holder_in(record->holder);
    // Without election each removes its own, so that they do not do it several times.
    const bool mine = config_.election || holder.empty() || holder_gone(holder);
    if (mine) remove_record(name, *record, 0);
  }
}

/// ttlSecondsAfterFinished, for what has no finalizer of ours any more. True: it is being deleted.
bool Engine::State::expire(const std::string& name, RecordRow& row) {
  if (!row.ttl_seconds || !row.completion_time || !is_final(row.phase)) return false;
  if (row.has_finalizer || row.deleting) return false;
  const WallMillis until = *row.completion_time + Seconds{*row.ttl_seconds};
  if (now_.wall < until) {
    record_timers_[now_.mono + std::min<Millis>(until - now_.wall, kLookAgainAfter)].insert(name);
    return false;
  }
  if (row.retry_at && now_.mono < *row.retry_at) {
    record_timers_[*row.retry_at].insert(name);
    return true;
  }
  remove_record(name, row, row.resource_version);
  return true;
}

/// 0: whatever became of it since, as long as it is this one.
void Engine::State::remove_record(const std::string& name, RecordRow& row,
                                  std::uint64_t resource_version) {
  row.tending = true;
  Call call;
  call.kind = CallKind::kDeleteRecord;
  call.name = name;
  call.method = Method::kDelete;
  call.path = kube::pod_job_path(row.namespace_, row.name);
  call.body = api::encode_delete_options(row.uid, resource_version);
  outbox_.submit(std::move(call));
}

}  // namespace podcron::engine
