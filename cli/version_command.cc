#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/zone_files.h"
#include "podcron_version.h"

namespace podcron::cli {

Result<Printout> run_version(const VersionCommand& command) {
  return Printout{fmt::format("kubectl-podcron {} (commit {})\ntzdata {}\n", kVersion, kCommit,
                              tzdata_version(command.zoneinfo_dir)),
                  {},
                  0};
}

}  // namespace podcron::cli
