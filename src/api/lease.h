// coordination.k8s.io/v1 Lease: the sign of life of one controller process.
#pragma once

#include <string>

#include "api/object_meta.h"

namespace podcron::api {

struct Lease {
  ObjectMeta meta;
  std::string holder_identity;
  friend bool operator==(const Lease&, const Lease&) = default;
};

}  // namespace podcron::api
