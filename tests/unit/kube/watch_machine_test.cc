// Goal: LIST then WATCH survives everything an API server and a network do.
// Method: the machine is driven by hand: poll, items, end; requests are read as text.
#include "kube/watch_machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace podcron::kube {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

Apply pod(std::uint64_t resource_version) {
  api::Pod pod;
  pod.meta.resource_version = resource_version;
  return {pod};
}

Delete gone_pod(std::uint64_t resource_version) { return {pod(resource_version).object}; }

StreamError error(int code, std::string reason = "",
                  std::optional<std::int32_t> retry_after = std::nullopt) {
  api::KubeStatus status;
  status.code = code;
  status.reason = std::move(reason);
  status.retry_after_seconds = retry_after;
  return {status};
}

constexpr StreamEnd kOrderly{true, 200, std::nullopt};
constexpr StreamEnd kBroken{false, 200, std::nullopt};
constexpr StreamEnd kNoAnswer{false, 0, std::nullopt};
StreamEnd refused(int status, std::optional<Millis> retry_after = std::nullopt) {
  return {true, status, retry_after};
}

class WatchMachineTest : public ::testing::Test {
 protected:
  /// The request of now; an empty one when there is none.
  StreamRequest request() { return machine.poll(now).value_or(StreamRequest{}); }
  /// Waits until the machine wants to be polled, then polls it.
  StreamRequest next_request() {
    const auto at = machine.wake_at();
    EXPECT_TRUE(at);
    if (at && *at > now.mono) now.mono = *at;
    const auto made = machine.poll(now);
    EXPECT_TRUE(made);
    return made.value_or(StreamRequest{});
  }
  void pass(Millis time) { now.mono += time; }
  void end(const StreamEnd& how) { machine.on_end(now, how); }
  Millis waits() const { return *machine.wake_at() - now.mono; }
  /// A complete list of one page as of `resource_version`, then an open watch.
  StreamRequest watch_from(std::uint64_t resource_version) {
    next_request();
    machine.on_item(PageEnd{"", resource_version});
    end(kOrderly);
    return next_request();
  }

  Now now{{}, MonoTime{Millis{1000}}};
  WatchMachine machine{{ObjectKind::kPod, "/api/v1/pods", "podcron.dev/serving=true", ""}, 7};
};

TEST_F(WatchMachineTest, TheFirstListIsAPagedQuorumRead) {
  const auto list = request();
  EXPECT_FALSE(list.watch);
  EXPECT_EQ(list.path, "/api/v1/pods?limit=500&labelSelector=podcron.dev%2Fserving%3Dtrue");
  EXPECT_EQ(machine.epoch(), 1u);
  EXPECT_FALSE(machine.synced());
}

TEST_F(WatchMachineTest, OneCallAtATime) {
  request();
  EXPECT_FALSE(machine.poll(now));
  EXPECT_FALSE(machine.wake_at());
}

TEST_F(WatchMachineTest, PagesFollowTheTokenAndOnlyTheLastSweeps) {
  request();
  EXPECT_EQ(machine.on_item(pod(3)), StoreAction::kApply);
  EXPECT_EQ(machine.on_item(PageEnd{"to/ken=", 10}), StoreAction::kNone);
  end(kOrderly);
  EXPECT_FALSE(machine.synced());
  const auto second = request();
  EXPECT_THAT(second.path, HasSubstr("limit=500"));
  EXPECT_THAT(second.path, HasSubstr("&continue=to%2Fken%3D"));
  EXPECT_THAT(second.path, Not(HasSubstr("resourceVersion")));
  EXPECT_EQ(machine.on_item(PageEnd{"", 10}), StoreAction::kSweep);
  EXPECT_TRUE(machine.synced());
  EXPECT_EQ(machine.epoch(), 1u);
}

TEST_F(WatchMachineTest, TheWatchBeginsWhereTheListEnded) {
  const auto watch = watch_from(10);
  EXPECT_TRUE(watch.watch);
  EXPECT_THAT(watch.path, StartsWith("/api/v1/pods?watch=true&allowWatchBookmarks=true"));
  EXPECT_THAT(watch.path, HasSubstr("&resourceVersion=10&"));
  EXPECT_THAT(watch.path, HasSubstr("&labelSelector="));
  EXPECT_EQ(machine.relists(), 0u);
}

