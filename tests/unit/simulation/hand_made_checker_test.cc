// Goal: every invariant can break for a PodJob made by hand, too, and for a copy of one.
// Method: one honest run that breaks nothing, then the same run with one lie each.
#include <gtest/gtest.h>

#include <string>

#include <fmt/format.h>

#include "simulation/api_server.h"
#include "simulation/checker.h"

namespace podcron::simulation {
namespace {

using engine::Method;

constexpr std::int64_t kNoon = 1'772'971'200;
constexpr const char* kHolder = "podcron-0_1";
constexpr const char* kPod = "11111111-1111-4111-8111-111111111111";

class HandMadeCheckerTest : public testing::Test {
 protected:
  HandMadeCheckerTest() {
    server_.store().observe([this](const Change& change) { checker_.on_change(change, now_); });
    ledger_.observe_starts([this](const ProcessRecord& p) { checker_.on_process_start(p); });
    send("user", Method::kPost, "podcronjobs", "", R"({"metadata":{"name":"demo"},"spec":{
      "schedule":"*/10 * * * * *","concurrencyPolicy":"Forbid","suspend":false}})");
  }

  void send(const std::string& author, Method method, const std::string& plural,
            const std::string& name, const std::string& body) {
    std::string path = "/apis/podcron.dev/v1alpha1/namespaces/shop/" + plural;
    if (!name.empty()) path += "/" + name;
    server_.handle({method, path, body, {author, false, false}});
  }
  [[nodiscard]] const Json& stored(Resource resource, const std::string& name) const {
    return server_.store().find(resource, {"shop", name})->json;
  }
  [[nodiscard]] std::string uid(const std::string& name) const {
    return text_in(stored(Resource::kPodJobs, name), "metadata", "uid");
  }
  void patch(Resource resource, const std::string& name, const std::string& subresource,
             Json body) {
    body["metadata"]["resourceVersion"] =
        text_in(stored(resource, name), "metadata", "resourceVersion");
    send(kHolder, Method::kPatch, resource == Resource::kPodJobs ? "podjobs" : "podcronjobs",
         name + subresource, to_text(body));
  }

  void make(const std::string& name, const char* parent = "demo", Json metadata = Json::object()) {
    metadata["name"] = name;
    metadata["labels"] = {{"policy", "Forbid"}};
    Json spec = {{"activeDeadlineSeconds", 30}, {"startingDeadlineSeconds", 5}};
    if (*parent != 0) spec["podCronJobName"] = parent;
    send("user", Method::kPost, "podjobs", "",
         to_text({{"metadata", std::move(metadata)}, {"spec", std::move(spec)}}));
  }
  void take(const std::string& name) {
    patch(Resource::kPodJobs, name, "",
          {{"metadata",
            {{"annotations", {{"podcron.dev/holder", uid(name) + "/" + kHolder + "/1"}}},
             {"finalizers", {"podcron.dev/record"}}}}});
  }
  void place(const std::vector<std::string>& names) {
    Json active = Json::array();
    for (const std::string& name : names) {
      active.push_back({{"name", name},
                        {"scheduledTime", to_rfc3339(WallTime{Seconds{kNoon}})},
                        {"holder", kHolder},
                        {"podJobUID", uid(name)}});
    }
    patch(Resource::kPodCronJobs, "demo", "/status", {{"status", {{"active", active}}}});
  }
  void write(const std::string& name, const char* phase, const char* outcome) {
    patch(Resource::kPodJobs, name, "/status",
          {{"status",
            {{"phase", phase},
             {"targets", {{{"podName", "web-0"}, {"podUID", kPod}, {"outcome", outcome}}}}}}});
  }
  std::uint64_t start(const std::string& name, const char* pod_uid = kPod) {
    ProcessRecord process;
    process.task = {"demo", uid(name), to_rfc3339(WallTime{Seconds{kNoon}}), "1", "web-0", "0"};
    process.namespace_ = "shop";
    process.pod = "web-0";
    process.pod_uid = pod_uid;
    process.started = now_;
    checker_.on_dial({kHolder, uid(name)}, now_);
    return ledger_.start(process);
  }
  void settle_after(Millis time) {
    now_ = time;
    checker_.on_settled(server_.store(), now_, Millis{0});
  }

  void expect_broken(std::string_view invariant) {
    ASSERT_TRUE(checker_.violation()) << "nothing was found";
    EXPECT_EQ(checker_.violation()->invariant, invariant) << checker_.violation()->what;
  }
  void expect_whole() {
    EXPECT_FALSE(checker_.violation())
        << checker_.violation()->invariant << ": " << checker_.violation()->what;
  }

  VirtualTime now_{0};
  Ledger ledger_;
  ApiServer server_{1, [this] { return WallMillis{Seconds{kNoon}} + now_; }};
  Checker checker_{CheckerLimits{WallMillis{Seconds{kNoon}}}, ledger_};
};

TEST_F(HandMadeCheckerTest, AnHonestRunBreaksNothing) {
  make("a");
  take("a");
  place({"a"});
  write("a", "Pending", "Pending");
  ledger_.end(start("a"), now_, 0);
  write("a", "Succeeded", "Succeeded");
  expect_whole();
}

TEST_F(HandMadeCheckerTest, WithoutAPodCronJobItsMarkIsEnough) {
  make("a", "");
  take("a");
  write("a", "Pending", "Pending");
  start("a");
  expect_whole();
}

TEST_F(HandMadeCheckerTest, NobodyStartsWhatNobodyHas) {
  make("a", "");
  write("a", "Pending", "Pending");
  start("a");
  expect_broken("S3 permit before start");
}

TEST_F(HandMadeCheckerTest, NothingStartsWithoutItsPlace) {
  make("a");
  take("a");
  write("a", "Pending", "Pending");
  start("a");
  expect_broken("S3 claim before start");
}

TEST_F(HandMadeCheckerTest, NothingStartsInAPodThatItsStatusDoesNotName) {
  make("a", "");
  take("a");
  start("a");
  expect_broken("S13 recorded pod");
}

TEST_F(HandMadeCheckerTest, APlaceIsTakenByAHolderOnly) {
  make("a");
  place({"a"});
  expect_broken("S3 claim before permit");
}

TEST_F(HandMadeCheckerTest, ForbidHoldsForItToo) {
  make("a");
  make("b");
  take("a");
  take("b");
  place({"a"});
  place({"a", "b"});
  expect_broken("S9 one at a time");
}

TEST_F(HandMadeCheckerTest, ItStartsOnce) {
  make("a", "");
  take("a");
  write("a", "Pending", "Pending");
  start("a");
  start("a");
  expect_broken("S2 one start");
}

TEST_F(HandMadeCheckerTest, ACopyIsNeverTheRecordOfARun) {
  make("a", "", {{"annotations", {{"podcron.dev/holder", "x/y/1"}}}});
  write("a", "Failed", "Failed");
  expect_broken("S19 copies never run");
}

TEST_F(HandMadeCheckerTest, ACopyNeverStarts) {
  make("a", "", {{"annotations", {{"podcron.dev/holder", "x/y/1"}}}});
  start("a");
  expect_broken("S3 permit before start");
}

TEST_F(HandMadeCheckerTest, ItIsOverInTheEnd) {
  make("a", "");
  settle_after(Seconds{50});
  expect_broken("L1 settles");
}

TEST_F(HandMadeCheckerTest, ACopyIsToldSoInTheEnd) {
  make("a", "", {{"annotations", {{"podcron.dev/holder", "x/y/1"}}}});
  settle_after(Seconds{41});
  expect_broken("L1 settles");
}

}  // namespace
}  // namespace podcron::simulation
