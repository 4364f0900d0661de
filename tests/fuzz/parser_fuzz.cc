// Any text is refused with a message fit for people, or makes a schedule that fires.
//
// Input: the expression.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "cron/schedule.h"
#include "fuzz/require.h"

namespace podcron::test {
namespace {

// An Event takes 1024 bytes, and the caller puts the path before the message.
constexpr std::size_t kMessageBytesMax = 800;

constexpr WallTime kFrom = std::chrono::sys_days{std::chrono::year{2026} / 1 / 1};

Result<Schedule> parse(std::string_view text, std::string_view identity = "shop/digest") {
  return Schedule::parse(text, {}, DaylightSaving::kOnce, identity);
}

void check_refusal(const Error& error) {
  require(error.code == ErrorCode::kInvalidArgument, "what users write is an invalid argument");
  require(!error.message.empty(), "a refusal says why");
  require(error.message.size() <= kMessageBytesMax, "messages are short");
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  require(std::none_of(error.message.begin(), error.message.end(), is_control),
          "messages are printable");
}

void check_same(std::string_view text, const Schedule& schedule, std::string_view law) {
  const auto other = parse(text);
  require(other.has_value(), law);
  require(other->is_fixed() == schedule.is_fixed(), law);
  WallTime at = kFrom;
  for (int i = 0; i < 3; ++i) {
    const auto next = schedule.next_after(at);
    require(next == other->next_after(at), law);
    if (next) at = *next;
  }
}

void check_accepted(const std::string& text, const Schedule& schedule) {
  const auto next = schedule.next_after(kFrom);
  require(next.has_value(), "what is accepted fires, where clocks are never changed");
  require(schedule.count_in(kFrom, *next) == 1, "nothing is before the next time");
  require(schedule.latest_in(kFrom, *next) == *next, "the next time is the latest until then");
  if (text.front() == '@') return;  // macros are taken to the letter
  check_same(" " + text + "\t", schedule, "blanks around do not matter");
  std::string upper = text;
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  check_same(upper, schedule, "case does not matter");
}

}  // namespace
}  // namespace podcron::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace podcron::test;
  const std::string text(reinterpret_cast<const char*>(bytes), size);
  const auto parsed = parse(text);
  const auto of_nobody = parse(text, "");
  require(parsed.has_value() || !of_nobody.has_value(), "an identity allows more, never less");
  if (!of_nobody) check_refusal(of_nobody.error());
  if (!parsed) {
    check_refusal(parsed.error());
  } else if (size + 2 <= podcron::Schedule::kExpressionBytesMax) {
    check_accepted(text, *parsed);
  }
  return 0;
}
