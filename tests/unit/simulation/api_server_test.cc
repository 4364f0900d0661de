// Goal: the virtual API server answers as the real one does, as far as podcron can tell.
// Method: request sequences; the same are compared with a real API server in tests/conformance.
#include "simulation/api_server.h"

#include <gtest/gtest.h>

#include <string>

#include <fmt/format.h>

namespace podcron::simulation {
namespace {

using engine::Method;

constexpr const char* kJobs = "/apis/podcron.dev/v1alpha1/namespaces/shop/podjobs";
constexpr const char* kCronJobs = "/apis/podcron.dev/v1alpha1/namespaces/shop/podcronjobs";
constexpr const char* kLeases = "/apis/coordination.k8s.io/v1/namespaces/podcron/leases";

class ApiServerTest : public testing::Test {
 protected:
  ApiAnswer send(Method method, const std::string& path, const std::string& body = "") {
    return server_.handle({method, path, body, {"test", false, false}});
  }
  Json sent(Method method, const std::string& path, const std::string& body = "") {
    const ApiAnswer answer = send(method, path, body);
    EXPECT_TRUE(answer.ok()) << answer.body;
    return Json::parse(answer.body);
  }
  std::string reason(const ApiAnswer& answer) {
    return text_in(Json::parse(answer.body), "reason");
  }
  Json make_cron_job(const std::string& name) {
    return sent(Method::kPost, kCronJobs,
                fmt::format(R"({{"metadata":{{"name":"{}"}},"spec":{{"schedule":"x"}}}})", name));
  }
  std::string version(const Json& object) { return text_in(object, "metadata", "resourceVersion"); }

