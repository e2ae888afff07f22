// An exported detector as an encoder of a suite: tasks that make do with boxes
// give cells beside those of heads, the others say that they cannot.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/files.h"
#include "reports/pareto.h"
#include "tests/fixture.h"
#include "tests/probes/detection/transfer/colour_detector.h"
#include "tests/suite/toy_suite.h"

namespace eyechart::suite {
namespace {

namespace fs = std::filesystem;
using eyechart::testing::InputErrorOf;
using eyechart::testing::TempFolder;
using testing::CellIds;
using testing::ReadSuiteText;
using testing::ReasonsOf;
using testing::RunInto;
using testing::WritePlates;
using testing::WriteToyModel;
using Names = std::vector<std::string>;

constexpr const char* kDetect = R"(
[[task]]
kind = "detect"
dataset = "plates"
width = 32
layers = 1
steps = 2
variants = 1
)";

constexpr const char* kBench = R"(
[[task]]
kind = "bench"
dataset = "plates"
min_seconds = 0
min_queries = 10
detector_cell = "{encoder}/detect/plates/layers=1,steps=2,variants=1,width=32"
)";

constexpr const char* kSweep = R"(
[[task]]
kind = "nms-sweep"
dataset = "plates"
repetitions = 1
cost_pictures = 0
detector_cell = "{encoder}/detect/plates/layers=1,steps=2,variants=1,width=32"
)";

class ExportedInSuite : public ::testing::Test {
 protected:
  ExportedInSuite() {
    namespace made = detection::testing;
    WriteToyModel(folder_ / "model");
    made::WriteColourDetector(folder_ / "yolo", made::kYoloForward,
                              made::ColourConfig(made::YoloAnswers()));
    WritePlates(folder_ / "plates");
  }

  // `keys` are of the exported detector.
  SuiteSpec Suite(const std::string& tasks,
                  const std::string& keys = "") const {
    return ReadSuiteText(folder_, R"(
[suite]
name = "exported"
[[encoder]]
name = "toy"
model = "model"
[[encoder]]
name = "yolo"
model = "yolo"
)" + keys + R"(
[[dataset]]
name = "plates"
kind = "boxes"
root = "plates"
)" + tasks);
  }

  RunSummary Run(const std::string& tasks, const std::string& keys = "") const {
    return RunInto(Suite(tasks, keys), folder_ / "run");
  }

  std::vector<Record> Records() const {
    return ReadRecords(folder_ / "run/records.jsonl");
  }

  // Why cells failed, for messages.
  std::string Reasons() const { return ReasonsOf(folder_ / "run"); }

  Names Cells(const std::string& tasks, const std::string& keys = "") const {
    return CellIds(Suite(tasks, keys));
  }

  std::string ErrorOf(const std::string& tasks,
                      const std::string& keys = "") const {
    return InputErrorOf([&] { Cells(tasks, keys); });
  }

  const TempFolder folder_;
};

TEST_F(ExportedInSuite, StandsBesideAHeadOnAnEncoder) {
  const std::string tasks = std::string(kDetect) + kBench + kSweep;
  const RunSummary summary = Run(tasks);
  ASSERT_EQ(summary.failed, Names{}) << Reasons();
  EXPECT_EQ(summary.ok, 6);
  std::map<std::string, std::set<std::string>> metrics;  // by cell
  for (const Record& record : Records()) {
    if (record.encoder != "yolo") continue;
    metrics[record.cell].insert(record.metric);
    EXPECT_EQ(record.weights_sha256.size(), 64u) << record.cell;
    EXPECT_FALSE(record.setting.contains("steps")) << record.cell;
    EXPECT_FALSE(record.setting.contains("detector_cell")) << record.cell;
    if (record.task != "bench") {
      EXPECT_EQ(record.setting.at("head"), "exported");
    }
    if (record.metric == "ap") {
      EXPECT_NEAR(record.value.value_or(0), 1, 1e-9) << record.cell;
    }
  }
  const std::string bench = "yolo/bench/plates/min_queries=10,min_seconds=0";
  EXPECT_TRUE(metrics["yolo/detect/plates/default"].contains("ap50"));
  EXPECT_TRUE(metrics[bench].contains("latency_median"));
  EXPECT_TRUE(metrics[bench].contains("stage_nms"));
  EXPECT_TRUE(
      metrics["yolo/nms-sweep/plates/cost_pictures=0,repetitions=1"].contains(
          "end_to_end_ms"));
  const fs::path artifacts = folder_ / "run/artifacts";
  const Json detect = ReadJsonFile(
      artifacts / CellSlug("yolo/detect/plates/default") / "detect.json");
  EXPECT_EQ(detect["protocol"], "detect-exported");
  EXPECT_EQ(detect["detections"], 7);
  EXPECT_EQ(ReadJsonFile(artifacts / CellSlug(bench) / "bench.json")["answer"],
            "boxes");
  // Nothing is measured again, and another program is told.
  EXPECT_EQ(Run(tasks).done, 6);
  namespace made = detection::testing;
  made::WriteColourDetector(folder_ / "yolo", made::kDetrForward,
                            made::ColourConfig(made::DetrAnswers()));
  EXPECT_NE(InputErrorOf([&] { Run(tasks); }).find("other weights"),
            std::string::npos);
}

