// Goal: objects are found in the bytes of a stream however the network cuts them.
// Method: a reference splitter that looks at one byte at a time, compared on lists made at random,
// hostile ones among them, cut at random places.
#include "kube/splitter.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/prng.h"

namespace podcron::kube {
namespace {

struct Found {
  PieceKind kind;
  std::string bytes;
  friend bool operator==(const Found&, const Found&) = default;
};

std::ostream& operator<<(std::ostream& out, const Found& found) {
  return out << static_cast<int>(found.kind) << ' ' << found.bytes;
}

/// Where the value that begins at `at` ends: at its closing bracket, or for other values before
/// the next comma or closing bracket outside a string.
std::size_t end_of_item(std::string_view text, std::size_t at) {
  const bool bracketed = text[at] == '{' || text[at] == '[';
  int depth = 0;
  bool in_string = false;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '\\') {
      ++at;
    } else if (c == '"') {
      in_string = !in_string;
    } else if (in_string) {
      continue;
    } else if (bracketed && (c == '{' || c == '[')) {
      ++depth;
    } else if (bracketed && (c == '}' || c == ']')) {
      if (--depth == 0) return at + 1;
    } else if (!bracketed && (c == ',' || c == ']')) {
      return at;
    }
  }
  return std::string_view::npos;
}

/// The whole text at once; the items begin behind the first `"items":[` of the fixed head.
std::vector<Found> reference(std::string_view head, std::string_view items, std::string_view tail) {
  std::vector<Found> found;
  std::string text(items);
  text += "]";
  for (std::size_t at = 0; at < text.size() && text[at] != ']';) {
    if (text[at] == ',' || text[at] == ' ' || text[at] == '\n') {
      ++at;
      continue;
    }
    const std::size_t end = end_of_item(text, at);
    if (end == std::string_view::npos) return found;
    found.push_back({PieceKind::kObject, text.substr(at, end - at)});
    at = end;
  }
  found.push_back({PieceKind::kEnvelope, std::string(head) + "]" + std::string(tail)});
  return found;
}

template <class Splitter>
std::vector<Found> split(Splitter splitter, std::string_view text, Prng& prng,
                         std::uint64_t piece_max) {
  std::vector<Found> found;
  while (!text.empty()) {
    const auto size = std::min<std::uint64_t>(1 + prng.below(piece_max), text.size());
    // A copy of exactly this size: reading past its end is seen by the sanitizer.
    const std::string part(text.substr(0, size));
    std::string_view bytes = part;
    while (const auto piece = splitter.next(bytes)) {
      found.push_back({piece->kind, std::string(piece->bytes)});
    }
    EXPECT_TRUE(bytes.empty());
    text.remove_prefix(size);
  }
  return found;
}

std::vector<Found> split_list(std::string_view text, std::size_t bytes_max = 1 << 20,
                              std::uint64_t piece_max = 1 << 20) {
  Prng prng(1);
  return split(ListSplitter(bytes_max), text, prng, piece_max);
}

constexpr std::string_view kHead = R"({"kind":"PodList","items":[)";
constexpr std::string_view kTail = R"(,"metadata":{"resourceVersion":"7"}})";

/// Bytes that matter to a splitter far more often than others.
std::string random_bytes(Prng& prng, std::size_t size) {
  constexpr std::string_view kLikely = "{}[]\"\\,: ax{}\"\\";
  std::string text;
  for (std::size_t i = 0; i < size; ++i) text += kLikely[prng.below(kLikely.size())];
  return text;
}

std::string random_json_string(Prng& prng) {
  constexpr std::string_view kParts[] = {"a",    "{",    "}", "[",   "]",
                                         "\\\"", "\\\\", ",", "\\n", "items"};
  std::string text = "\"";
  for (auto left = prng.below(40); left > 0; --left) text += kParts[prng.below(std::size(kParts))];
  return text + "\"";
}

std::string random_json(Prng& prng, int depth) {
  const auto choice = depth > 4 ? prng.below(2) : prng.below(4);
  if (choice == 0) return random_json_string(prng);
  if (choice == 1) return std::to_string(prng.below(1000));
  std::string text(1, choice == 2 ? '{' : '[');
  for (auto left = prng.below(5); left > 0; --left) {
    if (choice == 2) text += random_json_string(prng) + ":";
    text += random_json(prng, depth + 1);
    if (left > 1) text += ',';
  }
  return text + (choice == 2 ? '}' : ']');
}

TEST(ListSplitter, EmitsEachItemAndThenTheEnvelope) {
  const std::string text =
      std::string(kHead) + R"({"a":1}, {"b":[{}]} )" + "]" + std::string(kTail);
  EXPECT_EQ(
      split_list(text),
      (std::vector<Found>{{PieceKind::kObject, R"({"a":1})"},
                          {PieceKind::kObject, R"({"b":[{}]})"},
                          {PieceKind::kEnvelope, std::string(kHead) + "]" + std::string(kTail)}}));
}

TEST(ListSplitter, OnlyTheTopLevelItemsAreItems) {
  for (const std::string_view text :
       {R"({"x":{"items":[{"a":1}]}})", R"({"kind":"items","x":[{"a":1}]})", R"(["items",[{}]])",
        R"({"items":{"items":[{}]}})", R"({"items":null,"x":[{}]})", R"({"\"items":[{}]})"}) {
    std::vector<Found> expected;
    if (text.front() == '{') expected.push_back({PieceKind::kEnvelope, std::string(text)});
    EXPECT_EQ(split_list(text), expected);
  }
}

TEST(ListSplitter, AStatusIsAnEnvelope) {
  const std::string status = R"({"kind":"Status","status":"Failure","code":410})";
  EXPECT_EQ(split_list("\n " + status + "\n"),
            (std::vector<Found>{{PieceKind::kEnvelope, status}}));
}

