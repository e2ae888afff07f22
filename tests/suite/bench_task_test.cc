// Task kind `bench` in a suite: cells, records, samples.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "core/csv.h"
#include "core/files.h"
#include "suite/detector_cell.h"
#include "tests/fixture.h"
#include "tests/suite/toy_suite.h"

namespace eyechart::suite {
namespace {

namespace fs = std::filesystem;
using eyechart::testing::InputErrorOf;
using eyechart::testing::TempFolder;
using testing::ReadSuiteText;
using testing::RunInto;
using testing::WritePhotos;
using testing::WriteToyModel;

class BenchTask : public ::testing::Test {
 protected:
  BenchTask() {
    WriteToyModel(folder_ / "model");
    WritePhotos(folder_ / "photos");
  }

  SuiteSpec Suite(const std::string& tasks) const {
    return ReadSuiteText(folder_, R"(
[suite]
name = "bench"
[[encoder]]
name = "toy"
model = "model"
[[dataset]]
name = "photos"
kind = "folder"
root = "photos"
[[dataset]]
name = "plates"
kind = "boxes"
root = "plates"
)" + tasks);
  }

  RunSummary Run(const std::string& tasks) const {
    return RunInto(Suite(tasks), folder_ / "run");
  }

  const TempFolder folder_;
};

TEST_F(BenchTask, LeavesRecordsSamplesAndArtifacts) {
  const RunSummary summary = Run(R"(
[[task]]
kind = "bench"
dataset = "photos"
scenario = ["single-stream", "multi-stream"]
min_seconds = 0
min_queries = 70
)");
  EXPECT_EQ(summary.ok, 2);
  std::set<std::string> cells;
  for (const Record& record : ReadRecords(folder_ / "run/records.jsonl")) {
    cells.insert(record.cell);
    EXPECT_EQ(record.task, "bench");
    EXPECT_EQ(record.weights_sha256.size(), 64u);
    if (record.metric == "latency_p90") {
      EXPECT_GT(record.value.value_or(0), 0);
    }
  }
  EXPECT_EQ(cells, (std::set<std::string>{
                       "toy/bench/photos/min_queries=70,min_seconds=0",
                       "toy/bench/photos/min_queries=70,min_seconds=0,scenario="
                       "multi-stream"}));
  for (const std::string& cell : cells) {
    const CsvTable samples =
        CsvTable::ReadFile(folder_ / "run/samples" / (CellSlug(cell) + ".csv"));
    EXPECT_EQ(samples.rows(), 70u);
    EXPECT_TRUE(samples.FindColumn("resize_ns").has_value());
    const fs::path artifacts = folder_ / "run/artifacts" / CellSlug(cell);
    EXPECT_EQ(ReadJsonFile(artifacts / "bench.json")["n"], 70);
    EXPECT_TRUE(fs::exists(artifacts / "trace.json"));
  }
  // The run goes on: nothing is measured again.
  EXPECT_EQ(Run(R"(
[[task]]
kind = "bench"
dataset = "photos"
scenario = ["single-stream", "multi-stream"]
min_seconds = 0
min_queries = 70
)")
                .done,
            2);
}

TEST_F(BenchTask, FindsTheDetectCellThatItIsToldOf) {
  const std::string detect = R"(
[[task]]
kind = "detect"
dataset = "plates"
steps = 20
)";
  const auto bench = [](const std::string& cell) {
    return "[[task]]\nkind = \"bench\"\ndataset = \"photos\"\n"
           "detector_cell = \"" +
           cell + "\"\n";
  };
  EXPECT_EQ(PlanCells(Suite(detect + bench("{encoder}/detect/plates/steps=20")))
                .size(),
            2u);
  const auto error = [&](const std::string& tasks) {
    return InputErrorOf([&] { PlanCells(Suite(tasks)); });
  };
  const std::string wrong = error(detect + bench("toy/detect/plates/step=20"));
  EXPECT_NE(wrong.find("did you mean \"toy/detect/plates/steps=20\""),
            std::string::npos)
      << wrong;
  // Only what stands before is there by then.
  EXPECT_NE(error(bench("toy/detect/plates/steps=20") + detect).find("none"),
            std::string::npos);
}

// Each point of an encoder's grid has the head that was trained on it.
TEST_F(BenchTask, TakesTheHeadOfItsOwnPointOfTheGrid) {
  const auto heads = [&](const std::string& head) {
    SuiteSpec suite = Suite(
        "[[task]]\nkind = \"detect\"\ndataset = \"plates\"\nsteps = 20\n"
        "[[task]]\nkind = \"bench\"\ndataset = \"photos\"\n"
        "detector_cell = \"" +
        head + "\"\n");
    EncoderSpec half = suite.encoders.front();
    half.setting["dtype"] = half.model.dtype = "bf16";
    suite.encoders.push_back(half);
    std::vector<std::string> taken;
    for (const Cell& cell : PlanCells(suite))
      if (cell.task->kind == "bench") taken.push_back(HeadOf(cell));
    return taken;
  };
  EXPECT_EQ(
      heads("{encoder}/detect/plates/steps=20"),
      (std::vector<std::string>{"toy/detect/plates/steps=20",
                                "toy/detect/plates/dtype=bf16,steps=20"}));
  // Named to the letter it is that one.
  EXPECT_EQ(heads("toy/detect/plates/steps=20"),
            (std::vector<std::string>(2, "toy/detect/plates/steps=20")));
}

TEST_F(BenchTask, SaysWhatIsWrongBeforeAnythingRuns) {
  const auto error = [&](const std::string& keys) {
    return InputErrorOf([&] {
      PlanCells(
          Suite("[[task]]\nkind = \"bench\"\ndataset = \"photos\"\n" + keys));
    });
  };
  EXPECT_NE(error("scenario = \"servr\"\n").find("did you mean \"server\""),
            std::string::npos);
  EXPECT_NE(error("scenario = \"server\"\n").find("rate"), std::string::npos);
  EXPECT_NE(error("lanes = 3\n").find("lane"), std::string::npos);
  EXPECT_NE(error("percentile_method = \"linear\"\n").find("nearest-rank"),
            std::string::npos);
  EXPECT_NE(error("warmup = -1\n").find("warmup"), std::string::npos);
  EXPECT_NE(error("min_score = 1.5\n").find("0.001 or 0.05"),
            std::string::npos);
  EXPECT_NE(error("nms_iou = -0.5\n").find("nms_iou -0.5"), std::string::npos);
  EXPECT_NE(error("nms_iou = 1.5\n").find("from 0 to 1"), std::string::npos);
  EXPECT_NE(error("nms = \"soft\"\n")
                .find("nms soft: should be torchvision, opencv, soft-linear, "
                      "soft-gaussian"),
            std::string::npos);
  EXPECT_NE(error("nms_classes = \"all\"\n").find("aware or agnostic"),
            std::string::npos);
  EXPECT_NE(error("nms_sigma = 0\n").find("nms_sigma 0"), std::string::npos);
  EXPECT_NE(error("max_boxes = 0\n").find("1 or more"), std::string::npos);
  EXPECT_NE(error("detector = \"d\"\ndetector_cell = \"c\"\n").find("one of"),
            std::string::npos);
}

// Features have no thresholds, whatever the task says of boxes.
TEST_F(BenchTask, AuditsCachesAndNamesNoThresholdsOfFeatures) {
  ASSERT_EQ(Run(R"(
[[task]]
kind = "bench"
dataset = "photos"
min_seconds = 0
min_queries = 10
cache_audit = true
)")
                .ok,
            1);
  const std::vector<Record> records =
      ReadRecords(folder_ / "run/records.jsonl");
  ASSERT_FALSE(records.empty());
  EXPECT_FALSE(records.front().setting.contains("min_score"));
  const fs::path artifacts =
      folder_ / "run/artifacts" / CellSlug(records.front().cell);
  EXPECT_TRUE(ReadJsonFile(artifacts / "bench.json")["cache_audit"]["meanwhile"]
                  .contains("load1"));
  EXPECT_TRUE(fs::exists(artifacts / "cache_audit_samples.csv"));
  for (const char* metric : {"cache_again_ratio", "cache_right_after_ratio"})
    EXPECT_EQ(std::count_if(records.begin(), records.end(),
                            [&](const Record& record) {
                              return record.metric == metric;
                            }),
              1)
        << metric;
}

// 0.001 for the head of a detect cell, which is scored with it: what is given
// stands in the cell's name, the default does not.
TEST_F(BenchTask, TakesTheThresholdsOfTheScore) {
  const auto cell = [&](const std::string& keys) {
    return PlanCells(Suite("[[task]]\nkind = \"detect\"\ndataset = "
                           "\"plates\"\n[[task]]\nkind = \"bench\"\n"
                           "dataset = \"photos\"\ndetector_cell = "
                           "\"toy/detect/plates/default\"\n" +
                           keys))
        .back()
        .id;
  };
  const std::string head = "detector_cell=toy/detect/plates/default";
  EXPECT_EQ(cell(""), "toy/bench/photos/" + head);
  EXPECT_EQ(cell("before_nms = 1000\nmax_boxes = 100\nnms_iou = 0.6\n"),
            "toy/bench/photos/" + head);
  EXPECT_EQ(cell("min_score = 0.05\nbefore_nms = 300\n"),
            "toy/bench/photos/before_nms=300," + head + ",min_score=0.05");
}

// A run that is cut short is never valid. Where the build or the machine may
// not measure at all, there is nothing to keep.
TEST_F(BenchTask, KeepsWhatAnInvalidCellWasMeasuredBy) {
  const auto run = [&](const std::string& allow) {
    return Run(R"(
[[task]]
kind = "bench"
dataset = "photos"
min_seconds = 0
min_queries = 1000000
max_seconds = 0.05
allow = )" + allow +
               "\n");
  };
  const RunSummary summary = run("false");
  ASSERT_EQ(summary.failed.size(), 1u);
  const std::vector<Record> records =
      ReadRecords(folder_ / "run/records.jsonl");
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].status, RecordStatus::kError);
  const std::string slug = CellSlug(summary.failed[0]);
  const bool measured =
      records[0].message.find("not measured: ") == std::string::npos;
  EXPECT_EQ(measured, fs::exists(folder_ / "run/samples" / (slug + ".csv")))
      << records[0].message;
  const fs::path json = folder_ / "run/artifacts" / slug / "bench.json";
  ASSERT_EQ(measured, fs::exists(json));
  if (!measured) return;
  EXPECT_NE(records[0].message.find("not valid: "), std::string::npos)
      << records[0].message;
  EXPECT_EQ(ReadJsonFile(json)["valid"], false);
}