// The same truth, the same pictures: what a user wants to see first.
TEST_F(ExportedInSuite, IsAPointBesideHeads) {
  const std::string tasks = std::string(kDetect) + kBench;
  ASSERT_EQ(Run(tasks).failed, Names{}) << Reasons();
  reports::RunFolder run;
  run.records = Records();
  const std::vector<reports::ParetoPicture> pictures =
      reports::MakeParetoPictures({&run, 1});
  ASSERT_EQ(pictures.size(), 1u);
  EXPECT_EQ(pictures[0].metric, "ap");
  EXPECT_EQ(pictures[0].scored, "detectors on plates");
  EXPECT_EQ(pictures[0].timed,
            "bench/plates/min_queries=10,min_seconds=0 to boxes");
  ASSERT_EQ(pictures[0].points.size(), 2u);
  std::map<std::string, reports::ParetoPoint> points;
  for (const reports::ParetoPoint& point : pictures[0].points)
    points[point.encoder] = point;
  EXPECT_EQ(points["toy"].setting,
            "dense head, layers=1, steps=2, variants=1, width=32");
  EXPECT_EQ(points["yolo"].setting, "exported");
  EXPECT_NEAR(points["yolo"].score, 1, 1e-9);
  EXPECT_TRUE(points["yolo"].score_ci.has_value());
  EXPECT_GT(points["yolo"].latency_ms, 0);
}

// AP and latency of one kind of suppression meet, of two they do not.
TEST_F(ExportedInSuite, IsTimedAtTheSuppressionThatItIsScoredWith) {
  const auto grid = [](const char* kind) {
    return std::string("[[task]]\nkind = \"") + kind +
           "\"\nencoder = \"yolo\"\n"
           "nms = [\"torchvision\", \"soft-gaussian\"]\nnms_sigma = 0.3\n";
  };
  ASSERT_EQ(Run(grid("detect") + grid("bench") +
                "min_seconds = 0\nmin_queries = 10\n")
                .failed,
            Names{})
      << Reasons();
  std::set<std::map<std::string, std::string>> timed;
  for (const Record& record : Records()) {
    if (record.task != "bench") continue;
    std::map<std::string, std::string> nms = record.setting;
    std::erase_if(nms, [](const auto& key) {
      return !key.first.starts_with("nms") || key.first == "nms_iou";
    });
    timed.insert(nms);
  }
  EXPECT_EQ(timed, (std::set<std::map<std::string, std::string>>{
                       {{"nms", "soft-gaussian"},
                        {"nms_classes", "aware"},
                        {"nms_sigma", "0.3"}},
                       {{"nms", "torchvision"},
                        {"nms_classes", "aware"},
                        {"nms_sigma", "0.3"}}}));
  reports::RunFolder run;
  run.records = Records();
  const reports::ParetoPairs pairs = reports::MakeParetoPairs({&run, 1});
  ASSERT_EQ(pairs.left_out.size(), 2u);
  for (const reports::ParetoLeftOut& one : pairs.left_out)
    EXPECT_NE(one.why.find("nms soft-gaussian"), std::string::npos) << one.why;
}

TEST_F(ExportedInSuite, GridsOfHeadsAreOneCellOfIt) {
  EXPECT_EQ(Cells("[[task]]\nkind = \"detect\"\nsteps = [2, 3]\n"
                  "part = [\"test\", \"train\"]\n"),
            (Names{"toy/detect/plates/part=test,steps=2",
                   "yolo/detect/plates/part=test",
                   "toy/detect/plates/part=test,steps=3",
                   "toy/detect/plates/part=train,steps=2",
                   "yolo/detect/plates/part=train",
                   "toy/detect/plates/part=train,steps=3"}));
  // Two tasks that ask for the same are a mistake as ever.
  EXPECT_NE(ErrorOf("[[task]]\nkind = \"detect\"\nencoder = \"yolo\"\n"
                    "[[task]]\nkind = \"detect\"\nsteps = 2\n")
                .find("yolo/detect/plates/default is there already"),
            std::string::npos);
}

TEST_F(ExportedInSuite, TasksOnFeaturesLeaveItOutOrSaySo) {
  EXPECT_EQ(Cells("[[task]]\nkind = \"encode\"\n"),
            Names{"toy/encode/plates/default"});
  const std::string error =
      ErrorOf("[[task]]\nkind = \"encode\"\nencoder = [\"toy\", \"yolo\"]\n");
  EXPECT_NE(error.find("encoder \"yolo\" is an exported detector, which gives "
                       "boxes and none of the features that encode needs; "
                       "kinds that take one are detect, bench, nms-sweep"),
            std::string::npos)
      << error;
  for (const char* task :
       {"kind = \"mine\"\nnear = \"toy\"\nfar = \"yolo\"\n",
        "kind = \"chart\"\nencoder = \"yolo\"\n",
        "kind = \"probe\"\nprobe = \"knn\"\ntrain = \"plates\"\n"
        "dataset = \"plates\"\nencoder = \"yolo\"\n"})
    EXPECT_NE(ErrorOf(std::string("[[task]]\n") + task)
                  .find("\"yolo\" is an exported detector"),
              std::string::npos)
        << task;
}

