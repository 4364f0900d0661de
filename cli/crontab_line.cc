#include "cli/crontab_line.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "cron/quote.h"

namespace podcron::cli {
namespace {

using cron::quote;

constexpr std::string_view kBlanks = " \t";

tl::unexpected<Error> invalid(std::string message) {
  return fail(ErrorCode::kInvalidArgument, std::move(message));
}

void skip_blanks(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
}

/// The text up to the next blank, and the blanks behind it.
std::string_view take_word(std::string_view& text) {
  const std::string_view word = text.substr(0, text.find_first_of(kBlanks));
  text.remove_prefix(word.size());
  skip_blanks(text);
  return word;
}

std::string_view without_quotes(std::string_view text) {
  const bool quoted = text.size() >= 2 && (text.front() == '"' || text.front() == '\'') &&
                      text.back() == text.front();
  return quoted ? text.substr(1, text.size() - 2) : text;
}

bool is_name(std::string_view text) {
  if (text.empty() || (text.front() >= '0' && text.front() <= '9')) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  });
}

/// NAME = value, with quotes around either. An entry has blanks before its first '='.
std::optional<CrontabSetting> as_setting(std::string_view line) {
  const std::size_t equals = line.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  std::string_view name = line.substr(0, equals);
  std::string_view value = line.substr(equals + 1);
  name = name.substr(0, name.find_last_not_of(kBlanks) + 1);
  name = without_quotes(name);
  if (!is_name(name)) return std::nullopt;
  skip_blanks(value);
  value = value.substr(0, value.find_last_not_of(kBlanks) + 1);
  return CrontabSetting{std::string(name), std::string(without_quotes(value))};
}

/// An unescaped % ends the command, and each further one a line of its input.
void split_at_percent(std::string_view text, CrontabEntry& entry) {
  std::string* out = &entry.command;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] == '%') {
      *out += '%';
      ++i;
    } else if (text[i] != '%') {
      *out += text[i];
    } else if (out == &entry.command) {
      out = &entry.input;
    } else {
      *out += '\n';
    }
  }
  if (!entry.input.empty() && entry.input.back() != '\n') entry.input += '\n';
}

std::optional<int> number_in(std::string_view text) {
  constexpr std::array<std::string_view, 7> kNames{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
  const std::string lower = cron::to_lower(text);
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (lower == kNames[i]) return static_cast<int>(i);
  }
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// One item of day-of-week. Only what ends in a 7 is written anew; what is wrong stays as it is, so
/// that the schedule's own parser says so.
std::string without_seven(std::string_view item) {
  const std::size_t slash = item.find('/');
  const std::string_view range = item.substr(0, slash);
  const std::size_t hyphen = range.find('-');
  const auto first = number_in(range.substr(0, hyphen));
  const auto last = hyphen == std::string_view::npos ? first : number_in(range.substr(hyphen + 1));
  const bool steps = slash != std::string_view::npos;
  const auto step = steps ? number_in(item.substr(slash + 1)) : std::optional<int>(1);
  if (last != 7 || !first || *first < 0 || *first > 7 || !step || *step < 1) {
    return std::string(item);
  }
  if (steps && hyphen == std::string_view::npos) return std::string(item);
  if (*step == 1 && *first < 7) return *first < 2 ? "0-6" : fmt::format("{}-6,0", *first);
  std::string out;
  // No larger step finds a second value.
  for (int value = *first; value <= 7; value += std::min(*step, 8)) {
    out += fmt::format("{}{}", out.empty() ? "" : ",", value % 7);
  }
  return out;
}

std::string weekdays_without_seven(std::string_view field) {
  std::string out;
  while (true) {
    const std::size_t comma = field.find(',');
    out += without_seven(field.substr(0, comma));
    if (comma == std::string_view::npos) return out;
    out += ',';
    field.remove_prefix(comma + 1);
  }
}

bool is_every_day(std::string_view field) { return field == "*" || field == "*/1"; }

}  // namespace

Result<CrontabLine> parse_crontab_line(std::string_view line, bool with_user) {
  line = line.substr(0, line.find_last_not_of(" \t\r") + 1);
  skip_blanks(line);
  if (line.empty() || line.front() == '#') return CrontabLine();
  if (auto setting = as_setting(line)) return CrontabLine(std::move(*setting));
  const std::string whole(line);
  CrontabEntry entry;
  if (line.front() == '@') {
    entry.schedule = take_word(line);
    if (entry.schedule == "@every") entry.schedule += fmt::format(" {}", take_word(line));
  } else {
    for (int i = 0; i < 5; ++i) {
      if (line.empty()) {
        return invalid(
            fmt::format("got {}, wanted 5 fields (minute hour day-of-month month "
                        "day-of-week){} and a command, or NAME=value",
                        quote(whole), with_user ? ", a user" : ""));
      }
      entry.schedule += fmt::format("{}{}", i == 0 ? "" : " ", take_word(line));
    }
  }
  if (with_user) entry.user = take_word(line);
  if (line.empty()) {
    return invalid(fmt::format("got {} without a command, wanted one after the {}", quote(whole),
                               with_user ? "user" : "schedule"));
  }
  split_at_percent(line, entry);
  if (entry.command.find_first_not_of(kBlanks) == std::string::npos) {
    return invalid(fmt::format("got {}, wanted a command before the first %", quote(whole)));
  }
  return CrontabLine(std::move(entry));
}

Result<std::string> podcron_schedule(const std::string& schedule) {
  if (cron::to_lower(schedule) == "@reboot") {
    return invalid(
        "got @reboot, wanted a time: a pod starts whenever its workload says so; put the command "
        "into the app's own start, an init container or a postStart hook");
  }
  if (schedule.starts_with('@')) return schedule;
  std::vector<std::string> fields;
  std::string_view rest = schedule;
  while (!rest.empty()) fields.emplace_back(take_word(rest));
  std::string& weekday = fields.back();
  const std::string& day = fields[2];
  const bool both = !is_every_day(day) && !is_every_day(weekday);
  if (both && (day.starts_with('*') || weekday.starts_with('*'))) {
    return invalid(fmt::format(
        "got day-of-month {} with day-of-week {}: in cron both must match if one of them begins "
        "with *, in a PodCronJob either may; wanted one of them as *, and the other day asked for "
        "by the command",
        quote(day), quote(weekday)));
  }
  if (schedule.find('~') != std::string::npos) {
    return invalid(
        fmt::format("got the random range ~ in {}, wanted a value, or H(a-b), which is "
                    "fixed for each object",
                    quote(schedule)));
  }
  weekday = weekdays_without_seven(weekday);
  return fmt::format("{}", fmt::join(fields, " "));
}

}  // namespace podcron::cli
