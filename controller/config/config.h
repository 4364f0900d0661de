// What the command line and the environment say, as one validated value.
//
// Every flag but --kubeconfig, --context, --help and --version may also come from the environment
// as PODCRON_ plus its name in capitals (PODCRON_LISTEN); a flag wins.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/label_selector.h"
#include "controller/config/cluster_access.h"
#include "controller/config/strategy_services.h"
#include "engine/election.h"

namespace podcron::config {

enum class StreamTransportKind { kCpprest, kBeast };
enum class LogThreshold { kDebug, kInfo, kWarning, kError };

struct Config {
  ClusterAccess access;
  HostPort listen{"", 8080};
  std::string listen_file;  // the chosen address is written there; empty: nowhere
  std::string pod_name;
  std::string lease_namespace;
  api::LabelSelector serving_selector;
  std::vector<std::string> owner_kinds;
  std::vector<std::string> namespaces;  // empty: all
  std::int32_t runs_per_pod_max = 5;
  std::int32_t runs_per_namespace_max = 100;
  std::int32_t concurrent_runs_max = 500;
  bool globally_suspended = false;
  /// Where the API server asks about execs and attaches; nullopt: nowhere.
  std::optional<HostPort> webhook_listen;
  std::string webhook_cert_file;  // with webhook_key_file; both empty: self-made for webhook_names
  std::string webhook_key_file;
  std::vector<std::string> webhook_names;
  api::LabelSelector webhook_namespaces;  // that it is limited to; empty: all
  std::string webhook_configuration;      // whose CA bundle is written; empty: none
  std::vector<StrategyService> strategy_services;
  bool allow_loopback_targets = false;       // HTTP to 127.0.0.0/8 and ::1, for tests
  std::optional<engine::Election> election;  // nullopt: this replica always decides
  std::string zoneinfo_dir;
  StreamTransportKind stream_transport = StreamTransportKind::kCpprest;
  LogThreshold log_threshold = LogThreshold::kInfo;
};

/// Either a configuration to run with, or a text to print before ending with 0.
struct Invocation {
  std::optional<Config> run;
  std::string help;           // --help
  bool show_version = false;  // --version
  std::string zoneinfo_dir;   // with --version: whose tzdata to name
};

/// Reads the environment and the kubeconfig, but opens no connection.
/// Errors: a text that names the flag, what was got and what is wanted.
Result<Invocation> parse_command_line(int argc, const char* const* argv);

}  // namespace podcron::config
