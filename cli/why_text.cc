// A WhyAnswer as JSON and as lines.
#include <array>

#include <fmt/format.h>

#include "api/json_writer.h"
#include "api/words.h"
#include "cli/local_time.h"
#include "cli/table.h"
#include "cli/why.h"
#include "observe/reasons.h"

namespace podcron::cli {
namespace {

/// More targets make lines that nobody reads; JSON has them all.
constexpr std::size_t kTargetsShownMax = 10;

std::string_view outcome_of(const DueTime& due) {
  switch (due.knowledge) {
    case Knowledge::kRecord:
      return api::word_of(api::kPodJobPhaseWords, due.record->status.phase);
    case Knowledge::kHistory:
      return api::word_of(api::kOutcomeWords, due.entry->outcome);
    case Knowledge::kClaimed:
      return "Pending";
    case Knowledge::kUndecided:
      return "Undecided";
    case Knowledge::kFuture:
      return "NotDue";
    case Knowledge::kForgotten:
      return "NotOnRecord";
  }
  return "";
}

std::string reason_of(const DueTime& due) {
  if (due.record) return due.record->status.reason;
  return due.entry ? due.entry->reason : "";
}

/// What the reader may not know: the record's own words, else those of the reason.
std::string meaning_of_due(const DueTime& due, const std::string& condition) {
  switch (due.knowledge) {
    case Knowledge::kRecord:
      return due.record->status.message.empty()
                 ? std::string(meaning_of_reason(due.record->status.reason))
                 : due.record->status.message;
    case Knowledge::kHistory: {
      const bool run = due.entry->outcome == api::Outcome::kSucceeded ||
                       due.entry->outcome == api::Outcome::kFailed ||
                       due.entry->outcome == api::Outcome::kUnknown;
      std::string meaning(meaning_of_reason(due.entry->reason));
      if (run) {
        meaning += meaning.empty() ? "" : "; ";
        meaning += "its PodJob is gone: only this is left";
      }
      return meaning;
    }
    case Knowledge::kClaimed:
      return fmt::format("claimed by {}, its PodJob is not there yet", due.active->holder);
    case Knowledge::kUndecided:
      return condition.empty() ? "due, and waits to be decided: for a pod, for the run before it, "
                                 "or for a controller"
                               : "due, but not decided yet: " + condition;
    case Knowledge::kFuture:
      return "it is not due yet";
    case Knowledge::kForgotten:
      return "it was decided, but its PodJob is gone and status.history keeps the last ten entries";
  }
  return "";
}

/// Known only as one of several: a record speaks for itself.
bool is_range(const DueTime& due) { return !due.record && due.entry && due.entry->count > 1; }

void write_target(api::JsonWriter& json, const api::TargetStatus& target) {
  json.begin_object();
  json.text("pod", target.pod_name);
  json.text("outcome", api::word_of(api::kTargetOutcomeWords, target.outcome));
  if (!target.reason.empty()) json.text("reason", target.reason);
  if (target.exit_code) {
    json.key("exitCode");
    json.number(*target.exit_code);
  }
  if (!target.took.empty()) json.text("took", target.took);
  json.end_object();
}

void write_record(api::JsonWriter& json, const api::PodJob& record) {
  const api::PodJobStatus& status = record.status;
  json.text("podJob", record.meta.name);
  if (!status.late.empty()) json.text("late", status.late);
  if (!status.took.empty()) json.text("took", status.took);
  json.text("strategy", record.spec.strategy.type);
  if (status.eligibility) {
    json.key("eligible");
    json.number(status.eligibility->eligible);
    json.key("matched");
    json.number(status.eligibility->matched);
    json.begin_object("leftOut");
    for (const auto& [reason, count] : status.eligibility->reasons) {
      json.foreign_key(reason);
      json.number(count);
    }
    json.end_object();
  }
  json.begin_array("targets");
  for (const api::TargetStatus& target : status.targets) write_target(json, target);
  json.end_array();
}

void write_due(api::JsonWriter& json, const DueTime& due, const std::string& condition) {
  json.begin_object();
  json.text("scheduledTime", to_rfc3339(due.scheduled_time));
  json.text("outcome", outcome_of(due));
  if (const std::string reason = reason_of(due); !reason.empty()) json.text("reason", reason);
  const std::string meaning = meaning_of_due(due, condition);
  if (!meaning.empty()) json.text("meaning", meaning);
  if (due.record) {
    write_record(json, *due.record);
  } else if (due.entry && !due.entry->pod_job.empty()) {
    json.text("podJob", due.entry->pod_job);
  }
  if (is_range(due)) {
    json.begin_object("partOf");
    json.text("from", to_rfc3339(due.entry->from));
    json.text("to", to_rfc3339(due.entry->to));
    json.key("count");
    json.number(due.entry->count);
    json.end_object();
  }
  json.end_object();
}

Colour colour_of(const DueTime& due) {
  const std::string_view outcome = outcome_of(due);
  if (outcome == "Succeeded") return Colour::kGreen;
  return outcome == "Failed" || outcome == "Unknown" ? Colour::kRed : Colour::kYellow;
}

/// "exit 0, 41s, 0.3s late"
std::string figures(const api::PodJobStatus& status) {
  std::string text;
  const auto add = [&](const std::string& part) { text += text.empty() ? part : ", " + part; };
  if (status.exit_code) add(fmt::format("exit {}", *status.exit_code));
  if (!status.took.empty()) add(status.took);
  if (!status.late.empty()) add(status.late + " late");
  return text;
}

std::string line(std::string_view label, const std::string& text) {
  constexpr std::size_t kLabelColumns = 10;
  return text.empty() ? "" : fmt::format("{:<{}}{}\n", label, kLabelColumns, text);
}

std::string target_lines(const api::PodJob& record) {
  std::string lines;
  std::size_t shown = 0;
  std::size_t more = 0;
  for (const api::TargetStatus& target : record.status.targets) {
    if (target.outcome == api::TargetOutcome::kSucceeded) continue;
    if (++shown > kTargetsShownMax) {
      ++more;
      continue;
    }
    const std::string code = target.exit_code ? fmt::format(" exit {}", *target.exit_code) : "";
    lines += line("", fmt::format("{}  {}{} {}", target.pod_name,
                                  api::word_of(api::kTargetOutcomeWords, target.outcome), code,
                                  target.reason));
  }
  return lines + (more > 0 ? line("", fmt::format("and {} more", more)) : "");
}

std::string record_lines(const api::PodJob& record) {
  const api::PodJobStatus& status = record.status;
  std::string target = status.target;
  if (target.empty() && record.targets.size() == 1) target = record.targets.front().pod_name;
  if (target.empty()) target = fmt::format("{} pods", record.targets.size());
  std::string left_out;
  if (status.eligibility) {
    target += fmt::format("   ({}, {} of {} eligible)", record.spec.strategy.type,
                          record.targets.size(), status.eligibility->eligible);
    for (const auto& [reason, count] : status.eligibility->reasons) {
      if (count > 0)
        left_out += fmt::format("{}{} {}", left_out.empty() ? "" : ", ", count, reason);
    }
  }
  std::string lines = line("ran on", target);
  if (record.targets.size() > 1) lines += target_lines(record);
  return lines + line("left out", left_out);
}

std::string due_text(const DueTime& due, const std::string& condition, const TimeZone& zone,
                     bool colours) {
  std::string head = local_text_with_zone(zone, due.scheduled_time) + "  " +
                     paint(colour_of(due), std::string(outcome_of(due)), colours);
  if (const std::string reason = reason_of(due); !reason.empty()) head += "  " + reason;
  if (due.record) {
    if (const std::string text = figures(due.record->status); !text.empty()) head += "  " + text;
  }
  std::string out = head + "\n";
  if (due.record) out += record_lines(*due.record);
  out += line("why", meaning_of_due(due, condition));
  if (is_range(due)) {
    out += line("one of", fmt::format("{} in a row, {} to {}", due.entry->count,
                                      local_text_with_zone(zone, due.entry->from),
                                      local_text_with_zone(zone, due.entry->to)));
  }
  return out;
}

struct ReasonMeaning {
  std::string_view reason;
  std::string_view meaning;
};

namespace reason = observe::reason;

constexpr std::array kMeanings{
    ReasonMeaning{reason::kSuspended, "spec.suspend was true"},
    ReasonMeaning{reason::kNamespaceSuspended,
                  "its namespace had the annotation podcron.dev/suspend"},
    ReasonMeaning{reason::kGloballySuspended, "the controller ran with --global-suspend"},
    ReasonMeaning{reason::kScheduleChanged, "the schedule was changed before it could start"},
    ReasonMeaning{reason::kApiUnavailable,
                  "it was due, but no write to the API server got through in time"},
    ReasonMeaning{reason::kCatchUpDisabled,
                  "it was seen more than 10 s late, and catchUpPolicy is None"},
    ReasonMeaning{reason::kSuperseded,
                  "a later time was due as well when it was decided, and catchUpPolicy is Latest"},
    ReasonMeaning{reason::kCatchUpLimit, "more than catchUpLimit times were due at once"},
    ReasonMeaning{reason::kStartingDeadlineExceeded,
                  "it could not start before its starting deadline"},
    ReasonMeaning{reason::kHarmfulToTarget,
                  "the two runs before took their containers down; it starts again when the spec "
                  "changes"},
    ReasonMeaning{reason::kActiveLimit, "as many runs as status.active can hold were unfinished"},
    ReasonMeaning{reason::kConcurrencyForbidden,
                  "a run before it had not ended, and concurrencyPolicy is Forbid"},
    ReasonMeaning{reason::kNoEligiblePod,
                  "too few pods were eligible; kubectl podcron explain says why now"},
    ReasonMeaning{reason::kDenied,
                  "the API server refused its PodJob, by quota or policy; the Event has the words"},
    ReasonMeaning{reason::kNonZeroExitCode, "the command said so itself by its exit code"},
    ReasonMeaning{reason::kUnexpectedStatus, "the pod answered, but not with expectedStatus"},
    ReasonMeaning{reason::kTargetHarmed,
                  "the container that it ran in ended during the run; a command shares its limits"},
    ReasonMeaning{reason::kNotStarted, "no pod that was tried could start the command"},
    ReasonMeaning{reason::kContactLost,
                  "contact was lost after the command may have started; whether it ended is not "
                  "known"},
    ReasonMeaning{reason::kNoStatus, "the node sent no status; how the command ended is not known"},
    ReasonMeaning{reason::kDeadlineExceeded, "it had not ended after activeDeadlineSeconds"},
    ReasonMeaning{reason::kPodGone, "its pod went away while the command ran"},
    ReasonMeaning{reason::kHolderGone,
                  "the controller that ran it is gone; whether the command ended is not known"},
    ReasonMeaning{reason::kControllerShutdown,
                  "the controller was stopped before the command had ended"},
    ReasonMeaning{reason::kReplaced,
                  "a later time took its place, as concurrencyPolicy Replace asks"},
    ReasonMeaning{reason::kDeleted, "somebody deleted its PodJob"},
    ReasonMeaning{reason::kPodJobNameTaken, "a foreign PodJob has its name"},
    ReasonMeaning{reason::kRecordMissing, "its PodJob was removed while it ran"},
    ReasonMeaning{reason::kRestoredRecord, "its PodJob is a restored copy that nobody ran"},
    ReasonMeaning{reason::kMaxFailedExceeded, "more targets failed than strategy.maxFailed allows"},
};

}  // namespace

std::string_view meaning_of_reason(std::string_view reason) {
  for (const ReasonMeaning& row : kMeanings) {
    if (row.reason == reason) return row.meaning;
  }
  return "";
}

std::string to_json(const WhyAnswer& answer) {
  constexpr std::size_t kBytesPerTime = 512;
  api::JsonWriter json(kBytesPerTime * answer.times.size());
  json.begin_object();
  json.text("podCronJob", answer.name);
  json.begin_array("times");
  for (const DueTime& due : answer.times) write_due(json, due, answer.condition);
  json.end_array();
  json.key("earlier");
  json.number(static_cast<std::int64_t>(answer.earlier));
  json.end_object();
  return json.take() + "\n";
}

std::string to_text(const WhyAnswer& answer, const TimeZone& zone, bool colours) {
  std::string out;
  if (answer.earlier > 0) {
    out = paint(Colour::kDim, fmt::format("{} earlier due times are left out", answer.earlier),
                colours) +
          "\n\n";
  }
  for (const DueTime& due : answer.times) {
    if (&due != &answer.times.front()) out += '\n';
    out += due_text(due, answer.condition, zone, colours);
  }
  return out;
}

}  // namespace podcron::cli
