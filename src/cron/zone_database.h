// Time zones from bytes that the process hands in: "which offset from UTC holds here, and when?"
//
// Pure. No file, environment variable or clock is read, by this library or by cctz below it.
//
// Units:  WallTime is UTC, whole seconds. Offsets are seconds east of UTC, less than a day.
// Source: RFC 8536 (TZif); tzdata for the names; cctz 2.3 for reading both.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <cctz/time_zone.h>

#include "base/result.h"
#include "base/time.h"

namespace podcron {

/// Wall clock time in some zone. The standard's type: it cannot be mixed up with WallTime.
using LocalTime = std::chrono::local_seconds;

/// podcron tells local time in [kFirstInstant, kEndInstant) only. Earlier there are no time zones
/// worth the name; later cctz stops listing transitions (400 years after the last explicit one).
inline constexpr WallTime kFirstInstant =
    std::chrono::sys_days{std::chrono::year{1900} / std::chrono::January / 1};
inline constexpr WallTime kEndInstant =
    std::chrono::sys_days{std::chrono::year{2200} / std::chrono::January / 1};

/// The longest stretch around an instant in which one offset holds, cut to the window above.
/// Local time is linear in it: local = instant + offset.
struct OffsetSpan {
  WallTime begin;
  WallTime end;  // exclusive
  Seconds offset;

  [[nodiscard]] LocalTime local(WallTime instant) const {
    return LocalTime{instant.time_since_epoch() + offset};
  }
  [[nodiscard]] WallTime instant(LocalTime local) const {
    return WallTime{local.time_since_epoch() - offset};
  }
  friend bool operator==(const OffsetSpan&, const OffsetSpan&) = default;
};

/// A cheap value (one pointer), safe to copy between threads and to keep for ever: it stays valid
/// after its ZoneDatabase is gone. Equal values have the same name and the same rules, so a caller
/// can see whether new tzdata changed a zone.
class TimeZone {
 public:
  /// UTC, which needs no tzdata.
  TimeZone() : zone_(cctz::utc_time_zone()) {}

  /// "Europe/Berlin". Cost: one allocation.
  [[nodiscard]] std::string name() const;

  /// The stretch of constant offset around `instant`, which is moved into the window first.
  /// Cost: 0.1-0.2 microseconds, three binary searches.
  [[nodiscard]] OffsetSpan span_at(WallTime instant) const;

  /// "CEST", "+0530": for people, not for decisions.
  [[nodiscard]] std::string abbreviation_at(WallTime instant) const;

  /// True while the zone calls its time daylight saving time.
  [[nodiscard]] bool is_daylight_saving_at(WallTime instant) const;

  friend bool operator==(const TimeZone& a, const TimeZone& b) { return a.zone_ == b.zone_; }

 private:
  friend class ZoneDatabase;
  explicit TimeZone(cctz::time_zone zone) : zone_(zone) {}

  cctz::time_zone zone_;
};

/// One version of tzdata. Immutable, so it may be shared between threads.
///
/// A zone is decoded when it is first found and then kept by cctz until the process ends, about
/// 50 KB each. What is kept is keyed by name and content: looking a zone up again, or in a later
/// database whose bytes for it are the same, costs no further memory.
class ZoneDatabase {
 public:
  /// More than ten times the largest file of tzdata.
  static constexpr std::size_t kTzifBytesMax = 64 * 1024;
  static constexpr std::size_t kZoneNameBytesMax = 255;

  /// `version` is shown to people ("2025b"). `tzif_by_name` maps "Europe/Berlin" to the content of
  /// its TZif file; it may be empty. Nothing is decoded yet. Never null.
  static std::shared_ptr<const ZoneDatabase> make(std::string version,
                                                  std::map<std::string, std::string> tzif_by_name);

  /// "UTC" is always found. Names are case-sensitive, as they are for CronJob.
  /// Errors: kInvalidArgument for a name that can never be one (empty, absolute, with "..",
  /// "Local"); kNotFound for a zone these tzdata do not have; kMalformed for bytes that are not
  /// TZif or carry leap seconds. Cost: 0.1 ms the first time, then 1 microsecond.
  [[nodiscard]] Result<TimeZone> find(std::string_view name) const;

  [[nodiscard]] const std::string& version() const { return version_; }
  /// Files there are; "UTC" is found without any.
  [[nodiscard]] std::size_t size() const { return tzif_by_name_.size(); }

 private:
  ZoneDatabase(std::string version, std::map<std::string, std::string> tzif_by_name)
      : version_(std::move(version)), tzif_by_name_(std::move(tzif_by_name)) {}

  [[nodiscard]] Error unknown_zone(std::string_view name) const;

  std::string version_;
  std::map<std::string, std::string> tzif_by_name_;
};

}  // namespace podcron
