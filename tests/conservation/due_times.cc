#include "conservation/due_times.h"

#include <algorithm>
#include <stdexcept>

namespace podcron::conservation {
namespace {

constexpr std::int64_t kMinute = 60;
constexpr std::int64_t kDay = 86'400;

std::uint64_t every_nth(int from, int to, int step) {
  std::uint64_t bits = 0;
  for (int i = from; i <= to; i += step) bits |= std::uint64_t{1} << i;
  return bits;
}

std::vector<Rhythm> make_rhythms() {
  const std::uint32_t any = (1U << 24) - 1;
  const auto hours = [](int from, int to, int step = 1) {
    return static_cast<std::uint32_t>(every_nth(from, to, step));
  };
  const std::uint8_t workdays = 0b0111110;
  std::vector<Rhythm> all;
  const auto add = [&](Rhythm rhythm) { all.push_back(rhythm); };
  add({"*/5 * * * *", every_nth(0, 59, 5), any, ~0U, 127, 0, 0, false, 288});
  add({"*/15 * * * *", every_nth(0, 59, 15), any, ~0U, 127, 0, 0, false, 96});
  add({"30 */20 * * * *", every_nth(0, 59, 20), any, ~0U, 127, 30, 0, false, 72});
  add({"@every 17m", 0, 0, ~0U, 127, 0, 17 * kMinute, false, 84});
  add({"@every 50m", 0, 0, ~0U, 127, 0, 50 * kMinute, false, 28});
  add({"7,37 * * * *", 1ULL << 7 | 1ULL << 37, any, ~0U, 127, 0, 0, false, 48});
  add({"45 * * * *", 1ULL << 45, any, ~0U, 127, 0, 0, false, 24});
  add({"0 0-23 * * *", 1, any, ~0U, 127, 0, 0, true, 24});
  add({"*/20 0-5 * * *", every_nth(0, 59, 20), hours(0, 5), ~0U, 127, 0, 0, false, 18});
  add({"5 */2 * * *", 1ULL << 5, hours(0, 23, 2), ~0U, 127, 0, 0, false, 12});
  add({"15,45 1-3 * * *", 1ULL << 15 | 1ULL << 45, hours(1, 3), ~0U, 127, 0, 0, true, 6});
  add({"30 2 * * *", 1ULL << 30, hours(2, 2), ~0U, 127, 0, 0, true, 1});
  add({"0 0 * * *", 1, hours(0, 0), ~0U, 127, 0, 0, true, 1});
  add({"0 9-17 * * 1-5", 1, hours(9, 17), ~0U, workdays, 0, 0, true, 6});
  add({"10 3,15 1,8,15,22 * *", 1ULL << 10, hours(3, 15, 12),
       1U << 1 | 1U << 8 | 1U << 15 | 1U << 22, 127, 0, 0, true, 1});
  add({"61 * * * *", 0, 0, 0, 0, 0, 0, false, 0});
  return all;
}

std::int64_t unix_seconds(WallTime instant) { return instant.time_since_epoch().count(); }

}  // namespace

const std::vector<Rhythm>& rhythms() {
  static const std::vector<Rhythm> all = make_rhythms();
  return all;
}

const Rhythm& rhythm_of(std::string_view text) {
  for (const Rhythm& rhythm : rhythms()) {
    if (rhythm.text == text) return rhythm;
  }
  throw std::runtime_error("no rhythm " + std::string(text));
}

bool DueTimes::names(std::int64_t local) const {
  const std::int64_t day = local / kDay;
  const std::int64_t in_day = local % kDay;
  if ((rhythm_->minutes >> (in_day / kMinute % 60) & 1) == 0) return false;
  if ((rhythm_->hours >> (in_day / 3600) & 1) == 0) return false;
  if ((rhythm_->weekdays >> ((day + 4) % 7) & 1) == 0) return false;
  if (rhythm_->days == ~0U) return true;
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
  return (rhythm_->days >> static_cast<unsigned>(date.day()) & 1) != 0;
}

/// One more day of minutes.
void DueTimes::walk_day(bool keep) {
  const std::int64_t end = walked_ + kDay;
  const bool by_clock = once_ && rhythm_->fixed;
  for (; walked_ < end; walked_ += kMinute) {
    const WallTime instant{Seconds{walked_}};
    if (instant < span_.begin || instant >= span_.end) span_ = zone_.span_at(instant);
    const std::int64_t local = walked_ + span_.offset.count();
    if (rhythm_->every > 0) {
      if (keep && walked_ % rhythm_->every == 0) found_.push_back(instant);
    } else if (!by_clock) {
      if (keep && names(local)) found_.push_back(instant + Seconds{rhythm_->second});
    } else if (local > reached_) {
      // Whatever the clock jumped over is due now; what it shows a second time is not.
      bool due = false;
      for (std::int64_t shown = reached_ + kMinute; keep && shown <= local; shown += kMinute) {
        due = due || names(shown);
      }
      if (due) found_.push_back(instant);
      reached_ = local;
    }
  }
}

void DueTimes::restart(WallTime instant) {
  found_.clear();
  walked_ = (unix_seconds(instant) / kDay - 2) * kDay;
  span_ = zone_.span_at(WallTime{Seconds{walked_}});
  reached_ = walked_ + span_.offset.count() - kMinute;
  walk_day(false);
  begin_ = walked_;
}

std::vector<WallTime> DueTimes::in(WallTime after, WallTime through) {
  if (through <= after) return {};
  const std::int64_t from = unix_seconds(after);
  if (from < begin_ || from > walked_ + kDay) restart(after);
  while (walked_ <= unix_seconds(through)) walk_day(true);
  const auto first = std::upper_bound(found_.begin(), found_.end(), after);
  return {first, std::upper_bound(first, found_.end(), through)};
}

WallTime DueTimes::next(WallTime instant) {
  for (const int days : {1, 8, 40}) {
    const WallTime end = instant + std::chrono::days{days};
    if (walked_ > unix_seconds(instant) && unix_seconds(instant) >= begin_) {
      const auto at = std::upper_bound(found_.begin(), found_.end(), instant);
      if (at != found_.end()) return *at;
    }
    if (const auto times = in(instant, end); !times.empty()) return times.front();
  }
  return WallTime::max();
}

}  // namespace podcron::conservation
