// The rules of the contract's section 4 as a table: the list is the decision.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "eligibility/eligibility.h"
#include "eligibility/reason.h"
#include "eligibility/shape_facts.h"
#include "store/pod_row.h"

namespace podcron::eligibility {

/// One pod as the rules see it.
struct Subject {
  const store::PodStore::Row& row;
  const ShapeFacts& facts;
  const Criteria& criteria;
  bool serving = false;   // rule 1 for this pod's labels
  bool selected = false;  // rule 2's selector for this pod's labels
  /// Of target.serviceName; null when it has none, or there is no such name.
  const store::ServiceEndpoints* service = nullptr;
};

struct Rule {
  Reason reason;  // of a pod that does not pass
  bool (*passes)(const Subject& subject);
};

/// In the contract's order: the first that a pod does not pass is the reason.
std::span<const Rule> rules();

/// The index of the first rule that the pod does not pass; rules().size() when it passes all.
std::size_t first_failing(const Subject& subject);

/// Rule 7: the pod's controller made it, and did not only adopt it.
bool is_made_by_owner(const store::PodStore::Row& row, const ShapeFacts& facts);

/// Refuses a pod for no other cause than that too little time has passed.
bool waits_for_time(Reason reason);
/// When no such rule refuses the pod any more, if nothing changes; nullopt while it is not Ready.
std::optional<WallTime> time_served_at(const Subject& subject);

}  // namespace podcron::eligibility
