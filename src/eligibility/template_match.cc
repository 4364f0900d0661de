#include "eligibility/template_match.h"

#include <algorithm>

#include "base/hash.h"

namespace podcron::eligibility {

std::int32_t find_container(const std::vector<api::ContainerSpec>& containers,
                            std::string_view name) {
  const auto found = std::find_if(containers.begin(), containers.end(),
                                  [&](const auto& each) { return each.name == name; });
  return found == containers.end() ? -1 : static_cast<std::int32_t>(found - containers.begin());
}

TemplateMatch match_template(const std::vector<api::ContainerSpec>& pod,
                             const std::vector<api::ContainerSpec>& in_template) {
  TemplateMatch match = TemplateMatch::kSame;
  for (const api::ContainerSpec& wanted : in_template) {
    const std::int32_t place = find_container(pod, wanted.name);
    if (place < 0) return TemplateMatch::kDifferent;
    const api::ContainerSpec& got = pod[static_cast<std::size_t>(place)];
    if (got.process != wanted.process) return TemplateMatch::kDifferent;
    if (got.image == wanted.image) continue;
    if (got.image_name != wanted.image_name) return TemplateMatch::kDifferent;
    match = TemplateMatch::kOtherImages;
  }
  return match;
}

std::uint64_t images_of(const std::vector<api::ContainerSpec>& pod,
                        const std::vector<api::ContainerSpec>& in_template) {
  std::uint64_t images = 0;
  for (const api::ContainerSpec& wanted : in_template) {
    const std::int32_t place = find_container(pod, wanted.name);
    if (place >= 0) images = hash_combine(images, pod[static_cast<std::size_t>(place)].image);
  }
  return images;
}

}  // namespace podcron::eligibility
