#include "controller/loop/zone_files.h"

#include <sys/stat.h>

#include <filesystem>
#include <map>
#include <system_error>

#include "controller/config/file_text.h"

namespace podcron::loop {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFilesMax = 5'000;
constexpr std::size_t kSourceBytesMax = 1u << 20;
constexpr int kDepthMax = 4;

bool is_tzif(const std::string& bytes) { return bytes.starts_with("TZif"); }

}  // namespace

std::string zone_files_version(const std::string& directory) {
  if (auto text = config::read_file(directory + "/+VERSION", kSourceBytesMax)) {
    if (std::string version = config::trimmed(*text); !version.empty()) return version;
  }
  constexpr std::string_view kPrefix = "# version ";
  if (auto text = config::read_file(directory + "/tzdata.zi", kSourceBytesMax)) {
    const std::string line = text->substr(0, text->find('\n'));
    if (line.starts_with(kPrefix)) return config::trimmed(line.substr(kPrefix.size()));
  }
  return "unknown";
}

std::shared_ptr<const ZoneDatabase> read_zone_files(const std::string& directory) {
  std::map<std::string, std::string> tzif_by_name;
  std::error_code error;
  fs::recursive_directory_iterator at(directory, fs::directory_options::follow_directory_symlink,
                                      error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    const std::string name = at->path().lexically_relative(directory).string();
    std::error_code unreadable;
    if (at->is_directory(unreadable)) {
      const bool repeats = name == "posix" || name == "right";
      if (repeats || name.starts_with('.') || at.depth() >= kDepthMax) {
        at.disable_recursion_pending();
      }
      continue;
    }
    if (!at->is_regular_file(unreadable) || tzif_by_name.size() >= kFilesMax) continue;
    auto bytes = config::read_file(at->path().string(), ZoneDatabase::kTzifBytesMax);
    if (bytes && is_tzif(*bytes)) tzif_by_name.emplace(name, std::move(*bytes));
  }
  return ZoneDatabase::make(zone_files_version(directory), std::move(tzif_by_name));
}

ZoneFilesWatch::ZoneFilesWatch(std::string directory)
    : directory_(std::move(directory)), last_(stamp()) {}

std::vector<std::int64_t> ZoneFilesWatch::stamp() const {
  std::vector<std::int64_t> result;
  // Packages replace all files; the zone stands for those without the two version files.
  for (const char* name : {"", "/tzdata.zi", "/+VERSION", "/zone.tab", "/Europe/Berlin"}) {
    struct stat found {};
    if (::stat((directory_ + name).c_str(), &found) != 0) continue;
    result.push_back(static_cast<std::int64_t>(found.st_ino));
    result.push_back(found.st_mtim.tv_sec);
    result.push_back(found.st_mtim.tv_nsec);
    result.push_back(*name == '\0' ? 0 : found.st_size);
  }
  return result;
}

bool ZoneFilesWatch::changed() {
  std::vector<std::int64_t> now = stamp();
  if (now == last_) return false;
  last_ = std::move(now);
  return true;
}

}  // namespace podcron::loop
