// Goal: text of foreign origin becomes valid JSON, and otherwise stays as it is.
// Method: each kind of malformed sequence, and strings at random read back by the parser.
#include "api/utf8.h"

#include <gtest/gtest.h>

#include "api/json_node.h"
#include "base/prng.h"

namespace podcron::api {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(JsonString, WhatJsonReservesIsEscaped) {
  EXPECT_EQ(escaped("plain / text"), R"("plain / text")");
  EXPECT_EQ(escaped("a\"b\\c\n\r\t"), R"("a\"b\\c\n\r\t")");
  EXPECT_EQ(escaped(std::string_view("\0\x1f\x7f", 3)), "\"\\u0000\\u001f\x7f\"");
}

TEST(JsonString, ValidUtf8StaysAsItIs) {
  for (const std::string text : {"\u00e9", "\u07ff", "\u0800", "\uD7FB", "\uE000", "\uffff",
                                 "\U00010000", "\U0010ffff", "caf\u00e9 \U0001f600"}) {
    EXPECT_EQ(escaped(text), '"' + text + '"');
  }
}

TEST(JsonString, EachByteThatIsNotUtf8BecomesOneReplacement) {
  const std::string r = "\uFFFD";
  EXPECT_EQ(escaped("\x80"), '"' + r + '"');
  EXPECT_EQ(escaped("a\xC3"), "\"a" + r + '"');
  EXPECT_EQ(escaped("\xC3("), '"' + r + "(\"");
  EXPECT_EQ(escaped("\xC0\xAF"), '"' + r + r + '"');
  EXPECT_EQ(escaped("\xE0\x80\x80"), '"' + r + r + r + '"');
  EXPECT_EQ(escaped("\xED\xA0\x80"), '"' + r + r + r + '"');
  EXPECT_EQ(escaped("\xF0\x80\x80\x80"), '"' + r + r + r + r + '"');
  EXPECT_EQ(escaped("\xF4\x90\x80\x80"), '"' + r + r + r + r + '"');
  EXPECT_EQ(escaped("\xF5\xFF"), '"' + r + r + '"');
  EXPECT_EQ(escaped("\xE2\x82"), '"' + r + r + '"');
}

TEST(JsonString, AnyBytesBecomeAStringThatParses) {
  Prng prng(1);
  JsonParser parser;
  for (int round = 0; round < 5000; ++round) {
    std::string text;
    const bool ascii = prng.chance(500);
    for (auto left = prng.below(40); left > 0; --left) {
      text += static_cast<char>(prng.below(ascii ? 128 : 256));
    }
    const auto element = parser.parse(escaped(text));
    ASSERT_TRUE(element) << element.error().message;
    Fault fault;
    std::string back;
    Node(*element, fault).read(back);
    EXPECT_TRUE(!ascii || back == text);
  }
}

TEST(ClipUtf8, CutsBetweenCharacters) {
  EXPECT_EQ(clip_utf8("abc", 3), "abc");
  EXPECT_EQ(clip_utf8("abc", 2), "ab");
  EXPECT_EQ(clip_utf8("a\u00e9", 2), "a");
  EXPECT_EQ(clip_utf8("\U0001f600", 3), "");
  EXPECT_EQ(clip_utf8("\U0001f600x", 4), "\U0001f600");
  EXPECT_EQ(clip_utf8("", 0), "");
}

TEST(ClipUtf8, MalformedTextIsNotCutToNothing) {
  EXPECT_EQ(clip_utf8(std::string(100, '\x80'), 50).size(), 50u);
}

}  // namespace
}  // namespace podcron::api
