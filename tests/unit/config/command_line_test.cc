// Goal: podcron touches a cluster only when told which, and every wrong flag is answered with its
// name, what was got and what is wanted.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <string>
#include <vector>

#include "controller/config/config.h"
#include "unit/config/temporary_directory.h"

namespace podcron::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class CommandLineTest : public ::testing::Test {
 protected:
  CommandLineTest() {
    for (const char* name :
         {"KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT", "POD_NAME", "POD_NAMESPACE",
          "PODCRON_SERVICEACCOUNT_DIR", "PODCRON_LISTEN", "KUBECONFIG"}) {
      unset_environment(name);
    }
    kubeconfig_ = directory_.write(
        "config",
        "current-context: c\ncontexts: [{name: c, context: {cluster: k, user: u}}]\n"
        "clusters: [{name: k, cluster: {server: \"https://127.0.0.1:6443\"}}]\n"
        "users: [{name: u, user: {token: t}}]\n");
  }
  static void set_environment(const char* name, const std::string& value) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): there are no threads
    ::setenv(name, value.c_str(), 1);
  }
  static void unset_environment(const char* name) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): there are no threads
    ::unsetenv(name);
  }
  static Result<Invocation> parse(std::vector<std::string> arguments) {
    std::vector<const char*> argv{"podcron"};
    for (const std::string& argument : arguments) argv.push_back(argument.c_str());
    return parse_command_line(static_cast<int>(argv.size()), argv.data());
  }
  Result<Invocation> parse_with_kubeconfig(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--kubeconfig", kubeconfig_});
    return parse(std::move(arguments));
  }
  static std::string error_of(const Result<Invocation>& result) {
    return result ? "no error" : result.error().message;
  }
  TemporaryDirectory directory_;
  std::string kubeconfig_;
};

TEST_F(CommandLineTest, TheSessionWebhookIsOffUnlessItIsToldWhereToListen) {
  const auto off = parse_with_kubeconfig({"--webhook-names", "a.b.svc"});
  ASSERT_TRUE(off) << off.error().message;
  EXPECT_FALSE(off->run->webhook_listen);
  const auto on = parse_with_kubeconfig({"--webhook-listen", ":8443", "--webhook-names",
                                         "a.b.svc,127.0.0.1", "--webhook-namespaces", "team=a",
                                         "--webhook-configuration", "podcron-sessions"});
  ASSERT_TRUE(on) << on.error().message;
  EXPECT_EQ(on->run->webhook_listen->port, 8443);
  EXPECT_THAT(on->run->webhook_names, ElementsAre("a.b.svc", "127.0.0.1"));
  EXPECT_EQ(on->run->webhook_namespaces.to_query(), "team=a");
}

TEST_F(CommandLineTest, AWebhookWithoutACertificateSaysWhatItWants) {
  EXPECT_THAT(error_of(parse_with_kubeconfig({"--webhook-listen", ":8443"})),
              HasSubstr("needs --webhook-names"));
  EXPECT_THAT(error_of(parse_with_kubeconfig(
                  {"--webhook-listen", ":8443", "--webhook-cert-file", "/tls.crt"})),
              HasSubstr("got one, wanted both or none"));
  EXPECT_THAT(error_of(parse_with_kubeconfig({"--webhook-listen", "8443"})),
              HasSubstr("--webhook-listen: "));
}

TEST_F(CommandLineTest, StrategyServicesComeFromTheirFileOrThePlaceOfTheFault) {
  const auto good = parse_with_kubeconfig(
      {"--strategy-services",
       directory_.write("good.yaml", "services: [{name: quiet, url: \"https://x/a\"}]")});
  ASSERT_TRUE(good) << good.error().message;
  ASSERT_EQ(good->run->strategy_services.size(), 1U);
  EXPECT_EQ(longest_waits(good->run->strategy_services).at("quiet"), Seconds{30});
  EXPECT_TRUE(parse_with_kubeconfig({})->run->strategy_services.empty());
  const std::string bad = directory_.write("bad.yaml", "services: [{name: quiet}]");
  EXPECT_THAT(error_of(parse_with_kubeconfig({"--strategy-services", bad})),
              HasSubstr("--strategy-services: " + bad + ": services[0]: url: "));
}

TEST_F(CommandLineTest, WithoutAFlagOrAPodThereIsNoCluster) {
  set_environment("KUBECONFIG", kubeconfig_);
  const auto result = parse({});
  EXPECT_THAT(error_of(result), HasSubstr("say --kubeconfig FILE"));
  EXPECT_THAT(error_of(parse({"--context", "c"})), HasSubstr("needs --kubeconfig"));
}

