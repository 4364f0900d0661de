#include "cron/field.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "base/hash.h"
#include "cron/quote.h"

namespace podcron::cron {
namespace {

constexpr std::array<std::string_view, 12> kMonthNames{"jan", "feb", "mar", "apr", "may", "jun",
                                                       "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kWeekdayNames{"sun", "mon", "tue", "wed",
                                                        "thu", "fri", "sat"};

struct FieldRules {
  std::string_view name;
  std::uint32_t min;
  std::uint32_t max;
  std::span<const std::string_view> value_names;  // the first one is `min`
  std::uint32_t hash_max;                         // the highest value that a bare H may become
};

const FieldRules& rules_of(Field field) {
  static constexpr std::array<FieldRules, 6> kRules{{
      {"second", 0, 59, {}, 59},
      {"minute", 0, 59, {}, 59},
      {"hour", 0, 23, {}, 23},
      {"day-of-month", 1, 31, {}, 28},  // the last day that every month has
      {"month", 1, 12, kMonthNames, 12},
      {"day-of-week", 0, 6, kWeekdayNames, 6},
  }};
  return kRules[static_cast<std::size_t>(field)];
}

// Greater than every maximum; larger numbers become this one.
constexpr std::uint32_t kTooLarge = 1'000'000;

// As Go's strconv.Atoi reads numbers that are not negative: digits after an optional plus.
std::optional<std::uint32_t> parse_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  std::uint32_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = std::min(value * 10 + static_cast<std::uint32_t>(c - '0'), kTooLarge);
  }
  return value;
}

bool is_letter(char c, char upper) { return c == upper || c == static_cast<char>(upper + 32); }

struct Range {
  std::uint32_t first;
  std::uint32_t last;
};

class FieldParser {
 public:
  FieldParser(Field field, std::string_view expression, std::string_view identity)
      : field_(field), rules_(rules_of(field)), expression_(expression), identity_(identity) {}

  Result<FieldSets> parse(std::string_view text);

 private:
  using Done = Result<bool>;  // false: not mine, try the next form

  Result<bool> parse_item(std::string_view item);
  Done parse_day_of_month_form(std::string_view item);
  Done parse_day_of_week_form(std::string_view item);
  Result<Range> parse_hash(std::string_view base, std::uint32_t step);
  Result<Range> parse_range(std::string_view base);
  Result<std::uint32_t> parse_value(std::string_view value, std::string_view item) const;
  [[nodiscard]] std::optional<std::uint32_t> find_value(std::string_view value) const;
  Result<std::uint32_t> parse_step(std::string_view step) const;
  void add(Range range, std::uint32_t step);

  [[nodiscard]] tl::unexpected<Error> wrong(std::string_view text, std::string_view what,
                                            std::string_view hint = "") const;
  [[nodiscard]] tl::unexpected<Error> out_of_range(std::string_view value,
                                                   std::string_view item) const;
  [[nodiscard]] tl::unexpected<Error> not_a_value(std::string_view value) const;
  [[nodiscard]] tl::unexpected<Error> wraps_around(std::string_view first, std::string_view last,
                                                   std::string_view base) const;

  Field field_;
  const FieldRules& rules_;
  std::string_view expression_;
  std::string_view identity_;
  FieldSets sets_;
};

// --- Messages.

tl::unexpected<Error> FieldParser::wrong(std::string_view text, std::string_view what,
                                         std::string_view hint) const {
  std::string message =
      fmt::format("{} {} {} in {}", rules_.name, quote(text), what, quote(expression_));
  if (!hint.empty()) message += fmt::format("; {}", hint);
  return fail(ErrorCode::kInvalidArgument, std::move(message));
}

tl::unexpected<Error> FieldParser::out_of_range(std::string_view value,
                                                std::string_view item) const {
  std::string hint;
  if (field_ == Field::kDayOfWeek && parse_number(value) == 7U) {
    const std::size_t hyphen = item.find('-');
    const std::string_view first = item.substr(0, hyphen);
    if (hyphen == std::string_view::npos) {
      const std::string_view rest = item.starts_with(value) ? item.substr(value.size()) : "";
      hint = fmt::format("Sunday is 0, did you mean {}?", quote(fmt::format("0{}", rest)));
    } else if (first == "0" || first == "sun") {
      hint = "Sunday is 0, did you mean \"0-6\"?";
    } else if (find_value(first).value_or(7) < 7) {
      hint = fmt::format("Sunday is 0, did you mean {}?", quote(fmt::format("{}-6,0", first)));
    }
  } else if (field_ == Field::kHour && parse_number(value) == 24U) {
    hint = "midnight is 0";
  }
  return wrong(value, fmt::format("is out of range {}-{}", rules_.min, rules_.max), hint);
}

