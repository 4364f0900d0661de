// Goal: the machine's tzdata become a ZoneDatabase, and a package update is noticed.
#include "controller/loop/zone_files.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "controller/config/file_text.h"
#include "unit/config/temporary_directory.h"

namespace podcron::loop {
namespace {

constexpr const char* kSystem = "/usr/share/zoneinfo";

TEST(ZoneFilesTest, TheMachinesZonesAreFoundByName) {
  const auto zones = read_zone_files(kSystem);
  EXPECT_TRUE(zones->find("Europe/Berlin"));
  EXPECT_TRUE(zones->find("America/Argentina/Buenos_Aires"));
  EXPECT_FALSE(zones->find("posix/Europe/Berlin"));
  EXPECT_FALSE(zones->find("right/Europe/Berlin"));
  EXPECT_FALSE(zones->find("tzdata.zi"));
  EXPECT_EQ(zones->version(), zone_files_version(kSystem));
}

TEST(ZoneFilesTest, AnUnreadableDirectoryLeavesUtc) {
  const auto zones = read_zone_files("/nonexistent");
  EXPECT_TRUE(zones->find("UTC"));
  EXPECT_FALSE(zones->find("Europe/Berlin"));
  EXPECT_EQ(zones->version(), "unknown");
}

TEST(ZoneFilesTest, TheVersionComesFromEitherFile) {
  const TemporaryDirectory directory;
  directory.write("tzdata.zi", "# version 2026b\nR x\n");
  EXPECT_EQ(zone_files_version(directory.path()), "2026b");
  directory.write("+VERSION", "2026c\n");
  EXPECT_EQ(zone_files_version(directory.path()), "2026c");
}

TEST(ZoneFilesTest, AChangeOfAnyFileIsSeenOnce) {
  const TemporaryDirectory directory;
  directory.write("tzdata.zi", "# version 2026a\n");
  directory.write("Mars/Olympus", "TZif2 of 2026a");
  ZoneFilesWatch watch(directory.path());
  EXPECT_FALSE(watch.changed());
  const auto seen_once = [&watch](const char* what) {
    EXPECT_TRUE(watch.changed()) << what;
    EXPECT_FALSE(watch.changed()) << what;
  };
  directory.write("tzdata.zi", "# version 2026bb\n");
  seen_once("the version is another");
  directory.write("Mars/Olympus", "TZif2 of 2026bb");
  seen_once("one zone was written, its version was not");
  std::filesystem::rename(directory.write("Mars/.new", "TZif2 of 2026cc"),
                          directory.path() + "/Mars/Olympus");
  seen_once("one zone was replaced by a file of the same size");
  directory.write("Mars/Hellas", "TZif2");
  seen_once("a zone appeared in a directory that was there");
  std::filesystem::remove(directory.path() + "/Mars/Hellas");
  seen_once("a zone vanished");
}

}  // namespace
}  // namespace podcron::loop
