// Goal: every metric has a row, a help text, and a name in the field's form.
#include "observe/metrics.h"

#include <set>

#include <gtest/gtest.h>

namespace podcron::observe {
namespace {

TEST(Metrics, EachHasOneRowWithHelpOnOneLine) {
  std::set<std::string_view> names;
  for (const MetricRow& row : metrics()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_TRUE(row.name.starts_with("podcron_")) << row.name;
    EXPECT_FALSE(row.help.empty()) << row.name;
    EXPECT_EQ(row.help.find_first_of("\n\\"), std::string_view::npos)
        << row.name << ": help is not escaped in the exposition";
    EXPECT_EQ(row.type == MetricType::kCounter, row.name.ends_with("_total")) << row.name;
    EXPECT_EQ(row.type == MetricType::kHistogram, !row.buckets.empty()) << row.name;
    EXPECT_EQ(find_metric(row.name), &row);
  }
  EXPECT_EQ(find_metric("podcron_none"), nullptr);
}

}  // namespace
}  // namespace podcron::observe
