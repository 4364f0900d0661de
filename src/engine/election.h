// Leader election among the replicas that serve a cluster: what may be set of it.
//
// Source: the flags of kube-controller-manager, and their defaults.
#pragma once

#include <string>

#include "base/time.h"

namespace podcron::engine {

struct Election {
  std::string lease = "podcron";  // its name, in lease_namespace
  Seconds duration{15};           // others take it when it was not renewed for so long
  Seconds renew_deadline{10};     // the leader starts nothing more then; less than `duration`
  Seconds retry_period{2};        // between renewals, and between looks of the others
};

/// What is wrong with it, beginning with the end of the flag's name: "renew-deadline: 10 s; wanted
/// less than lease-duration (9 s)". Empty: nothing.
std::string why_no_election(const Election& election);

}  // namespace podcron::engine
