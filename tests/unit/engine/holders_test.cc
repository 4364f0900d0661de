// Goal: a holder is gone only after its Lease stood still for the whole duration, on our clock.
#include "engine/holders.h"

#include <gtest/gtest.h>

namespace podcron::engine {
namespace {

Now at(int seconds) { return {WallMillis{Seconds{seconds}}, MonoTime{Seconds{seconds}}}; }

api::Lease lease(const std::string& holder, std::uint64_t version) {
  api::Lease l;
  l.meta.name = "podcron-holder-" + holder;
  l.meta.resource_version = version;
  l.holder_identity = holder;
  return l;
}

Holders make() { return Holders({"podcron", "me_1", Seconds{15}, Seconds{5}}); }

TEST(Holders, AnUnseenHolderIsGivenTheWholeDuration) {
  Holders holders = make();
  EXPECT_FALSE(holders.gone(at(100), "other_2"));
  EXPECT_FALSE(holders.gone(at(114), "other_2"));
  EXPECT_TRUE(holders.gone(at(115), "other_2"));
}

TEST(Holders, ARenewedLeaseIsAliveWhateverItsOwnTimesSay) {
  Holders holders = make();
  holders.apply(at(0), lease("other_2", 1), 1);
  holders.apply(at(14), lease("other_2", 2), 1);
  EXPECT_FALSE(holders.gone(at(28), "other_2"));
  EXPECT_TRUE(holders.gone(at(29), "other_2"));
  holders.apply(at(30), lease("other_2", 3), 1);
  EXPECT_FALSE(holders.gone(at(31), "other_2")) << "it came back";
}

TEST(Holders, ARelistThatShowsTheSameVersionIsNoSignOfLife) {
  Holders holders = make();
  holders.apply(at(0), lease("other_2", 1), 1);
  holders.apply(at(10), lease("other_2", 1), 2);
  EXPECT_TRUE(holders.gone(at(15), "other_2"));
}

TEST(Holders, ADeletedLeaseStartsTheClock) {
  Holders holders = make();
  holders.apply(at(0), lease("other_2", 1), 1);
  holders.apply(at(10), lease("other_2", 2), 1);
  holders.erase(at(12), lease("other_2", 2));
  EXPECT_FALSE(holders.gone(at(26), "other_2"));
  EXPECT_TRUE(holders.gone(at(27), "other_2"));
}

TEST(Holders, WeAreNeverGoneToOurselves) {
  Holders holders = make();
  EXPECT_FALSE(holders.gone(at(1000), "me_1"));
}

TEST(Holders, OurLeaseIsCreatedThenRenewed) {
  Holders holders = make();
  auto call = holders.poll(at(0));
  ASSERT_TRUE(call.has_value());
  EXPECT_EQ(call->method, Method::kPost);
  EXPECT_FALSE(holders.poll(at(0)).has_value()) << "one at a time";
  KubeReply created;
  created.http_status = 201;
  created.body = R"({"metadata":{"name":"podcron-holder-x","namespace":"podcron",)"
                 R"("uid":"0f8fad5b-d9cb-469f-a165-70867728950e","resourceVersion":"7"},)"
                 R"("spec":{"holderIdentity":"me_1"}})";
  holders.on_answer(at(0), created);
  EXPECT_TRUE(holders.held({WallMillis{}, at(14).mono}));
  EXPECT_FALSE(holders.held({WallMillis{}, at(15).mono})) << "not renewed in time";
  EXPECT_FALSE(holders.poll(at(4)).has_value());
  call = holders.poll(at(5));
  ASSERT_TRUE(call.has_value());
  EXPECT_EQ(call->method, Method::kPut);
}

}  // namespace
}  // namespace podcron::engine