TEST_F(CommandLineTest, InAPodItsServiceAccountIsUsed) {
  directory_.write("sa/token", "tok");
  directory_.write("sa/ca.crt", "CA");
  set_environment("KUBERNETES_SERVICE_HOST", "fd00::1");
  set_environment("KUBERNETES_SERVICE_PORT", "443");
  set_environment("PODCRON_SERVICEACCOUNT_DIR", directory_.path() + "/sa");
  set_environment("POD_NAMESPACE", "ops");
  set_environment("POD_NAME", "podcron-0");
  const auto result = parse({});
  ASSERT_TRUE(result) << error_of(result);
  EXPECT_EQ(result->run->access.authority(), "[fd00::1]:443");
  EXPECT_EQ(result->run->access.token_file, directory_.path() + "/sa/token");
  EXPECT_EQ(result->run->lease_namespace, "ops");
  EXPECT_EQ(result->run->pod_name, "podcron-0");

  set_environment("PODCRON_SERVICEACCOUNT_DIR", "/nonexistent");
  EXPECT_THAT(error_of(parse({})), HasSubstr("/nonexistent/token: cannot be read"));
}

TEST_F(CommandLineTest, DefaultsAreThoseOfTheHelp) {
  const auto result = parse_with_kubeconfig({});
  ASSERT_TRUE(result) << error_of(result);
  const Config& config = *result->run;
  EXPECT_EQ(config.listen.port, 8080);
  EXPECT_EQ(config.serving_selector.to_query(), "podcron.dev/serving=true");
  EXPECT_THAT(config.owner_kinds, ElementsAre("ReplicaSet", "StatefulSet", "DaemonSet"));
  EXPECT_EQ(config.lease_namespace, "default");
  EXPECT_EQ(config.runs_per_pod_max, 5);
  EXPECT_EQ(config.runs_per_namespace_max, 100);
  EXPECT_EQ(config.concurrent_runs_max, 500);
  EXPECT_EQ(config.zoneinfo_dir, "/usr/share/zoneinfo");
  EXPECT_TRUE(config.namespaces.empty());
  EXPECT_FALSE(config.globally_suspended);
}

TEST_F(CommandLineTest, TheLeaseIsKeptWhereTheFlagThePodOrTheContextSay) {
  kubeconfig_ = directory_.write(
      "with-namespace",
      "current-context: c\n"
      "contexts: [{name: c, context: {cluster: k, user: u, namespace: of-context}}]\n"
      "clusters: [{name: k, cluster: {server: \"https://127.0.0.1:6443\"}}]\n"
      "users: [{name: u, user: {token: t}}]\n");
  EXPECT_EQ(parse_with_kubeconfig({})->run->lease_namespace, "of-context");
  set_environment("POD_NAMESPACE", "of-pod");
  EXPECT_EQ(parse_with_kubeconfig({})->run->lease_namespace, "of-pod");
  EXPECT_EQ(parse_with_kubeconfig({"--lease-namespace", "of-flag"})->run->lease_namespace,
            "of-flag");
}

TEST_F(CommandLineTest, FlagsAreRead) {
  const auto result =
      parse_with_kubeconfig({"--listen", "127.0.0.1:0", "--namespaces", "a,b", "--owner-kinds",
                             "Game", "--global-suspend", "--stream-transport", "beast",
                             "--log-level", "debug", "--max-runs-per-pod", "1"});
  ASSERT_TRUE(result) << error_of(result);
  const Config& config = *result->run;
  EXPECT_EQ(config.listen.host, "127.0.0.1");
  EXPECT_EQ(config.listen.port, 0);
  EXPECT_THAT(config.namespaces, ElementsAre("a", "b"));
  EXPECT_THAT(config.owner_kinds, ElementsAre("Game"));
  EXPECT_TRUE(config.globally_suspended);
  EXPECT_EQ(config.stream_transport, StreamTransportKind::kBeast);
  EXPECT_EQ(config.log_threshold, LogThreshold::kDebug);
  EXPECT_EQ(config.runs_per_pod_max, 1);
}

TEST_F(CommandLineTest, AFlagWinsOverItsEnvironmentVariable) {
  set_environment("PODCRON_LISTEN", ":1234");
  EXPECT_EQ(parse_with_kubeconfig({})->run->listen.port, 1234);
  EXPECT_EQ(parse_with_kubeconfig({"--listen", ":4321"})->run->listen.port, 4321);
  unset_environment("PODCRON_LISTEN");
}

