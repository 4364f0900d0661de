#include <unistd.h>

#include <CLI/CLI.hpp>

#include <fmt/format.h>

#include "controller/config/config.h"
#include "controller/config/environment.h"
#include "controller/config/in_cluster.h"
#include "controller/config/kubeconfig.h"
#include "cron/duration.h"

namespace podcron::config {
namespace {

/// The flags as they were written, before they mean anything.
struct Flags {
  std::string kubeconfig;
  std::string context;
  std::string listen = ":8080";
  std::string listen_file;
  std::string serving_selector = "podcron.dev/serving=true";
  std::vector<std::string> owner_kinds{"ReplicaSet", "StatefulSet", "DaemonSet"};
  std::vector<std::string> namespaces;
  std::string lease_namespace;
  std::int32_t runs_per_pod_max = 5;
  std::int32_t runs_per_namespace_max = 100;
  std::int32_t concurrent_runs_max = 500;
  bool globally_suspended = false;
  bool allow_loopback_targets = false;
  std::string webhook_listen;
  std::string webhook_cert_file;
  std::string webhook_key_file;
  std::vector<std::string> webhook_names;
  std::string webhook_namespaces;
  std::string webhook_configuration;
  std::string strategy_services;
  bool leader_elect = true;
  std::string election_lease = "podcron";
  std::string election_duration = "15s";
  std::string election_renew_deadline = "10s";
  std::string election_retry_period = "2s";
  std::string zoneinfo_dir = "/usr/share/zoneinfo";
  std::string stream_transport = "cpprest";
  std::string log_level = "info";
  bool show_version = false;
};

void add_webhook_flags(CLI::App& app, Flags& flags) {
  app.add_option("--webhook-listen", flags.webhook_listen,
                 "serves /sessions over HTTPS: what the API server asks before exec and attach; "
                 "default: nowhere, and interactive sessions are not seen")
      ->type_name("ADDRESS:PORT")
      ->envname("PODCRON_WEBHOOK_LISTEN");
  app.add_option("--webhook-cert-file", flags.webhook_cert_file,
                 "PEM certificate of the webhook, read again when it changes; "
                 "default: one that is made for --webhook-names")
      ->type_name("FILE")
      ->envname("PODCRON_WEBHOOK_CERT_FILE");
  app.add_option("--webhook-key-file", flags.webhook_key_file, "its PEM key")
      ->type_name("FILE")
      ->envname("PODCRON_WEBHOOK_KEY_FILE");
  app.add_option("--webhook-names", flags.webhook_names,
                 "DNS names and IP addresses of a self-made certificate")
      ->delimiter(',')
      ->type_name("NAME,...")
      ->envname("PODCRON_WEBHOOK_NAMES");
  app.add_option("--webhook-namespaces", flags.webhook_namespaces,
                 "labels of the namespaces that the webhook is limited to, as in its "
                 "namespaceSelector; default: all namespaces")
      ->type_name("SELECTOR")
      ->envname("PODCRON_WEBHOOK_NAMESPACES");
  app.add_option("--webhook-configuration", flags.webhook_configuration,
                 "ValidatingWebhookConfiguration whose CA bundle gets a self-made certificate")
      ->type_name("NAME")
      ->envname("PODCRON_WEBHOOK_CONFIGURATION");
}

/// Those of the election are named and meant as kube-controller-manager's.
void add_lease_flags(CLI::App& app, Flags& flags) {
  app.add_option("--lease-namespace", flags.lease_namespace,
                 "where this process keeps its Leases, the same for all that serve a cluster; "
                 "default: POD_NAMESPACE, else the context's namespace, else default")
      ->envname("PODCRON_LEASE_NAMESPACE");
  app.add_flag("--leader-elect", flags.leader_elect,
               "of several replicas one decides and the others stand by; with --leader-elect=false "
               "all of them decide, which is safe but more work")
      ->envname("PODCRON_LEADER_ELECT")
      ->capture_default_str();
  app.add_option("--leader-elect-resource-name", flags.election_lease,
                 "name of the Lease, in the namespace of --lease-namespace")
      ->type_name("NAME")
      ->envname("PODCRON_LEADER_ELECT_RESOURCE_NAME")
      ->capture_default_str();
  const auto add = [&](const char* name, std::string& text, const char* environment,
                       const char* help) {
    app.add_option(name, text, help)
        ->type_name("DURATION")
        ->envname(environment)
        ->capture_default_str();
  };
  add("--leader-elect-lease-duration", flags.election_duration,
      "PODCRON_LEADER_ELECT_LEASE_DURATION",
      "others take the lead when it was not renewed for so long");
  add("--leader-elect-renew-deadline", flags.election_renew_deadline,
      "PODCRON_LEADER_ELECT_RENEW_DEADLINE",
      "the leader starts nothing more when it could not renew for so long");
  add("--leader-elect-retry-period", flags.election_retry_period,
      "PODCRON_LEADER_ELECT_RETRY_PERIOD", "between renewals, and between looks of the others");
}

void add_flags(CLI::App& app, Flags& flags) {
  constexpr std::int32_t kRunsMax = 100'000;
  app.add_option("--kubeconfig", flags.kubeconfig,
                 "kubeconfig of the cluster; without it: the service account of this pod")
      ->type_name("FILE");
  app.add_option("--context", flags.context, "context in the kubeconfig, instead of its current")
      ->type_name("NAME");
  app.add_option("--listen", flags.listen,
                 "serves /metrics, /healthz and /readyz; port 0: any free")
      ->type_name("ADDRESS:PORT")
      ->envname("PODCRON_LISTEN")
      ->capture_default_str();
  app.add_option("--listen-file", flags.listen_file, "where to write the address listened on")
      ->type_name("FILE")
      ->envname("PODCRON_LISTEN_FILE");
  app.add_option("--serving-selector", flags.serving_selector,
                 "pods without these labels never run anything")
      ->envname("PODCRON_SERVING_SELECTOR")
      ->capture_default_str();
  app.add_option("--owner-kinds", flags.owner_kinds, "controllers whose pods may be targets")
      ->delimiter(',')
      ->envname("PODCRON_OWNER_KINDS")
      ->capture_default_str();
  app.add_option("--namespaces", flags.namespaces, "only these namespaces; default: all")
      ->delimiter(',')
      ->envname("PODCRON_NAMESPACES");
  app.add_option("--max-runs-per-pod", flags.runs_per_pod_max, "runs at once in one pod")
      ->check(CLI::Range(1, kRunsMax))
      ->envname("PODCRON_MAX_RUNS_PER_POD")
      ->capture_default_str();
  app.add_option("--max-runs-per-namespace", flags.runs_per_namespace_max,
                 "runs at once in one namespace")
      ->check(CLI::Range(1, kRunsMax))
      ->envname("PODCRON_MAX_RUNS_PER_NAMESPACE")
      ->capture_default_str();
  app.add_option("--max-concurrent-runs", flags.concurrent_runs_max, "runs at once in all")
      ->check(CLI::Range(1, kRunsMax))
      ->envname("PODCRON_MAX_CONCURRENT_RUNS")
      ->capture_default_str();
  app.add_flag("--global-suspend", flags.globally_suspended,
               "start nothing; due times are recorded as suspended")
      ->envname("PODCRON_GLOBAL_SUSPEND");
  add_webhook_flags(app, flags);
  add_lease_flags(app, flags);
  app.add_option("--strategy-services", flags.strategy_services,
                 "YAML: the services that the strategy Webhook may ask (docs/strategies.md)")
      ->type_name("FILE")
      ->envname("PODCRON_STRATEGY_SERVICES");
  app.add_flag("--allow-loopback-targets", flags.allow_loopback_targets,
               "for tests: HTTP also to pods with loopback addresses")
      ->envname("PODCRON_ALLOW_LOOPBACK_TARGETS");
  app.add_option("--zoneinfo", flags.zoneinfo_dir, "directory with compiled tzdata")
      ->type_name("DIR")
      ->envname("PODCRON_ZONEINFO")
      ->capture_default_str();
  app.add_option("--stream-transport", flags.stream_transport, "who reads LIST and WATCH")
      ->check(CLI::IsMember({"cpprest", "beast"}))
      ->envname("PODCRON_STREAM_TRANSPORT")
      ->capture_default_str();
  app.add_option("--log-level", flags.log_level, "least level that is logged")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}))
      ->envname("PODCRON_LOG_LEVEL")
      ->capture_default_str();
  constexpr const char* kVersionHelp = "print the version and that of tzdata";
  app.add_flag("--version", flags.show_version, kVersionHelp);
  app.add_subcommand("version", kVersionHelp)->callback([&flags] { flags.show_version = true; });
}

