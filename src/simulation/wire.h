// What the links of one process share: the world they lead to, and the network between.
#pragma once

#include <functional>
#include <string>

#include "engine/effects.h"
#include "simulation/api_server.h"
#include "simulation/checker.h"
#include "simulation/cluster.h"
#include "simulation/environment.h"

namespace podcron::simulation {

/// A partition of one replica from the API server and the nodes. The direction matters: with one
/// way open, requests are executed and their answers are lost.
struct Partition {
  VirtualTime until{};
  bool requests_blocked = false;

  [[nodiscard]] bool holds(VirtualTime now) const { return now < until; }
};

struct Wire {
  Environment& environment;
  ApiServer& server;
  Cluster& cluster;
  Checker& checker;
  const Partition& partition;
  std::string holder;  // of the process, as it names itself
  std::function<void(engine::Input&&)> deliver;

  /// How long one message takes one way.
  [[nodiscard]] Millis latency() const {
    Environment& env = environment;
    // One in fifty is slow, as behind a busy server.
    if (env.faults.active() && env.prng.chance(20)) return env.draw(Millis{20}, Millis{900});
    return env.draw(Millis{0}, Millis{6});
  }
  [[nodiscard]] WallTime server_date() const { return whole_seconds(environment.true_wall()); }
  [[nodiscard]] bool partitioned() const { return partition.holds(environment.timeline.now()); }
};

}  // namespace podcron::simulation