tl::unexpected<Error> FieldParser::not_a_value(std::string_view value) const {
  const std::string lower = to_lower(value);
  std::string hint;
  for (const std::string_view name : rules_.value_names) {
    if (lower.starts_with(name)) hint = fmt::format("did you mean \"{}\"?", name);
  }
  if (hint.empty() && lower.find('#') != std::string::npos) {
    hint = "\"#\" is for day-of-week, as in \"fri#2\"";
  } else if (hint.empty() && lower == "l") {
    hint = "\"L\" is for day-of-month and, as in \"friL\", for day-of-week";
    if (field_ == Field::kDayOfWeek) hint = "write \"6\" for Saturday, \"6L\" for the last one";
    if (field_ == Field::kDayOfMonth) hint = "\"L\" takes no step and no range";
  } else if (hint.empty() && lower.size() > 1 && lower.ends_with('w')) {
    hint = "\"W\" is for day-of-month, as in \"15W\" or \"LW\"";
  }
  const std::string names =
      rules_.value_names.empty()
          ? ""
          : fmt::format(" or {}-{}", rules_.value_names.front(), rules_.value_names.back());
  return wrong(value, fmt::format("is not a number {}-{}{}", rules_.min, rules_.max, names), hint);
}

tl::unexpected<Error> FieldParser::wraps_around(std::string_view first, std::string_view last,
                                                std::string_view base) const {
  std::string maximum = fmt::format("{}", rules_.max);
  std::string minimum = fmt::format("{}", rules_.min);
  if (!rules_.value_names.empty() && !parse_number(first)) maximum = rules_.value_names.back();
  if (!rules_.value_names.empty() && !parse_number(last)) minimum = rules_.value_names.front();
  const auto part = [](std::string_view from, std::string_view to) {
    const std::string low = to_lower(from);
    return low == to_lower(to) ? low : fmt::format("{}-{}", from, to);
  };
  return wrong(base, "ends before it begins",
               fmt::format("did you mean {}?",
                           quote(fmt::format("{},{}", part(first, maximum), part(minimum, last)))));
}

// --- Values.

std::optional<std::uint32_t> FieldParser::find_value(std::string_view value) const {
  const std::string lower = to_lower(value);
  for (std::uint32_t i = 0; i < rules_.value_names.size(); ++i) {
    if (rules_.value_names[i] == lower) return rules_.min + i;
  }
  return parse_number(value);
}

// `item` is what the value was written in, for hints.
Result<std::uint32_t> FieldParser::parse_value(std::string_view value,
                                               std::string_view item) const {
  const auto number = find_value(value);
  if (!number) return not_a_value(value);
  if (*number < rules_.min || *number > rules_.max) return out_of_range(value, item);
  return *number;
}

Result<std::uint32_t> FieldParser::parse_step(std::string_view step) const {
  const auto number = parse_number(step);
  if (!number) return wrong(step, "is not a step, which is a number of at least 1");
  if (*number == 0) return wrong(step, "is not a step: it must be at least 1");
  // Steps beyond every range are accepted as far as Go's integers reach.
  if (*number == kTooLarge) {
    if (step.starts_with('+')) step.remove_prefix(1);
    std::int64_t exact = 0;
    const auto read = std::from_chars(step.data(), step.data() + step.size(), exact);
    if (read.ec != std::errc()) return wrong(step, "is not a step: it is too large");
  }
  return *number;
}

Result<Range> FieldParser::parse_range(std::string_view base) {
  const std::size_t hyphen = base.find('-');
  if (hyphen == std::string_view::npos) {
    const auto value = parse_value(base, base);
    if (!value) return tl::unexpected(value.error());
    return Range{*value, *value};
  }
  const std::string_view first_text = base.substr(0, hyphen);
  const std::string_view last_text = base.substr(hyphen + 1);
  if (last_text.find('-') != std::string_view::npos) return wrong(base, "has too many hyphens");
  const auto first = parse_value(first_text, base);
  if (!first) return tl::unexpected(first.error());
  const auto last = parse_value(last_text, base);
  if (!last) return tl::unexpected(last.error());
  if (*first > *last) return wraps_around(first_text, last_text, base);
  return Range{*first, *last};
}

// `base` is "H" or "H(a-b)". With a step, the first value is one of the first `step`, so that the
// others follow at that distance; without, it is any of the range.
Result<Range> FieldParser::parse_hash(std::string_view base, std::uint32_t step) {
  if (identity_.empty()) {
    return wrong(base, "depends on the object's namespace and name, which are not known here");
  }
  Range range{rules_.min, rules_.hash_max};
  if (base.size() > 1) {
    if (!base.ends_with(')') || base.find('-') == std::string_view::npos) {
      return wrong(base, "is neither \"H\" nor \"H(a-b)\"");
    }
    auto inner = parse_range(base.substr(2, base.size() - 3));
    if (!inner) return inner;
    range = *inner;
  }
  const std::uint32_t width = range.last - range.first + 1;
  const std::uint32_t choices = step == 0 ? width : std::min(step, width);
  const std::uint64_t hash = hash_combine(hash64(identity_), static_cast<std::uint64_t>(field_));
  range.first += static_cast<std::uint32_t>(hash % choices);
  if (step == 0) range.last = range.first;
  return range;
}