TEST_F(CommandLineTest, AReplicaTakesPartInTheElectionUnlessToldNotTo) {
  const auto result = parse_with_kubeconfig({});
  ASSERT_TRUE(result) << error_of(result);
  ASSERT_TRUE(result->run->election);
  EXPECT_EQ(result->run->election->lease, "podcron");
  EXPECT_EQ(result->run->election->duration, Seconds{15});
  EXPECT_EQ(result->run->election->renew_deadline, Seconds{10});
  EXPECT_EQ(result->run->election->retry_period, Seconds{2});
  EXPECT_FALSE(parse_with_kubeconfig({"--leader-elect=false"})->run->election);
  set_environment("PODCRON_LEADER_ELECT", "false");
  EXPECT_FALSE(parse_with_kubeconfig({})->run->election);
  EXPECT_TRUE(parse_with_kubeconfig({"--leader-elect=true"})->run->election);
  unset_environment("PODCRON_LEADER_ELECT");
}

TEST_F(CommandLineTest, TheTimesOfTheElectionAreRead) {
  const auto result = parse_with_kubeconfig(
      {"--leader-elect-lease-duration", "1m", "--leader-elect-renew-deadline=40s",
       "--leader-elect-retry-period=5s", "--leader-elect-resource-name=podcron-blue"});
  ASSERT_TRUE(result) << error_of(result);
  const engine::Election& election = *result->run->election;
  EXPECT_EQ(election.lease, "podcron-blue");
  EXPECT_EQ(election.duration, Seconds{60});
  EXPECT_EQ(election.renew_deadline, Seconds{40});
  EXPECT_EQ(election.retry_period, Seconds{5});
}

TEST_F(CommandLineTest, TimesThatElectNobodyAreRefused) {
  const auto refused = [&](std::vector<std::string> flags) {
    return error_of(parse_with_kubeconfig(std::move(flags)));
  };
  EXPECT_EQ(refused({"--leader-elect-lease-duration=10s"}),
            "--leader-elect-renew-deadline: 10 s; wanted less than lease-duration (10 s)");
  EXPECT_EQ(refused({"--leader-elect-renew-deadline=6s", "--leader-elect-retry-period=5s"}),
            "--leader-elect-retry-period: 5 s; wanted less than renew-deadline (6 s) / 1.2");
  EXPECT_EQ(refused({"--leader-elect-renew-deadline=7s", "--leader-elect-retry-period=5s"}),
            "no error");
  EXPECT_EQ(refused({"--leader-elect-retry-period=soon"}),
            "--leader-elect-retry-period: \"soon\" is no duration; wanted for example 15s");
  EXPECT_THAT(refused({"--leader-elect-lease-duration=1d"}), HasSubstr("no duration"));
  EXPECT_EQ(refused({"--leader-elect-lease-duration=2h"}),
            "--leader-elect-lease-duration: 7200 s; wanted at most 3600 s");
  for (const char* name : {"Podcron", "-podcron", "podcron/x"}) {
    EXPECT_THAT(refused({std::string("--leader-elect-resource-name=") + name}),
                HasSubstr("--leader-elect-resource-name: \""))
        << name;
  }
  EXPECT_THAT(refused({"--leader-elect-resource-name=podcron-holder-0123"}),
              HasSubstr("those of processes"));
  // Without election its times mean nothing.
  EXPECT_EQ(refused({"--leader-elect=false", "--leader-elect-lease-duration=10s"}), "no error");
}

TEST_F(CommandLineTest, WrongFlagsAreAnsweredByName) {
  EXPECT_THAT(error_of(parse_with_kubeconfig({"--listen", "8080"})), HasSubstr("--listen"));
  EXPECT_THAT(error_of(parse_with_kubeconfig({"--max-runs-per-pod", "0"})),
              HasSubstr("--max-runs-per-pod"));
  EXPECT_THAT(error_of(parse_with_kubeconfig({"--stream-transport", "curl"})),
              HasSubstr("--stream-transport"));
  EXPECT_THAT(error_of(parse_with_kubeconfig({"--serving-selector", ""})),
              HasSubstr("--serving-selector"));
  EXPECT_THAT(error_of(parse_with_kubeconfig({"--nonsense"})), HasSubstr("--nonsense"));
}

TEST_F(CommandLineTest, HelpAndVersionNeedNoCluster) {
  EXPECT_THAT(parse({"--help"})->help, HasSubstr("--serving-selector"));
  EXPECT_TRUE(parse({"--version"})->show_version);
  EXPECT_TRUE(parse({"version"})->show_version);
}

}  // namespace
}  // namespace podcron::config
