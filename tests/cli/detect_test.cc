// `eyechart detect` through the built binary, on pictures that are easy to
// learn: files, exit codes, resuming, bad input.
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <filesystem>

#include "core/csv.h"
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

class DetectCommand : public ::testing::Test {
 protected:
  void WriteSet(int train = 24, int test = 8) {
    WriteRoboflow(set_ / "train", ColouredBoxes(set_ / "train", train, 1));
    WriteRoboflow(set_ / "test", ColouredBoxes(set_ / "test", test, 2));
  }

  std::vector<std::string> Train(const std::vector<std::string>& more = {},
                                 const std::string& steps = "30") const {
    std::vector<std::string> arguments = {
        "detect",      "train", model_,       set_.string(),
        "--width",     "32",    "--layers",   "1",
        "--steps",     steps,   "--looks",    "2",
        "--bootstrap", "50",    "--variants", "1",
        "--warmup",    "3",     "--average",  "0.9",
        "--threads",   "1",     "-o",         (folder_ / "out").string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  TempFolder folder_;
  fs::path set_ = folder_ / "set";
  std::string model_ = DemoCheckpoint("dinov2");
};

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_F(DetectCommand, TrainsTestsAndIsUsedAgain) {
  WriteSet();
  const fs::path out = folder_ / "out";
  const Json json = EyechartJson(Train());
  EXPECT_EQ(json["command"], "detect train");
  EXPECT_EQ(json["train"], 22);
  EXPECT_EQ(json["validation"], 2);
  EXPECT_EQ(json["test"], 8);
  EXPECT_EQ(json["classes"], 2);
  EXPECT_EQ(json["steps"], 30);
  EXPECT_TRUE(json["ci"].contains("AP"));
  for (const char* name : {"AP", "AP50", "AR100", "APs"})
    EXPECT_TRUE(json["stats"].contains(name)) << name;
  EXPECT_EQ(ReadJsonFile(out / "detect.json")["stats"], json["stats"]);
  EXPECT_FALSE(fs::exists(out / "state"));
  const CsvTable log = CsvTable::ReadFile(out / "log.csv");
  EXPECT_EQ(log.at(log.rows() - 1, log.Column("step")), "30");
  EXPECT_FALSE(log.at(log.rows() - 1, log.Column("validation_ap")).empty());
  EXPECT_EQ(CsvTable::ReadFile(out / "outcomes.csv").rows(), 8u);

  // The detector again, on the same pictures: the same figures; and
  // coco-eval's of its detections.
  const Json again =
      EyechartJson({"detect", "eval", (out / "detector").string(), model_,
                    set_.string(), "--threads", "1", "--bootstrap", "50"});
  EXPECT_EQ(again["stats"], json["stats"]);
  EXPECT_EQ(again["test_part"], "test");
  const Json evaluated = EyechartJson(
      {"coco-eval", (set_ / "test/_annotations.coco.json").string(),
       (out / "detections.json").string(), "--mode", "corrected"});
  EXPECT_NEAR(evaluated["stats"]["AR100"].get<double>(),
              json["stats"]["AR100"].get<double>(), 1e-12);

  const fs::path found = folder_ / "found.json";
  const Json predicted = EyechartJson(
      {"detect", "predict", model_, (set_ / "test").string(), "--detector",
       (out / "detector").string(), "-o", found.string(), "--draw",
       (folder_ / "drawn").string(), "--min-score", "0.05", "--threads", "1"});
  EXPECT_EQ(predicted["images"], 8);
  EXPECT_EQ(predicted["format"], "coco");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "drawn"),
                          fs::directory_iterator()),
            8);
  const Json coco = ReadJsonFile(found);
  EXPECT_EQ(coco["annotations"].size(), predicted["boxes"]);
  for (const Json& box : coco["annotations"])
    EXPECT_GE(box["score"].get<double>(), 0.05);
  // Another model's maps are refused.
  EXPECT_TRUE(Has(Refused({"detect", "eval", (out / "detector").string(),
                           DemoCheckpoint("clip"), set_.string()}),
                  "other weights"));
}

TEST_F(DetectCommand, AnInterruptedTrainingGoesOnToTheSameHead) {
  WriteSet();
  const auto begin = std::chrono::steady_clock::now();
  EyechartJson(Train({}, "60"));
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - begin);
  const std::string whole = ReadFile(folder_ / "out/detector/head.safetensors");
  // Start and end take time too: one of three moments meets the training. Where
  // something else takes the processor meanwhile, more are tried.
  int resumed = 0;
  for (int i = 1; i <= 3 || (resumed == 0 && i <= 15); ++i) {
    fs::remove_all(folder_ / "out");
    const auto stopped = testing::EyechartWithSignal(
        Train({}, "60"), SIGTERM, took * ((i - 1) % 5 + 3) / 7);
    if (stopped.exit_code == 0) continue;
    EXPECT_EQ(stopped.exit_code, 143) << stopped.err;
    EXPECT_FALSE(fs::exists(folder_ / "out/detect.json"));
    resumed += fs::exists(folder_ / "out/state/seed-0.safetensors") ? 1 : 0;
    const Json rest = EyechartJson(Train({}, "60"));
    EXPECT_EQ(rest["steps"], 60);
    EXPECT_EQ(ReadFile(folder_ / "out/detector/head.safetensors"), whole);
  }
  EXPECT_GT(resumed, 0);
}

TEST_F(DetectCommand, Rf100TakesEverySetOfAFolder) {
  for (const char* slug : {"one", "two"}) {
    set_ = folder_ / "sets" / slug;
    WriteSet(8, 4);
  }
  WriteText(folder_ / "sets/bad/train/_annotations.coco.json", "{");
  const std::vector<std::string> arguments = {
      "detect",      "rf100",
      model_,        (folder_ / "sets").string(),
      "-o",          (folder_ / "out").string(),
      "--width",     "32",
      "--steps",     "3",
      "--bootstrap", "0",
      "--json"};
  const auto first = Eyechart(arguments);
  EXPECT_EQ(first.exit_code, 6) << first.err;  // one failed, two are there
  const Json json = Json::parse(first.out);
  ASSERT_EQ(json["sets"].size(), 3u);
  EXPECT_EQ(json["sets"][0]["status"], "error");
  EXPECT_EQ(json["sets"][1]["status"], "ok");
  EXPECT_EQ(json["mean_of_sets"]["sets"], 2);
  // What is done is taken as it is.
  const auto stamp = fs::last_write_time(folder_ / "out/one/detect.json");
  EXPECT_EQ(Eyechart(arguments).exit_code, 6);
  EXPECT_EQ(fs::last_write_time(folder_ / "out/one/detect.json"), stamp);
}

TEST_F(DetectCommand, BadInputIsNamed) {
  WriteSet(4, 2);
  EXPECT_TRUE(Has(Refused(Train({"--head", "yolo"})), "dense or set"));
  EXPECT_TRUE(Has(Refused(Train({"--stages", "own"})), "no stages"));
  EXPECT_TRUE(Has(Refused(Train({"--keep", "worst"})), "best or last"));
  EXPECT_TRUE(Has(Refused(Train({}, "0")), "at least 1"));
  EXPECT_TRUE(
      Has(Refused({"detect", "train", model_, (folder_ / "nothing").string()}),
          "nothing"));
  EXPECT_TRUE(
      Has(Refused({"detect", "eval", set_.string(), model_, set_.string()}),
          "detector.json"));
  fs::remove_all(set_ / "test");
  EXPECT_TRUE(Has(Refused(Train()), "no part to test on"));
}

}  // namespace
}  // namespace eyechart
