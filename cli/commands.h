// The sub-commands as values: what the command line asks for, and what a command answers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "api/label_selector.h"
#include "base/result.h"
#include "base/time.h"

namespace podcron::cli {

/// Which cluster and namespace, as flags; empty: kubectl's own defaults (cluster_choice.h).
struct ClusterFlags {
  std::string kubeconfig;
  std::string context;
  std::string namespace_;
};

struct HelpCommand {
  std::string text;
};

struct VersionCommand {
  std::string zoneinfo_dir;
};

/// podcron's own namespace unless --podcron-namespace says otherwise: where the chart is installed.
inline constexpr const char* kPodcronNamespace = "podcron-system";

/// Exactly one of expression, file and name is set.
struct NextCommand {
  std::string expression;
  std::string file;  // "-": standard input
  std::string name;
  ClusterFlags cluster;
  std::string zone;             // empty: the object's, or UTC
  std::string daylight_saving;  // empty: the object's, or Once
  std::int32_t count = 5;
  std::optional<WallTime> from;  // nullopt: now
  std::string zoneinfo_dir;
  bool json = false;
};

/// What the controller was started with: the rules depend on it.
struct ControllerSettings {
  api::LabelSelector serving_selector;
  std::vector<std::string> owner_kinds;
  std::int32_t runs_per_pod_max = 5;
};

/// Exactly one of name and file is set.
struct ExplainCommand {
  std::string name;
  std::string file;  // "-": standard input
  std::string pod;   // empty: all
  bool verbose = false;
  ClusterFlags cluster;
  ControllerSettings controller;
  std::string podcron_namespace = kPodcronNamespace;  // where the sessions are
  std::string zoneinfo_dir;
  bool json = false;
};

struct SessionsCommand {
  std::string clear;  // a pod's name; empty: only list
  ClusterFlags cluster;
  std::string podcron_namespace = kPodcronNamespace;
  bool json = false;
};

struct WhyCommand {
  std::string name;
  std::string time;  // as parse_moment (moment.h) takes it; empty: the last due time
  ClusterFlags cluster;
  std::string zoneinfo_dir;
  bool json = false;
};

enum class RunOutput : std::uint8_t { kText, kName, kJson };

struct RunCommand {
  std::string name;
  bool wait = false;  // until the run is over
  RunOutput output = RunOutput::kText;
  ClusterFlags cluster;
};

struct RunsCommand {
  std::string name;
  ClusterFlags cluster;
  bool json = false;
};

/// `suspend` and `resume`.
struct SuspendCommand {
  std::string name;
  bool suspend = true;
  ClusterFlags cluster;
};

enum class SourceFormat : std::uint8_t {
  kAsItLooks,      // CronJobs if the first line that is no comment looks like YAML, else kCrontab
  kCronJob,        // batch/v1 CronJobs, YAML or JSON
  kCrontab,        // crontab -l
  kSystemCrontab,  // /etc/crontab: the sixth field is a user
};

struct ConvertCommand {
  std::string file;  // "-": standard input
  SourceFormat format = SourceFormat::kAsItLooks;
  std::string zone;  // of schedules that name none; empty: UTC
  std::string zoneinfo_dir;
};

using Command =
    std::variant<HelpCommand, VersionCommand, NextCommand, ExplainCommand, SessionsCommand,
                 WhyCommand, ConvertCommand, RunCommand, RunsCommand, SuspendCommand>;

/// Opens nothing. Errors: a text that names the flag, what was got and what is wanted.
Result<Command> parse_command_line(int argc, const char* const* argv);

/// What a command leaves behind. `notes` go to standard error, a line each.
struct Printout {
  std::string out;
  std::vector<std::string> notes;
  int exit_code = 0;
};

/// The part of the process that commands see, so that they can be called from tests.
struct Surroundings {
  std::string kubeconfig_variable;  // $KUBECONFIG
  std::string home;                 // $HOME
  bool colours = false;             // a terminal reads `out`, and NO_COLOR is not set
  WallTime now;
  /// A line for standard output, before the command is over.
  void (*say)(const std::string& line) = nullptr;
  /// Waits; false: the user wants no more of it (Ctrl-C).
  bool (*pause)(Millis) = nullptr;
};

// One file each. Errors: one line for standard error.
Result<Printout> run_version(const VersionCommand& command);
Result<Printout> run_next(const NextCommand& command, const Surroundings& surroundings);
Result<Printout> run_explain(const ExplainCommand& command, const Surroundings& surroundings);
Result<Printout> run_sessions(const SessionsCommand& command, const Surroundings& surroundings);
Result<Printout> run_why(const WhyCommand& command, const Surroundings& surroundings);
Result<Printout> run_convert(const ConvertCommand& command);
Result<Printout> run_run(const RunCommand& command, const Surroundings& surroundings);
Result<Printout> run_runs(const RunsCommand& command, const Surroundings& surroundings);
Result<Printout> run_suspend(const SuspendCommand& command, const Surroundings& surroundings);

}  // namespace podcron::cli
