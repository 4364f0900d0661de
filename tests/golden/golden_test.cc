// Runs every tests/golden/**/*.scenario; UPDATE_GOLDEN=1 rewrites what they expect.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "golden/world.h"

namespace podcron::golden {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> scenarios() {
  std::vector<fs::path> found;
  for (const auto& entry :
       fs::recursive_directory_iterator(fs::path(PODCRON_SOURCE_DIR) / "tests/golden")) {
    if (entry.path().extension() == ".scenario") found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

/// The scenario again, with what its commands print now.
std::string replay(std::istream& in) {
  World world;
  std::string out;
  std::string printed;
  std::string line;
  bool expected = false;
  while (std::getline(in, line)) {
    if (line == "----") {
      out += "----\n" + printed;
      printed.clear();
      expected = true;
      continue;
    }
    if (expected && !line.empty()) continue;  // what was expected before
    if (line.empty()) {
      if (expected) out += "\n";
      expected = false;
      continue;
    }
    out += line + "\n";
    printed += world.command(line);
  }
  return out;
}

class Golden : public testing::TestWithParam<fs::path> {};

TEST_P(Golden, DecidesAsWritten) {
  std::ifstream in(GetParam());
  std::stringstream text;
  text << in.rdbuf();
  ASSERT_TRUE(text.str().starts_with("# law: ")) << GetParam() << " must begin with its law";
  const std::string wanted = text.str();
  const std::string got = replay(text);
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    std::ofstream(GetParam()) << got;
    return;
  }
  EXPECT_EQ(got, wanted) << GetParam();
}

std::string name_of(const testing::TestParamInfo<fs::path>& info) {
  std::string name =
      info.param.parent_path().filename().string() + "_" + info.param.stem().string();
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !std::isalnum(c); }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Scenarios, Golden, testing::ValuesIn(scenarios()), name_of);

}  // namespace
}  // namespace podcron::golden