// What is measured behind the times cannot take them along: no memory has room
// for such a batch.
TEST_F(BenchTask, KeepsTheTimesOfACellWhoseCurveFails) {
  const RunSummary summary = Run(R"(
[[task]]
kind = "bench"
dataset = "photos"
min_seconds = 0
min_queries = 10
cache_audit = true
batch_curve = "4000000000000000000"
)");
  ASSERT_EQ(summary.failed.size(), 1u);
  const std::string slug = CellSlug(summary.failed[0]);
  EXPECT_EQ(
      CsvTable::ReadFile(folder_ / "run/samples" / (slug + ".csv")).rows(),
      10u);
  const fs::path artifacts = folder_ / "run/artifacts" / slug;
  const Json json = ReadJsonFile(artifacts / "bench.json");
  EXPECT_EQ(json["n"], 10);
  EXPECT_TRUE(json.contains("cache_audit"));
  EXPECT_TRUE(fs::exists(artifacts / "trace.json"));
}

TEST_F(BenchTask, FailsByItselfWithoutADetector) {
  const RunSummary summary = Run(R"(
[[task]]
kind = "bench"
dataset = "photos"
detector = "/nowhere/detector"
)");
  ASSERT_EQ(summary.failed.size(), 1u);
  const std::vector<Record> records =
      ReadRecords(folder_ / "run/records.jsonl");
  EXPECT_NE(records.front().message.find("no detector"), std::string::npos)
      << records.front().message;
}

}  // namespace
}  // namespace eyechart::suite
