// Goal: only names that a controller can have made count as made. Method: examples of both.
#include "store/name_origin.h"

#include <gtest/gtest.h>

#include <string>

namespace podcron::store {
namespace {

TEST(NameOrigin, AGeneratedNameIsThePrefixAndFiveCharactersOfTheGenerator) {
  EXPECT_TRUE(is_generated_from("web-bcdfg", "web-"));
  EXPECT_TRUE(is_generated_from("web-24567", "web-"));
  for (const char* name : {"web-bcdf", "web-bcdfgh", "web-bcdfa", "web-bcdf1", "web-BCDFG",
                           "api-bcdfg", "web-", "bcdfg", "", "web-bcd-g"}) {
    EXPECT_FALSE(is_generated_from(name, "web-")) << name;
  }
}

TEST(NameOrigin, ALongPrefixIsCutTo58Characters) {
  const std::string prefix = std::string(80, 'o') + "-";
  EXPECT_TRUE(is_generated_from(prefix.substr(0, 58) + "bcdfg", prefix));
  EXPECT_FALSE(is_generated_from(prefix.substr(0, 59) + "bcdfg", prefix));
  EXPECT_FALSE(is_generated_from(prefix + "bcdfg", prefix));
}

TEST(NameOrigin, ANumberedNameIsThePrefixAndAnOrdinal) {
  for (const char* name : {"db-0", "db-7", "db-10", "db-2147483647"}) {
    EXPECT_TRUE(is_numbered_from(name, "db-")) << name;
  }
  for (const char* name :
       {"db-", "db-00", "db-01", "db--1", "db-1x", "db-12345678901", "db", "", "cache-0", "0"}) {
    EXPECT_FALSE(is_numbered_from(name, "db-")) << name;
  }
}

}  // namespace
}  // namespace podcron::store
