// The fields of a CronJob that a PodCronJob cannot hold, and what holds in their place.
#pragma once

#include <string>
#include <vector>

#include "cli/yaml_place.h"

namespace podcron::cli {

/// A level of a CronJob.
enum class Level {
  kObject,
  kMetadata,
  kCronSpec,
  kJobSpec,
  kTemplateMetadata,
  kPodSpec,
  kContainer
};

/// One line for each field of `place` that is set to something, that convert does not carry over
/// and that is not the default; also for fields that this version does not know.
void append_left_out(const YamlPlace& place, Level level, std::vector<std::string>& differences);

}  // namespace podcron::cli
