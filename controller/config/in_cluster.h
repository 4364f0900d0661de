// The service account of the pod that podcron runs in.
//
// Source: Kubernetes documentation, "Accessing the Kubernetes API from a Pod".
#pragma once

#include "controller/config/cluster_access.h"

namespace podcron::config {

/// From KUBERNETES_SERVICE_HOST and _PORT, and the directory in PODCRON_SERVICEACCOUNT_DIR or
/// /var/run/secrets/kubernetes.io/serviceaccount.
/// Errors: kNotFound when this is no pod, saying what to do instead.
Result<ClusterAccess> in_cluster_access();

}  // namespace podcron::config
