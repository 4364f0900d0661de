// What `convert` makes of other schedulers' jobs: PodCronJobs as YAML, with every difference said.
//
// Source: crds/podcronjobs.yaml for what may stand in an object; docs/cli.md for what is said.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/object_meta.h"
#include "api/pod_cron_job.h"
#include "base/result.h"

namespace podcron::cli {

/// How many bytes the CRD takes of a schedule, a command's word and an object's name.
inline constexpr std::size_t kScheduleBytesMax = 512;
inline constexpr std::size_t kWordBytesMax = 16'384;
inline constexpr std::size_t kNameBytesMax = 46;
inline constexpr std::size_t kWordsMax = 128;
inline constexpr std::size_t kVariablesMax = 64;
inline constexpr std::size_t kVariableNameBytesMax = 256;
inline constexpr std::size_t kStdinBytesMax = 65'536;

struct ConversionOptions {
  std::string path;  // of the source, for messages
  std::string zone;  // of schedules that name none; empty: UTC
  std::string zoneinfo_dir;
};

/// One job of the source as a PodCronJob. Every text is what a user wrote: any UTF-8.
struct ConvertedJob {
  std::string origin;                    // "jobs.yaml:3: CronJob shop/digest"
  std::vector<std::string> to_fill_in;   // what the source cannot tell
  std::vector<std::string> differences;  // from what the source means
  std::string name;
  bool has_own_name = true;  // false: made up for the source, which has none
  std::string namespace_;    // empty: whichever `kubectl apply` is told
  api::StringMap labels;
  api::StringMap annotations;
  std::string schedule;
  std::string time_zone;
  std::string daylight_saving;
  std::string concurrency_policy;
  std::optional<std::int64_t> starting_deadline_seconds;
  std::optional<std::int64_t> successful_jobs_history_limit;
  std::optional<std::int64_t> failed_jobs_history_limit;
  api::StringMap template_labels;
  api::StringMap template_annotations;
  std::vector<std::string> command;
  api::StringMap env;
  std::string stdin_text;
  std::int64_t active_deadline_seconds = 600;
  std::optional<std::int64_t> backoff_limit;
  std::optional<std::int64_t> ttl_seconds_after_finished;
};

/// Collects the output of one command. Everything is bounded: what is too much ends as a fault.
class Conversion {
 public:
  /// Renders it, under a name that fits and that no other has.
  void add(ConvertedJob job);
  /// Something that could not be converted: "jobs.yaml:3: ...".
  void add_fault(const std::string& message);
  /// Something to know that is no fault, such as an object of another kind.
  void add_note(const std::string& message);

  /// Nothing more is taken; the reader of the source may stop.
  [[nodiscard]] bool full() const { return full_; }
  [[nodiscard]] bool empty() const { return out_.empty() && faults_.empty(); }

  [[nodiscard]] const std::string& out() const { return out_; }
  [[nodiscard]] const std::vector<std::string>& faults() const { return faults_; }
  /// Every difference and what is to be filled in, a line each, with the origin before it.
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }

 private:
  std::string free_name(const ConvertedJob& job);

  std::string out_;
  std::vector<std::string> faults_;
  std::vector<std::string> notes_;
  std::size_t bytes_ = 0;  // of all three
  /// Namespace and name that are taken -> the number that was last tried behind it.
  std::map<std::pair<std::string, std::string>, int> names_;
  bool full_ = false;
};

/// `text` with one blank between its fields, as the CRD's rules want it, if podcron takes it in
/// that zone. Errors: those of schedule_of; the text is longer than the CRD allows.
Result<std::string> checked_schedule(const std::string& text, const std::string& time_zone,
                                     const std::string& zoneinfo_dir);

/// Whether its phase is counted from the Unix epoch, and not as its source counts it.
bool is_every(const std::string& schedule);

}  // namespace podcron::cli
