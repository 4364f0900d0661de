// Goal: the table of PodJobs is about objects, not about names. Method: laws one by one.
#include <gtest/gtest.h>

#include "engine/tables.h"

namespace podcron::engine {
namespace {

api::PodJob record(std::uint64_t uid, std::uint64_t resource_version) {
  api::PodJob made;
  made.meta.namespace_ = "shop";
  made.meta.name = "digest-1";
  made.meta.uid = Uid{1, uid};
  made.meta.resource_version = resource_version;
  return made;
}

// A replica that lost a claim removes its PodJob; the winner then makes one of the same name.
TEST(RecordTable, WhatIsKnownOfAPodJobIsNotKnownOfTheNextOfItsName) {
  RecordTable table;
  RecordRow* row = table.apply(record(1, 5), 1);
  row->undialled = row->orphan = true;
  row = table.apply(record(1, 6), 1);
  EXPECT_TRUE(row->undialled && row->orphan);
  row = table.apply(record(2, 7), 1);
  EXPECT_FALSE(row->undialled || row->orphan);
}

}  // namespace
}  // namespace podcron::engine
