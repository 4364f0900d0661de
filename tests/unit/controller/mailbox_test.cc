// Goal: completions always get through, streams wait when the engine is slow, and nothing is lost
// or reordered between threads.
#include "controller/loop/mailbox.h"

#include <gtest/gtest.h>

#include <thread>

namespace podcron::loop {
namespace {

engine::Input completion(std::uint64_t id) { return engine::TaskStarted{{id}}; }

std::uint64_t id_of(const Mailbox::Letter& letter) {
  return std::get<engine::TaskStarted>(letter.input).id.value;
}

TEST(MailboxTest, LettersOfOneThreadKeepTheirOrder) {
  Mailbox mailbox;
  constexpr std::uint64_t kCount = 20'000;
  std::thread first([&] {
    for (std::uint64_t i = 0; i < kCount; ++i) mailbox.post(completion(2 * i));
  });
  std::thread second([&] {
    for (std::uint64_t i = 0; i < kCount; ++i) mailbox.post(completion(2 * i + 1));
  });
  std::vector<Mailbox::Letter> letters;
  std::uint64_t next_even = 0;
  std::uint64_t next_odd = 1;
  while (next_even < 2 * kCount || next_odd < 2 * kCount) {
    mailbox.take(letters);
    for (const auto& letter : letters) {
      std::uint64_t& next = id_of(letter) % 2 == 0 ? next_even : next_odd;
      ASSERT_EQ(id_of(letter), next);
      next += 2;
    }
    letters.clear();
  }
  first.join();
  second.join();
}

TEST(MailboxTest, AStreamWaitsAboveTheLimitAndGoesOnAtHalf) {
  Mailbox mailbox;
  int resumed = 0;
  const auto resume = [&] { ++resumed; };
  EXPECT_TRUE(mailbox.ready(resume));
  mailbox.post(engine::StreamBatch{}, Mailbox::kStreamBytesMax / 2);
  EXPECT_TRUE(mailbox.ready(resume));
  mailbox.post(engine::StreamBatch{}, Mailbox::kStreamBytesMax / 2);
  EXPECT_FALSE(mailbox.ready(resume));
  mailbox.release(1);
  EXPECT_EQ(resumed, 0);
  mailbox.release(Mailbox::kStreamBytesMax / 2);
  EXPECT_EQ(resumed, 1);
  mailbox.release(1);
  EXPECT_EQ(resumed, 1);
}

TEST(MailboxTest, CompletionsFitWhenStreamsDoNot) {
  Mailbox mailbox;
  mailbox.post(engine::StreamBatch{}, 10 * Mailbox::kStreamBytesMax);
  mailbox.post(completion(1));
  mailbox.post(engine::Shutdown{});
  std::vector<Mailbox::Letter> letters;
  mailbox.take(letters);
  EXPECT_EQ(letters.size(), 3U);
}

TEST(MailboxTest, ItDoesNotSleepOverALetter) {
  Mailbox mailbox;
  EXPECT_TRUE(mailbox.may_sleep());
  mailbox.post(completion(1));
  EXPECT_FALSE(mailbox.may_sleep());
}

}  // namespace
}  // namespace podcron::loop
