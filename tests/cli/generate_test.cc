#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/cli/process.h"
#include "tests/fixture.h"

namespace eyechart {
namespace {

using testing::Eyechart;
using testing::EyechartJson;

TEST(GenerateCommand, WritesAFolderAndSaysWhatToExpect) {
  const testing::TempFolder folder;
  const std::string out = (folder / "p").string();
  const auto result =
      Eyechart({"generate", "patterns", "-o", out, "--pairs", "3", "--size",
                "48", "--pattern", "text", "color"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.out.find("6 pairs, 12 pictures"), std::string::npos)
      << result.out;
  // Wilson at one half with 3: 1.96 / (2 sqrt(3 + 1.96^2)) = 0.375.
  EXPECT_NE(result.out.find("±37.5 points"), std::string::npos) << result.out;
  for (const char* name :
       {"manifest.json", "questions.csv", "contact_sheet.jpg",
        "images/text/000003_b.jpg", "images/color/000001_a.jpg"})
    EXPECT_TRUE(std::filesystem::exists(folder / "p" / name)) << name;
}

TEST(GenerateCommand, PrintsJson) {
  const testing::TempFolder folder;
  const Json json =
      EyechartJson({"generate", "clocks", "-o", (folder / "c").string(),
                    "--count", "4", "--size", "48", "--seed", "9"});
  EXPECT_EQ(json["command"], "generate");
  EXPECT_EQ(json["pictures"], 4);
  EXPECT_EQ(json["seed"], 9);
  EXPECT_TRUE(json["warnings"].empty());
}

TEST(GenerateCommand, RefusesWithExitCodeTwo) {
  const testing::TempFolder folder;
  const auto refused = [&](std::vector<std::string> arguments,
                           const std::string& told) {
    arguments.insert(arguments.begin(), "generate");
    arguments.insert(arguments.end(), {"--size", "48"});
    const auto result = Eyechart(arguments);
    EXPECT_EQ(result.exit_code, 2) << told;
    EXPECT_NE(result.err.find(told), std::string::npos) << result.err;
  };
  const std::string out = (folder / "x").string();
  refused({"pattern", "-o", out}, "did you mean \"patterns\"?");
  refused({"patterns", "-o", out, "--pairs", "0"}, "count 0");
  refused({"patterns", "-o", out, "--pairs", "-3"}, "count -3");
  refused({"patterns", "-o", out, "--pattern", "colour"}, "\"color\"");
  refused({"clocks", "-o", out, "--pattern", "text"}, "the kind is clocks");
  refused({"gauges", "-o", out, "--caption-detail", "0.1"},
          "--caption-detail was given, but the kind is gauges");
  refused({"scenes", "-o", out, "--directions", "4"},
          "--directions was given, but the kind is scenes");
  refused({"pattern", "-o", out, "--directions", "8"},
          "did you mean \"patterns\"?");
  refused({"clocks", "-o", out, "--step", "99"}, "step 99");
  refused({"patterns"}, "--out");
  EXPECT_FALSE(std::filesystem::exists(folder / "x"));
  testing::WriteText(folder / "x" / "note.txt", "mine");
  refused({"clocks", "-o", out}, "exists and is not empty");
  refused({"clocks", "-o", out, "--force"}, "not replaced");
  EXPECT_TRUE(std::filesystem::exists(folder / "x" / "note.txt"));
}

}  // namespace
}  // namespace eyechart
