// Goal: the invariants of leader election can break, and an honest standby breaks none.
// Method: requests as a replica sends them, beside what the API server holds.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <fmt/format.h>

#include "simulation/api_server.h"
#include "simulation/checker.h"

namespace podcron::simulation {
namespace {

using engine::Method;

constexpr const char* kMe = "podcron-0_1";
constexpr const char* kOther = "podcron-1_2";
const Candidate kLeader{kMe, true, true};
const Candidate kStandby{kMe, true, false};

class CheckLeading : public testing::Test {
 protected:
  CheckLeading() {
    send(Method::kPost, kJobs, R"({"metadata":{"name":"demo"},"spec":{"schedule":"* * * * *"}})");
    send(Method::kPatch, std::string(kJobs) + "/demo/status",
         fmt::format(
             R"({{"status":{{"decidedThrough":"2026-03-08T12:00:00Z","active":[)"
             R"({{"name":"demo-1","scheduledTime":"2026-03-08T12:00:00Z","holder":"{}"}},)"
             R"({{"name":"demo-2","scheduledTime":"2026-03-08T12:00:00Z","holder":"{}"}}]}}}})",
             kMe, kOther));
    send(Method::kPost, kRecords,
         R"({"metadata":{"name":"demo-2","annotations":{"podcron.dev/holder":""}},"spec":{}})");
  }
  static constexpr const char* kJobs = "/apis/podcron.dev/v1alpha1/namespaces/shop/podcronjobs";
  static constexpr const char* kRecords = "/apis/podcron.dev/v1alpha1/namespaces/shop/podjobs";
  static constexpr const char* kLeases = "/apis/coordination.k8s.io/v1/namespaces/podcron/leases";

  void send(Method method, const std::string& path, const std::string& body) {
    EXPECT_LT(server_.handle({method, path, body, {"user", false, false}}).status, 300) << path;
  }
  std::string version(Resource resource, const std::string& name) {
    return text_in(server_.store().find(resource, {"shop", name})->json, "metadata",
                   "resourceVersion");
  }
  /// A write of demo's status, on its newest version unless another is given.
  engine::KubeRequest status(const std::string& decided, const std::string& holder_of_second,
                             std::string on = "") {
    if (on.empty()) on = version(Resource::kPodCronJobs, "demo");
    return {{},
            Method::kPatch,
            std::string(kJobs) + "/demo/status",
            fmt::format(R"({{"metadata":{{"resourceVersion":"{}"}},"status":{{)"
                        R"("decidedThrough":"2026-03-08T{}Z","active":[{{"name":"demo-2",)"
                        R"("scheduledTime":"2026-03-08T12:00:00Z","holder":"{}"}}]}}}})",
                        on, decided, holder_of_second),
            Millis{1}};
  }
  engine::KubeRequest swap(const std::string& annotation) {
    return {{},
            Method::kPatch,
            std::string(kRecords) + "/demo-2",
            fmt::format(R"({{"metadata":{{"resourceVersion":"{}","annotations":{{)"
                        R"("podcron.dev/holder":"{}"}}}}}})",
                        version(Resource::kPodJobs, "demo-2"), annotation),
            Millis{1}};
  }
  void sends(const Candidate& replica, const engine::KubeRequest& request) {
    checker_.on_request(replica, request, server_.store(), Millis{1});
  }
  void lease(const std::string& holder) {
    send(Method::kPost, kLeases,
         fmt::format(R"({{"metadata":{{"name":"podcron","namespace":"podcron"}},"spec":{{)"
                     R"("holderIdentity":"{}"}}}})",
                     holder));
  }
  void settled(const std::vector<Candidate>& replicas) {
    checker_.on_settled_election(replicas, server_.store(), Millis{1});
  }
  void expect_broken(std::string_view invariant) {
    ASSERT_TRUE(checker_.violation()) << "nothing was found";
    EXPECT_EQ(checker_.violation()->invariant, invariant) << checker_.violation()->what;
  }
  void expect_fine() { EXPECT_FALSE(checker_.violation()) << checker_.violation()->what; }

  ApiServer server_{1, [] { return WallMillis{Seconds{1'772'971'200}}; }};
  Ledger ledger_;
  Checker checker_{{}, ledger_};
};

constexpr std::string_view kStandbyStartsNothing = "S18 a standby starts nothing";
constexpr std::string_view kOneLeader = "L7 one leader";

TEST_F(CheckLeading, AStandbyDoesNotClaim) {
  sends(kStandby, status("12:01:00", kOther));
  expect_broken(kStandbyStartsNothing);
}

TEST_F(CheckLeading, AStandbyTakesNoClaimOver) {
  sends(kStandby, status("12:00:00", kMe));
  expect_broken(kStandbyStartsNothing);
}

TEST_F(CheckLeading, AStandbyTakesNoRecordOver) {
  sends(kStandby, swap(std::string(kMe) + "/1"));
  expect_broken(kStandbyStartsNothing);
}

TEST_F(CheckLeading, ALeaderMayDoAllOfThem) {
  sends(kLeader, status("12:01:00", kOther));
  sends(kLeader, status("12:00:00", kMe));
  sends(kLeader, swap(std::string(kMe) + "/1"));
  checker_.on_exec(kLeader, "run/demo-2", Millis{1});
  expect_fine();
}

TEST_F(CheckLeading, AStandbySettlesAndGivesBack) {
  sends(kStandby, status("12:00:00", kOther));  // its own demo-1 has left
  sends(kStandby, swap(""));
  expect_fine();
}

TEST_F(CheckLeading, WhatIsRefusedAsOutOfDateDecidesNothing) {
  sends(kStandby, status("12:01:00", kOther, "1"));
  expect_fine();
}

TEST_F(CheckLeading, ARepetitionOfWhatALeaderSentIsNoNewClaim) {
  const auto claim = status("12:01:00", kOther);
  sends(kLeader, claim);
  sends(kStandby, claim);
  expect_fine();
}

TEST_F(CheckLeading, AStandbyDialsNoRunForTheFirstTime) {
  checker_.on_exec(kLeader, "probe/demo-2", Millis{1});
  checker_.on_exec(kStandby, "run/demo-2", Millis{2});
  expect_broken(kStandbyStartsNothing);
}

TEST_F(CheckLeading, AStandbyFinishesARunOfSeveralPods) {
  checker_.on_exec(kLeader, "run/demo-2", Millis{1});
  checker_.on_exec(kStandby, "probe/demo-2", Millis{2});
  checker_.on_exec(kStandby, "run/demo-2", Millis{2});
  expect_fine();
}

TEST_F(CheckLeading, InTheEndOneLeadsAndTheLeaseNamesIt) {
  lease(kMe);
  settled({kLeader, {kOther, true, false}, {"podcron-2_3", false, true}});
  expect_fine();
}

TEST_F(CheckLeading, TwoLeadersInTheEndAreFound) {
  lease(kMe);
  settled({kLeader, {kOther, true, true}});
  expect_broken(kOneLeader);
}

TEST_F(CheckLeading, NoLeaderInTheEndIsFound) {
  lease(kMe);
  settled({kStandby, {kOther, true, false}});
  expect_broken(kOneLeader);
}

TEST_F(CheckLeading, ALeaseThatNamesAnotherOneIsFound) {
  lease(kOther);
  settled({kLeader});
  expect_broken(kOneLeader);
}

TEST_F(CheckLeading, WhoAsksNobodyMustNotWait) {
  settled({{kMe, false, false}});
  expect_broken(kOneLeader);
}

}  // namespace
}  // namespace podcron::simulation
