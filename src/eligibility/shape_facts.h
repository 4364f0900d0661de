// What follows for every pod of one shape: computed once per shape, not once per pod.
#pragma once

#include <cstdint>

#include "api/workload.h"
#include "eligibility/template_match.h"

namespace podcron::eligibility {

/// How the search for the target container ended (rules 16 and 17).
enum class ContainerChoice : std::uint8_t { kChosen, kNotFound, kAmbiguous };

struct ShapeFacts {
  std::uint64_t stamp = 0;  // of the assessment that computed it
  /// Of the target container in spec.containers; -1 unless `choice` is kChosen.
  std::int32_t container = -1;
  /// The target container's entry in status.containerStatuses; -1 when it has none.
  std::int32_t status = -1;
  ContainerChoice choice = ContainerChoice::kNotFound;
  bool stdin_open = false;  // the target container
  bool tty = false;
  bool has_readiness_probe = false;
  bool template_stdin_open = false;  // the one of its name in the owner's template, if known
  bool template_tty = false;
  bool serving = false;   // rule 1, for labels that all pods of the shape share
  bool selected = false;  // rule 2's selector, likewise
  bool has_own_labels =
      false;           // the two above are to be asked of each pod's labels, if they matter
  bool owned = false;  // has a controller owner; without one what follows means nothing
  bool owner_is_stateful_set = false;
  bool generate_name_is_owners = false;  // it is "<owner>-"
  bool owner_kind_allowed = false;       // rule 5
  bool owner_chain_declared = false;     // rule 6: ends at workloadRef, or there is none
  TemplateMatch template_match = TemplateMatch::kSame;  // rule 8
  bool newest_revision = true;                          // rule 11: eligibility/lineage.h
  bool superseded = false;  // rule 11: it is not, and a pod of the newest is eligible
  const api::Workload* template_holder = nullptr;
  const api::Workload* workload = nullptr;  // whose revisions are compared
  std::uint64_t images = 0;                 // of the template's containers
};

}  // namespace podcron::eligibility
