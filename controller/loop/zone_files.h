// Compiled tzdata on disk, read whole into a ZoneDatabase.
//
// Source: zic(8) for the directory; RFC 8536 for the files.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "cron/zone_database.h"

namespace podcron::loop {

/// Reads every TZif file below `directory`, but "posix" and "right", which repeat the others (the
/// latter with leap seconds). About 600 files, 2 MB, 10 ms. A directory that cannot be read gives
/// an empty database: schedules in UTC still work, and others name the zone as unknown.
std::shared_ptr<const ZoneDatabase> read_zone_files(const std::string& directory);

/// "2026a" from +VERSION or the first line of tzdata.zi; "unknown" without them.
std::string zone_files_version(const std::string& directory);

/// Whether any file that read_zone_files reads appeared, changed or vanished since the last look.
/// Cost: a stat(2) a file, about 2 ms. Make it before the files are read, or a change in between is
/// never seen.
class ZoneFilesWatch {
 public:
  explicit ZoneFilesWatch(std::string directory);
  /// True once for every change.
  bool changed();

 private:
  [[nodiscard]] std::uint64_t stamp() const;

  const std::string directory_;
  std::uint64_t last_;
};

}  // namespace podcron::loop
