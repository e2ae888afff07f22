// Task kind `nms-sweep` in a suite: what stands beside has records and a sweep
// of its own.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "benchmarks/load/machine.h"
#include "benchmarks/nms_sweep/nms_sweep_json.h"
#include "core/files.h"
#include "tests/fixture.h"
#include "tests/suite/toy_suite.h"

namespace eyechart::suite {
namespace {

namespace fs = std::filesystem;
using eyechart::testing::InputErrorOf;
using eyechart::testing::TempFolder;
using testing::ReadSuiteText;
using testing::ReasonsOf;
using testing::RunInto;
using testing::WritePlates;
using testing::WriteToyModel;

constexpr const char* kDense = R"(
[[task]]
kind = "detect"
dataset = "plates"
width = 32
layers = 1
steps = 2
variants = 1
)";

constexpr const char* kSet = R"(
[[task]]
kind = "detect"
dataset = "plates"
head = "set"
width = 32
layers = 1
steps = 2
variants = 1
)";

std::string Sweep(const std::string& keys) {
  return "[[task]]\nkind = \"nms-sweep\"\ndataset = \"plates\"\n"
         "repetitions = 1\ncost_pictures = 0\n"
         "detector_cell = "
         "\"{encoder}/detect/plates/layers=1,steps=2,variants=1,width=32\"\n" +
         keys;
}

constexpr const char* kBesideCell =
    "beside_cell = \"{encoder}/detect/plates/head=set,layers=1,steps=2,"
    "variants=1,width=32\"\n";

class NmsSweepTask : public ::testing::Test {
 protected:
  NmsSweepTask() {
    WriteToyModel(folder_ / "model");
    WritePlates(folder_ / "plates");
  }

  SuiteSpec Suite(const std::string& tasks) const {
    return ReadSuiteText(folder_, R"(
[suite]
name = "sweep"
[[encoder]]
name = "toy"
model = "model"
[[dataset]]
name = "plates"
kind = "boxes"
root = "plates"
)" + tasks);
  }

  RunSummary Run(const std::string& tasks) const {
    return RunInto(Suite(tasks), folder_ / "run");
  }

  // Why cells failed, for messages.
  std::string Reasons() const { return ReasonsOf(folder_ / "run"); }

  // The cells of the sweep's records that are no row's, each with an
  // nms_sweep.json of `head`.
  std::map<std::string, std::string> Heads() const {
    std::map<std::string, std::string> heads;
    for (const Record& record : ReadRecords(folder_ / "run/records.jsonl")) {
      if (record.task != "nms-sweep" || heads.contains(record.cell)) continue;
      const fs::path sweep =
          folder_ / "run/artifacts" / CellSlug(record.cell) / "nms_sweep.json";
      if (!fs::exists(sweep)) continue;
      heads[record.cell] = ReadJsonFile(sweep)["head"].get<std::string>();
      EXPECT_TRUE(fs::exists(folder_ / "run/samples" /
                             (CellSlug(record.cell) + ".csv")))
          << record.cell;
      EXPECT_EQ(record.setting.at("head"), heads[record.cell]);
    }
    return heads;
  }

  const TempFolder folder_;
};

TEST_F(NmsSweepTask, SetsAHeadWithoutSuppressionBesideOneWithIt) {
  const std::string tasks = std::string(kDense) + kSet + Sweep(kBesideCell);
  const RunSummary summary = Run(tasks);
  ASSERT_EQ(summary.failed, std::vector<std::string>{}) << Reasons();
  EXPECT_EQ(summary.ok, 3);
  const auto heads = Heads();
  ASSERT_EQ(heads.size(), 2u);
  EXPECT_EQ(heads.begin()->second, "dense");
  EXPECT_EQ(heads.rbegin()->second, "set");
  EXPECT_NE(heads.rbegin()->first.find(",sweep=beside"), std::string::npos);
  // Latency and AP at one setting.
  std::set<std::string> metrics;
  for (const Record& record : ReadRecords(folder_ / "run/records.jsonl"))
    if (record.cell == heads.rbegin()->first) metrics.insert(record.metric);
  EXPECT_TRUE(metrics.contains("end_to_end_ms"));
  EXPECT_TRUE(metrics.contains("ap"));
  // Each record has the hash of its own head's weights, beside its cell's name.
  std::map<std::string, std::string> hashes;
  for (const Record& record : ReadRecords(folder_ / "run/records.jsonl")) {
    if (record.task != "nms-sweep") continue;
    EXPECT_EQ(record.cell.find("sha256"), std::string::npos) << record.cell;
    const std::string& hash = record.setting.at("detector_sha256");
    EXPECT_EQ(hash.size(), 64u);
    EXPECT_EQ(hashes.emplace(record.setting.at("head"), hash).first->second,
              hash);
  }
  EXPECT_NE(hashes.at("dense"), hashes.at("set"));
  // The run goes on: nothing is measured again.
  EXPECT_EQ(Run(tasks).done, 3);
}