void FieldParser::add(Range range, std::uint32_t step) {
  for (std::uint32_t value = range.first; value <= range.last; value += step) {
    sets_.values |= std::uint64_t{1} << value;
  }
}

// --- Items.

FieldParser::Done FieldParser::parse_day_of_month_form(std::string_view item) {
  if (is_letter(item.front(), 'L')) {
    const std::string_view rest = item.substr(1);
    if (rest.empty()) {
      sets_.days_before_last |= 1U;
      return true;
    }
    if (rest.size() == 1 && is_letter(rest.front(), 'W')) {
      sets_.nearest_weekdays |= 1U;
      return true;
    }
    if (!rest.starts_with('-')) return false;
    const auto before = parse_number(rest.substr(1));
    if (!before) return wrong(item, "is not \"L-n\"");
    if (*before > 30) return wrong(item, "is out of range L-0 to L-30");
    sets_.days_before_last |= 1U << *before;
    return true;
  }
  if (!is_letter(item.back(), 'W')) return false;
  const std::string_view day_text = item.substr(0, item.size() - 1);
  if (!parse_number(day_text)) return false;
  const auto day = parse_value(day_text, item);
  if (!day) return tl::unexpected(day.error());
  sets_.nearest_weekdays |= 1U << *day;
  return true;
}

FieldParser::Done FieldParser::parse_day_of_week_form(std::string_view item) {
  if (item.size() > 1 && is_letter(item.back(), 'L')) {
    const auto weekday = parse_value(item.substr(0, item.size() - 1), item);
    if (!weekday) return tl::unexpected(weekday.error());
    sets_.last_weekdays = static_cast<std::uint8_t>(sets_.last_weekdays | 1U << *weekday);
    return true;
  }
  const std::size_t sharp = item.find('#');
  if (sharp == std::string_view::npos) return false;
  const auto weekday = parse_value(item.substr(0, sharp), item);
  if (!weekday) return tl::unexpected(weekday.error());
  const auto week = parse_number(item.substr(sharp + 1));
  if (!week || *week < 1 || *week > 5) {
    return wrong(item, fmt::format("must end in a week 1-5 after \"#\""));
  }
  sets_.nth_weekdays |= std::uint64_t{1} << (7 * (*week - 1) + *weekday);
  return true;
}

Result<bool> FieldParser::parse_item(std::string_view item) {
  const bool starred = item.front() == '*' || item.front() == '?';
  if (!starred && (field_ == Field::kDayOfMonth || field_ == Field::kDayOfWeek)) {
    auto done =
        field_ == Field::kDayOfMonth ? parse_day_of_month_form(item) : parse_day_of_week_form(item);
    if (!done || *done) return done;
  }
  const std::size_t slash = item.find('/');
  const std::string_view base = item.substr(0, slash);
  std::uint32_t step = 0;  // none
  if (slash != std::string_view::npos) {
    const std::string_view step_text = item.substr(slash + 1);
    if (step_text.find('/') != std::string_view::npos) return wrong(item, "has too many slashes");
    const auto parsed = parse_step(step_text);
    if (!parsed) return tl::unexpected(parsed.error());
    step = *parsed;
  }
  // robfig ignores what follows "*-", and so must who wants to take over its users' schedules.
  if (base == "*" || base == "?" || base.starts_with("*-") || base.starts_with("?-")) {
    if (step <= 1) sets_.unrestricted = true;
    add({rules_.min, rules_.max}, std::max(step, 1U));
    return true;
  }
  if (!base.empty() && is_letter(base.front(), 'H') && (base.size() == 1 || base[1] == '(')) {
    const auto range = parse_hash(base, step);
    if (!range) return tl::unexpected(range.error());
    add(*range, std::max(step, 1U));
    return true;
  }
  auto range = parse_range(base);
  if (!range) return tl::unexpected(std::move(range.error()));
  if (step != 0 && base.find('-') == std::string_view::npos) range->last = rules_.max;
  add(*range, std::max(step, 1U));
  return true;
}

Result<FieldSets> FieldParser::parse(std::string_view text) {
  bool first = true;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view item = text.substr(begin, end - begin);
    begin = end + 1;
    if (item.empty()) continue;  // robfig: "1,,2" is "1,2"
    if (first) sets_.begins_with_star = item.front() == '*' || item.front() == '?';
    first = false;
    const auto done = parse_item(item);
    if (!done) return tl::unexpected(done.error());
  }
  if (sets_.empty()) return wrong(text, "names no value");
  return sets_;
}

}  // namespace

std::string_view name_of(Field field) { return rules_of(field).name; }

Result<FieldSets> parse_field(Field field, std::string_view text, std::string_view expression,
                              std::string_view identity) {
  return FieldParser(field, expression, identity).parse(text);
}

}  // namespace podcron::cron
