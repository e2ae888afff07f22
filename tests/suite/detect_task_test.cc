// Task kind `detect`: whose suppression a cell has, in its name, its records
// and its figures.
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/files.h"
#include "core/hash.h"
#include "core/progress.h"
#include "suite/shared_trainings.h"
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
using testing::RunInto;
using testing::WritePlates;
using testing::WriteToyModel;
using Names = std::vector<std::string>;

// Counts trainings, and cells that took another's.
class TrainingCounter final : public Progress {
 public:
  void Begin(const std::string& stage, std::int64_t) override {
    if (stage == "training") ++trained;
  }
  void Note(const std::string& message) override {
    if (message.starts_with("trained before, for another cell: ")) ++taken;
  }
  int trained = 0;
  int taken = 0;
};

class DetectTask : public ::testing::Test {
 protected:
  DetectTask() {
    namespace made = detection::testing;
    WriteToyModel(folder_ / "model");
    // It finds red twice, a pixel apart.
    made::WriteColourDetector(folder_ / "twice", made::kLabelledForward,
                              made::ColourConfig(made::LabelledAnswers(true)));
    WritePlates(folder_ / "plates");
  }

  // A task of a small head with `keys`.
  SuiteSpec Suite(const std::string& keys) const {
    return ReadSuiteText(folder_, R"(
[suite]
name = "nms"
[[encoder]]
name = "toy"
model = "model"
[[encoder]]
name = "twice"
model = "twice"
[[dataset]]
name = "plates"
kind = "boxes"
root = "plates"
[[task]]
kind = "detect"
width = 32
steps = 2
variants = 1
)" + keys);
  }

  RunSummary Run(const std::string& keys, const char* out = "run") const {
    return RunInto(Suite(keys), folder_ / out);
  }

  Names Cells(const std::string& keys) const { return CellIds(Suite(keys)); }

  std::string ErrorOf(const std::string& keys) const {
    return InputErrorOf([&] { Cells(keys); });
  }

  Json Result(const std::string& cell, const char* out = "run") const {
    return ReadJsonFile(folder_ / out / "artifacts" / CellSlug(cell) /
                        "detect.json");
  }

  const TempFolder folder_;
};

constexpr const char* kToy = "toy/detect/plates/";
constexpr const char* kTwice = "twice/detect/plates/";

std::string Head(const std::string& setting) {
  return std::string(kToy) + setting + "steps=2,variants=1,width=32";
}

TEST_F(DetectTask, SuppressionIsPartOfACellsName) {
  // What it is by default says nothing: runs of before go on.
  EXPECT_EQ(Cells("nms = \"torchvision\"\nnms_classes = \"aware\"\n"
                  "nms_iou = 0.6\nnms_sigma = 0.5\n"),
            (Names{Head(""), std::string(kTwice) + "default"}));
  EXPECT_EQ(Cells("nms = [\"torchvision\", \"soft-gaussian\"]\n"
                  "nms_sigma = 0.25\n"),
            (Names{Head(""), std::string(kTwice) + "default",
                   Head("nms=soft-gaussian,nms_sigma=0.25,"),
                   std::string(kTwice) + "nms=soft-gaussian,nms_sigma=0.25"}));
}

// Sigma is soft-gaussian's alone, which in turn has no overlap: what differs in
// nothing else would be trained twice for one result.
TEST_F(DetectTask, WhatHasNoSayMakesNoCell) {
  const std::string twice = kTwice;
  EXPECT_EQ(Cells("nms_sigma = [0.5, 0.25]\n"),
            (Names{Head(""), twice + "default"}));
  EXPECT_EQ(Cells("nms = \"soft-gaussian\"\nnms_iou = [0.3, 0.6]\n"),
            (Names{Head("nms=soft-gaussian,"), twice + "nms=soft-gaussian"}));
  EXPECT_EQ(
      Cells("encoder = \"toy\"\nnms = [\"soft-linear\", \"soft-gaussian\"]\n"
            "nms_iou = [0.3, 0.6]\nnms_sigma = [0.5, 0.25]\n")
          .size(),
      4u);  // two overlaps, two sigmas
}

// What is the same for it is one cell.
TEST_F(DetectTask, AHeadWithoutSuppressionHasNoneInItsName) {
  EXPECT_EQ(
      Cells("head = [\"dense\", \"set\"]\n"
            "nms = [\"torchvision\", \"soft-linear\"]\n"),
      (Names{Head(""), std::string(kTwice) + "default",
             Head("nms=soft-linear,"), std::string(kTwice) + "nms=soft-linear",
             Head("head=set,")}));
  EXPECT_EQ(Cells("encoder = \"toy\"\nhead = \"set\"\nnms_iou = 0.3\n"),
            Names{Head("head=set,")});
}

