// `eyechart detect train` through the built binary: what it leaves out, what it
// compares with, curves.
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
using testing::Refused;
using testing::TempFolder;
using testing::WriteText;

class DetectTrain : public ::testing::Test {
 protected:
  DetectTrain() { WriteSet(set_); }

  static void WriteSet(const fs::path& set, std::uint64_t seed = 1) {
    WriteRoboflow(set / "train", ColouredBoxes(set / "train", 24, seed));
    WriteRoboflow(set / "test", ColouredBoxes(set / "test", 4, 2));
  }

  std::vector<std::string> Train(const std::vector<std::string>& more = {},
                                 const std::string& model = "dinov2") const {
    return TrainOn(set_, more, model);
  }

  std::vector<std::string> TrainOn(const fs::path& set,
                                   const std::vector<std::string>& more,
                                   const std::string& model = "dinov2") const {
    std::vector<std::string> arguments = {"detect",
                                          "train",
                                          DemoCheckpoint(model),
                                          set.string(),
                                          "--width",
                                          "32",
                                          "--layers",
                                          "1",
                                          "--looks",
                                          "1",
                                          "--warmup",
                                          "1",
                                          "--bootstrap",
                                          "0",
                                          "--variants",
                                          "1",
                                          "--validation",
                                          "0",
                                          "--threads",
                                          "1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  TempFolder folder_;
  fs::path set_ = folder_ / "set";
};

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_F(DetectTrain, SaysWhatItLeavesOut) {
  const fs::path list = set_ / "train/_annotations.coco.json";
  Json coco = ReadJsonFile(list);
  coco["annotations"][3].erase("bbox");
  WriteText(list, coco.dump());
  const std::string out = (folder_ / "out").string();
  const auto result = Eyechart(Train({"--steps", "3", "-o", out}));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const std::string warning =
      "eyechart: warning: set, part train: categories of id 0 that name the "
      "project, without boxes: 1, dropped; annotation ids below 1 (pycocotools "
      "can never count id 0 as found): 1, all annotations are numbered from 1; "
      "annotations without a box: 1, left out\n";
  EXPECT_TRUE(Has(result.err, warning)) << result.err;
  EXPECT_EQ(result.err.find("part train"), result.err.rfind("part train"));
  EXPECT_TRUE(Has(result.err, "set, part test: ")) << result.err;
  EXPECT_EQ(ReadJsonFile(out + "/detect.json")["warnings"].size(), 2u);

  const auto again =
      Eyechart({"detect", "eval", out + "/detector", DemoCheckpoint("dinov2"),
                set_.string(), "--part", "train", "--bootstrap", "0"});
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_TRUE(Has(again.err, warning)) << again.err;
}

TEST_F(DetectTrain, MoreBoxesThanCocosCount) {
  const std::string out = (folder_ / "out").string();
  const Json json =
      EyechartJson(Train({"--steps", "3", "--max-boxes", "500", "-o", out}));
  EXPECT_EQ(json["max_dets"], Json({1, 10, 100, 500}));
  EXPECT_EQ(EyechartJson({"detect", "eval", out + "/detector",
                          DemoCheckpoint("dinov2"), set_.string(),
                          "--bootstrap", "0", "--max-boxes", "500"})["stats"],
            json["stats"]);
  EXPECT_TRUE(Has(Refused(Train({"--max-boxes", "0"})), "--max-boxes 0"));
  EXPECT_TRUE(Has(
      Refused({"detect", "eval", out + "/detector", DemoCheckpoint("dinov2"),
               set_.string(), "--max-boxes", "-1"}),
      "--max-boxes -1"));
}

TEST_F(DetectTrain, ComparesLikeWithLike) {
  const std::string out = (folder_ / "out").string();
  const std::string other = out + "/detect.json";
  ASSERT_EQ(Eyechart(Train({"--steps", "3", "-o", out})).exit_code, 0);
  const auto compared = [&](std::vector<std::string> more) {
    more.insert(more.end(), {"--compare", other});
    return more;
  };
  // Another encoder on the same pictures in another folder, and more seeds.
  fs::copy(set_, folder_ / "moved", fs::copy_options::recursive);
  const Json json = EyechartJson(TrainOn(
      folder_ / "moved", compared({"--steps", "3", "--runs", "2"}), "clip"));
  EXPECT_EQ(json["comparison"]["seeds"], Json({0}));

  std::string told = Refused(Train(compared({"--steps", "4"})));
  EXPECT_TRUE(Has(told, "steps 3 against 4")) << told;
  told = Refused(Train(compared({"--steps", "3", "--images", "8"})));
  EXPECT_TRUE(Has(told, "with 24 train pictures; this one has 8")) << told;
  told = Refused(Train(compared({"--steps", "3", "--max-boxes", "500"})));
  EXPECT_TRUE(Has(told, "max_dets [1,10,100] against [1,10,100,500]")) << told;
  told = Refused(Train(compared({"--steps", "3", "--part", "train"})));
  EXPECT_TRUE(Has(told, "tested on part \"test\"; this one on \"train\""))
      << told;
  WriteSet(folder_ / "else", 5);
  told = Refused(TrainOn(folder_ / "else", compared({"--steps", "3"})));
  EXPECT_TRUE(Has(told, "\"set\"") && Has(told, "\"else\"")) << told;
  // A file of an earlier version has the set's name alone.
  Json old = ReadJsonFile(other);
  old.erase("dataset_sha256");
  WriteText(other, old.dump());
  told = Refused(TrainOn(folder_ / "else", compared({"--steps", "3"})));
  EXPECT_TRUE(Has(told, "of data set \"set\"; this one is of \"else\""))
      << told;
}

TEST_F(DetectTrain, ComparesHeadsOfOneShapeAndSuppression) {
  const std::string out = (folder_ / "out").string();
  const std::string other = out + "/detect.json";
  const Json first = EyechartJson(Train({"--steps", "3", "-o", out}));
  EXPECT_EQ(
      first["head_shape"],
      Json({{"kind", "dense"}, {"width", 32}, {"layers", 1}, {"groups", 32}}));
  EXPECT_EQ(ReadJsonFile(other)["head_shape"], first["head_shape"]);
  const auto compared = [&](std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--steps", "3", "--compare", other});
    return Train(more, "clip");
  };
  EXPECT_EQ(EyechartJson(compared())["warnings"], first["warnings"]);
  std::string told = Refused(compared({"--nms", "soft-linear"}));
  EXPECT_TRUE(Has(told,
                  "of another head than this one: NMS semantics "
                  "\"torchvision\" against \"soft-linear\";"))
      << told;
  told = Refused(compared({"--nms-iou", "0.5"}));
  EXPECT_TRUE(Has(told, "this one: NMS iou 0.6 against 0.5;")) << told;

  // As if its head had been larger.
  Json changed = first;
  changed["head_shape"].update({{"width", 64}, {"layers", 2}});
  WriteText(other, changed.dump());
  told = Refused(compared());
  EXPECT_TRUE(Has(told, "head layers 2 against 1, head width 64 against 32;"))
      << told;

  // Of an earlier version nothing is known: compared, with a warning.
  changed.erase("head_shape");
  changed.erase("nms");
  WriteText(other, changed.dump());
  const auto compare = Eyechart(compared({"--json"}));
  ASSERT_EQ(compare.exit_code, 0) << compare.err;
  const Json json = Json::parse(compare.out);
  EXPECT_EQ(json["comparison"]["seeds"], Json({0}));
  EXPECT_EQ(json["warnings"].size(), first["warnings"].size() + 2);
  for (const char* key : {"head_shape", "nms"})
    EXPECT_TRUE(Has(compare.err, fmt::format("warning: {}: it has no \"{}\", "
                                             "being of an earlier eyechart",
                                             other, key)))
        << compare.err;
}

TEST_F(DetectTrain, ASetHeadSaysItsQueries) {
  const Json json = EyechartJson(Train(
      {"--steps", "1", "--head", "set", "-o", (folder_ / "out").string()}));
  EXPECT_EQ(
      json["head_shape"],
      Json({{"kind", "set"}, {"width", 32}, {"layers", 1}, {"queries", 300}}));
  EXPECT_FALSE(json.contains("nms"));
}

TEST_F(DetectTrain, ACurveHasAPointASizeAndTheWarningsOfAll) {
  // Of six broken pictures the last point, of four, can tell no more than four.
  for (int i = 1; i <= 6; ++i)
    WriteText(set_ / "train" / fmt::format("{}.png", i), "broken");
  const fs::path out = folder_ / "out";
  const auto result = Eyechart(Train(
      {"--epochs", "1", "--images", "0,4", "-o", out.string(), "--json"}));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json json = Json::parse(result.out);
  ASSERT_EQ(json["curve"].size(), 2u);
  EXPECT_EQ(json["curve"][0]["images"], 24);
  EXPECT_EQ(json["curve"][1]["images"], 4);
  EXPECT_LT(json["curve"][1]["boxes"], json["curve"][0]["boxes"]);
  EXPECT_EQ(json["train"], 4);  // the rest is the last point's
  EXPECT_EQ(json["stats"]["AP"], json["curve"][1]["AP"]);
  EXPECT_EQ(ReadJsonFile(out / "curve.json"), json["curve"]);
  for (std::size_t i = 0; i < 2; ++i) {
    const fs::path one = out / (i == 0 ? "images-all" : "images-4");
    EXPECT_EQ(ReadJsonFile(one / "detect.json")["stats"]["AP"],
              json["curve"][i]["AP"]);
  }
  EXPECT_TRUE(Has(result.err, "6 pictures could not be read")) << result.err;
  // What is odd in the set is told once.
  EXPECT_EQ(result.err.find("part train"), result.err.rfind("part train"));
}

}  // namespace
}  // namespace eyechart
