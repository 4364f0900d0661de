#include "unit/cron/oracle.h"

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <utility>

#include <fmt/format.h>

namespace podcron::test {
namespace {

int month_length(int year, int month) {
  static constexpr int kLengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return kLengths[month - 1] + (month == 2 && leap ? 1 : 0);
}

LocalFields from_tm(const std::tm& tm, std::int64_t instant, std::int64_t local) {
  return {instant,       local,      tm.tm_sec,
          tm.tm_min,     tm.tm_hour, tm.tm_mday,
          tm.tm_mon + 1, tm.tm_wday, month_length(tm.tm_year + 1900, tm.tm_mon + 1)};
}

bool has(const std::vector<int>& values, int value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

// The Monday to Friday nearest to `target`, found by looking further and further away.
int nearest_weekday(int target, const LocalFields& at) {
  const auto weekday_of = [&](int day) { return ((at.weekday + day - at.day) % 7 + 35) % 7; };
  for (int distance = 0; distance < 3; ++distance) {
    for (const int day : {target - distance, target + distance}) {
      if (day < 1 || day > at.month_length) continue;
      if (weekday_of(day) != 0 && weekday_of(day) != 6) return day;
    }
  }
  return 0;
}

std::string value_text(int value, const std::vector<std::string>& names, int min, Prng& prng) {
  if (!names.empty() && prng.chance(300)) return names[static_cast<std::size_t>(value - min)];
  return fmt::format("{}", value);
}

// One item of a field that has no special forms: text and the values it stands for.
std::string random_item(Prng& prng, int min, int max, const std::vector<std::string>& names,
                        std::vector<int>& values) {
  const auto draw = [&](int low, int high) {
    return low + static_cast<int>(prng.below(static_cast<std::uint64_t>(high - low + 1)));
  };
  int first = draw(min, max);
  int last = first;
  int step = 1;
  std::string text;
  switch (prng.below(5)) {
    case 0:
    case 1:
      text = value_text(first, names, min, prng);
      break;
    case 2:
      last = draw(first, max);
      text = value_text(first, names, min, prng) + "-" + value_text(last, names, min, prng);
      break;
    case 3:
      last = draw(first, max);
      step = draw(1, max);
      text = fmt::format("{}-{}/{}", first, last, step);
      break;
    default:
      step = draw(2, max);
      if (prng.chance(500)) {
        first = min;
        text = fmt::format("*/{}", step);
      } else {
        text = fmt::format("{}/{}", first, step);
      }
      last = max;
  }
  for (int value = first; value <= last; value += step) values.push_back(value);
  return text;
}

std::string random_field(Prng& prng, int min, int max, std::uint64_t star_per_mille,
                         const std::vector<std::string>& names, std::vector<int>& values) {
  if (prng.chance(star_per_mille)) {
    for (int value = min; value <= max; ++value) values.push_back(value);
    return prng.chance(100) ? "?" : "*";
  }
  std::string text;
  for (std::uint64_t left = prng.below(3) + 1; left > 0; --left) {
    if (!text.empty()) text += ',';
    text += random_item(prng, min, max, names, values);
  }
  return text;
}

std::string random_day_field(Prng& prng, OracleExpression& out) {
  if (prng.chance(400)) {
    const int value = static_cast<int>(prng.below(31)) + 1;
    switch (prng.below(4)) {
      case 0:
        out.days_before_last = {0};
        return "L";
      case 1:
        out.days_before_last = {std::min(value, 30)};
        return fmt::format("L-{}", std::min(value, 30));
      case 2:
        out.nearest_weekdays = {value};
        return fmt::format("{}W", value);
      default:
        out.nearest_weekdays = {0};
        out.days = {value};
        return fmt::format("LW,{}", value);
    }
  }
  std::string text = random_field(prng, 1, 31, 500, {}, out.days);
  out.day_free = text == "*" || text == "?";
  return text;
}

std::string random_weekday_field(Prng& prng, OracleExpression& out) {
  static const std::vector<std::string> kNames{"sun", "MON", "tue", "Wed", "thu", "fri", "sat"};
  if (prng.chance(200)) {
    const int weekday = static_cast<int>(prng.below(7));
    if (prng.chance(500)) {
      out.last_weekdays = {weekday};
      return fmt::format("{}L", kNames[static_cast<std::size_t>(weekday)]);
    }
    const int week = static_cast<int>(prng.below(5)) + 1;
    out.nth_weekdays = {{weekday, week}};
    return fmt::format("{}#{}", weekday, week);
  }
  std::string text = random_field(prng, 0, 6, 600, kNames, out.weekdays);
  out.weekday_free = text == "*" || text == "?";
  return text;
}

}  // namespace

LibcZone::LibcZone(const std::string& name) {
  setenv("TZ", (":" + name).c_str(), 1);
  tzset();
}

LocalFields LibcZone::at(std::int64_t instant) const {
  const std::time_t time = instant;
  std::tm tm{};
  localtime_r(&time, &tm);
  return from_tm(tm, instant, instant + tm.tm_gmtoff);
}

std::vector<std::int64_t> LibcZone::changes(std::int64_t from, std::int64_t end) const {
  const auto offset = [&](std::int64_t instant) { return at(instant).local - instant; };
  std::vector<std::int64_t> found;
  constexpr std::int64_t kStride = 5 * 86'400;
  for (std::int64_t t = from; t + kStride <= end; t += kStride) {
    if (offset(t) == offset(t + kStride)) continue;
    std::int64_t before = t;
    std::int64_t after = t + kStride;
    while (after - before > 1) {
      const std::int64_t middle = before + (after - before) / 2;
      (offset(middle) == offset(t) ? before : after) = middle;
    }
    found.push_back(after);
  }
  return found;
}

LocalFields fields_of_local(std::int64_t local) {
  const std::time_t time = local;
  std::tm tm{};
  gmtime_r(&time, &tm);
  return from_tm(tm, local, local);
}

bool OracleExpression::matches(const LocalFields& at) const {
  if (!has(seconds, at.second) || !has(minutes, at.minute) || !has(hours, at.hour)) return false;
  if (!has(months, at.month)) return false;
  bool day_matches = has(days, at.day);
  for (const int before : days_before_last) day_matches |= at.day == at.month_length - before;
  for (const int target : nearest_weekdays) {
    const int wanted = target == 0 ? at.month_length : target;
    day_matches |= wanted <= at.month_length && at.day == nearest_weekday(wanted, at);
  }
  bool weekday_matches = has(weekdays, at.weekday);
  for (const int weekday : last_weekdays) {
    weekday_matches |= weekday == at.weekday && at.day + 7 > at.month_length;
  }
  for (const auto& [weekday, week] : nth_weekdays) {
    weekday_matches |= weekday == at.weekday && (at.day + 6) / 7 == week;
  }
  if (day_free || weekday_free) return day_matches && weekday_matches;
  return day_matches || weekday_matches;
}

OracleExpression random_expression(Prng& prng, bool with_seconds) {
  static const std::vector<std::string> kMonths{"jan", "feb", "MAR", "apr", "may", "jun",
                                                "jul", "aug", "sep", "Oct", "nov", "dec"};
  OracleExpression out;
  std::string second;
  if (with_seconds) second = random_field(prng, 0, 59, 100, {}, out.seconds) + " ";
  if (!with_seconds) out.seconds = {0};
  const std::string minute = random_field(prng, 0, 59, 150, {}, out.minutes);
  const std::string hour = random_field(prng, 0, 23, 350, {}, out.hours);
  const std::string day = random_day_field(prng, out);
  const std::string month = random_field(prng, 1, 12, 800, kMonths, out.months);
  const std::string weekday = random_weekday_field(prng, out);
  out.text = fmt::format("{}{} {} {} {} {}", second, minute, hour, day, month, weekday);
  const auto starred = [](const std::string& field) {
    return !field.empty() && (field.front() == '*' || field.front() == '?');
  };
  out.fixed = !starred(second) && !starred(minute) && !starred(hour);
  return out;
}

std::vector<std::int64_t> fires(const OracleExpression& expression,
                                const std::vector<LocalFields>& clock, std::int64_t step,
                                bool once) {
  std::vector<std::int64_t> found;
  std::int64_t shown = clock.front().local;  // the latest local time so far
  for (const LocalFields& at : clock) {
    bool due = false;
    if (once && expression.fixed) {
      for (std::int64_t local = shown + step; local < at.local && !due; local += step) {
        due = expression.matches(fields_of_local(local));
      }
      due = due || (at.local > shown && expression.matches(at));
      shown = std::max(shown, at.local);
    } else {
      due = expression.matches(at);
    }
    if (due) found.push_back(at.instant);
  }
  return found;
}

}  // namespace podcron::test