TEST_F(ExportedInSuite, KeysOfHeadsAreNoneOfItsOwn) {
  const auto has = [&](const std::string& tasks, const char* part) {
    const std::string error = ErrorOf(tasks);
    EXPECT_NE(error.find(part), std::string::npos) << error;
  };
  has("[[task]]\nkind = \"detect\"\nencoder = \"yolo\"\nsteps = 9\n",
      "steps is of a head on an encoder; \"yolo\" is an exported detector");
  has("[[task]]\nkind = \"bench\"\nencoder = \"yolo\"\ndetector = \"d\"\n",
      "detector is of a head");
  has("[[task]]\nkind = \"nms-sweep\"\nencoder = \"yolo\"\n"
      "beside = \"nowhere\"\n",
      "beside is of a head");
  has("[[task]]\nkind = \"nms-sweep\"\n", "detector or detector_cell");
  EXPECT_EQ(ErrorOf("[[task]]\nkind = \"nms-sweep\"\nencoder = \"yolo\"\n"),
            "");
  // Its detect cell trains no head that another could take.
  has("[[task]]\nkind = \"detect\"\n[[task]]\nkind = \"bench\"\n"
      "detector_cell = \"yolo/detect/plates/default\"\n",
      "there are toy/detect/plates/default");
  EXPECT_NE(ErrorOf("[[task]]\nkind = \"bench\"\n", "pool = \"cls\"\n")
                .find("\"yolo\" is an exported detector, which gives boxes and "
                      "pools nothing"),
            std::string::npos);
}

TEST_F(ExportedInSuite, SweepsAnotherExportedDetectorBeside) {
  namespace made = detection::testing;
  const std::string detr = (folder_ / "detr").string();
  made::WriteColourDetector(detr, made::kDetrForward,
                            made::ColourConfig(made::DetrAnswers()));
  ASSERT_EQ(Run("[[task]]\nkind = \"nms-sweep\"\nencoder = \"yolo\"\n"
                "repetitions = 1\ncost_pictures = 0\nbeside = \"" +
                detr + "\"\n")
                .failed,
            Names{})
      << Reasons();
  std::set<std::string> beside, weights;
  for (const Record& record : Records()) {
    if (!record.setting.contains("nms_iou")) beside.insert(record.cell);
    weights.insert(record.weights_sha256);
  }
  EXPECT_EQ(weights.size(), 2u);
  for (const std::string& cell : beside)
    EXPECT_NE(cell.find("sweep=beside"), std::string::npos) << cell;
  EXPECT_FALSE(beside.empty());
}

TEST_F(ExportedInSuite, OtherSizesAreForProgramsThatTakeThem) {
  const std::string task = "[[task]]\nkind = \"detect\"\nencoder = \"yolo\"\n";
  const std::string sizes = "resolution = [64, 128]\n";
  const RunSummary fixed = Run(task, sizes);
  EXPECT_EQ(fixed.failed, Names{"yolo/detect/plates/resolution=128"});
  EXPECT_NE(Reasons().find("\"any_size\" should be true"), std::string::npos)
      << Reasons();
  namespace made = detection::testing;
  Json config = made::ColourConfig(made::YoloAnswers());
  config["any_size"] = true;
  made::WriteConfig(folder_ / "yolo", config);
  EXPECT_EQ(Run(task, sizes).failed, Names{}) << Reasons();
  for (const Record& record : Records())
    if (record.metric == "ap" && record.setting.contains("resolution") &&
        record.status == RecordStatus::kOk) {
      EXPECT_GT(record.value.value_or(0), 0.7) << record.cell;
    }
}

TEST_F(ExportedInSuite, HasABatchCurve) {
  ASSERT_EQ(Run("[[task]]\nkind = \"bench\"\nencoder = \"yolo\"\n"
                "min_seconds = 0\nmin_queries = 10\nbatch_curve = \"1,2\"\n")
                .failed,
            Names{})
      << Reasons();
  const fs::path artifacts =
      folder_ / "run/artifacts" / CellSlug(Records().front().cell);
  const Json curve = ReadJsonFile(artifacts / "batch_curve.json");
  EXPECT_EQ(curve["encoder"], "yolo");
  EXPECT_EQ(curve["points"].size(), 2u);
  EXPECT_FALSE(fs::exists(artifacts / "roofline.json"));
  EXPECT_TRUE(ReadFile(artifacts / "batch_curve_samples.csv")
                  .starts_with("batch,query,"));
}

}  // namespace
}  // namespace eyechart::suite
