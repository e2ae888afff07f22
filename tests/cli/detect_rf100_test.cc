// `eyechart detect rf100` through the built binary: what is done anew, the
// table.
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
using testing::TempFolder;
using testing::WriteText;

class DetectRf100 : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* slug : {"bccd-ouzjz", "mine"})
      for (const auto& [part, count] :
           {std::pair{"train", 8}, std::pair{"test", 4}})
        WriteRoboflow(sets_ / slug / part,
                      ColouredBoxes(sets_ / slug / part, count, 1));
  }

  testing::ProcessResult Run(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"detect",
                                          "rf100",
                                          DemoCheckpoint("dinov2"),
                                          sets_.string(),
                                          "-o",
                                          out_.string(),
                                          "--width",
                                          "32",
                                          "--steps",
                                          "3",
                                          "--bootstrap",
                                          "0",
                                          "--threads",
                                          "1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Eyechart(arguments);
  }

  fs::file_time_type DoneAt(const char* slug) const {
    return fs::last_write_time(out_ / slug / "detect.json");
  }

  TempFolder folder_;
  fs::path sets_ = folder_ / "sets";
  fs::path out_ = folder_ / "out";
};

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_F(DetectRf100, ASetWithMendedLabelsIsDoneAnew) {
  ASSERT_EQ(Run().exit_code, 0);
  const auto other = DoneAt("bccd-ouzjz"), first = DoneAt("mine");
  ASSERT_EQ(Run().exit_code, 0);
  EXPECT_EQ(DoneAt("mine"), first);
  for (const char* part : {"train", "test"}) {
    const auto before = DoneAt("mine");
    const fs::path list = sets_ / "mine" / part / "_annotations.coco.json";
    Json coco = ReadJsonFile(list);
    coco["annotations"][0]["bbox"][2] =
        coco["annotations"][0]["bbox"][2].get<double>() - 1;
    WriteText(list, coco.dump());
    ASSERT_EQ(Run().exit_code, 0);
    EXPECT_GT(DoneAt("mine"), before) << part;
    EXPECT_EQ(DoneAt("bccd-ouzjz"), other) << part;
  }
  // Another way to read a set is another result.
  const auto before = DoneAt("mine");
  ASSERT_EQ(Run({"--set-kind", "roboflow"}).exit_code, 0);
  EXPECT_GT(DoneAt("mine"), before);
}

TEST_F(DetectRf100, PrintsThePublishedScoresAndWhatIsOdd) {
  for (int i = 0; i < 2; ++i) {  // done, and taken as done
    const auto run = Run();
    ASSERT_EQ(run.exit_code, 0) << run.err;
    EXPECT_TRUE(Has(run.out, "YOLOv5s   YOLOv7  YOLOv8s     GLIP\n"));
    EXPECT_TRUE(Has(run.out, "   0.912    0.922    0.927    0.191\n"))
        << run.out;
    EXPECT_TRUE(Has(run.out, "       -        -        -        -\n"));
    EXPECT_TRUE(Has(run.err, "warning: mine, part train: categories of id 0"))
        << run.err;
  }
  const Json json = ReadJsonFile(out_ / "rf100.json");
  EXPECT_EQ(json["warnings"].size(), 4u);  // of two parts of two sets
  EXPECT_EQ(json["sets"][1]["warnings"].size(), 2u);
}

TEST_F(DetectRf100, ASingleClassIsAnotherResult) {
  ASSERT_EQ(Run().exit_code, 0);
  const auto plain = DoneAt("mine");
  for (int i = 0; i < 2; ++i) {  // done, and taken as done
    const auto run = Run({"--single-class"});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    EXPECT_GT(DoneAt("mine"), plain);
  }
  const Json json = ReadJsonFile(out_ / "mine/detect.json");
  EXPECT_EQ(json["classes"], 1);
  EXPECT_EQ(json["training"]["single_class"], true);
  const fs::path head = out_ / "mine/detector";
  const Json classes = ReadJsonFile(head / "detector.json")["classes"];
  ASSERT_EQ(classes.size(), 1u);
  EXPECT_EQ(classes[0]["name"], "object");
  // One of both alone is refused, the option named.
  const auto eval = [&](const fs::path& detector,
                        std::vector<std::string> more) {
    more.insert(more.begin(),
                {"detect", "eval", detector.string(), DemoCheckpoint("dinov2"),
                 (sets_ / "mine").string(), "--threads", "1"});
    return Eyechart(more);
  };
  const auto refused = eval(head, {});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_TRUE(Has(refused.err, "--single-class")) << refused.err;
  EXPECT_EQ(eval(head, {"--single-class"}).exit_code, 0);
  ASSERT_EQ(Run().exit_code, 0);
  const auto other = eval(head, {"--single-class"});
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_TRUE(Has(other.err, "tells 2 classes apart")) << other.err;
}

