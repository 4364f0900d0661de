#include "cli/table.h"

#include <gtest/gtest.h>

namespace podcron::cli {
namespace {

Table example() {
  Table table({"POD", "VERDICT", "MEANING"});
  table.add({{"a"}, {"eligible", Colour::kGreen}});
  table.add({{"long-name"}, {"X", Colour::kRed}, {"why"}});
  return table;
}

TEST(Table, LinesUpColumnsWithoutBlanksAtTheEnds) {
  EXPECT_EQ(example().render(false),
            "POD        VERDICT   MEANING\n"
            "a          eligible\n"
            "long-name  X         why\n");
}

// Goal: escapes take no place. Method: take them out again and compare.
TEST(Table, ColoursDoNotMoveColumns) {
  std::string coloured = example().render(true);
  EXPECT_NE(coloured.find("\x1b[32meligible\x1b[0m"), std::string::npos);
  for (std::size_t at = 0; (at = coloured.find('\x1b', at)) != std::string::npos;) {
    coloured.erase(at, coloured.find('m', at) - at + 1);
  }
  EXPECT_EQ(coloured, example().render(false));
}

TEST(Table, LeavesOutAColumnThatNobodyFills) {
  Table table({"LOCAL", "NOTE", "UTC"});
  table.add({{"1"}, {""}, {"2"}});
  EXPECT_EQ(table.render(false), "LOCAL  UTC\n1      2\n");
}

TEST(Table, CountsCharactersNotBytes) {
  Table table({"A", "B"});
  table.add({{"\xc3\xa4\xc3\xa4"}, {"x"}});
  table.add({{"bb"}, {"y"}});
  EXPECT_EQ(table.render(false), "A   B\n\xc3\xa4\xc3\xa4  x\nbb  y\n");
}

}  // namespace
}  // namespace podcron::cli
