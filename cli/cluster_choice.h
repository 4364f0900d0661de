// Which cluster and which namespace: as kubectl chooses, because the user called kubectl.
//
// Unlike the controller, a plugin is told to talk to the user's cluster by being called. The files
// are --kubeconfig, else those of $KUBECONFIG (a list; missing ones are skipped), else
// ~/.kube/config. The first current-context counts; cluster and user must stand in the file of
// their context (kubectl would merge all files).
//
// Source: kubernetes.io, "Organizing Cluster Access Using kubeconfig Files".
#pragma once

#include <string>

#include "base/result.h"
#include "cli/commands.h"
#include "controller/config/cluster_access.h"

namespace podcron::cli {

struct ClusterChoice {
  config::ClusterAccess access;
  std::string namespace_;  // never empty
};

/// Errors: those of config::read_kubeconfig; kNotFound when there is no file at all.
Result<ClusterChoice> choose_cluster(const ClusterFlags& flags, const Surroundings& surroundings);

}  // namespace podcron::cli
