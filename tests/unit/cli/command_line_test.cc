#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "cli/api_server.h"
#include "cli/cluster_choice.h"
#include "cli/commands.h"
#include "unit/config/temporary_directory.h"

namespace podcron::cli {
namespace {

Result<Command> parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "kubectl-podcron");
  return parse_command_line(static_cast<int>(arguments.size()), arguments.data());
}

std::string help(const std::vector<const char*>& arguments) {
  return std::get<HelpCommand>(*parse(arguments)).text;
}

TEST(PluginCommandLine, TellsExpressionsFromNames) {
  EXPECT_EQ(std::get<NextCommand>(*parse({"next", "0 3 * * *"})).expression, "0 3 * * *");
  EXPECT_EQ(std::get<NextCommand>(*parse({"next", "@daily"})).expression, "@daily");
  EXPECT_EQ(std::get<NextCommand>(*parse({"next", "digest"})).name, "digest");
}

TEST(PluginCommandLine, RunsByHandAndItsSwitch) {
  const auto run = std::get<RunCommand>(*parse({"run", "digest", "--wait", "-n", "shop"}));
  EXPECT_EQ(run.name, "digest");
  EXPECT_TRUE(run.wait);
  EXPECT_EQ(run.output, RunOutput::kText);
  EXPECT_EQ(run.cluster.namespace_, "shop");
  EXPECT_EQ(std::get<RunCommand>(*parse({"run", "digest", "-o", "name"})).output, RunOutput::kName);
  EXPECT_EQ(std::get<RunCommand>(*parse({"run", "digest", "-o", "json"})).output, RunOutput::kJson);
  EXPECT_TRUE(std::get<RunsCommand>(*parse({"runs", "digest", "-o", "json"})).json);
  EXPECT_TRUE(std::get<SuspendCommand>(*parse({"suspend", "digest"})).suspend);
  EXPECT_FALSE(std::get<SuspendCommand>(*parse({"resume", "digest"})).suspend);
}

TEST(PluginCommandLine, HelpBeginsAsTheUserCalledIt) {
  EXPECT_TRUE(help({"--help"}).starts_with("kubectl podcron: "));
  EXPECT_TRUE(help({}).starts_with("kubectl podcron: "));
  EXPECT_TRUE(help({"next", "--help"}).starts_with("kubectl podcron next: "));
  EXPECT_TRUE(help({"explain", "-h"}).starts_with("kubectl podcron explain: "));
}

TEST(PluginCommandLine, RefusesWhatMakesNoSense) {
  for (const auto& arguments :
       std::vector<std::vector<const char*>>{{"next"},
                                             {"next", "digest", "-f", "x.yaml"},
                                             {"next", "@daily", "--count", "0"},
                                             {"next", "@daily", "--from", "tomorrow"},
                                             {"next", "@daily", "--daylight-saving", "Twice"},
                                             {"explain"},
                                             {"explain", ""},
                                             {"explain", "digest", "-o", "yaml"},
                                             {"explain", "digest", "--serving-selector", "a in b"},
                                             {"run"},
                                             {"run", ""},
                                             {"run", "digest", "-o", "yaml"},
                                             {"runs", ""},
                                             {"suspend", ""},
                                             {"resume"},
                                             {"convert"},
                                             {"convert", ""},
                                             {"convert", "x", "--format", "quartz"},
                                             {"no-such-command"}}) {
    EXPECT_FALSE(parse(arguments)) << testing::PrintToString(arguments);
  }
}

TEST(Refusal, PrefersTheServersOwnWords) {
  const Error error =
      refusal(403, R"({"kind":"Status","status":"Failure","message":"pods is forbidden"})",
              "/api/v1/namespaces/a/pods", "kubeconfig f, context c");
  EXPECT_EQ(error.message, "pods is forbidden (kubeconfig f, context c)");
  EXPECT_NE(refusal(404, "404 page not found\n", "/apis/podcron.dev/v1alpha1/x", "o")
                .message.find("CRDs are not installed"),
            std::string::npos);
  EXPECT_EQ(refusal(502, "<html>", "/api", "o").message, "/api: HTTP status 502 (o)");
}

class KubeconfigChoice : public testing::Test {
 protected:
  /// One context, which is the current one unless it is "second".
  std::string write(const std::string& file, const std::string& context,
                    const std::string& namespace_) {
    return directory_.write(
        file, fmt::format("current-context: {}\n"
                          "clusters: [{{name: k, cluster: {{server: 'https://{}:1'}}}}]\n"
                          "users: [{{name: u, user: {{token: t}}}}]\n"
                          "contexts: [{{name: {}, context: {{cluster: k, user: u, "
                          "namespace: '{}'}}}}]\n",
                          context == "second" ? "" : context, context, context, namespace_));
  }
  TemporaryDirectory directory_;
};

TEST_F(KubeconfigChoice, FlagThenVariableThenHome) {
  write(".kube/config", "home", "");
  const std::string first = write("a", "first", "shop");
  const std::string second = write("b", "second", "");
  const std::string home = directory_.path();
  const auto choose = [&](const ClusterFlags& flags, const std::string& variable) {
    auto choice = choose_cluster(flags, {variable, home, false, {}});
    EXPECT_TRUE(choice) << choice.error().message;
    return choice->access.host + " " + choice->namespace_;
  };
  EXPECT_EQ(choose({}, ""), "home default");
  EXPECT_EQ(choose({}, first), "first shop");
  EXPECT_EQ(choose({second, "second", ""}, first), "second default");
  EXPECT_EQ(choose({"", "", "flag"}, first), "first flag");
  EXPECT_EQ(choose({"", "second", ""}, first + ":/no/such/file:" + second), "second default");
}

TEST_F(KubeconfigChoice, SaysWhichFileIsMissing) {
  const auto message = [&](const std::string& variable) {
    return choose_cluster({}, {variable, "/no-home", false, {}}).error().message;
  };
  EXPECT_EQ(message(""),
            "no kubeconfig: /no-home/.kube/config does not exist; say --kubeconfig FILE");
  EXPECT_EQ(message("/a:/b"), "KUBECONFIG: no such file: /a:/b");
}

}  // namespace
}  // namespace podcron::cli
