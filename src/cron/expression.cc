#include "cron/expression.h"

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "cron/duration.h"
#include "cron/field.h"
#include "cron/quote.h"
#include "cron/schedule.h"

namespace podcron::cron {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kMacros{{
    {"@hourly", "0 * * * *"},
    {"@daily", "0 0 * * *"},
    {"@midnight", "0 0 * * *"},
    {"@weekly", "0 0 * * 0"},
    {"@monthly", "0 0 1 * *"},
    {"@yearly", "0 0 1 1 *"},
    {"@annually", "0 0 1 1 *"},
}};
constexpr std::string_view kMacroNames =
    "@hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually or @every 1h30m";
constexpr std::string_view kFieldsWanted =
    "wanted 5 (minute hour day-of-month month day-of-week), or 6 with second first";

tl::unexpected<Error> invalid(std::string message) {
  return fail(ErrorCode::kInvalidArgument, std::move(message));
}

// What Go's unicode.IsSpace takes for a blank, in UTF-8: the length of the one at the front, or 0.
std::size_t blank_length(std::string_view text) {
  const char c = text.front();
  if (c == ' ' || (c >= '\t' && c <= '\r')) return 1;
  static constexpr std::array<std::string_view, 19> kBlanks{
      "\u0085", "\u00A0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003",
      "\u2004", "\u2005", "\u2006", "\u2007", "\u2008", "\u2009", "\u200A",
      "\u2028", "\u2029", "\u202F", "\u205F", "\u3000"};
  if (static_cast<unsigned char>(c) < 0x80) return 0;
  for (const std::string_view blank : kBlanks) {
    if (text.starts_with(blank)) return blank.size();
  }
  return 0;
}

// The first fields, and how many there are in all.
struct Fields {
  std::array<std::string_view, 6> text;
  std::size_t count = 0;
};

Fields split(std::string_view text) {
  Fields fields;
  while (!text.empty()) {
    if (const std::size_t blank = blank_length(text)) {
      text.remove_prefix(blank);
      continue;
    }
    std::size_t length = 0;
    while (length < text.size() && blank_length(text.substr(length)) == 0) ++length;
    if (fields.count < fields.text.size()) fields.text[fields.count] = text.substr(0, length);
    ++fields.count;
    text.remove_prefix(length);
  }
  return fields;
}

std::string_view without_blanks_around(std::string_view text) {
  while (!text.empty() && blank_length(text) != 0) text.remove_prefix(blank_length(text));
  while (!text.empty() && blank_length(text.substr(text.size() - 1)) != 0) text.remove_suffix(1);
  return text;
}

std::string join(const Fields& fields) {
  return fmt::format("{} {} {} {} {} {}", fields.text[0], fields.text[1], fields.text[2],
                     fields.text[3], fields.text[4], fields.text[5]);
}

std::optional<Error> refuse_zone_prefix(std::string_view text) {
  const Fields fields = split(text);
  if (fields.count == 0) return std::nullopt;
  const std::string_view prefix = fields.text[0];
  if (!prefix.starts_with("TZ=") && !prefix.starts_with("CRON_TZ=")) return std::nullopt;
  const std::string_view zone = prefix.substr(prefix.find('=') + 1);
  const auto rest = static_cast<std::size_t>(prefix.data() + prefix.size() - text.data());
  return Error{
      ErrorCode::kInvalidArgument,
      fmt::format("{} begins with a time zone, which belongs in the field timeZone; did you mean "
                  "timeZone {} and schedule {}?",
                  quote(text), quote(zone), quote(without_blanks_around(text.substr(rest))))};
}

Result<Expression> parse_every(std::string_view text, std::string_view duration) {
  const auto seconds = parse_go_duration(duration);
  if (!seconds) {
    const bool only_digits =
        !duration.empty() && duration.find_first_not_of("0123456789") == std::string_view::npos;
    return invalid(fmt::format(
        "{} has no positive duration such as 90s, 5m or 1h30m{}", quote(text),
        only_digits && duration.find_first_not_of('0') != std::string::npos
            ? fmt::format("; did you mean \"@every {}s\"?", duration.substr(0, kQuotedBytesMax))
            : ""));
  }
  if (*seconds > kEverySecondsMax) {
    return invalid(
        fmt::format("{} is longer than {}h (100 years)", quote(text), kEverySecondsMax / 3600));
  }
  Expression expression;
  expression.every_seconds = static_cast<std::uint32_t>(*seconds);
  return expression;
}

Result<Expression> parse_fields(std::string_view text, std::string_view identity);

// As robfig, macros are taken to the letter: lower case, no blanks around.
Result<Expression> parse_macro(std::string_view text) {
  constexpr std::string_view kEvery = "@every ";
  if (text.starts_with(kEvery)) return parse_every(text, text.substr(kEvery.size()));
  const std::string likely = to_lower(without_blanks_around(text));
  for (const auto& [macro, meaning] : kMacros) {
    if (text == macro) return parse_fields(meaning, "");
    if (likely == macro) {
      return invalid(fmt::format("{} is not a macro; did you mean \"{}\"?", quote(text), macro));
    }
  }
  if (likely == "@reboot") {
    return invalid(
        "\"@reboot\" is not a time; a pod's start is the business of its own command "
        "or of an init container");
  }
  return invalid(fmt::format("{} is not a macro, wanted {}", quote(text), kMacroNames));
}

tl::unexpected<Error> wrong_count(std::string_view text, const Fields& fields) {
  std::string message = fmt::format("{} has {} field{}, {}", quote(text), fields.count,
                                    fields.count == 1 ? "" : "s", kFieldsWanted);
  if (fields.count == 7) {
    message += fmt::format("; years are not supported, did you mean {}?", quote(join(fields)));
  } else if (fields.count == 1) {
    for (const auto& [macro, meaning] : kMacros) {
      if (to_lower(fields.text[0]) != macro.substr(1)) continue;
      message += fmt::format("; did you mean \"{}\"?", macro);
    }
  }
  return invalid(std::move(message));
}

tl::unexpected<Error> never(std::string_view text, std::string_view day, std::string_view month) {
  return invalid(
      fmt::format("day-of-month {} never occurs in month {} in {}; did you mean \"L\", the last "
                  "day of the month?",
                  quote(day), quote(month), quote(text)));
}

Result<Expression> parse_fields(std::string_view text, std::string_view identity) {
  const Fields fields = split(text);
  if (fields.count != 5 && fields.count != 6) return wrong_count(text, fields);
  std::array<FieldSets, 6> sets;
  const std::size_t skipped = 6 - fields.count;
  if (skipped == 1) sets[0].values = 1;  // at second 0
  for (std::size_t i = skipped; i < 6; ++i) {
    auto parsed = parse_field(static_cast<Field>(i), fields.text[i - skipped], text, identity);
    if (!parsed) return tl::unexpected(std::move(parsed.error()));
    sets[i] = *parsed;
  }
  const auto& [second, minute, hour, day, month, weekday] = sets;
  Expression expression;
  expression.fixed = !second.begins_with_star && !minute.begins_with_star && !hour.begins_with_star;
  LocalPattern& pattern = expression.pattern;
  pattern.seconds = second.values;
  pattern.minutes = minute.values;
  pattern.hours = static_cast<std::uint32_t>(hour.values);
  pattern.days = static_cast<std::uint32_t>(day.values);
  pattern.days_before_last = day.days_before_last;
  pattern.nearest_weekdays = day.nearest_weekdays;
  pattern.any_day_of_month = day.unrestricted;
  pattern.months = static_cast<std::uint16_t>(month.values);
  pattern.weekdays = static_cast<std::uint8_t>(weekday.values);
  pattern.last_weekdays = weekday.last_weekdays;
  pattern.nth_weekdays = weekday.nth_weekdays;
  pattern.any_day_of_week = weekday.unrestricted;
  if (!pattern.can_match()) {
    return never(text, fields.text[3 - skipped], fields.text[4 - skipped]);
  }
  return expression;
}

}  // namespace

Result<Expression> parse_expression(std::string_view text, std::string_view identity) {
  if (text.size() > Schedule::kExpressionBytesMax) {
    return invalid(fmt::format("the expression has {} bytes, allowed are {}", text.size(),
                               Schedule::kExpressionBytesMax));
  }
  if (auto refused = refuse_zone_prefix(text)) return tl::unexpected(std::move(*refused));
  if (text.starts_with('@')) return parse_macro(text);
  const std::string_view trimmed = without_blanks_around(text);
  if (trimmed.empty()) return invalid(fmt::format("the expression is empty, {}", kFieldsWanted));
  if (trimmed.starts_with('@')) return parse_macro(text);
  return parse_fields(text, identity);
}

}  // namespace podcron::cron