TEST_F(NmsSweepTask, TakesAnExportedDetectorBeside) {
  namespace colour = detection::testing;
  const std::string exported = (folder_ / "exported").string();
  colour::WriteColourDetector(exported, colour::kDetrForward,
                              colour::ColourConfig(colour::DetrAnswers()));
  const RunSummary summary =
      Run(kDense + Sweep("beside = \"" + exported + "\"\n"));
  ASSERT_EQ(summary.failed, std::vector<std::string>{}) << Reasons();
  const auto heads = Heads();
  ASSERT_EQ(heads.size(), 2u);
  for (const Record& record : ReadRecords(folder_ / "run/records.jsonl"))
    if (record.setting.contains("sweep") && record.metric == "ap") {
      EXPECT_EQ(record.setting.at("head"), "exported");
      // Its weights are the record's own.
      EXPECT_FALSE(record.setting.contains("detector_sha256"));
      EXPECT_DOUBLE_EQ(record.value.value_or(0), 1);
    }
}

// Options as each cell's nms_sweep.json has them.
TEST_F(NmsSweepTask, TakesTheCommandsOptions) {
  const RunSummary summary =
      Run(kDense + Sweep("") +
          Sweep("confidences = \"0.2,0.01\"\nious = \"0.55\"\n"
                "before_nms = 200\nmax_boxes = 30\nbootstrap = 20\n"));
  ASSERT_EQ(summary.failed, std::vector<std::string>{}) << Reasons();
  Json defaults, asked;
  for (const auto& [cell, head] : Heads())
    (cell.find("confidences=") == std::string::npos ? defaults : asked) =
        ReadJsonFile(folder_ / "run/artifacts" / CellSlug(cell) /
                     "nms_sweep.json");
  benchmarks::NmsSweep plain;
  plain.options.repetitions = 1;
  plain.options.cost_pictures = 0;
  EXPECT_EQ(defaults["options"], benchmarks::NmsSweepToJson(plain)["options"]);
  EXPECT_EQ(defaults["rows"].size(), 20u);
  // On a busy machine, or in a build with checks, it is measured all the same.
  EXPECT_EQ(defaults["valid"], true);
  EXPECT_TRUE(defaults["meanwhile"].contains("load1"));
  EXPECT_EQ(asked["options"]["confidences"], Json({0.01, 0.2}));
  EXPECT_EQ(asked["options"]["ious"], Json::array({0.55}));
  EXPECT_EQ(asked["options"]["before_nms"], 200);
  EXPECT_EQ(asked["options"]["max_boxes"], 30);
  ASSERT_EQ(asked["rows"].size(), 2u);
  EXPECT_TRUE(asked["rows"][0]["ap_ci"].is_object());
}

