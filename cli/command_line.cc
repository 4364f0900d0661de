// The only file that includes CLI11: it takes 8 s to compile.
#include <CLI/CLI.hpp>

#include <fmt/format.h>

#include "cli/commands.h"

namespace podcron::cli {
namespace {

constexpr const char* kProgram = "kubectl podcron";
constexpr std::int32_t kTimesMax = 1000;

/// Flags as they were written, before they mean anything.
struct Flags {
  ClusterFlags cluster;
  std::string what;  // the positional argument
  std::string file;
  std::string zone;
  std::string daylight_saving;
  std::int32_t count = 5;
  std::string from;
  std::string zoneinfo_dir = "/usr/share/zoneinfo";
  std::string output;
  std::string pod;
  std::string time;
  bool verbose = false;
  std::string serving_selector = "podcron.dev/serving=true";
  std::vector<std::string> owner_kinds{"ReplicaSet", "StatefulSet", "DaemonSet"};
  std::int32_t runs_per_pod_max = 5;
  std::string podcron_namespace = kPodcronNamespace;
  std::string clear;
  std::string format;
  bool wait = false;
};

void add_cluster_flags(CLI::App& app, Flags& flags) {
  app.add_option("-n,--namespace", flags.cluster.namespace_,
                 "namespace; default: that of the context, or \"default\"")
      ->type_name("NAME");
  app.add_option("--kubeconfig", flags.cluster.kubeconfig,
                 "kubeconfig file; default: $KUBECONFIG, or ~/.kube/config")
      ->type_name("FILE");
  app.add_option("--context", flags.cluster.context, "context in the kubeconfig")
      ->type_name("NAME");
}

void add_zoneinfo_flag(CLI::App& app, Flags& flags) {
  app.add_option("--zoneinfo", flags.zoneinfo_dir, "directory with compiled tzdata")
      ->type_name("DIR")
      ->capture_default_str();
}

void add_output_flag(CLI::App& app, Flags& flags) {
  app.add_option("-o,--output", flags.output, "json: one line of JSON instead of a table")
      ->type_name("json")
      ->check(CLI::IsMember({"json"}));
}

CLI::App* add_next(CLI::App& app, Flags& flags) {
  CLI::App* next = app.add_subcommand("next", "The next scheduled times, in its zone and in UTC");
  next->add_option("what", flags.what,
                   "an expression such as \"0 3 * * *\" (asks no cluster), or a PodCronJob's name")
      ->type_name("\"EXPRESSION\"|NAME");
  next->add_option("-f,--filename", flags.file,
                   "every PodCronJob in this YAML or JSON file (asks no cluster); - is stdin")
      ->type_name("FILE");
  next->add_option("--zone", flags.zone, "IANA time zone; default: the object's, or UTC")
      ->type_name("ZONE");
  next->add_option("--daylight-saving", flags.daylight_saving,
                   "Once or AsCronJob; default: the object's, or Once")
      ->type_name("POLICY")
      ->check(CLI::IsMember({"Once", "AsCronJob"}));
  next->add_option("--count", flags.count, "how many times")
      ->type_name("N")
      ->check(CLI::Range(1, kTimesMax))
      ->capture_default_str();
  next->add_option("--from", flags.from, "times later than this RFC 3339 instant; default: now")
      ->type_name("INSTANT");
  add_cluster_flags(*next, flags);
  add_zoneinfo_flag(*next, flags);
  add_output_flag(*next, flags);
  return next;
}

void add_podcron_namespace_flag(CLI::App& app, Flags& flags) {
  app.add_option("--podcron-namespace", flags.podcron_namespace,
                 "podcron's own namespace, where it keeps interactive sessions")
      ->type_name("NAME")
      ->capture_default_str();
}

CLI::App* add_explain(CLI::App& app, Flags& flags) {
  CLI::App* explain = app.add_subcommand(
      "explain", "Pod by pod: eligible, or the reason; and which pods would be chosen next");
  explain->add_option("name", flags.what, "the PodCronJob")->type_name("NAME");
  explain
      ->add_option("-f,--filename", flags.file,
                   "PodCronJobs that are not applied yet, as the API server would take them; "
                   "- is stdin")
      ->type_name("FILE");
  explain->add_option("--pod", flags.pod, "only this pod, whether the selector matches it or not")
      ->type_name("POD");
  explain->add_flag("-v,--verbose", flags.verbose,
                    "every reason of every pod, also of pods that the selector does not match");
  add_cluster_flags(*explain, flags);
  explain->add_option("--serving-selector", flags.serving_selector, "as the controller's flag")
      ->type_name("SELECTOR")
      ->capture_default_str();
  explain->add_option("--owner-kinds", flags.owner_kinds, "as the controller's flag")
      ->type_name("KIND,...")
      ->delimiter(',')
      ->capture_default_str();
  explain->add_option("--max-runs-per-pod", flags.runs_per_pod_max, "as the controller's flag")
      ->type_name("N")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  add_podcron_namespace_flag(*explain, flags);
  add_zoneinfo_flag(*explain, flags);
  add_output_flag(*explain, flags);
  return explain;
}

CLI::App* add_sessions(CLI::App& app, Flags& flags) {
  CLI::App* sessions =
      app.add_subcommand("sessions", "Who exec'd into which pods, or attached to them");
  sessions
      ->add_option("--clear", flags.clear,
                   "forget the sessions of this pod: runs may choose it again at once")
      ->type_name("POD");
  add_cluster_flags(*sessions, flags);
  add_podcron_namespace_flag(*sessions, flags);
  add_output_flag(*sessions, flags);
  return sessions;
}

CLI::App* add_why(CLI::App& app, Flags& flags) {
  CLI::App* why = app.add_subcommand(
      "why", "One due time: where it ran, how it ended and which pods were left out; or why not");
  why->add_option("name", flags.what, "the PodCronJob")->type_name("NAME")->required();
  why->add_option("time", flags.time,
                  "2026-11-22, 2026-11-22T03:00 or 03:00 in its zone, or an RFC 3339 instant; "
                  "default: the last due time")
      ->type_name("TIME");
  add_cluster_flags(*why, flags);
  add_zoneinfo_flag(*why, flags);
  add_output_flag(*why, flags);
  return why;
}

CLI::App* add_convert(CLI::App& app, Flags& flags) {
  CLI::App* convert = app.add_subcommand(
      "convert", "CronJobs or a crontab as PodCronJobs, suspended, with every difference named");
  convert->add_option("file", flags.file, "CronJobs in YAML or JSON, or a crontab; - is stdin")
      ->type_name("FILE")
      ->required();
  convert
      ->add_option("--format", flags.format,
                   "cronjob, crontab, or system-crontab (the sixth field is a user, as in "
                   "/etc/crontab); default: cronjob or crontab, as the file looks")
      ->type_name("FORMAT")
      ->check(CLI::IsMember({"cronjob", "crontab", "system-crontab"}));
  convert
      ->add_option("--zone", flags.zone, "IANA time zone of schedules that name none; default: UTC")
      ->type_name("ZONE");
  add_zoneinfo_flag(*convert, flags);
  return convert;
}

CLI::App* add_run(CLI::App& app, Flags& flags) {
  CLI::App* run = app.add_subcommand(
      "run", "Run it now: a PodJob from the PodCronJob's template, under the same rules");
  run->add_option("name", flags.what, "the PodCronJob")->type_name("NAME")->required();
  run->add_flag("--wait", flags.wait,
                "follow it to its end; exit code 0: Succeeded, 1: Failed, 2: Unknown");
  add_cluster_flags(*run, flags);
  run->add_option("-o,--output", flags.output, "name: only its name; json: the whole PodJob")
      ->type_name("name|json")
      ->check(CLI::IsMember({"name", "json"}));
  return run;
}

CLI::App* add_runs(CLI::App& app, Flags& flags) {
  CLI::App* runs =
      app.add_subcommand("runs", "Its runs, newest first: when, where, how they ended");
  runs->add_option("name", flags.what, "the PodCronJob")->type_name("NAME")->required();
  add_cluster_flags(*runs, flags);
  add_output_flag(*runs, flags);
  return runs;
}

CLI::App* add_suspend(CLI::App& app, Flags& flags, bool suspend) {
  CLI::App* command = app.add_subcommand(
      suspend ? "suspend" : "resume", suspend ? "Hold its schedule back; runs by hand go on"
                                              : "Let its schedule go on; nothing is made up for");
  command->add_option("name", flags.what, "the PodCronJob")->type_name("NAME")->required();
  add_cluster_flags(*command, flags);
  return command;
}

tl::unexpected<Error> usage(std::string message) {
  return fail(ErrorCode::kInvalidArgument, std::move(message));
}

/// An expression has five fields or begins with @; no object's name has a blank or an @.
bool is_expression(const std::string& text) {
  return text.find_first_of(" \t@*") != std::string::npos;
}

Result<Command> to_next(Flags&& flags) {
  if (flags.what.empty() == flags.file.empty()) {
    return usage(fmt::format("next: got {}, wanted one of \"EXPRESSION\", NAME and -f FILE",
                             flags.what.empty() ? "nothing" : "two"));
  }
  NextCommand command;
  (is_expression(flags.what) ? command.expression : command.name) = std::move(flags.what);
  command.file = std::move(flags.file);
  command.cluster = std::move(flags.cluster);
  command.zone = std::move(flags.zone);
  command.daylight_saving = std::move(flags.daylight_saving);
  command.count = flags.count;
  command.zoneinfo_dir = std::move(flags.zoneinfo_dir);
  command.json = !flags.output.empty();
  if (!flags.from.empty()) {
    const auto from = parse_rfc3339(flags.from);
    if (!from) {
      return usage(fmt::format("--from: {}; wanted an instant such as 2026-03-29T00:00:00Z",
                               from.error().message));
    }
    command.from = *from;
  }
  return command;
}

Result<Command> to_explain(Flags&& flags) {
  if (flags.what.empty() == flags.file.empty()) {
    return usage(fmt::format("explain: got {}, wanted one of NAME and -f FILE",
                             flags.what.empty() ? "nothing" : "two"));
  }
  auto serving = api::parse_selector(flags.serving_selector);
  if (!serving) return usage("--serving-selector: " + serving.error().message);
  ExplainCommand command;
  command.name = std::move(flags.what);
  command.file = std::move(flags.file);
  command.pod = std::move(flags.pod);
  command.verbose = flags.verbose;
  command.cluster = std::move(flags.cluster);
  command.controller = {std::move(*serving), std::move(flags.owner_kinds), flags.runs_per_pod_max};
  command.podcron_namespace = std::move(flags.podcron_namespace);
  command.zoneinfo_dir = std::move(flags.zoneinfo_dir);
  command.json = !flags.output.empty();
  return command;
}

SessionsCommand to_sessions(Flags&& flags) {
  SessionsCommand command;
  command.clear = std::move(flags.clear);
  command.cluster = std::move(flags.cluster);
  command.podcron_namespace = std::move(flags.podcron_namespace);
  command.json = !flags.output.empty();
  return command;
}

Result<Command> to_why(Flags&& flags) {
  if (flags.what.empty()) return usage("why: the name is empty");
  WhyCommand command;
  command.name = std::move(flags.what);
  command.time = std::move(flags.time);
  command.cluster = std::move(flags.cluster);
  command.zoneinfo_dir = std::move(flags.zoneinfo_dir);
  command.json = !flags.output.empty();
  return command;
}

Result<Command> to_convert(Flags&& flags) {
  if (flags.file.empty()) return usage("convert: the file's name is empty");
  ConvertCommand command;
  command.file = std::move(flags.file);
  if (flags.format == "cronjob") command.format = SourceFormat::kCronJob;
  if (flags.format == "crontab") command.format = SourceFormat::kCrontab;
  if (flags.format == "system-crontab") command.format = SourceFormat::kSystemCrontab;
  command.zone = std::move(flags.zone);
  command.zoneinfo_dir = std::move(flags.zoneinfo_dir);
  return command;
}

Result<Command> to_run(Flags&& flags) {
  if (flags.what.empty()) return usage("run: the name is empty");
  const RunOutput output = flags.output == "json"   ? RunOutput::kJson
                           : flags.output == "name" ? RunOutput::kName
                                                    : RunOutput::kText;
  return RunCommand{std::move(flags.what), flags.wait, output, std::move(flags.cluster)};
}

Result<Command> to_runs(Flags&& flags) {
  if (flags.what.empty()) return usage("runs: the name is empty");
  return RunsCommand{std::move(flags.what), std::move(flags.cluster), !flags.output.empty()};
}

Result<Command> to_suspend(Flags&& flags, bool suspend) {
  if (flags.what.empty()) {
    return usage(fmt::format("{}: the name is empty", suspend ? "suspend" : "resume"));
  }
  return SuspendCommand{std::move(flags.what), suspend, std::move(flags.cluster)};
}

/// CLI11's text begins with the description, so that the program's name can stand before it.
HelpCommand help_of(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  std::string path = kProgram;
  if (!chosen.empty()) path += " " + chosen.front()->get_name();
  return {path + ": " + app.help()};
}

}  // namespace

Result<Command> parse_command_line(int argc, const char* const* argv) {
  Flags flags;
  CLI::App app{"asks and explains what podcron does", kProgram};
  app.require_subcommand(0, 1);
  app.option_defaults()->always_capture_default(false);
  const CLI::App* version =
      app.add_subcommand("version", "This plugin's version and that of the time zones it reads");
  const CLI::App* next = add_next(app, flags);
  const CLI::App* explain = add_explain(app, flags);
  const CLI::App* sessions = add_sessions(app, flags);
  const CLI::App* why = add_why(app, flags);
  const CLI::App* run = add_run(app, flags);
  const CLI::App* runs = add_runs(app, flags);
  const CLI::App* suspend = add_suspend(app, flags, true);
  const CLI::App* resume = add_suspend(app, flags, false);
  const CLI::App* convert = add_convert(app, flags);
  add_zoneinfo_flag(*app.get_subcommand("version"), flags);
  // CLI11 speaks in exceptions, for --help too; they end here.
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return help_of(app);
  } catch (const CLI::ParseError& error) {
    const auto chosen = app.get_subcommands();
    const std::string path =
        chosen.empty() ? kProgram : fmt::format("{} {}", kProgram, chosen.front()->get_name());
    return usage(fmt::format("{} ({} --help lists the flags)", error.what(), path));
  }
  if (version->parsed()) return VersionCommand{std::move(flags.zoneinfo_dir)};
  if (next->parsed()) return to_next(std::move(flags));
  if (explain->parsed()) return to_explain(std::move(flags));
  if (sessions->parsed()) return to_sessions(std::move(flags));
  if (why->parsed()) return to_why(std::move(flags));
  if (run->parsed()) return to_run(std::move(flags));
  if (runs->parsed()) return to_runs(std::move(flags));
  if (suspend->parsed()) return to_suspend(std::move(flags), true);
  if (resume->parsed()) return to_suspend(std::move(flags), false);
  if (convert->parsed()) return to_convert(std::move(flags));
  return help_of(app);
}

}  // namespace podcron::cli
