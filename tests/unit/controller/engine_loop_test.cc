// Goal: the loop calls step with growing time, at the latest when it was asked to, at once for
// letters and signals, and ends with the engine's code. Method: a scripted step function.
#include "controller/loop/engine_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <thread>

#include "controller/loop/real_clock.h"

namespace podcron::loop {
namespace {

/// Before any thread, as in main.
class BlockedSignals : public ::testing::Environment {
 public:
  void SetUp() override { block_signals(); }
};
const auto* const kEnvironment = ::testing::AddGlobalTestEnvironment(new BlockedSignals);

class EngineLoopTest : public ::testing::Test {
 protected:
  using Step = std::function<engine::WakeAt(Now, engine::Input&&, std::vector<engine::Effect>&)>;

  int run(Step step) {
    EngineLoop loop(
        {[this, step](Now now, engine::Input&& input, std::vector<engine::Effect>& effects) {
           EXPECT_GE(now.mono, last_.mono);
           last_ = now;
           ++steps_;
           return step(now, std::move(input), effects);
         },
         [this] { return health_; }},
        mailbox_, pulse_, [this](std::vector<engine::Effect>& effects) {
          for (auto& effect : effects) performed_.push_back(std::move(effect));
        });
    return loop.run();
  }
  static bool is_wake(const engine::Input& input) {
    return std::holds_alternative<engine::Wake>(input);
  }

  Mailbox mailbox_;
  Pulse pulse_;
  Now last_{};
  int steps_ = 0;
  engine::EngineHealth health_{true, true, true};
  std::vector<engine::Effect> performed_;
};

TEST_F(EngineLoopTest, ExitEndsItWithItsCodeAfterTheOtherEffects) {
  const int code = run([](Now, engine::Input&&, std::vector<engine::Effect>& effects) {
    effects.emplace_back(engine::Exit{7});
    effects.emplace_back(engine::Log{engine::LogLevel::kInfo, "bye", {}});
    return engine::WakeAt{};
  });
  EXPECT_EQ(code, 7);
  ASSERT_EQ(performed_.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<engine::Log>(performed_[0]));
}

TEST_F(EngineLoopTest, AMonoTimeWakesItAndNotEarlier) {
  MonoTime due{};
  run([&](Now now, engine::Input&& input, std::vector<engine::Effect>& effects) {
    EXPECT_TRUE(is_wake(input));
    if (due == MonoTime{}) {
      due = now.mono + Millis(30);
    } else {
      EXPECT_GE(now.mono, due);
      effects.emplace_back(engine::Exit{});
    }
    engine::WakeAt at;
    at.mono = due;
    return at;
  });
  EXPECT_EQ(steps_, 2);
}

TEST_F(EngineLoopTest, AWallTimeWakesIt) {
  WallMillis due{};
  run([&](Now now, engine::Input&&, std::vector<engine::Effect>& effects) {
    if (due == WallMillis{}) {
      due = now.wall + Millis(30);
    } else if (now.wall >= due) {
      effects.emplace_back(engine::Exit{});
    }
    engine::WakeAt at;
    at.wall = due;
    return at;
  });
  EXPECT_GE(last_.wall, due);
}

TEST_F(EngineLoopTest, ALetterWakesItAtOnce) {
  std::thread other;
  run([&](Now, engine::Input&& input, std::vector<engine::Effect>& effects) {
    if (std::holds_alternative<engine::TaskStarted>(input)) {
      effects.emplace_back(engine::Exit{});
    } else if (!other.joinable()) {
      other = std::thread([this] { mailbox_.post(engine::TaskStarted{{5}}); });
    }
    return engine::WakeAt{};  // never
  });
  other.join();
}

TEST_F(EngineLoopTest, LettersComeBeforeMoreOfTheSameWork) {
  std::vector<bool> wakes;
  run([&](Now, engine::Input&& input, std::vector<engine::Effect>& effects) {
    wakes.push_back(is_wake(input));
    if (wakes.size() == 1) mailbox_.post(engine::TaskStarted{{1}});
    if (wakes.size() == 3) effects.emplace_back(engine::Exit{});
    engine::WakeAt at;
    at.at_once = true;
    return at;
  });
  EXPECT_THAT(wakes, ::testing::ElementsAre(true, false, true));
}

TEST_F(EngineLoopTest, SigtermBecomesOneShutdown) {
  int shutdowns = 0;
  run([&](Now, engine::Input&& input, std::vector<engine::Effect>& effects) {
    if (std::holds_alternative<engine::Shutdown>(input)) {
      ++shutdowns;
      effects.emplace_back(engine::Exit{});
    } else {
      ::kill(::getpid(), SIGTERM);
    }
    return engine::WakeAt{};
  });
  EXPECT_EQ(shutdowns, 1);
}

TEST_F(EngineLoopTest, StreamBytesAreFreeAgainAfterTheirStep) {
  bool resumed = false;
  mailbox_.post(engine::StreamBatch{}, Mailbox::kStreamBytesMax);
  EXPECT_FALSE(mailbox_.ready([&] { resumed = true; }));
  run([&](Now, engine::Input&& input, std::vector<engine::Effect>& effects) {
    if (is_wake(input)) effects.emplace_back(engine::Exit{});
    engine::WakeAt at;
    at.at_once = true;
    return at;
  });
  EXPECT_TRUE(resumed);
}

TEST_F(EngineLoopTest, ThePulseShowsHealthAndWhetherAStepHangs) {
  run([&](Now now, engine::Input&&, std::vector<engine::Effect>& effects) {
    EXPECT_TRUE(pulse_.responsive(now.mono));
    EXPECT_FALSE(pulse_.responsive(now.mono + Pulse::kStuckAfter));
    if (steps_ == 2) effects.emplace_back(engine::Exit{});
    engine::WakeAt at;
    at.at_once = true;
    return at;
  });
  EXPECT_TRUE(pulse_.health().synced);
  EXPECT_TRUE(pulse_.responsive(real_now().mono + Pulse::kStuckAfter));
}

}  // namespace
}  // namespace podcron::loop
