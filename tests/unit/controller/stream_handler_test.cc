// Goal: bytes of a stream become batches of bounded size and then one end, with what the head said.
#include "controller/handlers/stream.h"

#include <gtest/gtest.h>

#include <string>

#include <fmt/format.h>

namespace podcron::handlers {
namespace {

/// Keeps the sink, so that the test plays the server.
class HeldTransport final : public net::StreamTransport {
 public:
  void open(net::CallId, net::StreamCall, std::shared_ptr<net::StreamSink> opened) override {
    sink = std::move(opened);
  }
  void cancel(net::CallId) override {}
  void cancel_all() override {}
  std::size_t open_count() const override { return 0; }
  std::shared_ptr<net::StreamSink> sink;
};

std::string lease_event(int number) {
  return fmt::format(
      "{{\"type\":\"ADDED\",\"object\":{{\"apiVersion\":\"coordination.k8s.io/v1\","
      "\"kind\":\"Lease\",\"metadata\":{{\"name\":\"l{0}\",\"namespace\":\"n\","
      "\"uid\":\"00000000-0000-0000-0000-{0:012}\",\"resourceVersion\":\"{1}\"}},"
      "\"spec\":{{}}}}}}\n",
      number, number + 1);
}

class StreamHandlerTest : public ::testing::Test {
 protected:
  StreamHandlerTest() {
    engine::OpenStream effect;
    effect.id = {9};
    effect.kind = kube::ObjectKind::kLease;
    effect.watch = true;
    perform(std::move(effect), transport_, mailbox_);
  }
  std::vector<loop::Mailbox::Letter> letters() {
    std::vector<loop::Mailbox::Letter> result;
    mailbox_->take(result);
    return result;
  }
  HeldTransport transport_;
  std::shared_ptr<loop::Mailbox> mailbox_ = std::make_shared<loop::Mailbox>();
};

TEST_F(StreamHandlerTest, ManyEventsAtOnceAreSplitIntoBatchesInOrder) {
  std::string bytes;
  constexpr std::size_t kCount = 2 * engine::kStreamBatchItemsMax + 10;
  for (std::size_t i = 0; i < kCount; ++i) bytes += lease_event(static_cast<int>(i));
  transport_.sink->head({200, {}, {}});
  transport_.sink->body(bytes);
  std::size_t items = 0;
  std::size_t cost = 0;
  for (const auto& letter : letters()) {
    const auto& batch = std::get<engine::StreamBatch>(letter.input);
    EXPECT_EQ(batch.id.value, 9U);
    EXPECT_LE(batch.items.size(), engine::kStreamBatchItemsMax);
    items += batch.items.size();
    cost += letter.stream_bytes;
  }
  EXPECT_EQ(items, kCount);
  EXPECT_GE(cost, bytes.size());
}

TEST_F(StreamHandlerTest, AnEventIsPostedAsSoonAsItIsWhole) {
  const std::string event = lease_event(1);
  transport_.sink->head({200, {}, {}});
  EXPECT_EQ(letters().size(), 1U) << "that it was granted";
  transport_.sink->body(event.substr(0, 50));
  EXPECT_TRUE(letters().empty());
  transport_.sink->body(event.substr(50));
  EXPECT_EQ(letters().size(), 1U);
}

TEST_F(StreamHandlerTest, ARefusalIsToldByItsOwnWords) {
  transport_.sink->head({403, {}, {}});
  transport_.sink->body(R"({"kind":"Status","apiVersion":"v1","status":"Failure",)");
  transport_.sink->body(R"("message":"leases is forbidden","reason":"Forbidden","code":403})");
  transport_.sink->done(true, "");
  const auto all = letters();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(std::get<engine::StreamEnded>(all[0].input).error, "leases is forbidden");
}

TEST_F(StreamHandlerTest, ARefusalThatIsNoStatusIsKeptShort) {
  transport_.sink->head({502, {}, {}});
  for (int i = 0; i < 100; ++i) transport_.sink->body("<html>bad gateway</html>");
  transport_.sink->done(true, "");
  const auto all = letters();
  ASSERT_EQ(all.size(), 1U);
  const auto& error = std::get<engine::StreamEnded>(all[0].input).error;
  EXPECT_TRUE(error.starts_with("<html>bad gateway"));
  EXPECT_LE(error.size(), 1024U);
}

TEST_F(StreamHandlerTest, TheEndCarriesWhatTheHeadSaid) {
  transport_.sink->head({429, WallTime(Seconds(5)), Millis(3000)});
  transport_.sink->done(false, "cut");
  const auto all = letters();
  ASSERT_EQ(all.size(), 1U);
  const auto& ended = std::get<engine::StreamEnded>(all[0].input);
  EXPECT_EQ(ended.http_status, 429);
  EXPECT_EQ(ended.retry_after, Millis(3000));
  EXPECT_EQ(ended.date, WallTime(Seconds(5)));
  EXPECT_FALSE(ended.orderly);
  EXPECT_EQ(ended.error, "cut");
}

}  // namespace
}  // namespace podcron::handlers
