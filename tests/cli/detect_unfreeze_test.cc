// `eyechart detect train --unfreeze` through the built binary.
#include <gtest/gtest.h>

#include <filesystem>

#include "core/files.h"
#include "core/json.h"
#include "tests/cli/process.h"
#include "tests/fixture.h"
#include "tests/probes/detection/transfer/coloured_boxes.h"

namespace eyechart {
namespace {

namespace fs = std::filesystem;
using detection::testing::ColouredBoxes;
using detection::testing::WriteRoboflow;
using testing::DemoCheckpoint;
using testing::Eyechart;
using testing::EyechartJson;
using testing::TempFolder;

class DetectUnfreeze : public ::testing::Test {
 protected:
  DetectUnfreeze() {
    for (const auto& [part, count] :
         {std::pair{"train", 12}, std::pair{"test", 4}})
      WriteRoboflow(set_ / part, ColouredBoxes(set_ / part, count, 1));
  }

  std::vector<std::string> Train(const std::string& model,
                                 const std::vector<std::string>& more) const {
    std::vector<std::string> arguments = {
        "detect",      "train",   DemoCheckpoint(model),
        set_.string(), "--width", "32",
        "--layers",    "1",       "--steps",
        "6",           "--looks", "1",
        "--warmup",    "1",       "--bootstrap",
        "0",           "-o",      out_.string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  std::string Refused(const std::string& model,
                      const std::vector<std::string>& more) const {
    const std::string error = testing::Refused(Train(model, more));
    EXPECT_FALSE(fs::exists(out_ / "detector"));
    return error;
  }

  TempFolder folder_;
  fs::path set_ = folder_ / "set";
  fs::path out_ = folder_ / "out";
};

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_F(DetectUnfreeze, TrainsBlocksThatAreUsedAgain) {
  const Json json = EyechartJson(Train("dinov2", {"--unfreeze", "1"}));
  EXPECT_EQ(json["unfreeze"], 1);
  EXPECT_EQ(json["protocol"], "detect-dense-unfreeze-1");
  EXPECT_EQ(json["training"]["unfreeze_rate_factor"], 0.1);
  EXPECT_GT(json["block_parameters"].get<std::int64_t>(), 0);
  EXPECT_TRUE(fs::exists(out_ / "detector/blocks.safetensors"));
  const Json again = EyechartJson(
      {"detect", "eval", (out_ / "detector").string(), DemoCheckpoint("dinov2"),
       set_.string(), "--part", "test", "--bootstrap", "0"});
  EXPECT_EQ(again["unfreeze"], 1);
  EXPECT_EQ(again["stats"], json["stats"]);
}

TEST_F(DetectUnfreeze, BadNumbersAndFamiliesAreNamed) {
  EXPECT_TRUE(Has(Refused("dinov2", {"--unfreeze", "5"}), "has 4 blocks"));
  EXPECT_TRUE(Has(Refused("dinov2", {"--unfreeze", "-1"}), "--unfreeze -1"));
  EXPECT_TRUE(
      Has(Refused("dinov2", {"--unfreeze", "1", "--unfreeze-rate-factor", "0"}),
          "--unfreeze-rate-factor 0"));
  const std::string davit = Refused("florence2", {"--unfreeze", "1"});
  EXPECT_TRUE(Has(davit, "florence2"));
  EXPECT_TRUE(Has(davit, "dinov2"));
  EXPECT_TRUE(Has(Refused("florence2", {"--unfreeze", "1", "--stages", "own"}),
                  "--stages"));
}

}  // namespace
}  // namespace eyechart
