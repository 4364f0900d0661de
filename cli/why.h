// Why it ran there, or did not run: what the records say of due times. From the PodJobs that are
// left, else from `status` alone.
//
// Pure: objects and instants are arguments.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/pod_cron_job.h"
#include "api/pod_job.h"
#include "base/time.h"
#include "cli/moment.h"
#include "cron/schedule.h"

namespace podcron::cli {

/// What is known of a due time, best first.
enum class Knowledge : std::uint8_t {
  kRecord,     // its PodJob is there
  kHistory,    // an entry of status.history, whose PodJob is gone or never was
  kClaimed,    // in status.active, without a PodJob
  kUndecided,  // due, later than decidedThrough
  kFuture,     // not due yet
  kForgotten,  // decided, but neither PodJob nor entry is left
};

struct DueTime {
  WallTime scheduled_time;
  Knowledge knowledge = Knowledge::kForgotten;
  std::optional<api::PodJob> record;       // with kRecord
  std::optional<api::HistoryEntry> entry;  // if history has it
  std::optional<api::ActiveRun> active;    // if status.active has it
};

struct WhyAnswer {
  std::string name;            // "namespace/name"
  std::vector<DueTime> times;  // oldest first
  std::size_t earlier = 0;     // due times of the question that are not in `times`
  std::string condition;       // what holds it back now: message of the condition Ready, if False
};

inline constexpr std::size_t kDueTimesShown = 10;

/// Of the due times in `asked`, the last kDueTimesShown; without `asked` the last that is due.
/// `runs` are PodJobs of the namespace, others' too. A schedule that cannot be read (`schedule`
/// without value) leaves the times that are on record.
/// Errors: kNotFound when there is none, naming those before and after.
Result<WhyAnswer> why(const api::PodCronJob& job, const std::vector<api::PodJob>& runs,
                      const Result<Schedule>& schedule,
                      const std::optional<std::vector<Stretch>>& asked, WallTime now);

/// {"podCronJob":…,"times":[{"scheduledTime":…,"outcome":…,"reason":…,"meaning":…,"podJob":…,
/// "late":…,"took":…,"strategy":…,"eligible":…,"matched":…,"leftOut":{reason: count},
/// "targets":[…],"partOf":{"from":…,"to":…,"count":…}}],"earlier":…}; what is not known is left
/// out. Without outcome, `outcome` is Pending, Running, Undecided, NotDue or NotOnRecord.
std::string to_json(const WhyAnswer& answer);

/// For people: about four lines a due time.
std::string to_text(const WhyAnswer& answer, const TimeZone& zone, bool colours);

/// What a reason of observe::reason means, for people; "" for one that is not known.
std::string_view meaning_of_reason(std::string_view reason);

}  // namespace podcron::cli
