// Why each pod is eligible or not, and which pods would be chosen: the controller's own functions
// over a snapshot.
//
// Pure: the snapshot, the controller's settings and the instant are arguments.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "cli/commands.h"
#include "cli/snapshot.h"
#include "cron/schedule.h"
#include "eligibility/reason.h"

namespace podcron::cli {

struct PodVerdict {
  std::string name;
  std::vector<eligibility::Reason> failing;  // in the rules' order; empty: eligible
};

/// One scheduled time and what the controller would decide if nothing but time went on.
struct Choice {
  WallTime scheduled_time;
  std::vector<std::string> pods;  // in the strategy's order
  std::string instead;            // with no pods: what would happen
};

struct Explanation {
  std::string name;  // "namespace/name"
  std::vector<PodVerdict> pods;
  std::string summary;  // as the condition TargetsAvailable says it
  std::int64_t matched = 0;
  std::int64_t eligible = 0;
  std::vector<Choice> choices;
  std::vector<std::string> notes;  // why nothing would run at all; objects that are left out
};

/// Which pods get a verdict. Without both, those that the selector matches.
struct Scope {
  std::string pod;          // only this one
  bool everything = false;  // all of the namespace
};

inline constexpr int kChoicesShown = 3;

/// Errors: kNotFound when the pod of `scope` is not in the namespace.
Result<Explanation> explain(const Snapshot& snapshot, const ControllerSettings& settings,
                            const Result<Schedule>& schedule, const Scope& scope, WallTime now);

/// {"podCronJob":…,"pods":[{"name":…,"eligible":false,"reason":…,"reasons":[…]}],"matched":…,
/// "eligible":…,"summary":…,"choices":[{"scheduledTime":…,"pods":[…]}],"notes":[…]}; a choice
/// without pods has "instead".
std::string to_json(const Explanation& explanation);

/// For people. `verbose`: every failing rule of a pod; else the first, and what it means.
std::string to_text(const Explanation& explanation, const TimeZone& zone, bool verbose,
                    bool colours);

/// "has no controller owner (kubectl run, a debug copy)".
std::string_view meaning_of(eligibility::Reason reason);

}  // namespace podcron::cli