TEST_F(DetectTask, OtherWordsAreNamedBeforeAnythingRuns) {
  for (const auto& [keys, told] :
       {std::pair{"nms = \"soft\"\n",
                  ": nms soft: should be torchvision, "
                  "opencv, soft-linear, soft-gaussian"},
        std::pair{"nms_classes = \"both\"\n",
                  ": nms_classes both: should be aware or "
                  "agnostic"},
        std::pair{"nms_iou = -0.1\n", ": nms_iou -0.1: should be from 0 to 1"},
        std::pair{"nms_iou = 60\n", ": nms_iou 60: should be from 0 to 1"},
        std::pair{"nms_sigma = 0\n", ": nms_sigma 0: should be more than 0"}}) {
    const std::string error = ErrorOf(keys);
    EXPECT_NE(error.find(told), std::string::npos) << error;
  }
}

// What the command has and a suite had not; by default nothing is said.
TEST_F(DetectTask, TakesTheCommandsOptions) {
  const std::string twice = kTwice;
  EXPECT_EQ(Cells("single_class = false\nkeep = \"best\"\nvalidation = 0.1\n"
                  "shot_rule = \"boxes\"\nmin_score = 0.001\n"
                  "before_nms = 1000\nmax_boxes = 100\n"),
            (Names{Head(""), twice + "default"}));
  // Of a head's training alone, or of any detector.
  EXPECT_EQ(Cells("keep = \"last\"\nvalidation = 0.25\n"
                  "train_part = \"train\"\nmax_boxes = 500\n"
                  "min_score = 0.01\nbefore_nms = 300\n"),
            (Names{std::string(kToy) +
                       "before_nms=300,keep=last,max_boxes=500,min_score=0.01,"
                       "steps=2,train_part=train,validation_share=0.25,"
                       "variants=1,width=32",
                   twice + "before_nms=300,max_boxes=500,min_score=0.01"}));
  // Where there are no shots their rule has no say.
  EXPECT_EQ(Cells("encoder = \"toy\"\nshot_rule = [\"boxes\", \"pictures\"]\n"),
            Names{Head("")});
  EXPECT_EQ(Cells("encoder = \"toy\"\nshots = 1\n"
                  "shot_rule = [\"boxes\", \"pictures\"]\n")
                .size(),
            2u);
  for (const auto& [keys, told] :
       {std::pair{"keep = \"first\"\n",
                  ": keep \"first\": should be best or "
                  "last"},
        std::pair{"shot_rule = \"all\"\n",
                  ": shot_rule \"all\": should be "
                  "boxes or pictures"},
        std::pair{"validation = 1\n", ": validation 1: a share"},
        std::pair{"min_score = 2\n", ": min_score 2: should be"},
        std::pair{"max_boxes = 0\n", "max_boxes 0: should be at least 1"},
        std::pair{"before_nms = 0\n", "before_nms 0 and"}}) {
    const std::string error = ErrorOf(keys);
    EXPECT_NE(error.find(told), std::string::npos) << error;
  }
}

TEST_F(DetectTask, TrainsAndTestsAsItsKeysSay) {
  const RunSummary done =
      Run("encoder = \"toy\"\nsingle_class = [false, true]\n"
          "train_part = \"train\"\nmax_boxes = 500\nkeep = \"last\"\n");
  ASSERT_EQ(done.failed, Names{});
  ASSERT_EQ(done.ok, 2);
  const std::string keys = "keep=last,max_boxes=500,";
  const std::string rest = "steps=2,train_part=train,variants=1,width=32";
  const std::string plain = kToy + keys + rest;
  const std::string single = kToy + keys + "single_class=true," + rest;
  for (const std::string& cell : {plain, single}) {
    const Json json = Result(cell);
    EXPECT_EQ(json["find"]["max_boxes"], 500);
    EXPECT_EQ(json["training"]["keep"], "last");
    EXPECT_EQ(json["train_part"], "train");
    // What an interrupted cell goes on from is gone once it is done.
    EXPECT_FALSE(
        fs::exists(folder_ / "run/artifacts" / CellSlug(cell) / "state"));
  }
  EXPECT_EQ(Result(single)["classes"], 1);
  EXPECT_NE(Result(single)["dataset_sha256"], Result(plain)["dataset_sha256"]);
  for (const Record& record : ReadRecords(folder_ / "run/records.jsonl")) {
    const auto found = record.setting.find("single_class");
    EXPECT_EQ(found == record.setting.end() ? "" : found->second,
              record.cell == single ? "true" : "");
  }
}