TEST(ListSplitter, AListCutShortHasNoEnvelope) {
  const std::string text = std::string(kHead) + R"({"a":1},{"b")";
  EXPECT_EQ(split_list(text), (std::vector<Found>{{PieceKind::kObject, R"({"a":1})"}}));
}

TEST(ListSplitter, WhatIsNoObjectSaysNothing) {
  EXPECT_TRUE(split_list("<html>{\"items\":[{}]}").empty());
}

TEST(ListSplitter, WhatFollowsTheListIsIgnored) {
  EXPECT_EQ(split_list(R"({"items":[]}{"items":[{}]})").size(), 1u);
}

TEST(ListSplitter, AnEndlessEnvelopeIsGivenUp) {
  const std::string text = R"({"x":")" + std::string(100'000, 'x') + R"(","items":[{}]})";
  EXPECT_TRUE(split_list(text).empty());
}

TEST(ListSplitter, AnOversizedItemIsReportedAndTheNextIsWhole) {
  const std::string large = R"({"x":")" + std::string(1000, 'x') + R"("})";
  const std::string text = std::string(kHead) + large + R"(,{"a":1}])" + std::string(kTail);
  for (const std::uint64_t piece_max : {1u, 10u, 100u, 10'000u}) {
    const auto found = split_list(text, 500, piece_max);
    ASSERT_EQ(found.size(), 3u);
    EXPECT_EQ(found[0], (Found{PieceKind::kOversized, ""}));
    EXPECT_EQ(found[1], (Found{PieceKind::kObject, R"({"a":1})"}));
  }
}

TEST(ListSplitter, AgreesWithTheReferenceOnRandomLists) {
  Prng prng(2);
  for (int round = 0; round < 400; ++round) {
    std::string items;
    for (auto left = prng.below(6); left > 0; --left) {
      items += random_json(prng, 0);
      if (left > 1) items += prng.chance(300) ? ",\n " : ",";
    }
    const std::string text = std::string(kHead) + items + "]" + std::string(kTail);
    const auto expected = reference(kHead, items, kTail);
    for (const std::uint64_t piece_max : {1u, 7u, 64u, 65u, 1000u}) {
      EXPECT_EQ(split(ListSplitter(1 << 20), text, prng, piece_max), expected) << text;
    }
  }
}

TEST(ListSplitter, AgreesWithTheReferenceOnHostileItems) {
  // Items that are no JSON: unbalanced brackets, open strings, stray backslashes.
  Prng prng(3);
  for (int round = 0; round < 3000; ++round) {
    const std::string items = "{" + random_bytes(prng, prng.below(400));
    const std::size_t end = end_of_item(items, 0);
    std::vector<Found> expected;
    if (end != std::string_view::npos) {
      expected.push_back({PieceKind::kObject, items.substr(0, end)});
    }
    const std::string text = std::string(kHead) + items;
    auto found = split(ListSplitter(1 << 20), text, prng, 1 + prng.below(200));
    found.resize(std::min(found.size(), expected.size()));
    EXPECT_EQ(found, expected) << items;
  }
}

TEST(ListSplitter, HowBytesAreCutNeverMatters) {
  Prng prng(4);
  for (int round = 0; round < 1000; ++round) {
    const std::string text =
        (prng.chance(500) ? std::string(kHead) : "{") + random_bytes(prng, prng.below(500));
    const auto whole = split_list(text, 200);
    EXPECT_EQ(split(ListSplitter(200), text, prng, 1), whole) << text;
    EXPECT_EQ(split(ListSplitter(200), text, prng, 90), whole) << text;
  }
}

TEST(BracketScanner, ARunOfBackslashesHidesEverySecondByte) {
  // Over both edges of a block of 64, for every length of the run.
  for (std::size_t before = 50; before < 70; ++before) {
    for (std::size_t run = 0; run < 80; ++run) {
      const std::string item = R"({"x":")" + std::string(before, 'x') + std::string(run, '\\') +
                               (run % 2 == 0 ? R"("})" : R"("}"})");
      BracketScanner scanner;
      scanner.begin();
      EXPECT_EQ(scanner.scan(item + "}}"), item.size()) << before << ' ' << run;
    }
  }
}

TEST(LineSplitter, EmitsLinesHoweverTheyAreCut) {
  Prng prng(5);
  const std::string text = "one\n\n \r\ntwo two\nthree\ncut";
  for (const std::uint64_t piece_max : {1u, 3u, 100u}) {
    EXPECT_EQ(split(LineSplitter(100), text, prng, piece_max),
              (std::vector<Found>{{PieceKind::kObject, "one"},
                                  {PieceKind::kObject, "two two"},
                                  {PieceKind::kObject, "three"}}));
  }
}

TEST(LineSplitter, TheRestIsWhatTheEndCutOff) {
  LineSplitter splitter(100);
  std::string_view bytes = "one\ncut";
  EXPECT_TRUE(splitter.next(bytes));
  EXPECT_FALSE(splitter.next(bytes));
  const auto rest = splitter.rest();
  ASSERT_TRUE(rest);
  EXPECT_EQ(rest->bytes, "cut");
  EXPECT_FALSE(splitter.rest());
}

TEST(LineSplitter, AnOversizedLineIsReportedAndTheNextIsWhole) {
  Prng prng(6);
  const std::string text = std::string(1000, 'x') + "\nok\n";
  for (const std::uint64_t piece_max : {1u, 64u, 10'000u}) {
    EXPECT_EQ(split(LineSplitter(500), text, prng, piece_max),
              (std::vector<Found>{{PieceKind::kOversized, ""}, {PieceKind::kObject, "ok"}}));
  }
}

}  // namespace
}  // namespace podcron::kube