TEST_F(WatchMachineTest, ANewSelectorIsAFreshListOfAnotherEpoch) {
  watch_from(10);
  machine.retarget("app=cart");
  EXPECT_FALSE(machine.synced());
  const auto list = request();
  EXPECT_EQ(list.path, "/api/v1/pods?limit=500&labelSelector=app%3Dcart") << "a quorum read";
  EXPECT_EQ(machine.epoch(), 2u);
  EXPECT_EQ(machine.on_item(PageEnd{"", 12}), StoreAction::kSweep);
  EXPECT_TRUE(machine.synced());
  end(kOrderly);
  EXPECT_THAT(request().path, HasSubstr("&labelSelector=app%3Dcart"));
}

TEST_F(WatchMachineTest, ANewSelectorInTheMidstOfAListForgetsItsToken) {
  request();
  machine.on_item(PageEnd{"token", 10});
  machine.retarget("app=cart");
  EXPECT_THAT(request().path, Not(HasSubstr("continue")));
  EXPECT_EQ(machine.epoch(), 2u);
}

TEST_F(WatchMachineTest, TheServersTimeIsRandomAndOursIsLonger) {
  std::vector<std::int64_t> seen;
  auto watch = watch_from(10);
  for (int i = 0; i < 20; ++i) {
    const auto at = watch.path.find("timeoutSeconds=");
    ASSERT_NE(at, std::string::npos);
    const std::int64_t seconds = std::stoll(watch.path.substr(at + 15));
    EXPECT_GE(seconds, 300);
    EXPECT_LE(seconds, 600);
    EXPECT_GT(watch.inactivity_timeout, Seconds{seconds});
    seen.push_back(seconds);
    pass(Seconds{seconds});
    end(kOrderly);
    watch = request();
  }
  std::sort(seen.begin(), seen.end());
  EXPECT_GT(std::unique(seen.begin(), seen.end()) - seen.begin(), 10);
}

TEST_F(WatchMachineTest, TheWatchResumesAtTheLastThingSeen) {
  watch_from(10);
  EXPECT_EQ(machine.on_item(pod(12)), StoreAction::kApply);
  end(kOrderly);
  EXPECT_THAT(request().path, HasSubstr("&resourceVersion=12&"));
  EXPECT_EQ(machine.on_item(gone_pod(15)), StoreAction::kDelete);
  end(kOrderly);
  EXPECT_THAT(request().path, HasSubstr("&resourceVersion=15&"));
  EXPECT_EQ(machine.on_item(Bookmark{20}), StoreAction::kNone);
  end(kOrderly);
  EXPECT_THAT(request().path, HasSubstr("&resourceVersion=20&"));
}

TEST_F(WatchMachineTest, ItNeverResumesEarlierThanItHasSeen) {
  watch_from(10);
  machine.on_item(pod(12));
  machine.on_item(Bookmark{11});
  end(kOrderly);
  EXPECT_THAT(request().path, HasSubstr("&resourceVersion=12&"));
}

TEST_F(WatchMachineTest, ItemsOfAListDoNotMoveTheWatch) {
  request();
  machine.on_item(pod(99));
  machine.on_item(PageEnd{"", 50});
  end(kOrderly);
  EXPECT_THAT(request().path, HasSubstr("&resourceVersion=50&"));
}

TEST_F(WatchMachineTest, AWatchThatEndsInOrderResumesAtOnce) {
  watch_from(10);
  pass(Seconds{400});
  end(kOrderly);
  EXPECT_EQ(waits(), Millis{0});
}

TEST_F(WatchMachineTest, AWatchUnderOneSecondWithoutItemsIsAFailure) {
  watch_from(10);
  pass(Millis{999});
  end(kOrderly);
  EXPECT_GE(waits(), Millis{800});
  next_request();
  machine.on_item(Bookmark{11});
  end(kOrderly);
  EXPECT_EQ(waits(), Millis{0});
}

TEST_F(WatchMachineTest, LinesThatAreNoObjectsAreNoHealth) {
  watch_from(10);
  machine.on_item(Undecodable{"", "not JSON"});
  end(kOrderly);
  EXPECT_GE(waits(), Millis{800});
}

