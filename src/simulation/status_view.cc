#include "simulation/status_view.h"

#include <algorithm>
#include <charconv>

namespace podcron::simulation {
namespace {

std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

/// `N` of "*/N", 1 of "*", nullopt of anything else or if N does not divide 60.
std::optional<std::int64_t> step_of(std::string_view field) {
  if (field == "*") return 1;
  if (!field.starts_with("*/")) return std::nullopt;
  field.remove_prefix(2);
  std::int64_t step = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), step);
  if (error != std::errc() || end != field.data() + field.size()) return std::nullopt;
  if (step < 1 || 60 % step != 0) return std::nullopt;
  return step;
}

std::vector<ActiveView> read_active(const Json& list) {
  std::vector<ActiveView> active;
  for (const Json& entry : list) {
    active.push_back({text_in(entry, "name"), time_in(entry, "scheduledTime").value_or(WallTime{}),
                      text_in(entry, "holder"), text_in(entry, "state"),
                      text_in(entry, "podJobUID")});
  }
  return active;
}

std::vector<HistoryView> read_history(const Json& list) {
  std::vector<HistoryView> history;
  for (const Json& entry : list) {
    HistoryView item;
    item.from = time_in(entry, "from").value_or(WallTime{});
    item.to = time_in(entry, "to").value_or(item.from);
    item.count = number_in(entry, 1, "count");
    item.outcome = text_in(entry, "outcome");
    item.reason = text_in(entry, "reason");
    item.pod_job = text_in(entry, "podJob");
    history.push_back(std::move(item));
  }
  return history;
}

}  // namespace

bool ScheduleStatusView::lists(std::string_view run) const {
  return std::any_of(active.begin(), active.end(),
                     [&](const ActiveView& entry) { return entry.name == run; });
}

std::int64_t ScheduleStatusView::history_sum() const {
  std::int64_t sum = 0;
  for (const HistoryView& entry : history) sum += entry.count;
  return sum;
}

ScheduleStatusView read_schedule_status(const Json& pod_cron_job) {
  ScheduleStatusView view;
  const Json* status = find_in(pod_cron_job, "status");
  if (status == nullptr) return view;
  view.decided_through = time_in(*status, "decidedThrough");
  if (const Json* observed = find_in(*status, "observedSchedule");
      observed && observed->is_object()) {
    const Json* suspend = find_in(*observed, "suspend");
    view.observed =
        ObservedView{text_in(*observed, "schedule"), suspend != nullptr && *suspend == true,
                     time_in(*observed, "since").value_or(WallTime{})};
  }
  if (const Json* active = find_in(*status, "active"); active && active->is_array()) {
    view.active = read_active(*active);
  }
  if (const Json* history = find_in(*status, "history"); history && history->is_array()) {
    view.history = read_history(*history);
  }
  return view;
}

std::optional<Seconds> beat_of(std::string_view schedule) {
  if (schedule.ends_with(" * * * * *")) {
    const auto step = step_of(schedule.substr(0, schedule.size() - 10));
    if (!step) return std::nullopt;
    return Seconds{*step};
  }
  if (schedule.ends_with(" * * * *")) {
    const auto step = step_of(schedule.substr(0, schedule.size() - 8));
    if (!step) return std::nullopt;
    return Seconds{*step * 60};
  }
  return std::nullopt;
}

std::int64_t count_due(Seconds beat, WallTime after, WallTime through) {
  if (through <= after) return 0;
  return floor_divide(through.time_since_epoch().count(), beat.count()) -
         floor_divide(after.time_since_epoch().count(), beat.count());
}

bool is_final_phase(std::string_view phase) {
  return phase == "Succeeded" || phase == "Failed" || phase == "Unknown";
}

}  // namespace podcron::simulation
