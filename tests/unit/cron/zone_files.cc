#include "unit/cron/zone_files.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

namespace podcron::test {

std::string read_zone(std::string_view name) {
  std::ifstream file(std::string(kZoneDirectory) + std::string(name), std::ios::binary);
  std::stringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

const std::vector<std::string>& all_zone_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(kZoneDirectory)) {
      if (!entry.is_regular_file()) continue;
      std::string name = entry.path().string().substr(kZoneDirectory.size());
      const bool copy = name.starts_with("posix/") || name.starts_with("right/") ||
                        name == "localtime" || name == "posixrules";
      if (!copy && read_zone(name).starts_with("TZif")) found.push_back(std::move(name));
    }
    std::sort(found.begin(), found.end());
    return found;
  }();
  return names;
}

const ZoneDatabase& system_zones() {
  static const std::shared_ptr<const ZoneDatabase> zones = [] {
    std::map<std::string, std::string> tzif_by_name;
    for (const std::string& name : all_zone_names()) tzif_by_name[name] = read_zone(name);
    return ZoneDatabase::make("system", std::move(tzif_by_name));
  }();
  return *zones;
}

TimeZone zone(std::string_view name) {
  const auto found = system_zones().find(name);
  if (!found) {
    ADD_FAILURE() << found.error().message;
    return {};
  }
  return *found;
}

WallTime instant(std::string_view text) {
  const auto parsed = parse_rfc3339(text);
  if (!parsed) ADD_FAILURE() << parsed.error().message;
  return parsed.value_or(WallTime{});
}

Schedule schedule(std::string_view expression, std::string_view zone_name,
                  DaylightSaving daylight_saving, std::string_view identity) {
  auto parsed = Schedule::parse(expression, zone(zone_name), daylight_saving, identity);
  if (!parsed) {
    ADD_FAILURE() << parsed.error().message;
    return Schedule::parse("@yearly", {}).value();
  }
  return *parsed;
}

std::vector<std::string> next_times(const Schedule& schedule, std::string_view from,
                                    std::size_t count) {
  std::vector<std::string> times;
  for (auto next = schedule.next_after(instant(from)); next && times.size() < count;
       next = schedule.next_after(*next)) {
    times.push_back(to_rfc3339(*next));
  }
  return times;
}

std::string refusal(std::string_view expression, std::string_view identity) {
  const auto parsed = Schedule::parse(expression, {}, DaylightSaving::kAsCronJob, identity);
  if (parsed) return "accepted";
  EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidArgument);
  return parsed.error().message;
}

}  // namespace podcron::test