TEST_F(WatchMachineTest, AGoneWatchRelistsNotOlderThanItHasSeen) {
  for (const bool inside : {false, true}) {
    const auto relists = machine.relists();
    const auto epoch = machine.epoch();
    watch_from(10);
    machine.on_item(pod(12));
    if (inside) machine.on_item(error(410, "Expired"));
    end(inside ? kOrderly : refused(410));
    EXPECT_GE(waits(), Millis{800});
    const auto list = next_request();
    EXPECT_FALSE(list.watch);
    EXPECT_THAT(list.path, HasSubstr("&resourceVersion=12&resourceVersionMatch=NotOlderThan"));
    EXPECT_THAT(list.path, HasSubstr("limit=500"));
    EXPECT_EQ(machine.relists(), relists + 1);
    EXPECT_EQ(machine.epoch(), epoch + 2);
    EXPECT_TRUE(machine.synced());
    machine.on_item(PageEnd{"", 20});
    end(kOrderly);
    next_request();
    end(refused(410));
  }
}

TEST_F(WatchMachineTest, AnErrorInsideTheStreamResumesWithBackOff) {
  watch_from(10);
  machine.on_item(pod(12));
  EXPECT_EQ(machine.on_item(error(500, "InternalError")), StoreAction::kNone);
  end(kOrderly);
  EXPECT_GE(waits(), Millis{800});
  EXPECT_THAT(next_request().path, HasSubstr("watch=true"));
}

TEST_F(WatchMachineTest, AnErrorWithoutACodeIsAnErrorToo) {
  watch_from(10);
  pass(Seconds{5});
  machine.on_item(error(0));
  end(kOrderly);
  EXPECT_GE(waits(), Millis{800});
}

TEST_F(WatchMachineTest, AGonePageRestartsTheListWithoutAToken) {
  for (const bool inside : {false, true}) {
    WatchMachine fresh({ObjectKind::kPod, "/api/v1/pods", "", ""}, 7);
    machine = std::move(fresh);
    request();
    machine.on_item(pod(1));
    machine.on_item(PageEnd{"token", 10});
    end(kOrderly);
    request();
    if (inside) machine.on_item(error(410));
    end(inside ? kOrderly : refused(410));
    EXPECT_GE(waits(), Millis{800});
    EXPECT_EQ(next_request().path, "/api/v1/pods?limit=500");
    EXPECT_EQ(machine.epoch(), 2u);
  }
}

TEST_F(WatchMachineTest, ARefusedTokenRestartsTheList) {
  request();
  machine.on_item(PageEnd{"token", 10});
  end(kOrderly);
  request();
  end(refused(400));
  EXPECT_THAT(next_request().path, Not(HasSubstr("continue")));
}

TEST_F(WatchMachineTest, APageThatOtherwiseFailsIsAskedForAgain) {
  request();
  machine.on_item(PageEnd{"token", 10});
  end(kOrderly);
  for (const auto& how : {kBroken, kNoAnswer, refused(500), refused(429), kOrderly}) {
    request();
    machine.on_item(pod(5));
    end(how);
    EXPECT_GE(waits(), Millis{800});
    EXPECT_THAT(next_request().path, HasSubstr("continue=token"));
    EXPECT_EQ(machine.epoch(), 1u);
    end(kBroken);
    next_request();
    end(kNoAnswer);
    now.mono = *machine.wake_at();
  }
}

TEST_F(WatchMachineTest, AFirstPageCutShortCountsForNothing) {
  // What it marked may be gone when it is asked for again: only a new epoch sweeps it.
  request();
  machine.on_item(pod(5));
  end(kBroken);
  EXPECT_FALSE(machine.synced());
  next_request();
  EXPECT_EQ(machine.epoch(), 2u);
  EXPECT_EQ(machine.relists(), 0u);
}

TEST_F(WatchMachineTest, AListThatCannotBeHadAsOfOurVersionBecomesAQuorumRead) {
  watch_from(10);
  end(refused(410));
  EXPECT_THAT(next_request().path, HasSubstr("NotOlderThan"));
  machine.on_item(error(504, "Timeout"));
  end(refused(504));
  EXPECT_THAT(next_request().path, Not(HasSubstr("resourceVersion")));
  machine.on_item(PageEnd{"", 8});
  end(kOrderly);
  EXPECT_THAT(next_request().path, HasSubstr("&resourceVersion=8&"));
  end(refused(410));
  EXPECT_THAT(next_request().path, HasSubstr("resourceVersion=8&resourceVersionMatch"));
}

TEST_F(WatchMachineTest, FiveFruitlessWatchesRelistFromAQuorum) {
  watch_from(10);
  for (int i = 0; i < 4; ++i) {
    end(refused(400));
    EXPECT_TRUE(next_request().watch) << i;
  }
  end(refused(400));
  const auto list = next_request();
  EXPECT_FALSE(list.watch);
  EXPECT_THAT(list.path, Not(HasSubstr("resourceVersion")));
  EXPECT_EQ(machine.relists(), 1u);
}

