// `--nms` and `--nms-classes` of `eyechart detect` through the built binary.
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

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

class DetectNms : public ::testing::Test {
 protected:
  DetectNms() {
    for (const auto& [part, count] :
         {std::pair{"train", 24}, std::pair{"test", 4}})
      WriteRoboflow(set_ / part, ColouredBoxes(set_ / part, count, 1));
  }

  std::vector<std::string> Train(const std::vector<std::string>& more) const {
    std::vector<std::string> arguments = {
        "detect",     "train", model_,        set_.string(),
        "--width",    "32",    "--layers",    "1",
        "--steps",    "20",    "--looks",     "1",
        "--variants", "1",     "--warmup",    "2",
        "--average",  "0",     "--bootstrap", "0",
        "--threads",  "1",     "-o",          (folder_ / "out").string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  // What predict found with `more`; its answer is `answer_`.
  Json Found(const std::vector<std::string>& more) {
    const fs::path found = folder_ / "found.json";
    std::vector<std::string> arguments = {
        "detect",      "predict",
        model_,        (set_ / "test").string(),
        "--detector",  (folder_ / "out/detector").string(),
        "--min-score", "0.01",
        "--nms-iou",   "0.3",
        "--max-boxes", "1000",
        "--threads",   "1",
        "-o",          found.string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    answer_ = EyechartJson(arguments);
    return ReadJsonFile(found)["annotations"];
  }

  TempFolder folder_;
  fs::path set_ = folder_ / "set";
  std::string model_ = DemoCheckpoint("dinov2");
  Json answer_;
};

TEST_F(DetectNms, PredictAndEvalSuppressAsTold) {
  EyechartJson(Train({}));
  const Json plain = Found({});
  EXPECT_EQ(
      answer_["nms"],
      Json({{"semantics", "torchvision"}, {"classes", "aware"}, {"iou", 0.3}}));
  EXPECT_EQ(Found({"--nms", "torchvision", "--nms-classes", "aware"}), plain);

  // A head of a few steps takes a box for both classes.
  const Json agnostic = Found({"--nms-classes", "agnostic"});
  EXPECT_EQ(answer_["nms"]["classes"], "agnostic");
  EXPECT_LT(agnostic.size(), plain.size());

  Found({"--nms", "opencv"});
  EXPECT_EQ(answer_["nms"]["semantics"], "opencv");

  const Json linear = Found({"--nms", "soft-linear"});
  EXPECT_GT(linear.size(), plain.size());  // lowered, not gone
  for (const Json& box : linear) EXPECT_GE(box["score"].get<double>(), 0.01);
  const Json gaussian =
      Found({"--nms", "soft-gaussian", "--nms-sigma", "0.25"});
  EXPECT_EQ(answer_["nms"]["sigma"], 0.25);
  EXPECT_NE(gaussian, linear);
  EXPECT_NE(gaussian, plain);

  const std::vector<std::string> eval = {
      "detect",    "eval",        (folder_ / "out/detector").string(),
      model_,      set_.string(), "--part",
      "test",      "--bootstrap", "0",
      "--threads", "1",           "--nms-iou",
      "0.3",       "--max-boxes", "1000"};
  const Json usual = EyechartJson(eval);
  std::vector<std::string> soft = eval;
  soft.insert(soft.end(), {"--nms", "soft-linear"});
  const Json other = EyechartJson(soft);
  EXPECT_EQ(usual["nms"]["semantics"], "torchvision");
  EXPECT_EQ(other["nms"]["semantics"], "soft-linear");
  EXPECT_NE(usual["detections"], other["detections"]);
}

TEST_F(DetectNms, TrainRecordsWhoseSuppressionItWas) {
  const Json json = EyechartJson(
      Train({"--nms", "soft-gaussian", "--nms-classes", "agnostic"}));
  EXPECT_EQ(json["nms"], Json({{"semantics", "soft-gaussian"},
                               {"classes", "agnostic"},
                               {"iou", 0.6},
                               {"sigma", 0.5}}));
  EXPECT_EQ(ReadJsonFile(folder_ / "out/detect.json")["nms"], json["nms"]);
}

// The same call takes a set as done; one with other suppression does not.
TEST_F(DetectNms, Rf100DoesAnewWhatWasSuppressedOtherwise) {
  fs::create_directories(folder_ / "sets");
  fs::rename(set_, folder_ / "sets/one");
  const auto figures = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {
        "detect",      "rf100", model_,    (folder_ / "sets").string(),
        "--width",     "32",    "--steps", "3",
        "--bootstrap", "0",     "-o",      (folder_ / "out").string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    EyechartJson(arguments);
    return fs::last_write_time(folder_ / "out/one/detect.json");
  };
  const auto first = figures({});
  EXPECT_EQ(figures({}), first);
  EXPECT_NE(figures({"--nms-classes", "agnostic"}), first);
}

TEST_F(DetectNms, OtherWordsAreNamed) {
  const auto refused = [&](const std::vector<std::string>& more) {
    const auto result = Eyechart(Train(more));
    EXPECT_EQ(result.exit_code, 2) << result.err;
    EXPECT_TRUE(result.out.empty()) << result.out;
    return result.err;
  };
  EXPECT_TRUE(Has(refused({"--nms", "soft"}),
                  "--nms soft: should be torchvision, opencv, soft-linear, "
                  "soft-gaussian"));
  EXPECT_TRUE(Has(refused({"--nms-classes", "both"}),
                  "--nms-classes both: should be aware or agnostic"));
  EXPECT_TRUE(Has(refused({"--nms", "soft-gaussian", "--nms-sigma", "0"}),
                  "--nms-sigma 0: should be more than 0"));
  // 60 for 0.6 would be no suppression at all.
  for (const char* iou : {"60", "1.5", "-0.5", "nan"})
    EXPECT_TRUE(Has(refused({"--nms", "opencv", "--nms-iou", iou}),
                    fmt::format("--nms-iou {}: should be from 0 to 1", iou)));
  for (const char* part : {"eval", "predict", "rf100"}) {
    std::vector<std::string> arguments = {"detect", part, model_,
                                          set_.string()};
    if (std::string(part) == "eval") arguments.push_back(set_.string());
    arguments.insert(arguments.end(),
                     {"--nms-iou", "60", "-o", (folder_ / "none").string()});
    const auto result = Eyechart(arguments);
    EXPECT_EQ(result.exit_code, 2) << part;
    EXPECT_TRUE(Has(result.err, "--nms-iou 60: should be from 0 to 1"))
        << result.err;
  }
}

}  // namespace
}  // namespace eyechart