// Whose suppression it is stands in the sweep, in cells and in each row's
// record, the default too.
TEST_F(NmsSweepTask, TakesTheSuppressionOfDetect) {
  const RunSummary summary = Run(
      kDense + Sweep("ious = \"0.5,0.7\"\nconfidences = \"0.01\"\n"
                     "nms = [\"torchvision\", \"opencv\", \"soft-gaussian\"]\n"
                     "nms_classes = \"agnostic\"\nnms_sigma = 0.3\n"));
  ASSERT_EQ(summary.failed, std::vector<std::string>{}) << Reasons();
  std::set<std::string> seen;
  for (const auto& [cell, head] : Heads()) {
    const Json sweep = ReadJsonFile(folder_ / "run/artifacts" / CellSlug(cell) /
                                    "nms_sweep.json");
    const auto nms = sweep["options"]["semantics"].get<std::string>();
    seen.insert(nms);
    EXPECT_EQ(cell.find(",nms=" + nms) != std::string::npos,
              nms != "torchvision")
        << cell;
    EXPECT_EQ(sweep["options"]["classes"], "agnostic");
    EXPECT_EQ(sweep["options"]["sigma"].is_null(), nms != "soft-gaussian");
    ASSERT_EQ(sweep["rows"].size(), 2u);
    if (nms == "soft-gaussian") {
      // It looks at no overlap.
      EXPECT_EQ(sweep["rows"][0]["AP"], sweep["rows"][1]["AP"]);
      EXPECT_EQ(sweep["rows"][0]["boxes_after"],
                sweep["rows"][1]["boxes_after"]);
    }
    for (const Record& record : ReadRecords(folder_ / "run/records.jsonl")) {
      if (record.cell != cell) continue;
      EXPECT_EQ(record.setting.at("nms"), nms);
      EXPECT_EQ(record.setting.at("nms_classes"), "agnostic");
      if (nms == "soft-gaussian") {
        EXPECT_EQ(record.setting.at("nms_sigma"), "0.3");
      }
    }
  }
  EXPECT_EQ(seen,
            (std::set<std::string>{"opencv", "soft-gaussian", "torchvision"}));
}

TEST_F(NmsSweepTask, MayRefuseABusyMachine) {
  const RunSummary summary = Run(kDense + Sweep("allow = false\n"));
  bool may = true;
  for (const benchmarks::Finding& finding :
       benchmarks::JudgeBuild(benchmarks::ReadBuild()))
    may = may && !finding.fatal;
  if (!may) {
    EXPECT_EQ(summary.failed.size(), 1u);
  }
  for (const Record& record : ReadRecords(folder_ / "run/records.jsonl")) {
    if (record.task != "nms-sweep" || record.status == RecordStatus::kOk)
      continue;
    const bool measured =
        record.message.find("not measured: ") == std::string::npos;
    // What it was measured by is kept all the same.
    const std::string slug = CellSlug(record.cell);
    EXPECT_EQ(measured, fs::exists(folder_ / "run/samples" / (slug + ".csv")));
    EXPECT_EQ(measured,
              fs::exists(folder_ / "run/artifacts" / slug / "nms_sweep.json"));
    if (measured) {
      EXPECT_NE(record.message.find("not valid: "), std::string::npos)
          << record.message;
    }
  }
}

TEST_F(NmsSweepTask, SaysWhatIsWrongBeforeAnythingRuns) {
  const auto error = [&](const std::string& tasks) {
    return InputErrorOf([&] { PlanCells(Suite(tasks)); });
  };
  EXPECT_EQ(error(std::string(kDense) + kSet + Sweep(kBesideCell)), "");
  const std::string none = error(kDense + Sweep(kBesideCell));
  EXPECT_NE(none.find("beside_cell \"toy/detect/plates/head=set"),
            std::string::npos)
      << none;
  EXPECT_NE(error(std::string(kDense) + kSet +
                  Sweep(std::string(kBesideCell) + "beside = \"x\"\n"))
                .find("beside or beside_cell: one of them"),
            std::string::npos);
  const std::string text = error(kDense + Sweep("ious = \"0.5;0.6\"\n"));
  EXPECT_NE(text.find("numbers with commas between"), std::string::npos)
      << text;
  EXPECT_NE(error(kDense + Sweep("confidences = \"1.5\"\n"))
                .find("--confidences 1.5"),
            std::string::npos);
  EXPECT_NE(error(kDense + Sweep("nms = \"soft\"\n"))
                .find("nms soft: should be torchvision, opencv"),
            std::string::npos);
  EXPECT_NE(error(kDense + Sweep("nms_classes = \"all\"\n"))
                .find("aware or agnostic"),
            std::string::npos);
}

TEST_F(NmsSweepTask, FailsByItselfWhereWhatStandsBesideIsMissing) {
  const RunSummary summary = Run(kDense + Sweep("beside = \"/nowhere\"\n"));
  ASSERT_EQ(summary.failed.size(), 1u) << Reasons();
  EXPECT_NE(summary.failed.front().find("nms-sweep"), std::string::npos);
}

}  // namespace
}  // namespace eyechart::suite
