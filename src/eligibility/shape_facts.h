// What follows for every pod of one shape: computed once per shape, not once per pod.
#pragma once

#include <cstdint>

#include "api/pod.h"

namespace podcron::eligibility {

/// How the search for the target container ended (rules 16 and 17).
enum class ContainerChoice : std::uint8_t { kChosen, kNotFound, kAmbiguous };

/// Pointers are into the stores.
struct ShapeFacts {
  std::uint64_t stamp = 0;  // of the assessment that computed it
  /// The target container; null unless `choice` is kChosen.
  const api::ContainerSpec* container = nullptr;
  /// The container of the same name in the owner's template; null when that is not known.
  const api::ContainerSpec* in_template = nullptr;
  /// The target container's entry in status.containerStatuses; -1 when it has none.
  std::int32_t status = -1;
  ContainerChoice choice = ContainerChoice::kNotFound;
  bool serving = false;   // rule 1, for labels that all pods of the shape share
  bool selected = false;  // rule 2's selector, likewise
  bool has_own_labels =
      false;           // the two above are to be asked of each pod's labels, if they matter
  bool owned = false;  // has a controller owner; without one what follows means nothing
  bool owner_is_stateful_set = false;
  bool generate_name_is_owners = false;  // it is "<owner>-"
  bool owner_kind_allowed = false;       // rule 5
  bool owner_chain_declared = false;     // rule 6: ends at workloadRef, or there is none
};

}  // namespace podcron::eligibility
