#include "cli/crontab_source.h"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "cli/crontab_line.h"
#include "cli/yaml_text.h"
#include "cron/quote.h"

namespace podcron::cli {
namespace {

using cron::quote;

/// What settings above a line say about it.
struct Surrounding {
  std::string zone;
  std::string shell;
  api::StringMap env;
  std::vector<std::string> differences;  // a line for each setting
};

/// podcron reads $$ as $, as Kubernetes does in a container's command; in a shell it is a process.
/// A single $ needs no care: only podcron's own names are filled in.
std::string with_dollars_kept(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t run = std::min(text.find_first_not_of('$'), text.size());
    out.append(run > 1 ? 2 * run : run, '$');
    text.remove_prefix(run);
    const std::size_t plain = std::min(text.find('$'), text.size());
    out += text.substr(0, plain);
    text.remove_prefix(plain);
  }
  return out;
}

/// "backup" of "/usr/local/bin/backup.sh --full".
std::string name_of(std::string_view command) {
  std::string_view word = command.substr(0, command.find_first_of(" \t;|&<>()"));
  if (const std::size_t slash = word.rfind('/'); slash != std::string_view::npos) {
    word.remove_prefix(slash + 1);
  }
  if (const std::size_t dot = word.rfind('.'); dot != std::string_view::npos && dot > 0) {
    word = word.substr(0, dot);
  }
  std::string name;
  for (const char c : cron::to_lower(word)) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (is_letter) name += c;
    if (!is_letter && !name.empty() && name.back() != '-') name += '-';
    if (name.size() == kNameBytesMax) break;
  }
  while (!name.empty() && name.back() == '-') name.pop_back();
  return name.empty() ? "cron" : name;
}

/// false: there are too many of them.
bool set_env(api::StringMap& env, const CrontabSetting& setting) {
  for (auto& [name, value] : env) {
    if (name == setting.name) {
      value = setting.value;
      return true;
    }
  }
  if (env.size() == kVariablesMax) return false;
  env.emplace_back(setting.name, setting.value);
  return true;
}

/// Replaces what an earlier line said about the same name.
void set_difference(Surrounding& surrounding, const std::string& name, std::string_view text) {
  const std::string prefix = name + "=";
  std::erase_if(surrounding.differences,
                [&](const std::string& line) { return line.starts_with(prefix); });
  surrounding.differences.push_back(prefix + std::string(text));
}

/// Errors: kInvalidArgument for one that no PodCronJob can have, which then holds for no line.
Result<void> apply_setting(const CrontabSetting& setting, Surrounding& surrounding) {
  const std::string value = quote(setting.value);
  const auto says = [&](const std::string& text) {
    set_difference(surrounding, setting.name, text);
    return Result<void>();
  };
  if (setting.name == "CRON_TZ") {
    surrounding.zone = setting.value;
    return says(
        fmt::format("{}: taken as timeZone, as cronie does; Debian's cron would ignore it", value));
  }
  if (setting.name == "SHELL") {
    surrounding.shell = setting.value;
    return says(fmt::format("{}: runs the command; the serving container must have it", value));
  }
  if (setting.name == "MAILTO" || setting.name == "MAILFROM" || setting.name == "CONTENT_TYPE" ||
      setting.name == "CONTENT_TRANSFER_ENCODING") {
    return says(
        fmt::format("{}: left out, podcron sends no mail; the end of a failed run's output "
                    "is in its PodJob (outputPolicy), alert rules tell of failures",
                    value));
  }
  if (setting.name == "RANDOM_DELAY") {
    return says(fmt::format("{}: left out; spreadSeconds gives each object a fixed delay", value));
  }
  CrontabSetting kept = setting;
  kept.value = with_dollars_kept(setting.value);
  if (kept.name.starts_with("PODCRON_") || kept.name.size() > kVariableNameBytesMax ||
      kept.value.size() > kWordBytesMax || !set_env(surrounding.env, kept)) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("got {}={}, wanted a name of at most {} bytes that does not begin with "
                            "PODCRON_, a value of at most {} bytes, and at most {} names",
                            quote(setting.name), value, kVariableNameBytesMax, kWordBytesMax,
                            kVariablesMax));
  }
  const std::string also = setting.name == "TZ"     ? "; it is no zone of the schedule, as in cron"
                           : setting.name == "PATH" ? "; is it right in the serving container?"
                           : setting.name == "HOME" ? "; the command does not start there"
                                                    : "";
  return says(fmt::format("{}: set in the command's environment by the serving container's env{}",
                          value, also));
}

class CrontabReader {
 public:
  CrontabReader(bool with_user, const ConversionOptions& options, Conversion& conversion)
      : with_user_(with_user), options_(options), conversion_(conversion) {}

  void read(std::string_view line, int number);

 private:
  void convert(const CrontabEntry& entry, const std::string& place);
  Result<ConvertedJob> job_of(const CrontabEntry& entry) const;
  void name_differences(const CrontabEntry& entry, ConvertedJob& job) const;

  bool with_user_;
  const ConversionOptions& options_;
  Conversion& conversion_;
  Surrounding surrounding_;
};

