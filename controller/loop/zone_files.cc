#include "controller/loop/zone_files.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>
#include <map>
#include <system_error>

#include "base/hash.h"
#include "controller/config/file_text.h"

namespace podcron::loop {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFilesMax = 5'000;
constexpr std::size_t kSourceBytesMax = 1u << 20;
constexpr int kDepthMax = 4;

bool is_tzif(const std::string& bytes) { return bytes.starts_with("TZif"); }

/// Calls visit(name, path) for each file that read_zone_files looks at, in no order.
template <typename Visit>
void for_each_file(const std::string& directory, const Visit& visit) {
  std::error_code error;
  fs::recursive_directory_iterator at(directory, fs::directory_options::follow_directory_symlink,
                                      error);
  std::size_t count = 0;
  for (; !error && count < kFilesMax && at != fs::recursive_directory_iterator();
       at.increment(error)) {
    const std::string name = at->path().lexically_relative(directory).string();
    std::error_code unreadable;
    if (at->is_directory(unreadable)) {
      const bool repeats = name == "posix" || name == "right";
      if (repeats || name.starts_with('.') || at.depth() >= kDepthMax) {
        at.disable_recursion_pending();
      }
    } else if (at->is_regular_file(unreadable)) {
      ++count;
      visit(name, at->path().string());
    }
  }
}

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
  for_each_file(directory, [&](const std::string& name, const std::string& path) {
    auto bytes = config::read_file(path, ZoneDatabase::kTzifBytesMax);
    if (bytes && is_tzif(*bytes)) tzif_by_name.emplace(name, std::move(*bytes));
  });
  return ZoneDatabase::make(zone_files_version(directory), std::move(tzif_by_name));
}

ZoneFilesWatch::ZoneFilesWatch(std::string directory)
    : directory_(std::move(directory)), last_(stamp()) {}

std::uint64_t ZoneFilesWatch::stamp() const {
  // A sum, because a directory lists its files in any order.
  std::uint64_t sum = 0;
  for_each_file(directory_, [&](const std::string& name, const std::string& path) {
    struct stat found {};
    if (::stat(path.c_str(), &found) != 0) return;
    sum += hash64(fmt::format("{} {} {} {} {} {}", name, found.st_dev, found.st_ino, found.st_size,
                              found.st_mtim.tv_sec, found.st_mtim.tv_nsec));
  });
  return sum;
}

bool ZoneFilesWatch::changed() {
  const std::uint64_t now = stamp();
  const bool differs = now != last_;
  last_ = now;
  return differs;
}

}  // namespace podcron::loop
