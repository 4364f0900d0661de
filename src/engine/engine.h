// The whole controller as one value: no thread, no clock, no socket.
//
// Drivers: controller/loop (real time, real API server) and src/simulation (virtual both).
// Same configuration and same inputs, same effects, byte for byte.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/label_selector.h"
#include "base/time.h"
#include "engine/effects.h"
#include "engine/election.h"
#include "reconcile/http_target.h"

namespace podcron::engine {

struct EngineConfig {
  std::string pod_name = "podcron";  // of this controller; first half of the holder
  std::string lease_namespace = "podcron";
  /// Random per process start; its text is the second half of the holder.
  std::uint64_t process_id = 0;
  api::LabelSelector serving_selector;  // default podcron.dev/serving=true
  std::vector<std::string> owner_kinds{"ReplicaSet", "StatefulSet", "DaemonSet"};
  std::vector<std::string> namespaces;  // empty: all
  std::int32_t runs_per_pod_max = 5;
  std::int32_t runs_per_namespace_max = 100;
  std::int32_t concurrent_runs_max = 500;
  bool globally_suspended = false;
  /// SessionReviews come: somebody listens for the API server's webhook.
  bool session_webhook = false;
  /// Which namespaces it is asked about; empty: all.
  api::LabelSelector session_namespaces;
  /// The strategy services that Webhook may ask, by name, with the longest wait for each.
  std::map<std::string, Millis> strategy_services;
  reconcile::HttpRules http;
  Seconds lease_duration{15};
  Seconds lease_renew_period{5};
  /// nullopt: every replica decides, which is safe but does most of the work several times.
  std::optional<Election> election;
};

/// When to call step again at the latest, if no input comes before. Whichever is first.
struct WakeAt {
  WallMillis wall = WallMillis::max();
  MonoTime mono = MonoTime::max();
  bool at_once = false;  // more keys are due than one step handles
};

/// Read by /healthz and /readyz.
struct EngineHealth {
  bool synced = false;     // every watched resource was listed once
  bool reachable = false;  // it answered within the last 30 s of requests, and refuses no watch
  bool held = false;       // our Lease is kept, so that we may start runs
  bool leads = false;      // decides; a standby is as ready as a leader
};

class Engine {
 public:
  explicit Engine(EngineConfig config);
  ~Engine();
  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;

  /// Runs to completion, never blocks, never throws. `now.mono` must not go back. Appends effects
  /// to `out`. Handles at most kKeysPerStepMax keys, then asks to be called at once.
  WakeAt step(Now now, Input&& input, std::vector<Effect>& out);

  [[nodiscard]] EngineHealth health() const;
  /// "<pod name>_<process id>": as it stands in `active` and in annotations.
  [[nodiscard]] const std::string& holder() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace podcron::engine
