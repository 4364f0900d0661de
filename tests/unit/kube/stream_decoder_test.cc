// Goal: bytes of a LIST or a WATCH become items, one bad object never stops the others.
// Method: bodies as the API server sends them, whole and cut at random.
#include "kube/stream_decoder.h"

#include <gtest/gtest.h>

#include "base/prng.h"
#include "unit/api/objects.h"

namespace podcron::kube {
namespace {

using api::testing::kPod;
using api::testing::with;

std::string on_one_line(std::string_view json) {
  std::string line;
  for (const char c : json) {
    if (c != '\n') line += c;
  }
  return line;
}

std::string pod_named(std::string_view name) {
  return with(on_one_line(kPod), "shop-7c9d-4xk2p", name);
}

std::string list_of(std::string_view items, std::string_view metadata) {
  return R"({"kind":"PodList","apiVersion":"v1","metadata":)" + std::string(metadata) +
         R"(,"items":[)" + std::string(items) + "]}\n";
}

std::string event(std::string_view type, std::string_view object) {
  return R"({"type":")" + std::string(type) + R"(","object":)" + std::string(object) + "}\n";
}

std::vector<StreamItem> decode(ObjectKind kind, bool watch, std::string_view bytes,
                               std::size_t piece = std::string_view::npos) {
  StreamDecoder decoder(kind, watch);
  std::vector<StreamItem> items;
  while (!bytes.empty()) {
    decoder.feed(bytes.substr(0, piece), items);
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
  decoder.finish(items);
  return items;
}

std::vector<StreamItem> decode_list(std::string_view bytes) {
  return decode(ObjectKind::kPod, false, bytes);
}

std::vector<StreamItem> decode_watch(std::string_view bytes) {
  return decode(ObjectKind::kPod, true, bytes);
}

/// What an item says, in a word or two.
std::string said(const StreamItem& item) {
  struct {
    std::string name(const Object& object) const {
      return std::visit([](const auto& one) { return one.meta.name; }, object);
    }
    std::string operator()(const Apply& apply) const { return "apply " + name(apply.object); }
    std::string operator()(const Delete& gone) const { return "delete " + name(gone.object); }
    std::string operator()(const Bookmark& mark) const {
      return "bookmark " + std::to_string(mark.resource_version);
    }
    std::string operator()(const PageEnd& end) const {
      return "page end " + end.continue_token + " " + std::to_string(end.resource_version);
    }
    std::string operator()(const StreamError& error) const {
      return "error " + std::to_string(error.status.code) + " " + error.status.reason;
    }
    std::string operator()(const Undecodable& bad) const {
      return "undecodable " + bad.name + " " + bad.error;
    }
  } words;
  return std::visit(words, item);
}

std::vector<std::string> said(const std::vector<StreamItem>& items) {
  std::vector<std::string> all;
  for (const auto& item : items) all.push_back(said(item));
  return all;
}

using Words = std::vector<std::string>;

TEST(StreamDecoderList, ItemsThenTheEndOfThePage) {
  const auto metadata = R"({"resourceVersion":"77","continue":"tok=","remainingItemCount":3})";
  EXPECT_EQ(said(decode_list(list_of(pod_named("a") + "," + pod_named("b"), metadata))),
            (Words{"apply a", "apply b", "page end tok= 77"}));
}

TEST(StreamDecoderList, MetadataMayStandBehindTheItems) {
  const std::string text =
      R"({"items":[)" + pod_named("a") + R"(],"metadata":{"resourceVersion":"77"}})";
  EXPECT_EQ(said(decode_list(text)), (Words{"apply a", "page end  77"}));
}

TEST(StreamDecoderList, AnEmptyListHasAnEnd) {
  EXPECT_EQ(said(decode_list(list_of("", R"({"resourceVersion":"5"})"))), (Words{"page end  5"}));
  EXPECT_EQ(said(decode_list(R"({"metadata":{"resourceVersion":"5"},"items":null})")),
            (Words{"page end  5"}));
}

TEST(StreamDecoderList, OneBadItemDoesNotStopTheOthers) {
  const auto bad = with(pod_named("bad"), R"("Running")", "7");
  const std::string items =
      pod_named("a") + "," + bad + R"(,{"metadata":},7,"x",null,{"a" 1},)" + pod_named("b");
  const auto found = said(decode_list(list_of(items, R"({"resourceVersion":"5"})")));
  ASSERT_EQ(found.size(), 9u);
  EXPECT_EQ(found[0], "apply a");
  EXPECT_EQ(found[1], "undecodable shop/bad status.phase: got 7, wanted a string");
  EXPECT_EQ(found[2].substr(0, 21), "undecodable  not JSON");
  EXPECT_EQ(found[3], "undecodable  got 7, wanted an object");
  EXPECT_EQ(found[4], "undecodable  got \"x\", wanted an object");
  EXPECT_EQ(found[5], "undecodable  got null, wanted an object");
  EXPECT_EQ(found[6].substr(0, 21), "undecodable  not JSON");
  EXPECT_EQ(found[7], "apply b");
  EXPECT_EQ(found[8], "page end  5");
}

TEST(StreamDecoderList, AListCutShortHasNoPageEnd) {
  const auto text = list_of(pod_named("a"), R"({"resourceVersion":"5"})");
  for (std::size_t size = 0; size + 2 < text.size(); size += 7) {
    for (const auto& item : decode_list(text.substr(0, size))) {
      EXPECT_FALSE(std::holds_alternative<PageEnd>(item)) << size;
    }
  }
}

TEST(StreamDecoderList, AListWithoutAVersionHasNoPageEnd) {
  EXPECT_EQ(said(decode_list(list_of("", "{}"))),
            (Words{"undecodable  list: metadata.resourceVersion: missing"}));
  EXPECT_EQ(said(decode_list(list_of("", R"({"resourceVersion":"x"})"))),
            (Words{"undecodable  list: metadata.resourceVersion: got \"x\", wanted a number in "
                   "quotes"}));
}

TEST(StreamDecoderList, ARefusedListIsAnError) {
  EXPECT_EQ(said(decode_list(R"({"kind":"Status","apiVersion":"v1","metadata":{},
      "status":"Failure","message":"The provided continue parameter is too old",
      "reason":"Expired","code":410})")),
            (Words{"error 410 Expired"}));
}

TEST(StreamDecoderList, AnObjectLargerThanTheBoundIsSkipped) {
  const auto huge =
      with(pod_named("huge"), R"("note": ")", R"("note": ")" + std::string(kObjectBytesMax, 'x'));
  const auto items =
      said(decode(ObjectKind::kPod, false,
                  list_of(huge + "," + pod_named("a"), R"({"resourceVersion":"5"})"), 100'000));
  EXPECT_EQ(items,
            (Words{"undecodable  larger than 8388608 bytes, skipped", "apply a", "page end  5"}));
}

TEST(StreamDecoderWatch, EachEventIsOneItem) {
  const auto text = event("ADDED", pod_named("a")) + event("MODIFIED", pod_named("b")) +
                    event("DELETED", pod_named("c")) +
                    event("BOOKMARK", R"({"kind":"Pod","apiVersion":"v1","metadata":{)"
                                      R"("resourceVersion":"900","creationTimestamp":null},)"
                                      R"("spec":{"containers":null},"status":{}})") +
                    event("ERROR", R"({"kind":"Status","apiVersion":"v1","metadata":{},)"
                                   R"("status":"Failure","message":"too old resource version",)"
                                   R"("reason":"Expired","code":410})");
  EXPECT_EQ(said(decode_watch(text)),
            (Words{"apply a", "apply b", "delete c", "bookmark 900", "error 410 Expired"}));
}

TEST(StreamDecoderWatch, TheObjectMayStandBeforeItsType) {
  EXPECT_EQ(said(decode_watch(R"({"object":)" + pod_named("a") + R"(,"type":"ADDED"})")),
            (Words{"apply a"}));
}

TEST(StreamDecoderWatch, OneBadLineDoesNotStopTheOthers) {
  const auto found = said(decode_watch("<html>\n" + event("ADDED", "7") + event("BOOKMARK", "{}") +
                                       event("SPARKLED", pod_named("x")) + "{}\n" +
                                       event("ADDED", with(pod_named("bad"), R"("Running")", "7")) +
                                       event("ADDED", pod_named("a"))));
  ASSERT_EQ(found.size(), 7u);
  EXPECT_EQ(found[0].substr(0, 21), "undecodable  not JSON");
  EXPECT_EQ(found[1], "undecodable  got 7, wanted an object");
  EXPECT_EQ(found[2], "undecodable  bookmark: metadata.resourceVersion: missing");
  EXPECT_EQ(found[3], "undecodable shop/x type: got \"SPARKLED\", which is no watch event");
  EXPECT_EQ(found[4], "undecodable  not a watch event: type or object is missing");
  EXPECT_EQ(found[5], "undecodable shop/bad status.phase: got 7, wanted a string");
  EXPECT_EQ(found[6], "apply a");
}

TEST(StreamDecoderWatch, ARefusedWatchIsAnError) {
  // With and without the newline at its end.
  const std::string status =
      R"({"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403})";
  EXPECT_EQ(said(decode_watch(status)), (Words{"error 403 Forbidden"}));
  EXPECT_EQ(said(decode_watch(status + "\n")), (Words{"error 403 Forbidden"}));
}

TEST(StreamDecoderWatch, AnErrorThatCannotBeReadIsStillAnError) {
  const auto items = decode_watch(event("ERROR", R"({"kind":"Other"})"));
  ASSERT_EQ(items.size(), 1u);
  ASSERT_TRUE(std::holds_alternative<StreamError>(items[0]));
  EXPECT_FALSE(std::get<StreamError>(items[0]).status.message.empty());
}

TEST(StreamDecoderWatch, ALineCutOffByTheEndIsReported) {
  const auto text = event("ADDED", pod_named("a")) + R"({"type":"ADDED","obj)";
  const auto found = said(decode_watch(text));
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[1].substr(0, 21), "undecodable  not JSON");
}

TEST(StreamDecoder, EveryKindIsRead) {
  const std::string meta = R"({"metadata":{"name":"x","namespace":"n","resourceVersion":"3",)"
                           R"("uid":"0b9ff3a0-7f0e-4c50-9d0b-2c1a4ff7d111"},"spec":{}})";
  for (const auto kind :
       {ObjectKind::kPod, ObjectKind::kReplicaSet, ObjectKind::kStatefulSet, ObjectKind::kDaemonSet,
        ObjectKind::kDeployment, ObjectKind::kControllerRevision, ObjectKind::kLease}) {
    EXPECT_EQ(said(decode(kind, true, event("ADDED", meta))), (Words{"apply x"}));
  }
  EXPECT_EQ(said(decode(ObjectKind::kPodCronJob, true,
                        event("ADDED", on_one_line(api::testing::kPodCronJob)))),
            (Words{"apply nightly-digest"}));
  EXPECT_EQ(
      said(decode(ObjectKind::kPodJob, true, event("ADDED", on_one_line(api::testing::kPodJob)))),
      (Words{"apply nightly-digest-1772996400-k7x2p"}));
  const auto items = decode(ObjectKind::kDaemonSet, true, event("ADDED", meta));
  EXPECT_EQ(std::get<api::Workload>(std::get<Apply>(items[0]).object).kind, "DaemonSet");
}

TEST(StreamDecoder, ANamespaceIsSuspendedByTheWordTrueAlone) {
  const auto suspended = [](const std::string& annotations) {
    const auto items = decode(ObjectKind::kNamespace, true,
                              event("ADDED", R"({"metadata":{"name":"shop","resourceVersion":"3",)"
                                             R"("uid":"0b9ff3a0-7f0e-4c50-9d0b-2c1a4ff7d111")" +
                                                 annotations + "}}"));
    return std::get<api::Namespace>(std::get<Apply>(items.at(0)).object).suspended;
  };
  EXPECT_FALSE(suspended(""));
  EXPECT_TRUE(suspended(R"(,"annotations":{"podcron.dev/suspend":"true"})"));
  EXPECT_FALSE(suspended(R"(,"annotations":{"podcron.dev/suspend":"false"})"));
  EXPECT_FALSE(suspended(R"(,"annotations":{"podcron.dev/suspend":"yes"})"));
}

TEST(StreamDecoder, AnEndpointIsAPodByUidThatServesUnlessItIsSaidNot) {
  const std::string uid = R"("uid":"0b9ff3a0-7f0e-4c50-9d0b-2c1a4ff7d11)";
  const std::string meta = R"({"metadata":{"name":"web-abc12","namespace":"shop",)"
                           R"("resourceVersion":"3",)" +
                           uid + R"(1","labels":{"kubernetes.io/service-name":"web"}},)";
  const auto slice_with = [&](const std::string& endpoints) {
    const auto items = decode(ObjectKind::kEndpointSlice, true,
                              event("ADDED", meta + R"("endpoints":)" + endpoints + "}"));
    return std::get<api::EndpointSlice>(std::get<Apply>(items.at(0)).object);
  };
  const std::string pod = R"("targetRef":{"kind":"Pod","name":"web-0",)" + uid + R"(2"})";
  const api::EndpointSlice slice = slice_with(
      "[{" + pod + R"(},{"conditions":{"ready":true,"serving":false,"terminating":true},)" + pod +
      R"(},{"conditions":{"ready":true,"serving":null},)" + pod + "}]");
  EXPECT_EQ(slice.service, "web");
  EXPECT_EQ(slice.meta.namespace_, "shop");
  const Uid web = *Uid::parse("0b9ff3a0-7f0e-4c50-9d0b-2c1a4ff7d112");
  EXPECT_EQ(slice.endpoints, (std::vector<api::Endpoint>{
                                 {web, true, false}, {web, false, true}, {web, true, false}}));
  // An address alone, a node, and what somebody wrote by hand are no pods.
  EXPECT_TRUE(
      slice_with(R"([{"addresses":["10.0.0.1"]},{"targetRef":{"kind":"Node",)" + uid +
                 R"(2"}},{"targetRef":{"kind":"Pod","uid":"x"}},{"targetRef":{"kind":"Pod"}}])")
          .endpoints.empty());
  EXPECT_TRUE(slice_with("null").endpoints.empty());
}

