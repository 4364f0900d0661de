// kubectl podcron convert: what would it be as a PodCronJob, and what would be different?
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "cli/commands.h"
#include "cli/conversion.h"
#include "cli/cron_job_source.h"
#include "cli/crontab_source.h"
#include "cli/input_text.h"

namespace podcron::cli {
namespace {

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '"' || c == '\'';
}

/// `key:`, a document's or a list's begin. Crontab lines begin with a digit, *, @ or NAME=.
bool looks_like_yaml(std::string_view line) {
  if (line.starts_with("---") || line.starts_with("- ") || line.starts_with('%')) return true;
  if (line.front() == '{' || line.front() == '[') return true;
  const std::size_t colon = line.find_first_of(":=");
  return is_word(line.front()) && colon != std::string_view::npos && line[colon] == ':';
}

SourceFormat format_of(std::string_view text) {
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    line.remove_prefix(std::min(line.find_first_not_of(" \t\r"), line.size()));
    if (line.empty() || line.front() == '#') continue;
    return looks_like_yaml(line) ? SourceFormat::kCronJob : SourceFormat::kCrontab;
  }
  return SourceFormat::kCrontab;
}

}  // namespace

Result<Printout> run_convert(const ConvertCommand& command) {
  const auto input = read_input(command.file);
  if (!input) return tl::unexpected(input.error());
  std::string_view text = *input;
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  const ConversionOptions options{input_name(command.file), command.zone, command.zoneinfo_dir};
  const SourceFormat format =
      command.format == SourceFormat::kAsItLooks ? format_of(text) : command.format;
  Conversion conversion;
  if (format == SourceFormat::kCronJob) {
    convert_cron_jobs(text, options, conversion);
  } else {
    convert_crontab(text, format == SourceFormat::kSystemCrontab, options, conversion);
  }
  if (conversion.empty()) {
    conversion.add_fault(options.path + ": no CronJob of batch/v1 and no crontab entry in it");
  }
  Printout printout{conversion.out(), conversion.notes(), conversion.faults().empty() ? 0 : 1};
  for (const std::string& fault : conversion.faults()) printout.notes.push_back("error: " + fault);
  return printout;
}

}  // namespace podcron::cli