Result<ClusterAccess> find_access(const Flags& flags) {
  if (!flags.kubeconfig.empty()) return read_kubeconfig(flags.kubeconfig, flags.context);
  if (!flags.context.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("--context {}: needs --kubeconfig FILE as well", flags.context));
  }
  return in_cluster_access();
}

/// In a pod the host name is the pod's name; elsewhere it tells machines apart as well.
std::string own_pod_name() {
  if (std::string name = environment("POD_NAME"); !name.empty()) return name;
  char host[256] = {};
  if (::gethostname(host, sizeof host - 1) == 0 && host[0] != '\0') return host;
  return "podcron";
}

LogThreshold threshold_named(const std::string& level) {
  if (level == "debug") return LogThreshold::kDebug;
  if (level == "warning") return LogThreshold::kWarning;
  if (level == "error") return LogThreshold::kError;
  return LogThreshold::kInfo;
}

Result<void> take_webhook(Flags& flags, Config& config) {
  if (flags.webhook_listen.empty()) return {};
  auto listen = parse_host_port(flags.webhook_listen);
  if (!listen) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("--webhook-listen: {}; wanted ADDRESS:PORT", listen.error().message));
  }
  if (flags.webhook_cert_file.empty() != flags.webhook_key_file.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                "--webhook-cert-file and --webhook-key-file: got one, wanted both or none");
  }
  if (flags.webhook_cert_file.empty() && flags.webhook_names.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                "--webhook-listen: needs --webhook-names, by which the API server will call it, "
                "or --webhook-cert-file and --webhook-key-file");
  }
  auto namespaces = api::parse_selector(flags.webhook_namespaces);
  if (!namespaces) {
    return fail(ErrorCode::kInvalidArgument, "--webhook-namespaces: " + namespaces.error().message);
  }
  config.webhook_namespaces = std::move(*namespaces);
  config.webhook_listen = std::move(*listen);
  config.webhook_cert_file = std::move(flags.webhook_cert_file);
  config.webhook_key_file = std::move(flags.webhook_key_file);
  config.webhook_names = std::move(flags.webhook_names);
  config.webhook_configuration = std::move(flags.webhook_configuration);
  return {};
}