TEST(StreamDecoder, HowBytesAreCutNeverMatters) {
  Prng prng(1);
  std::string items;
  std::string events;
  for (int i = 0; i < 20; ++i) {
    const auto pod = with(pod_named("pod-" + std::to_string(i)), R"("note": ")",
                          R"("note": "\\)" + std::string(prng.below(300), '{'));
    items += (i == 0 ? "" : ",") + pod;
    events += event("ADDED", pod);
  }
  const auto list = list_of(items, R"({"resourceVersion":"5"})");
  for (const bool watch : {false, true}) {
    const auto& text = watch ? events : list;
    const auto whole = said(decode(ObjectKind::kPod, watch, text));
    EXPECT_EQ(whole.size(), watch ? 20u : 21u);
    for (const std::size_t piece : {1u, 13u, 64u, 1000u, 4096u}) {
      EXPECT_EQ(said(decode(ObjectKind::kPod, watch, text, piece)), whole);
    }
  }
}

TEST(StreamDecoder, NoBytesStopIt) {
  Prng prng(2);
  const auto list = list_of(pod_named("a") + "," + pod_named("b"), R"({"resourceVersion":"5"})");
  const auto events = event("ADDED", pod_named("a")) + event("DELETED", pod_named("b"));
  for (int round = 0; round < 1500; ++round) {
    const bool watch = prng.chance(500);
    std::string text = watch ? events : list;
    for (auto left = 1 + prng.below(4); left > 0; --left) {
      const auto at = prng.below(text.size());
      prng.chance(500) ? void(text[at] = static_cast<char>(prng.below(256)))
                       : void(text.erase(at, prng.below(50)));
    }
    const auto items = decode(ObjectKind::kPod, watch, text, 1 + prng.below(1000));
    EXPECT_LE(items.size(), text.size());
  }
}

}  // namespace
}  // namespace podcron::kube
