// `--stages own` of `eyechart detect` through the built binary: a small DaViT
// on drawn scenes; that what is measured says which maps the head had.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "core/files.h"
#include "core/json.h"
#include "core/record.h"
#include "tests/cli/process.h"
#include "tests/encoders/toy_families.h"
#include "tests/fixture.h"

namespace eyechart {
namespace {

namespace fs = std::filesystem;
using testing::DemoCheckpoint;
using testing::Eyechart;
using testing::EyechartJson;
using testing::Refused;
using testing::TempFolder;
using testing::WriteText;

class DetectStages : public ::testing::Test {
 protected:
  DetectStages() {
    namespace toy = encoders::testing;
    Json config = toy::DavitConfig();
    // Stages of strides 8 and 16, each the nearest to a level of the head.
    config["patch_stride"] = {8, 2};
    config["patch_padding"] = {3, 1};
    toy::WriteCheckpoint(folder_ / "davit", config, toy::DavitTensors(""));
    WriteText(folder_ / "davit/preprocessor_config.json",
              R"({"image_processor_type": "CLIPImageProcessor",
                  "size": {"height": 64, "width": 64},
                  "do_center_crop": false})");
    for (const auto& [part, count, seed] :
         {std::tuple{"train", "8", "1"}, std::tuple{"test", "4", "2"}}) {
      const auto made = Eyechart(
          {"generate", "scenes", "-o", (folder_ / "scenes" / part).string(),
           "--count", count, "--seed", seed, "--size", "64", "--png"});
      EXPECT_EQ(made.exit_code, 0) << made.err;
    }
  }

  std::vector<std::string> Train(const std::vector<std::string>& more,
                                 const std::string& model) const {
    std::vector<std::string> arguments = {
        "detect",       "train", model,         (folder_ / "scenes").string(),
        "--width",      "32",    "--layers",    "1",
        "--steps",      "3",     "--looks",     "1",
        "--warmup",     "1",     "--variants",  "1",
        "--validation", "0",     "--bootstrap", "0",
        "--threads",    "1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  TempFolder folder_;
  std::string davit_ = (folder_ / "davit").string();
};

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_F(DetectStages, TheResultSaysWhichMapsTheHeadHad) {
  const fs::path out = folder_ / "own";
  const Json own =
      EyechartJson(Train({"--stages", "own", "-o", out.string()}, davit_));
  const Json last =
      EyechartJson(Train({"-o", (folder_ / "last").string()}, davit_));
  EXPECT_EQ(own["family"], "florence_vision");
  EXPECT_EQ(own["train"], 8);
  EXPECT_EQ(own["stages"], "own");
  EXPECT_EQ(own["levels"], Json::parse(R"([{"width": 8, "stride": 8},
                                           {"width": 12, "stride": 16}])"));
  EXPECT_EQ(last["stages"], "last");
  EXPECT_EQ(last["levels"], Json::parse(R"([{"width": 12, "stride": 16}])"));
  // Not in words alone: a map of its own needs no stretching.
  EXPECT_NE(own["parameters"], last["parameters"]);
  EXPECT_EQ(ReadJsonFile(out / "detect.json")["stages"], "own");
  EXPECT_EQ(ReadJsonFile(out / "detector/detector.json")["stages"], "own");

  // The detector knows which maps it wants.
  const Json again = EyechartJson(
      {"detect", "eval", (out / "detector").string(), davit_,
       (folder_ / "scenes").string(), "--bootstrap", "0", "--threads", "1"});
  EXPECT_EQ(again["stats"], own["stats"]);
  EXPECT_EQ(again["detections"], own["detections"]);
  const auto told = Eyechart(Train({"--stages", "own"}, davit_));
  EXPECT_TRUE(Has(told.out, "parameters, own stages\n")) << told.out;
}

TEST_F(DetectStages, TheRecordsSayIt) {
  WriteText(folder_ / "s.toml", R"(
[suite]
name = "s"
[[encoder]]
name = "davit"
model = "davit"
[[dataset]]
name = "scenes"
kind = "boxes"
root = "scenes"
[[task]]
kind = "detect"
width = 32
layers = 1
steps = 2
variants = 1
stages = ["last", "own"]
)");
  const std::string out = (folder_ / "run").string();
  const Json json = EyechartJson({"run", (folder_ / "s.toml").string(), "--out",
                                  out, "--threads", "1", "--json"});
  EXPECT_EQ(json["ok"], 2);
  std::map<std::string, std::string> stages;
  for (const Record& record : ReadRecords(fs::path(out) / "records.jsonl"))
    stages[record.cell] = record.setting.at("stages");
  const std::map<std::string, std::string> expected = {
      {"davit/detect/scenes/layers=1,stages=own,steps=2,variants=1,width=32",
       "own"},
      {"davit/detect/scenes/layers=1,steps=2,variants=1,width=32", "last"}};
  EXPECT_EQ(stages, expected);
  const std::string page = (folder_ / "r.md").string();
  ASSERT_EQ(Eyechart({"report", out, "-o", page}).exit_code, 0);
  EXPECT_TRUE(Has(ReadFile(page), " | stages | ap ")) << ReadFile(page);
}

TEST_F(DetectStages, EncodersWithoutStagesAreRefused) {
  std::string told =
      Refused(Train({"--stages", "own"}, DemoCheckpoint("dinov2")));
  EXPECT_TRUE(Has(told, "dinov2 has no stages of its own")) << told;
  told = Refused(Train({"--stages", "each"}, davit_));
  EXPECT_TRUE(Has(told, "--stages each: should be last or own")) << told;
  told = Refused(Train({"--stages", "own", "--unfreeze", "1"}, davit_));
  EXPECT_TRUE(Has(told, "leave --stages at last")) << told;
}

}  // namespace
}  // namespace eyechart