/// A duration as Go writes it, in whole seconds.
Result<Seconds> seconds_of(std::string_view flag, const std::string& text) {
  const auto seconds = cron::parse_go_duration(text);
  if (seconds) return Seconds{*seconds};
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("{}: \"{}\" is no duration; wanted for example 15s", flag, text));
}

Result<void> take_election(Flags& flags, Config& config) {
  if (!flags.leader_elect) return {};
  const auto duration = seconds_of("--leader-elect-lease-duration", flags.election_duration);
  if (!duration) return tl::unexpected(duration.error());
  const auto deadline = seconds_of("--leader-elect-renew-deadline", flags.election_renew_deadline);
  if (!deadline) return tl::unexpected(deadline.error());
  const auto retry = seconds_of("--leader-elect-retry-period", flags.election_retry_period);
  if (!retry) return tl::unexpected(retry.error());
  engine::Election election{std::move(flags.election_lease), *duration, *deadline, *retry};
  const std::string wrong = engine::why_no_election(election);
  if (!wrong.empty()) return fail(ErrorCode::kInvalidArgument, "--leader-elect-" + wrong);
  config.election = std::move(election);
  return {};
}

Result<Config> to_config(Flags&& flags) {
  Config config;
  auto listen = parse_host_port(flags.listen);
  if (!listen) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("--listen: {}; wanted ADDRESS:PORT", listen.error().message));
  }
  config.listen = std::move(*listen);
  auto selector = api::parse_selector(flags.serving_selector);
  if (!selector) {
    return fail(ErrorCode::kInvalidArgument, "--serving-selector: " + selector.error().message);
  }
  if (selector->empty()) {
    return fail(ErrorCode::kInvalidArgument,
                "--serving-selector: empty, which would make every pod a target; "
                "wanted at least one label such as podcron.dev/serving=true");
  }
  config.serving_selector = std::move(*selector);
  if (auto webhook = take_webhook(flags, config); !webhook) return tl::unexpected(webhook.error());
  if (auto election = take_election(flags, config); !election) {
    return tl::unexpected(election.error());
  }
  auto access = find_access(flags);
  if (!access) return tl::unexpected(access.error());
  config.access = std::move(*access);
  config.pod_name = own_pod_name();
  config.lease_namespace = std::move(flags.lease_namespace);
  if (config.lease_namespace.empty()) config.lease_namespace = environment("POD_NAMESPACE");
  if (config.lease_namespace.empty()) config.lease_namespace = config.access.namespace_;
  if (config.lease_namespace.empty()) config.lease_namespace = "default";
  config.listen_file = std::move(flags.listen_file);
  config.owner_kinds = std::move(flags.owner_kinds);
  config.namespaces = std::move(flags.namespaces);
  config.runs_per_pod_max = flags.runs_per_pod_max;
  config.runs_per_namespace_max = flags.runs_per_namespace_max;
  config.concurrent_runs_max = flags.concurrent_runs_max;
  config.globally_suspended = flags.globally_suspended;
  config.allow_loopback_targets = flags.allow_loopback_targets;
  if (!flags.strategy_services.empty()) {
    auto services = read_strategy_services(flags.strategy_services);
    if (!services) {
      return fail(services.error().code, "--strategy-services: " + services.error().message);
    }
    config.strategy_services = std::move(*services);
  }
  config.zoneinfo_dir = std::move(flags.zoneinfo_dir);
  config.stream_transport = flags.stream_transport == "beast" ? StreamTransportKind::kBeast
                                                              : StreamTransportKind::kCpprest;
  config.log_threshold = threshold_named(flags.log_level);
  return config;
}

}  // namespace

Result<Invocation> parse_command_line(int argc, const char* const* argv) {
  Flags flags;
  CLI::App app{"podcron: runs scheduled commands inside the pods that serve.", "podcron"};
  add_flags(app, flags);
  Invocation invocation;
  // CLI11 speaks in exceptions, for --help too; they end here.
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    invocation.help = app.help();
    return invocation;
  } catch (const CLI::ParseError& error) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} (podcron --help lists the flags)", error.what()));
  }
  if (flags.show_version) {
    invocation.show_version = true;
    invocation.zoneinfo_dir = std::move(flags.zoneinfo_dir);
    return invocation;
  }
  auto config = to_config(std::move(flags));
  if (!config) return tl::unexpected(config.error());
  invocation.run = std::move(*config);
  return invocation;
}

}  // namespace podcron::config
