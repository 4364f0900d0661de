// PodCronJobs in a file that were not applied yet, as the API server would store them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <yaml-cpp/yaml.h>

#include "api/pod_cron_job.h"
#include "base/result.h"
#include "cli/api_server.h"

namespace podcron::cli {

/// Whether it says so by apiVersion and kind.
bool is_pod_cron_job(const YAML::Node& document);

/// One document of a file.
struct Manifest {
  std::string namespace_;
  std::string name;
  std::string text;  // as it stands in the file
  /// Where in `text` the value of metadata.name begins, and what must stand before another field of
  /// metadata that is put there: a line break and blanks, or a comma.
  std::size_t name_at = 0;
  std::string separator;
  bool versioned = false;  // it has a resourceVersion of its own
};

/// Every PodCronJob of a YAML or JSON text of one or several documents; other kinds are skipped.
/// `namespace_` is theirs if they name none; with `given` they may not name another one.
/// Errors: kMalformed (not YAML, no name, another namespace, a List), kNotFound when there is none;
/// the text begins with `path` and the line.
Result<std::vector<Manifest>> read_manifests(const std::string& path, std::string_view text,
                                             const std::string& namespace_, bool given);

/// The text with the version of the object whose place it is to take. Nothing of the file is
/// written anew, so that the API server sees every word of it. Errors: kMalformed for a name that
/// does not stand there as it is (an alias, escapes).
Result<std::string> with_version(const Manifest& manifest, const std::string& version);

/// The object as it would be if the manifest were created, or took the place of the one that is
/// there (what others have set on that one and the file does not have is gone, as the file says).
/// `is_new`: it is not there yet, so its UID is drawn for this answer. Needs the rights to get, and
/// to create or update it. Errors: what the API server refuses, in its own words.
struct DryRun {
  api::PodCronJob job;
  bool is_new = false;
};
Result<DryRun> dry_run(ApiServer& server, const Manifest& manifest);

}  // namespace podcron::cli