void CrontabReader::read(std::string_view line, int number) {
  const std::string place = fmt::format("{}:{}", options_.path, number);
  const bool has_control = std::any_of(line.begin(), line.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\r';
  });
  if (has_control || !is_utf8(line)) {
    return conversion_.add_fault(place + ": got bytes that are no text, wanted UTF-8");
  }
  const auto parsed = parse_crontab_line(line, with_user_);
  if (!parsed) return conversion_.add_fault(fmt::format("{}: {}", place, parsed.error().message));
  if (const auto* setting = std::get_if<CrontabSetting>(&*parsed)) {
    const auto applied = apply_setting(*setting, surrounding_);
    if (!applied) conversion_.add_fault(fmt::format("{}: {}", place, applied.error().message));
  } else if (const auto* entry = std::get_if<CrontabEntry>(&*parsed)) {
    convert(*entry, place);
  }
}

void CrontabReader::convert(const CrontabEntry& entry, const std::string& place) {
  auto job = job_of(entry);
  if (!job) return conversion_.add_fault(fmt::format("{}: {}", place, job.error().message));
  job->origin = fmt::format("{}: {} {}", place, entry.schedule, quote(entry.command));
  name_differences(entry, *job);
  conversion_.add(std::move(*job));
}

Result<ConvertedJob> CrontabReader::job_of(const CrontabEntry& entry) const {
  ConvertedJob job;
  job.name = name_of(entry.command);
  job.has_own_name = false;
  const std::string& zone = surrounding_.zone.empty() ? options_.zone : surrounding_.zone;
  job.time_zone = zone.empty() ? "UTC" : zone;
  auto schedule = podcron_schedule(entry.schedule);
  if (schedule) schedule = checked_schedule(*schedule, job.time_zone, options_.zoneinfo_dir);
  if (!schedule) return tl::unexpected(schedule.error());
  job.schedule = std::move(*schedule);
  job.daylight_saving = "Once";
  job.concurrency_policy = "Allow";
  job.command = {surrounding_.shell.empty() ? "/bin/sh" : surrounding_.shell, "-c",
                 with_dollars_kept(entry.command)};
  job.env = surrounding_.env;
  job.stdin_text = with_dollars_kept(entry.input);
  for (const std::string& word : job.command) {
    if (word.size() > kWordBytesMax) {
      return fail(
          ErrorCode::kInvalidArgument,
          fmt::format("got a command of {} bytes, wanted at most {}", word.size(), kWordBytesMax));
    }
  }
  if (job.stdin_text.size() > kStdinBytesMax) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("got {} bytes after %, wanted at most {}",
                                                         job.stdin_text.size(), kStdinBytesMax));
  }
  return job;
}

/// Whether some crons take a step without a range as the first value alone.
bool has_step_of_one_value(std::string_view schedule) {
  for (std::size_t at = 0; (at = schedule.find('/', at)) != std::string_view::npos; ++at) {
    const std::size_t begin = schedule.find_last_of(" ,", at);
    const std::string_view base =
        schedule.substr(begin == std::string_view::npos ? 0 : begin + 1, at - begin - 1);
    if (base.find_first_of("-*") == std::string_view::npos) return true;
  }
  return false;
}

void CrontabReader::name_differences(const CrontabEntry& entry, ConvertedJob& job) const {
  const auto differ = [&](std::string text) { job.differences.push_back(std::move(text)); };
  job.to_fill_in.emplace_back(
      "spec.podJobTemplate.spec.target.selector: the labels of the pods that serve the app; "
      "app: FILL-IN matches none");
  if (surrounding_.zone.empty()) {
    differ(
        fmt::format("cron takes the schedule in its host's zone, which a file cannot tell; "
                    "timeZone is {} here (--zone ZONE)",
                    job.time_zone));
  }
  if (is_every(job.schedule)) {
    differ(
        fmt::format("{} counts from the Unix epoch, not from the start of a daemon", job.schedule));
  } else if (has_step_of_one_value(job.schedule)) {
    differ(
        fmt::format("{}: a step behind a single value runs to the end of the range here; some "
                    "crons take the value alone",
                    quote(job.schedule)));
  }
  differ(
      "the command runs through a shell in a container that serves, with its image, user, files, "
      "environment, working directory and limits, not with a login's on a host");
  if (!entry.user.empty()) {
    differ(fmt::format("user {}: left out; the process has the user of the serving container",
                       quote(entry.user)));
  }
  if (!job.stdin_text.empty()) {
    differ("%: the text behind it is exec.stdin; success then needs one more proof");
  }
  job.differences.insert(job.differences.end(), surrounding_.differences.begin(),
                         surrounding_.differences.end());
  const bool knows_mail =
      std::any_of(surrounding_.differences.begin(), surrounding_.differences.end(),
                  [](const std::string& line) { return line.starts_with("MAILTO="); });
  if (!knows_mail) {
    differ(
        "no mail: cron mails what a command prints; here the end of a failed run's output is in "
        "its PodJob (outputPolicy)");
  }
  differ(
      "concurrencyPolicy: Allow, as cron does it (podcron's default is Forbid): two runs never "
      "share a pod, so the second goes to another pod, or waits for one");
  differ(
      "cron runs nothing that was due while it was down; here the latest of these times runs when "
      "podcron is back, until the next scheduled time, at most 4 h late (catchUpPolicy)");
  differ(fmt::format("activeDeadlineSeconds: {}; cron lets a command run as long as it likes",
                     job.active_deadline_seconds));
  differ(
      "suspend: true: take the line out of the crontab before this becomes false, or the work is "
      "done twice");
}

}  // namespace

void convert_crontab(std::string_view text, bool with_user, const ConversionOptions& options,
                     Conversion& conversion) {
  CrontabReader reader(with_user, options, conversion);
  for (int number = 1; !text.empty() && !conversion.full(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    reader.read(text.substr(0, end), number);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

}  // namespace podcron::cli