// An exported detector that tells classes apart has none called "object".
TEST_F(DetectTask, AnExportedDetectorOfClassesIsRefusedASingleOne) {
  const std::string cell = std::string(kTwice) + "single_class=true";
  const RunSummary done = Run("single_class = true\n");
  EXPECT_EQ(done.ok, 1);  // the head, which is trained so
  EXPECT_EQ(done.failed, Names{cell});
  std::string message;
  for (const Record& record : ReadRecords(folder_ / "run/records.jsonl"))
    if (record.cell == cell) message = record.message;
  EXPECT_NE(message.find("read as a single class"), std::string::npos)
      << message;
}

TEST_F(DetectTask, RecordsAndFiguresAreOfTheSuppression) {
  const std::string grid = "nms = [\"torchvision\", \"soft-linear\"]\n";
  const RunSummary first = Run(grid);
  ASSERT_EQ(first.failed, Names{});
  EXPECT_EQ(first.ok, 4);  // each tested by itself
  const RunSummary again = Run(grid);
  EXPECT_EQ(again.done, 4);
  EXPECT_EQ(again.ok, 0);
  const RunSummary other =
      Run("nms = \"soft-gaussian\"\nnms_classes = \"agnostic\"\n"
          "nms_iou = 0.3\nnms_sigma = 0.25\n",
          "other");
  ASSERT_EQ(other.failed, Names{});
  EXPECT_EQ(other.ok, 2);

  const std::string gaussian =
      "nms=soft-gaussian,nms_classes=agnostic,nms_sigma=0.25";
  std::vector<Record> records = ReadRecords(folder_ / "run/records.jsonl");
  for (Record& record : ReadRecords(folder_ / "other/records.jsonl"))
    records.push_back(std::move(record));
  for (const Record& record : records) {
    const auto says = [&](const char* key) {
      const auto found = record.setting.find(key);
      return found == record.setting.end() ? "" : found->second;
    };
    const bool is_gaussian = record.cell.find(gaussian) != std::string::npos;
    const bool is_linear =
        record.cell.find("nms=soft-linear") != std::string::npos;
    EXPECT_EQ(says("nms"), is_gaussian ? "soft-gaussian"
                           : is_linear ? "soft-linear"
                                       : "")
        << record.cell;
    EXPECT_EQ(says("nms_classes"), is_gaussian ? "agnostic" : "");
    EXPECT_EQ(says("nms_sigma"), is_gaussian ? "0.25" : "");
    EXPECT_EQ(says("nms_iou"), "0.6") << record.cell;
  }
  for (const bool exported : {false, true}) {
    const auto cell = [&](const std::string& setting) {
      if (!exported) return Head(setting.empty() ? "" : setting + ",");
      return std::string(kTwice) + (setting.empty() ? "default" : setting);
    };
    EXPECT_EQ(Result(cell(""))["nms"], Json({{"semantics", "torchvision"},
                                             {"classes", "aware"},
                                             {"iou", 0.6}}));
    EXPECT_EQ(Result(cell(gaussian), "other")["nms"],
              Json({{"semantics", "soft-gaussian"},
                    {"classes", "agnostic"},
                    {"iou", 0.6},  // no say: as by default
                    {"sigma", 0.25}}));
  }
  // Red's second box is gone, or there with less of a score.
  EXPECT_GT(Result(std::string(kTwice) + "nms=soft-linear")["detections"],
            Result(std::string(kTwice) + "default")["detections"]);
}

// The run of `keys`, whose cells' ids match `filter`.
RunSummary RunCounted(const SuiteSpec& suite,
                      const fs::path& out,
                      TrainingCounter& counter,
                      const std::string& filter = "*") {
  RunOptions options;
  options.out = out;
  options.environment = {{"cpu", "a"}};
  options.command = "eyechart run";
  options.filter = filter;
  return RunSuite(suite, options, counter);
}