TEST_F(WatchMachineTest, AnOverloadedOrUnreachableServerIsNotListed) {
  watch_from(10);
  for (const auto& how : {refused(429), refused(503), kNoAnswer}) {
    for (int i = 0; i < 10; ++i) {
      end(how);
      EXPECT_TRUE(next_request().watch);
    }
  }
}

TEST_F(WatchMachineTest, BackOffDoublesToThirtySecondsWithJitter) {
  request();
  Millis expected{800};
  bool jittered = false;
  for (int i = 0; i < 10; ++i) {
    end(kNoAnswer);
    EXPECT_GE(waits(), expected);
    EXPECT_LE(waits(), expected * 3 / 2);
    jittered = jittered || waits() != expected;
    EXPECT_FALSE(machine.poll(now));
    next_request();
    expected = std::min(2 * expected, Millis{30'000});
  }
  EXPECT_TRUE(jittered);
}

TEST_F(WatchMachineTest, TwoMinutesOfHealthForgetTheBackOff) {
  watch_from(10);
  for (int i = 0; i < 6; ++i) {
    end(kNoAnswer);
    next_request();
  }
  machine.on_item(Bookmark{11});
  pass(Seconds{119});
  end(kBroken);
  EXPECT_GE(waits(), Millis{30'000});
  next_request();
  machine.on_item(Bookmark{12});
  pass(Seconds{120});
  end(kBroken);
  EXPECT_LE(waits(), Millis{1200});
}

TEST_F(WatchMachineTest, AHangingRequestIsNoHealth) {
  request();
  for (int i = 0; i < 5; ++i) {
    pass(Seconds{150});
    end(kNoAnswer);
    next_request();
  }
  pass(Seconds{150});
  end(kNoAnswer);
  EXPECT_GE(waits(), Millis{25'600});
}

TEST_F(WatchMachineTest, RetryAfterIsHonoured) {
  request();
  end(refused(429, Millis{7000}));
  EXPECT_GE(waits(), Millis{7000});
  EXPECT_LE(waits(), Millis{7400});
  next_request();
  machine.on_item(error(429, "TooManyRequests", 9));
  end(refused(429));
  EXPECT_GE(waits(), Millis{9000});
  next_request();
  end(refused(503, Seconds{1'000'000}));
  EXPECT_LE(waits(), Millis{330'000});
}

TEST_F(WatchMachineTest, AShortRetryAfterDoesNotShortenTheBackOff) {
  request();
  end(refused(429, Millis{0}));
  EXPECT_GE(waits(), Millis{800});
}

TEST_F(WatchMachineTest, SameSeedSameTimes) {
  WatchMachine other({ObjectKind::kPod, "/api/v1/pods", "podcron.dev/serving=true", ""}, 7);
  for (int i = 0; i < 5; ++i) {
    now.mono = *machine.wake_at() + Millis{1};
    EXPECT_TRUE(machine.poll(now));
    EXPECT_TRUE(other.poll(now));
    machine.on_end(now, kNoAnswer);
    other.on_end(now, kNoAnswer);
    EXPECT_EQ(machine.wake_at(), other.wake_at());
  }
}

TEST_F(WatchMachineTest, ObjectsThatCannotBeReadAreLeftOut) {
  request();
  EXPECT_EQ(machine.on_item(Undecodable{"shop/x", "bad"}), StoreAction::kNone);
  EXPECT_EQ(machine.on_item(PageEnd{"", 10}), StoreAction::kSweep);
}

TEST_F(WatchMachineTest, WhatHasNoPlaceInAListChangesNothing) {
  request();
  EXPECT_EQ(machine.on_item(gone_pod(3)), StoreAction::kNone);
  EXPECT_EQ(machine.on_item(Bookmark{3}), StoreAction::kNone);
  EXPECT_EQ(machine.on_item(PageEnd{"", 10}), StoreAction::kSweep);
  EXPECT_EQ(machine.on_item(PageEnd{"", 11}), StoreAction::kNone);
}

TEST_F(WatchMachineTest, FieldSelectorsAreEncoded) {
  machine = WatchMachine({ObjectKind::kLease, "/x", "", "metadata.name=a b"}, 1);
  EXPECT_EQ(request().path, "/x?limit=500&fieldSelector=metadata.name%3Da%20b");
}

}  // namespace
}  // namespace podcron::kube
