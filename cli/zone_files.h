// The time zones that one command needs, from the system's compiled tzdata.
//
// Source: zic(8) for the directory; RFC 8536 for the files.
#pragma once

#include <memory>
#include <string>

#include "cron/zone_database.h"

namespace podcron::cli {

/// Reads one file, or, when there is none of that name, the names of all, so that the error of
/// ZoneDatabase::find can say which one was meant. Whether the zone is there is for find() to say.
std::shared_ptr<const ZoneDatabase> read_zone(const std::string& directory,
                                              const std::string& name);

/// "2026a" from +VERSION or the first line of tzdata.zi; "unknown" without them.
std::string tzdata_version(const std::string& directory);

}  // namespace podcron::cli
