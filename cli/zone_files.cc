#include "cli/zone_files.h"

#include <filesystem>
#include <map>
#include <string_view>
#include <system_error>

#include "controller/config/file_text.h"

namespace podcron::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kVersionFileBytesMax = 1u << 20;
/// tzdata has about 600; a directory that is something else must not keep a user waiting.
constexpr std::size_t kNamesMax = 5'000;

/// A name that leaves the directory is refused by ZoneDatabase; here its file is not even opened.
bool stays_inside(const std::string& name) {
  return !name.empty() && name.front() != '/' && name.find("..") == std::string::npos;
}

std::map<std::string, std::string> names_in(const std::string& directory) {
  std::map<std::string, std::string> names;
  std::error_code error;
  fs::recursive_directory_iterator at(directory, error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    const std::string name = at->path().lexically_relative(directory).string();
    std::error_code unreadable;
    if (at->is_directory(unreadable)) {
      if (name == "posix" || name == "right") at.disable_recursion_pending();
    } else if (names.size() < kNamesMax) {
      names.emplace(name, "");
    }
  }
  return names;
}

}  // namespace

std::string tzdata_version(const std::string& directory) {
  if (auto text = config::read_file(directory + "/+VERSION", kVersionFileBytesMax)) {
    if (std::string version = config::trimmed(*text); !version.empty()) return version;
  }
  constexpr std::string_view kPrefix = "# version ";
  if (auto text = config::read_file(directory + "/tzdata.zi", kVersionFileBytesMax)) {
    const std::string line = text->substr(0, text->find('\n'));
    if (line.starts_with(kPrefix)) return config::trimmed(line.substr(kPrefix.size()));
  }
  return "unknown";
}

std::shared_ptr<const ZoneDatabase> read_zone(const std::string& directory,
                                              const std::string& name) {
  std::map<std::string, std::string> tzif_by_name;
  if (name != "UTC" && stays_inside(name)) {
    auto bytes = config::read_file(directory + "/" + name, ZoneDatabase::kTzifBytesMax);
    if (bytes) {
      tzif_by_name.emplace(name, std::move(*bytes));
    } else {
      tzif_by_name = names_in(directory);
    }
  }
  return ZoneDatabase::make(tzdata_version(directory), std::move(tzif_by_name));
}

}  // namespace podcron::cli
