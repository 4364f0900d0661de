// Pods drawn from a seed: ordinary ones, StatefulSet pods, orphans, and hostile fields.
#pragma once

#include <algorithm>
#include <string>
#include <utility>

#include "api/pod.h"
#include "base/prng.h"

namespace podcron::test {

inline std::string random_hex(Prng& prng, std::size_t digits) {
  std::string text;
  for (std::size_t i = 0; i < digits; ++i) text += "0123456789abcdef"[prng.below(16)];
  return text;
}

inline std::string random_bytes(Prng& prng, std::size_t size_max) {
  std::string text(static_cast<std::size_t>(prng.below(size_max + 1)), '\0');
  for (char& c : text) c = static_cast<char>(prng.below(256));
  return text;
}

inline std::string random_container_id(Prng& prng) {
  switch (prng.below(6)) {
    case 0:
      return "";
    case 1:
      return "cri-o://" + random_hex(prng, 64);
    case 2:
      return "docker://" + random_hex(prng, 63);
    case 3:
      return "containerd://" + random_hex(prng, 63) + "A";
    case 4:
      return random_bytes(prng, 100);
    default:
      return "containerd://" + random_hex(prng, 64);
  }
}

inline api::StringMap random_labels(Prng& prng, std::uint64_t app, const std::string& name) {
  api::StringMap labels{{"app", "app-" + std::to_string(app)}};
  if (prng.chance(200)) labels.insert(labels.begin(), {"apps.kubernetes.io/pod-index", "3"});
  if (prng.chance(100)) labels.emplace_back("batch.kubernetes.io/job-completion-index", "");
  if (prng.chance(500)) labels.emplace_back("podcron.dev/serving", "true");
  if (prng.chance(200)) labels.emplace_back("statefulset.kubernetes.io/pod-name", name);
  if (prng.chance(50)) labels.emplace_back("z", random_bytes(prng, 80));
  std::sort(labels.begin(), labels.end());
  return labels;
}

inline void random_containers(Prng& prng, api::Pod& pod) {
  // Now and then more than a row has room for.
  for (std::uint64_t i = prng.below(prng.chance(50) ? 12 : 4); i > 0; --i) {
    api::ContainerSpec container;
    container.name = "c" + std::to_string(i);
    container.stdin_open = prng.chance(100);
    container.tty = prng.chance(100);
    container.has_readiness_probe = prng.chance(500);
    // 0 is what a template has that says nothing.
    container.image = prng.chance(700) ? 0 : 1 + prng.below(2);
    container.image_name = prng.chance(900) ? 0 : 1;
    container.process = prng.chance(900) ? 0 : prng.next();
    pod.containers.push_back(container);
    if (prng.chance(200)) continue;
    api::ContainerStatus status;
    status.name = prng.chance(950) ? container.name : random_bytes(prng, 8);
    status.container_id = random_container_id(prng);
    status.running = prng.chance(800);
    status.ready = prng.chance(800);
    status.started = prng.chance(800);
    pod.statuses.push_back(status);
  }
}

inline api::Pod random_pod(Prng& prng, std::string namespace_, std::string name) {
  api::Pod pod;
  pod.meta.namespace_ = std::move(namespace_);
  pod.meta.name = std::move(name);
  pod.meta.uid = Uid{1, prng.below(3)};
  pod.meta.resource_version = prng.below(50);
  pod.meta.generation = static_cast<std::int64_t>(prng.next() >> prng.below(64));
  if (prng.chance(100)) pod.meta.generation = -pod.meta.generation;
  if (prng.chance(900)) pod.meta.creation_timestamp = WallTime(Seconds(1'700'000'000));
  if (prng.chance(100))
    pod.meta.deletion_timestamp = WallTime(Seconds(prng.below(100)) - Seconds(50));
  const std::uint64_t app = prng.below(4);
  pod.labels = random_labels(prng, app, pod.meta.name);
  if (prng.chance(800)) {
    pod.generate_name = "app-" + std::to_string(app) + "-";
    pod.controller =
        api::OwnerReference{"apps", "ReplicaSet", "app-" + std::to_string(app), Uid{2, app}};
  }
  if (prng.chance(100)) pod.generate_name = random_bytes(prng, 8);
  if (prng.chance(50)) pod.generate_name = "app-" + std::to_string(app);
  pod.excluded = prng.chance(100);
  if (prng.chance(200)) pod.default_container = "c1";
  pod.node_name = "node-" + std::to_string(prng.below(3));
  pod.phase = static_cast<api::PodPhase>(prng.below(5));
  pod.ready = prng.chance(500);
  if (prng.chance(500)) pod.ready_since = WallTime(Seconds(prng.below(1'000)));
  pod.disrupted = prng.chance(100);
  pod.ephemeral_running = prng.chance(100);
  pod.dev_tool = prng.chance(50);
  random_containers(prng, pod);
  return pod;
}

}  // namespace podcron::test
