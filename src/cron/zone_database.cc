#include "cron/zone_database.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <optional>
#include <utility>

#include <cctz/civil_time.h>
#include <cctz/zone_info_source.h>
#include <fmt/format.h>

#include "base/hash.h"
#include "cron/quote.h"

// cctz asks one function of the whole process for the bytes of a zone, by name, and caches what it
// made of them by name for ever. So a name here is a zone and a hash of its bytes: the cache is one
// by content, and new tzdata can never be answered from the old. cctz asks only while it loads, on
// the thread that loads; that is as long as the bytes are on offer. Nothing is left to release.
namespace podcron {
namespace {

constexpr std::string_view kKeyPrefix = "podcron:";

std::string cctz_key(std::string_view zone, std::string_view tzif) {
  // 128 bits, so that two files of the same zone never meet by chance.
  return fmt::format("{}{}@{:016x}{:016x}", kKeyPrefix, zone, hash64(tzif, 1), hash64(tzif, 2));
}

class BytesOnOffer {
 public:
  explicit BytesOnOffer(std::string_view tzif) { current_ = tzif; }
  ~BytesOnOffer() { current_ = {}; }
  BytesOnOffer(const BytesOnOffer&) = delete;
  BytesOnOffer& operator=(const BytesOnOffer&) = delete;

  static std::string_view current() { return current_; }

 private:
  static constinit thread_local std::string_view current_;
};

constinit thread_local std::string_view BytesOnOffer::current_;

class TzifSource final : public cctz::ZoneInfoSource {
 public:
  explicit TzifSource(std::string_view tzif) : tzif_(tzif) {}

  std::size_t Read(void* out, std::size_t size) override {
    const std::size_t taken = std::min(size, tzif_.size() - position_);
    std::memcpy(out, tzif_.data() + position_, taken);
    position_ += taken;
    return taken;
  }

  int Skip(std::size_t offset) override {
    position_ += std::min(offset, tzif_.size() - position_);
    return 0;
  }

 private:
  std::string_view tzif_;
  std::size_t position_ = 0;
};

std::unique_ptr<cctz::ZoneInfoSource> source_on_offer(
    const std::string&,
    const std::function<std::unique_ptr<cctz::ZoneInfoSource>(const std::string&)>&) {
  // The second argument would read the system's files; it is never called.
  if (BytesOnOffer::current().empty()) return nullptr;
  return std::make_unique<TzifSource>(BytesOnOffer::current());
}

// TZif: a header, a block with 4-byte times and, from version 2, another header and a block with
// 8-byte times (RFC 8536 section 3).
constexpr std::size_t kHeaderBytes = 44;

struct TzifBlock {
  std::size_t bytes;
  bool has_second_block;
  bool has_leap_seconds;
};

std::optional<TzifBlock> read_header(std::string_view tzif, std::size_t time_bytes) {
  if (tzif.size() < kHeaderBytes || !tzif.starts_with("TZif")) return std::nullopt;
  const auto count_at = [&](std::size_t offset) {
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      count = count << 8 | static_cast<unsigned char>(tzif[offset + i]);
    }
    return count;
  };
  const std::uint64_t leap_seconds = count_at(28);
  const std::uint64_t bytes = kHeaderBytes + count_at(20) + count_at(24) +
                              leap_seconds * (time_bytes + 4) + count_at(32) * (time_bytes + 1) +
                              count_at(36) * 6 + count_at(40);
  return TzifBlock{bytes, tzif[4] != '\0', leap_seconds != 0};
}

// cctz 2.3 trusts the counts in the header and would allocate gigabytes for a forged one.
// Returns what is wrong, or an empty text.
std::string_view defect_of(std::string_view tzif) {
  if (tzif.size() > ZoneDatabase::kTzifBytesMax) return "the file is too large";
  auto block = read_header(tzif, 4);
  if (!block) return "the file does not begin with a TZif header";
  if (block->bytes > tzif.size()) return "the file is shorter than its header says";
  if (block->has_second_block) {
    tzif.remove_prefix(block->bytes);
    block = read_header(tzif, 8);
    if (!block) return "the second TZif header is missing";
    if (block->bytes > tzif.size()) return "the file is shorter than its second header says";
  }
  if (block->has_leap_seconds) return "zones that count leap seconds are not supported";
  return {};
}

Error invalid_name(std::string_view name, std::string_view why) {
  return {ErrorCode::kInvalidArgument,
          fmt::format("time zone {} {}; give a name such as \"Europe/Berlin\" or \"UTC\"",
                      cron::quote(name), why)};
}

std::optional<Error> check_name(std::string_view name) {
  if (name.empty()) return invalid_name(name, "is empty");
  if (name.size() > ZoneDatabase::kZoneNameBytesMax) return invalid_name(name, "is too long");
  if (name.front() == '/' || name.front() == '\\') return invalid_name(name, "is a path");
  if (name.find("..") != std::string_view::npos) return invalid_name(name, "contains \"..\"");
  if (cron::to_lower(name) == "local") {
    return invalid_name(name, "would mean the controller's own zone");
  }
  return std::nullopt;
}

cctz::time_point<cctz::seconds> to_cctz(WallTime instant) {
  return cctz::time_point<cctz::seconds>(cctz::seconds(instant.time_since_epoch().count()));
}

WallTime into_window(WallTime instant) {
  return std::clamp(instant, kFirstInstant, kEndInstant - Seconds{1});
}

}  // namespace

