// Does a pod run what its owner's template says? The comparison behind rule 8.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "api/pod.h"

namespace podcron::eligibility {

enum class TemplateMatch : std::uint8_t {
  kSame,
  /// The same but for images, and those have the template's image names: what a webhook makes that
  /// rewrites registries or pins tags, and what a change in place may look like too. The pod's
  /// siblings decide: siblings_agree in eligibility.cc.
  kOtherImages,
  kDifferent,
};

/// Every container of the template must be in the pod with its image, command and args. Containers
/// that only the pod has are injected sidecars: they are not asked about.
TemplateMatch match_template(const std::vector<api::ContainerSpec>& pod,
                             const std::vector<api::ContainerSpec>& in_template);

/// One number for the images of the template's containers as the pod has them.
std::uint64_t images_of(const std::vector<api::ContainerSpec>& pod,
                        const std::vector<api::ContainerSpec>& in_template);

/// Index of the container of that name, or -1.
std::int32_t find_container(const std::vector<api::ContainerSpec>& containers,
                            std::string_view name);

}  // namespace podcron::eligibility