// A figure for each way to find boxes, of one training.
TEST_F(DetectTask, CellsThatFindBoxesOtherwiseShareATraining) {
  const SuiteSpec grid = Suite(
      "encoder = \"toy\"\nnms_iou = [0.3, 0.6]\nmin_score = [0.001, 0.01]\n");
  const fs::path trainings = folder_ / "run/artifacts/trainings";
  TrainingCounter some;
  EXPECT_EQ(RunCounted(grid, folder_ / "run", some, "*min_score=0.01,*").ok, 2);
  EXPECT_EQ(some.trained, 1);
  EXPECT_EQ(some.taken, 1);
  // For the cells that are to come, without a step.
  EXPECT_TRUE(fs::exists(trainings));
  TrainingCounter rest;
  const RunSummary done = RunCounted(grid, folder_ / "run", rest);
  EXPECT_EQ(done.failed, Names{});
  EXPECT_EQ(done.done, 2);
  EXPECT_EQ(done.ok, 2);
  EXPECT_EQ(rest.trained, 0);
  EXPECT_EQ(rest.taken, 2);
  EXPECT_FALSE(fs::exists(trainings));

  // As if each had been trained for itself.
  TrainingCounter alone;
  ASSERT_EQ(RunCounted(Suite("encoder = \"toy\"\nnms_iou = 0.3\n"),
                       folder_ / "alone", alone)
                .ok,
            1);
  EXPECT_EQ(alone.trained, 1);
  EXPECT_EQ(alone.taken, 0);
  const std::string cell = Head("nms_iou=0.3,");
  Json shared = Result(cell), own = Result(cell, "alone");
  EXPECT_EQ(shared.erase("seconds"), 1u);
  EXPECT_EQ(own.erase("seconds"), 1u);
  EXPECT_EQ(shared, own);
  const auto weights = [&](const char* out) {
    return ReadFile(folder_ / out / "artifacts" / CellSlug(cell) /
                    "detector/head.safetensors");
  };
  EXPECT_EQ(Sha256Hex(weights("run")), Sha256Hex(weights("alone")));
}

// Files of a run that was cut off between its last cell and their removal.
TEST_F(DetectTask, WhatWasSharedGoesWithTheLastCell) {
  const SuiteSpec grid = Suite("encoder = \"toy\"\nmax_boxes = [50, 100]\n");
  const std::vector<Cell> cells = PlanCells(grid);
  ASSERT_EQ(cells.size(), 2u);
  TrainingCounter counter;
  ASSERT_EQ(RunCounted(grid, folder_ / "run", counter).ok, 2);
  EXPECT_EQ(counter.trained, 1);
  const SharedTrainings trainings(cells, folder_ / "run/artifacts/trainings",
                                  folder_ / "run/records.jsonl");
  const fs::path shared = trainings.FolderOf(cells[0]);
  EXPECT_EQ(trainings.FolderOf(cells[1]), shared);
  EXPECT_FALSE(fs::exists(shared));
  eyechart::testing::WriteText(shared / "seed-0/step-1.safetensors", "left");
  EXPECT_EQ(RunCounted(grid, folder_ / "run", counter).done, 2);
  EXPECT_FALSE(fs::exists(shared));
}

TEST_F(DetectTask, OnlyWhatIsTrainedTheSameIsShared) {
  const auto folders = [&](const std::string& keys) {
    const SuiteSpec suite = Suite(keys);
    const std::vector<Cell> cells = PlanCells(suite);
    const SharedTrainings trainings(cells, folder_ / "trainings", {});
    std::set<fs::path> shared;
    for (const Cell& cell : cells)
      if (fs::path one = trainings.FolderOf(cell); !one.empty())
        shared.insert(std::move(one));
    return shared.size();
  };
  const std::string grid = "nms_iou = [0.3, 0.6]\n";
  EXPECT_EQ(folders("nms_iou = 0.3\n"), 0u);
  EXPECT_EQ(folders(grid), 1u);
  EXPECT_EQ(folders(grid + "rate = [0.001, 0.002]\n"), 2u);
  EXPECT_EQ(folders("rate = [0.001, 0.002]\n"), 0u);
  EXPECT_EQ(folders("nms = [\"torchvision\", \"soft-gaussian\"]\n"
                    "nms_classes = [\"aware\", \"agnostic\"]\n"
                    "before_nms = [300, 1000]\n"),
            1u);
  // The judgement of a look has a say in the training, or the looks are large.
  EXPECT_EQ(folders(grid + "patience = 1\n"), 0u);
  EXPECT_EQ(folders(grid + "unfreeze = 1\n"), 0u);
  // Products are rounded by it.
  EXPECT_EQ(folders("batch = [16, 32]\n"), 0u);
  // Without suppression it is one cell; what is kept makes others still.
  EXPECT_EQ(folders(grid + "head = \"set\"\n"), 0u);
  EXPECT_EQ(folders("head = \"set\"\nmin_score = [0.001, 0.01]\n"
                    "max_boxes = [50, 100]\n"),
            1u);
}

}  // namespace
}  // namespace eyechart::suite