std::string TimeZone::name() const {
  std::string key = zone_.name();
  if (!key.starts_with(kKeyPrefix)) return key;
  return key.substr(kKeyPrefix.size(), key.rfind('@') - kKeyPrefix.size());
}

OffsetSpan TimeZone::span_at(WallTime instant) const {
  instant = into_window(instant);
  const auto here = zone_.lookup(to_cctz(instant));
  OffsetSpan span{kFirstInstant, kEndInstant, Seconds{here.offset}};
  cctz::time_zone::civil_transition transition;
  // prev_transition looks strictly before its argument, and one that is due now has happened.
  if (zone_.prev_transition(to_cctz(instant + Seconds{1}), &transition)) {
    span.begin = std::max(span.begin, instant - Seconds{here.cs - transition.to});
  }
  if (zone_.next_transition(to_cctz(instant), &transition)) {
    span.end = std::min(span.end, instant + Seconds{transition.from - here.cs});
  }
  return span;
}

std::string TimeZone::abbreviation_at(WallTime instant) const {
  return zone_.lookup(to_cctz(into_window(instant))).abbr;
}

bool TimeZone::is_daylight_saving_at(WallTime instant) const {
  return zone_.lookup(to_cctz(into_window(instant))).is_dst;
}

std::shared_ptr<const ZoneDatabase> ZoneDatabase::make(
    std::string version, std::map<std::string, std::string> tzif_by_name) {
  return std::shared_ptr<const ZoneDatabase>(
      new ZoneDatabase(std::move(version), std::move(tzif_by_name)));
}

Error ZoneDatabase::unknown_zone(std::string_view name) const {
  std::string message =
      fmt::format("time zone {} is not in tzdata {}", cron::quote(name), version_);
  const std::string wanted = cron::to_lower(name);
  for (const auto& [candidate, tzif] : tzif_by_name_) {
    if (cron::to_lower(candidate) != wanted) continue;
    message += fmt::format("; did you mean {}?", cron::quote(candidate));
    break;
  }
  return {ErrorCode::kNotFound, std::move(message)};
}

Result<TimeZone> ZoneDatabase::find(std::string_view name) const {
  if (auto error = check_name(name)) return tl::unexpected(std::move(*error));
  if (name == "UTC") return TimeZone(cctz::utc_time_zone());
  const auto found = tzif_by_name_.find(std::string(name));
  if (found == tzif_by_name_.end()) return tl::unexpected(unknown_zone(name));
  std::string_view defect = defect_of(found->second);
  if (defect.empty()) {
    const BytesOnOffer offer(found->second);
    const std::string key = cctz_key(name, found->second);
    cctz::time_zone zone;
    // cctz falls back to UTC, and not only where it says so: the name tells.
    if (cctz::load_time_zone(key, &zone) && zone.name() == key) return TimeZone(zone);
    defect = "cctz cannot read it";
  }
  return fail(ErrorCode::kMalformed, fmt::format("time zone {} of tzdata {} is unusable: {}",
                                                 cron::quote(name), version_, defect));
}

}  // namespace podcron

// Defined in the library that uses it, so that no static constructor has to register anything.
// It must be visible, or libcctz would keep its own definition, which reads files.
namespace cctz_extension {
__attribute__((visibility("default"))) ZoneInfoSourceFactory zone_info_source_factory =
    podcron::source_on_offer;
}  // namespace cctz_extension