TEST_F(DetectRf100, ThePartThatIsTrainedOnCanBeNamed) {
  fs::rename(sets_ / "mine/train", sets_ / "mine/trainval");
  ASSERT_EQ(Run().exit_code, 0);
  EXPECT_EQ(ReadJsonFile(out_ / "mine/detect.json")["train_part"], "trainval");
  fs::rename(sets_ / "mine/trainval", sets_ / "mine/first");
  const auto lost = Run();
  EXPECT_EQ(lost.exit_code, 6);
  EXPECT_TRUE(Has(lost.err, "--train-part")) << lost.err;
  fs::rename(sets_ / "bccd-ouzjz/train", sets_ / "bccd-ouzjz/first");
  ASSERT_EQ(Run({"--train-part", "first"}).exit_code, 0);
  EXPECT_EQ(ReadJsonFile(out_ / "mine/detect.json")["train_part"], "first");
}

TEST_F(DetectRf100, TellsOfWhatIsNoSetAndOfATestPartWithoutTruth) {
  WriteText(sets_ / "broken/train/a.txt", "");
  const fs::path list = sets_ / "mine/test/_annotations.coco.json";
  Json coco = ReadJsonFile(list);
  coco["annotations"] = Json::array();
  WriteText(list, coco.dump());
  const auto run = Run();
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_TRUE(Has(run.out, "\nbroken                       skipped: "))
      << run.out;
  EXPECT_TRUE(Has(run.err, "broken: no detection set is recognised here"))
      << run.err;
  EXPECT_TRUE(Has(run.err,
                  "warning: mine: its test part has no truth, so it has no AP "
                  "and is left out of the means"))
      << run.err;
  EXPECT_TRUE(Has(run.err, "without a box that counts")) << run.err;
  EXPECT_TRUE(Has(run.out, "mean of sets                 1 set ")) << run.out;
  EXPECT_TRUE(Has(run.out,
                  "over YOLOv5s 100, YOLOv7 97, YOLOv8s 95, GLIP 95 "
                  "sets"))
      << run.out;
  EXPECT_FALSE(Has(run.out, "RF100-VL"));
  const Json json = ReadJsonFile(out_ / "rf100.json");
  EXPECT_EQ(json["sets"][1]["status"], "skipped");
  EXPECT_TRUE(json["sets"][2]["AP"].is_null());
  EXPECT_TRUE(Has(json["warnings"].dump(), "skipped: "));
}

// It is one, so that its failing is the run's: no folder of notes.
TEST_F(DetectRf100, ABrokenSetIsAFailedRowNotASkippedOne) {
  WriteText(sets_ / "broken/train/_annotations.coco.json", "{");
  WriteText(sets_ / "notes/readme.md", "");
  const auto run = Run();
  EXPECT_EQ(run.exit_code, 6) << run.err;
  const Json sets = ReadJsonFile(out_ / "rf100.json")["sets"];
  ASSERT_EQ(sets.size(), 4u);
  EXPECT_EQ(sets[0]["status"], "ok");
  EXPECT_EQ(sets[1]["slug"], "broken");
  EXPECT_EQ(sets[1]["status"], "error");
  EXPECT_EQ(sets[3]["status"], "skipped");
}

TEST_F(DetectRf100, AFolderThatCannotBeThereIsNamed) {
  // Longer than a name can be on common file systems.
  out_ = folder_ / std::string(300, 'x');
  const auto run = Run();
  EXPECT_EQ(run.exit_code, 2) << run.err;
  EXPECT_TRUE(Has(run.err, out_.string())) << run.err;
  EXPECT_FALSE(Has(run.err, "warning:")) << run.err;  // said once, of no set
}

TEST_F(DetectRf100, SeedsStandInTableAndJson) {
  // The folder of results may lie among the sets, twice.
  out_ = sets_ / "out";
  for (int i = 0; i < 2; ++i) {
    const auto run = Run({"--runs", "2", "--shots", "1"});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    EXPECT_TRUE(Has(run.out, "     AP   dev.             95 %    AP50   dev."))
        << run.out;
    EXPECT_TRUE(Has(run.out, "means of 2 seeds")) << run.out;
    EXPECT_TRUE(Has(run.out, "RF100-VL, published")) << run.out;
    EXPECT_TRUE(Has(run.out, "whole detectors")) << run.out;
    EXPECT_FALSE(Has(run.out, "skipped")) << run.out;
  }
  const Json json = ReadJsonFile(out_ / "rf100.json");
  EXPECT_EQ(json["seeds"], (Json{0, 1}));
  for (const Json& row :
       {json["sets"][0], json["domains"][0], json["mean_of_sets"]}) {
    const Json& runs = row["runs"]["AP"];
    ASSERT_EQ(runs["scores"].size(), 2u) << row;
    EXPECT_NEAR(
        row["AP"].get<double>(),
        (runs["scores"][0].get<double>() + runs["scores"][1].get<double>()) / 2,
        1e-12);
    EXPECT_TRUE(runs["ci"].contains("low"));
  }
  EXPECT_FALSE(json["published_rf100_vl"]["rows"].empty());
}

}  // namespace
}  // namespace eyechart
