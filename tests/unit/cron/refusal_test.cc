// Goal:   whatever is refused names field, value and allowed range, and offers the likely meaning.
// Method: the usual mistakes with their whole message; then hostile text, which must only be fast
//         and refused or accepted, never fatal.
#include <string>

#include <gtest/gtest.h>

#include "base/prng.h"
#include "unit/cron/zone_files.h"

namespace podcron::test {
namespace {

struct Mistake {
  const char* expression;
  const char* message;
};

void expect_messages(std::initializer_list<Mistake> mistakes) {
  for (const Mistake& mistake : mistakes) EXPECT_EQ(refusal(mistake.expression), mistake.message);
}

TEST(Refusal, NamesFieldValueAndRange) {
  expect_messages({
      {"61 * * * *", R"(minute "61" is out of range 0-59 in "61 * * * *")"},
      {"60 * * * * *", R"(second "60" is out of range 0-59 in "60 * * * * *")"},
      {"0 24 * * *", R"(hour "24" is out of range 0-23 in "0 24 * * *"; midnight is 0)"},
      {"0 0 0 * *", R"(day-of-month "0" is out of range 1-31 in "0 0 0 * *")"},
      {"0 0 1-32 * *", R"(day-of-month "32" is out of range 1-31 in "0 0 1-32 * *")"},
      {"0 0 * 13 *", R"(month "13" is out of range 1-12 in "0 0 * 13 *")"},
      {"0 0 * * 8", R"(day-of-week "8" is out of range 0-6 in "0 0 * * 8")"},
      {"99999999999999999999 * * * *",
       R"(minute "99999999999999999999" is out of range 0-59 in "99999999999999999999 * * * *")"},
      {"x * * * *", R"(minute "x" is not a number 0-59 in "x * * * *")"},
      {"0 0 * foo *", R"(month "foo" is not a number 1-12 or jan-dec in "0 0 * foo *")"},
      {"-5 * * * *", R"(minute "" is not a number 0-59 in "-5 * * * *")"},
      {"1-2-3 * * * *", R"(minute "1-2-3" has too many hyphens in "1-2-3 * * * *")"},
      {"1/2/3 * * * *", R"(minute "1/2/3" has too many slashes in "1/2/3 * * * *")"},
      {"*/0 * * * *", R"(minute "0" is not a step: it must be at least 1 in "*/0 * * * *")"},
      {"*/x * * * *",
       R"(minute "x" is not a step, which is a number of at least 1 in "*/x * * * *")"},
      {"*/9223372036854775808 * * * *",
       R"(minute "9223372036854775808" is not a step: it is too large in "*/9223372036854775808 * * * *")"},
      {", * * * *", R"(minute "," names no value in ", * * * *")"},
      {"0 0 L-31 * *", R"(day-of-month "L-31" is out of range L-0 to L-30 in "0 0 L-31 * *")"},
      {"0 0 32W * *", R"(day-of-month "32" is out of range 1-31 in "0 0 32W * *")"},
      {"0 0 * * 1#6", R"(day-of-week "1#6" must end in a week 1-5 after "#" in "0 0 * * 1#6")"},
      {"H(70-80) * * * *", R"(minute "70" is out of range 0-59 in "H(70-80) * * * *")"},
      {"H(5) * * * *", R"x(minute "H(5)" is neither "H" nor "H(a-b)" in "H(5) * * * *")x"},
  });
}

TEST(Refusal, OffersTheLikelyMeaning) {
  expect_messages({
      {"0 0 * * 7",
       R"(day-of-week "7" is out of range 0-6 in "0 0 * * 7"; Sunday is 0, did you mean "0"?)"},
      {"0 0 * * 1-7",
       R"(day-of-week "7" is out of range 0-6 in "0 0 * * 1-7"; Sunday is 0, did you mean "1-6,0"?)"},
      {"0 0 * * 0-7",
       R"(day-of-week "7" is out of range 0-6 in "0 0 * * 0-7"; Sunday is 0, did you mean "0-6"?)"},
      {"0 0 * * 7#2",
       R"(day-of-week "7" is out of range 0-6 in "0 0 * * 7#2"; Sunday is 0, did you mean "0#2"?)"},
      {"0 0 * * fri-mon",
       R"(day-of-week "fri-mon" ends before it begins in "0 0 * * fri-mon"; did you mean "fri-sat,sun-mon"?)"},
      {"0 22-2 * * *",
       R"(hour "22-2" ends before it begins in "0 22-2 * * *"; did you mean "22-23,0-2"?)"},
      {"0 0 * * sat-sun",
       R"(day-of-week "sat-sun" ends before it begins in "0 0 * * sat-sun"; did you mean "sat,sun"?)"},
      {"0 0 * * monday",
       R"(day-of-week "monday" is not a number 0-6 or sun-sat in "0 0 * * monday"; did you mean "mon"?)"},
      {"0 0 * * L",
       R"(day-of-week "L" is not a number 0-6 or sun-sat in "0 0 * * L"; write "6" for Saturday, "6L" for the last one)"},
      {"0 0 5#2 * *",
       R"(day-of-month "5#2" is not a number 1-31 in "0 0 5#2 * *"; "#" is for day-of-week, as in "fri#2")"},
      {"0 0 * * 15W",
       R"(day-of-week "15W" is not a number 0-6 or sun-sat in "0 0 * * 15W"; "W" is for day-of-month, as in "15W" or "LW")"},
      {"0 0 30 2 *",
       R"(day-of-month "30" never occurs in month "2" in "0 0 30 2 *"; did you mean "L", the last day of the month?)"},
      {"0 0 31 4,6,9,11 *",
       R"(day-of-month "31" never occurs in month "4,6,9,11" in "0 0 31 4,6,9,11 *"; did you mean "L", the last day of the month?)"},
      {"TZ=Europe/Berlin 0 3 * * *",
       R"("TZ=Europe/Berlin 0 3 * * *" begins with a time zone, which belongs in the field timeZone; did you mean timeZone "Europe/Berlin" and schedule "0 3 * * *"?)"},
      {"CRON_TZ=UTC @daily",
       R"("CRON_TZ=UTC @daily" begins with a time zone, which belongs in the field timeZone; did you mean timeZone "UTC" and schedule "@daily"?)"},
      {"TZ=UTC",
       R"("TZ=UTC" begins with a time zone, which belongs in the field timeZone; did you mean timeZone "UTC" and schedule ""?)"},
      {"0 0 12 * * ? 2030",
       R"("0 0 12 * * ? 2030" has 7 fields, wanted 5 (minute hour day-of-month month day-of-week), or 6 with second first; years are not supported, did you mean "0 0 12 * * ?"?)"},
      {"* * * *",
       R"("* * * *" has 4 fields, wanted 5 (minute hour day-of-month month day-of-week), or 6 with second first)"},
      {"Daily",
       R"("Daily" has 1 field, wanted 5 (minute hour day-of-month month day-of-week), or 6 with second first; did you mean "@daily"?)"},
      {" ",
       R"(the expression is empty, wanted 5 (minute hour day-of-month month day-of-week), or 6 with second first)"},
      {"@Daily", R"("@Daily" is not a macro; did you mean "@daily"?)"},
      {" @daily", R"(" @daily" is not a macro; did you mean "@daily"?)"},
      {"@reboot",
       R"("@reboot" is not a time; a pod's start is the business of its own command or of an init container)"},
      {"@fortnightly",
       R"("@fortnightly" is not a macro, wanted @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually or @every 1h30m)"},
      {"@every 90",
       R"("@every 90" has no positive duration such as 90s, 5m or 1h30m; did you mean "@every 90s"?)"},
      {"@every -90s", R"("@every -90s" has no positive duration such as 90s, 5m or 1h30m)"},
      {"@every 0", R"("@every 0" has no positive duration such as 90s, 5m or 1h30m)"},
      {"@every 900000h", R"("@every 900000h" is longer than 876000h (100 years))"},
      {"@every 9000000000000h",
       R"("@every 9000000000000h" has no positive duration such as 90s, 5m or 1h30m)"},
  });
}

TEST(Refusal, OfHWithoutAnIdentity) {
  EXPECT_EQ(refusal("H * * * *", ""),
            R"(minute "H" depends on the object's namespace and name, which are not known here in )"
            R"("H * * * *")");
}

// robfig takes a list without values for "never", and joins it to a day list; we refuse it.
TEST(Refusal, OfAListWithoutValuesInAnyField) {
  for (const char* expression :
       {", * * * *", "* , * * *", "* * , * *", "* * * ,, *", "* * * * ,"}) {
    EXPECT_NE(refusal(expression).find("names no value"), std::string::npos) << expression;
  }
}

// robfig lowers names by Unicode's rules, and then the Turkish capital is an i.
TEST(Refusal, OfNamesInLettersBeyondAscii) {
  EXPECT_NE(refusal("0 0 * * FR\u0130").find("is not a number 0-6 or sun-sat"), std::string::npos);
}

TEST(Refusal, KeepsMessagesShortAndPrintable) {
  const std::string message = refusal("\x1b[31m\"\n\\" + std::string(900, 'x') + " * * * *");
  EXPECT_LT(message.size(), 400U);
  EXPECT_NE(message.find(R"("\x1b[31m\"")"), std::string::npos) << message;
  for (const char c : message) EXPECT_GE(static_cast<unsigned char>(c), 0x20);
  // Never half a character.
  const std::string euros = refusal([] {
    std::string text;
    for (int i = 0; i < 100; ++i) text += "\u20AC";
    return text + " * * * *";
  }());
  EXPECT_NE(euros.find("\u20AC...\""), std::string::npos) << euros;
}

TEST(Refusal, FitsIntoAnEventHoweverLongTheQuotedPartsAre) {
  const std::string escapes(400, '\x1f');
  const std::string zeros(900, '0');
  for (const std::string& expression :
       {"TZ=" + escapes + " " + escapes, escapes + " * * * *", zeros + "5-4 * * * *",
        "* * * * " + zeros + "1-7", "0 0 " + zeros + "30 " + "2 *", "@every " + zeros + "1"}) {
    EXPECT_LT(refusal(expression).size(), 800U) << expression;
  }
}

TEST(Hostile, LengthIsLimitedAndLongListsFit) {
  std::string minutes = "0";
  for (int i = 1; i < 60; ++i) minutes += "," + std::to_string(i);
  EXPECT_EQ(refusal(minutes + " * * * *"), "accepted");
  EXPECT_EQ(refusal(std::string(Schedule::kExpressionBytesMax + 1, ' ')),
            "the expression has 1025 bytes, allowed are 1024");
  EXPECT_EQ(refusal(std::string(1000, ',') + "5 * * * *"), "accepted");
}

TEST(Hostile, AnyTextIsRefusedOrMakesAScheduleThatWorks) {
  Prng prng(7);
  constexpr std::string_view kAlphabet =
      "0123456789*?,,--//  @LWH#()+lwhmonfebeveryTZ=\t\x80\xff\n.";
  int accepted = 0;
  for (int i = 0; i < 60'000; ++i) {
    std::string text = prng.chance(500) ? "* * * * *" : "";
    for (std::uint64_t left = prng.below(12); left > 0; --left) {
      const std::size_t position = text.empty() ? 0 : prng.below(text.size());
      if (!text.empty() && prng.chance(300)) text.erase(position, 1);
      text.insert(std::min(position, text.size()), 1, kAlphabet[prng.below(kAlphabet.size())]);
    }
    if (prng.chance(20)) text[prng.below(text.size() + 1)] = '\0';
    const auto parsed = Schedule::parse(text, {}, DaylightSaving::kOnce, "a/b");
    if (!parsed) {
      ASSERT_EQ(parsed.error().code, ErrorCode::kInvalidArgument);
      ASSERT_FALSE(parsed.error().message.empty());
      continue;
    }
    ++accepted;
    const WallTime from = instant("2026-01-01T00:00:00Z");
    const auto next = parsed->next_after(from);
    ASSERT_TRUE(next) << text;
    ASSERT_EQ(parsed->count_in(from, *next), 1) << text;
  }
  EXPECT_GT(accepted, 500);
}

TEST(Size, AScheduleTakesAtMost120Bytes) { EXPECT_LE(sizeof(Schedule), 120U); }

}  // namespace
}  // namespace podcron::test