  WallMillis now_{Seconds{1'772'971'200}};
  ApiServer server_{1, [this] { return now_; }};
};

TEST_F(ApiServerTest, CreateSetsWhatTheServerOwnsAndRefusesASecond) {
  const Json job = make_cron_job("a");
  EXPECT_EQ(text_in(job, "kind"), "PodCronJob");
  EXPECT_EQ(text_in(job, "metadata", "namespace"), "shop");
  EXPECT_EQ(text_in(job, "metadata", "creationTimestamp"), "2026-03-08T12:00:00Z");
  EXPECT_EQ(number_in(job, 0, "metadata", "generation"), 1);
  EXPECT_TRUE(Uid::parse(text_in(job, "metadata", "uid")));
  const ApiAnswer again = send(Method::kPost, kCronJobs, R"({"metadata":{"name":"a"}})");
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(reason(again), "AlreadyExists");
  EXPECT_EQ(send(Method::kGet, std::string(kCronJobs) + "/b").status, 404);
}

TEST_F(ApiServerTest, AStalePatchIsAConflictAndChangesNothing) {
  const Json job = make_cron_job("a");
  const std::string path = std::string(kCronJobs) + "/a/status";
  const std::string patch = fmt::format(
      R"({{"metadata":{{"resourceVersion":"{}"}},"status":{{"observedGeneration":1}}}})",
      version(job));
  const Json first = sent(Method::kPatch, path, patch);
  EXPECT_NE(version(first), version(job));
  const ApiAnswer second = send(Method::kPatch, path, patch);
  EXPECT_EQ(second.status, 409);
  EXPECT_EQ(reason(second), "Conflict");
  EXPECT_EQ(version(sent(Method::kGet, std::string(kCronJobs) + "/a")), version(first));
}

TEST_F(ApiServerTest, APatchThatChangesNothingMakesNoVersion) {
  make_cron_job("a");
  const std::string path = std::string(kCronJobs) + "/a/status";
  const Json first = sent(Method::kPatch, path, R"({"status":{"observedGeneration":1}})");
  EXPECT_EQ(version(sent(Method::kPatch, path, R"({"status":{"observedGeneration":1}})")),
            version(first));
}

TEST_F(ApiServerTest, StatusAndSpecAreWrittenApartAndOnlySpecCountsGenerations) {
  make_cron_job("a");
  const std::string path = std::string(kCronJobs) + "/a";
  const char* both =
      R"({"metadata":{"labels":{"x":"y"}},"spec":{"schedule":"z"},"status":{"n":1}})";
  const Json status = sent(Method::kPatch, path + "/status", both);
  EXPECT_EQ(text_in(status, "spec", "schedule"), "x");
  EXPECT_EQ(find_in(status, "metadata", "labels"), nullptr);
  EXPECT_EQ(number_in(status, 0, "status", "n"), 1);
  EXPECT_EQ(number_in(status, 0, "metadata", "generation"), 1);
  const Json main = sent(Method::kPatch, path, R"({"spec":{"schedule":"z"},"status":{"n":2}})");
  EXPECT_EQ(text_in(main, "spec", "schedule"), "z");
  EXPECT_EQ(number_in(main, 0, "status", "n"), 1);
  EXPECT_EQ(number_in(main, 0, "metadata", "generation"), 2);
}

TEST_F(ApiServerTest, TransitionRulesOfOurKindsAreKept) {
  make_cron_job("a");
  const std::string path = std::string(kCronJobs) + "/a/status";
  sent(Method::kPatch, path, R"({"status":{"decidedThrough":"2026-03-08T12:00:10Z"}})");
  for (const char* bad : {R"({"status":{"decidedThrough":"2026-03-08T12:00:09Z"}})",
                          R"({"status":{"decidedThrough":null}})", R"({"status":null})"}) {
    const ApiAnswer refused = send(Method::kPatch, path, bad);
    EXPECT_EQ(refused.status, 422) << bad;
    EXPECT_EQ(reason(refused), "Invalid");
  }
  sent(Method::kPost, kJobs, R"({"metadata":{"name":"r"},"spec":{"x":1}})");
  const std::string run = std::string(kJobs) + "/r";
  EXPECT_EQ(send(Method::kPatch, run, R"({"spec":{"x":2}})").status, 422);
  sent(Method::kPatch, run + "/status", R"({"status":{"phase":"Unknown"}})");
  EXPECT_EQ(send(Method::kPatch, run + "/status", R"({"status":{"phase":"Succeeded"}})").status,
            422);
}

TEST_F(ApiServerTest, FinalizersHoldADeletedObjectBackUntilTheyAreGone) {
  const Json run = sent(Method::kPost, kJobs,
                        R"({"metadata":{"name":"r","finalizers":["podcron.dev/record","x/y"]}})");
  const std::string path = std::string(kJobs) + "/r";
  const Json deleted = sent(Method::kDelete, path);
  EXPECT_FALSE(text_in(deleted, "metadata", "deletionTimestamp").empty());
  EXPECT_EQ(version(sent(Method::kDelete, path)), version(deleted));
  sent(Method::kPatch, path, R"({"metadata":{"finalizers":["x/y"]}})");
  EXPECT_EQ(send(Method::kPatch, path, R"({"metadata":{"finalizers":["x/y","a/b"]}})").status, 422);
  sent(Method::kPatch, path, R"({"metadata":{"finalizers":[]}})");
  EXPECT_EQ(send(Method::kGet, path).status, 404);
}

TEST_F(ApiServerTest, DeletePreconditionsAreChecked) {
  sent(Method::kPost, kJobs, R"({"metadata":{"name":"r"}})");
  const std::string path = std::string(kJobs) + "/r";
  EXPECT_EQ(send(Method::kDelete, path, R"({"preconditions":{"uid":"other"}})").status, 409);
  EXPECT_EQ(send(Method::kDelete, path, R"({"preconditions":{"resourceVersion":"1"}})").status,
            409);
  EXPECT_EQ(send(Method::kDelete, path).status, 200);
  EXPECT_EQ(send(Method::kDelete, path).status, 404);
}

TEST_F(ApiServerTest, LeasesAreReplacedByCompareAndSwap) {
  const Json lease =
      sent(Method::kPost, kLeases, R"({"metadata":{"name":"l"},"spec":{"holderIdentity":"a"}})");
  const std::string path = std::string(kLeases) + "/l";
  const std::string body = fmt::format(
      R"({{"metadata":{{"name":"l","resourceVersion":"{}"}},"spec":{{"holderIdentity":"b"}}}})",
      version(lease));
  EXPECT_EQ(text_in(sent(Method::kPut, path, body), "spec", "holderIdentity"), "b");
  EXPECT_EQ(send(Method::kPut, path, body).status, 409);
  EXPECT_EQ(send(Method::kPut, std::string(kLeases) + "/other", body).status, 400);
}

TEST_F(ApiServerTest, PagesShowOneRevisionAndTheirTokensExpire) {
  for (const char* name : {"a", "b", "c"}) make_cron_job(name);
  const std::string all = "/apis/podcron.dev/v1alpha1/podcronjobs?limit=2";
  const Json first = sent(Method::kGet, all);
  ASSERT_EQ(first.at("items").size(), 2U);
  const std::string token = text_in(first, "metadata", "continue");
  ASSERT_FALSE(token.empty());
  make_cron_job("d");
  const std::string next = all + "&continue=" + [&] {
    std::string encoded;
    for (const char c : token) encoded += fmt::format("%{:02X}", static_cast<unsigned>(c));
    return encoded;
  }();
  const Json second = sent(Method::kGet, next);
  ASSERT_EQ(second.at("items").size(), 1U);  // "d" is younger than the first page
  EXPECT_EQ(text_in(second.at("items")[0], "metadata", "name"), "c");
  EXPECT_EQ(text_in(second, "metadata", "continue"), "");
  EXPECT_EQ(version(second), version(first));
  server_.store().compact(server_.store().revision());
  const ApiAnswer expired = send(Method::kGet, next);
  EXPECT_EQ(expired.status, 410);
  EXPECT_EQ(reason(expired), "Expired");
}

TEST_F(ApiServerTest, AStaleListShowsAnOldStateOnlyWhenTheCallerAllowsIt) {
  make_cron_job("a");
  const std::uint64_t then = server_.store().revision();
  make_cron_job("b");
  const auto items = [&](const std::string& query) {
    const ApiAnswer answer = server_.handle(
        {Method::kGet, "/apis/podcron.dev/v1alpha1/podcronjobs" + query, "", {}}, then);
    return Json::parse(answer.body).at("items").size();
  };
  EXPECT_EQ(items("?resourceVersion=0"), 1U);
  EXPECT_EQ(items(""), 2U);
}

TEST_F(ApiServerTest, AWatchShowsWhatEntersAndLeavesItsSelection) {
  sent(Method::kPost, kJobs, R"({"metadata":{"name":"r","labels":{"a":"1"}}})");
  ApiAnswer refusal;
  auto watch = server_.open_watch(
      fmt::format("/apis/podcron.dev/v1alpha1/podjobs?watch=true&labelSelector=a%3D1"
                  "&resourceVersion={}",
                  server_.store().revision()),
      refusal);
  ASSERT_TRUE(watch);
  const std::string path = std::string(kJobs) + "/r";
  sent(Method::kPatch, path, R"({"metadata":{"annotations":{"x":"y"}}})");
  sent(Method::kPatch, path, R"({"metadata":{"labels":{"a":"2"}}})");
  sent(Method::kPatch, path, R"({"metadata":{"labels":{"a":"1"}}})");
  sent(Method::kDelete, path);
  std::string lines;
  ASSERT_TRUE(server_.read_watch(*watch, lines));
  std::string types;
  std::size_t at = 0;
  for (std::size_t end = lines.find('\n'); end != std::string::npos; end = lines.find('\n', at)) {
    types += text_in(Json::parse(lines.substr(at, end - at)), "type") + " ";
    at = end + 1;
  }
  EXPECT_EQ(types, "MODIFIED DELETED ADDED DELETED ");
  lines.clear();
  EXPECT_TRUE(server_.read_watch(*watch, lines));
  EXPECT_TRUE(lines.empty());
}

TEST_F(ApiServerTest, AWatchFromACompactedRevisionEndsWithAnErrorEvent) {
  make_cron_job("a");
  const std::uint64_t then = server_.store().revision();
  make_cron_job("b");
  server_.store().compact(server_.store().revision());
  ApiAnswer refusal;
  auto watch = server_.open_watch(
      fmt::format("/apis/podcron.dev/v1alpha1/podcronjobs?watch=true&resourceVersion={}", then),
      refusal);
  ASSERT_TRUE(watch);
  std::string lines;
  EXPECT_FALSE(server_.read_watch(*watch, lines));
  const Json event = Json::parse(lines);
  EXPECT_EQ(text_in(event, "type"), "ERROR");
  EXPECT_EQ(number_in(event, 0, "object", "code"), 410);
}

TEST_F(ApiServerTest, AnIdleWatchSurvivesTheCompactionOfOthersHistory) {
  ApiAnswer refusal;
  auto watch = server_.open_watch(
      fmt::format("/apis/podcron.dev/v1alpha1/podjobs?watch=true&resourceVersion={}",
                  server_.store().revision()),
      refusal);
  ASSERT_TRUE(watch);
  make_cron_job("a");
  server_.store().compact(server_.store().revision());
  std::string lines;
  EXPECT_TRUE(server_.read_watch(*watch, lines));
}

}  // namespace
}  // namespace podcron::simulation
