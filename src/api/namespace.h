// v1 Namespace: whether it holds back the runs in it, and what a selector asks of it.
#pragma once

#include "api/object_meta.h"

namespace podcron::api {

struct Namespace {
  ObjectMeta meta;  // of a cluster-wide object: namespace_ is empty
  /// Annotation podcron.dev/suspend: "true"; any other value does not suspend.
  bool suspended = false;
  StringMap labels;
  friend bool operator==(const Namespace&, const Namespace&) = default;
};

}  // namespace podcron::api
