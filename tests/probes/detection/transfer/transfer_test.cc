#include "probes/detection/transfer/transfer.h"

#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <filesystem>

#include "core/interrupt.h"
#include "probes/detection/transfer/transfer_json.h"
#include "tests/probes/detection/transfer/patch_means.h"

namespace eyechart::detection {
namespace {

using eyechart::testing::InputErrorOf;
using eyechart::testing::TempFolder;
using testing::ColouredBoxes;
using testing::FakeModel;

class TransferTest : public ::testing::Test {
 protected:
  TransferTest() { InstallInterruptHandlers(); }
  ~TransferTest() override { ResetInterrupt(); }

  static TransferOptions Short() {
    TransferOptions options;
    options.width = 32;
    options.layers = 1;
    options.variants = 2;
    options.train.steps = 40;
    options.train.batch = 4;
    options.train.warmup = 4;
    options.train.average = 0.9;
    options.train.looks = 2;
    options.resamples = 50;
    return options;
  }

  TransferResult Run(const TransferOptions& options) {
    encoders::LoadedModel model = FakeModel();
    return RunTransfer(model, sets_, options, {}, Progress::None());
  }

  TempFolder folder_;
  TransferSets sets_ = {ColouredBoxes(folder_ / "train", 24, 1),
                        {},
                        ColouredBoxes(folder_ / "test", 10, 2)};
};

TEST_F(TransferTest, ValidationIsCutFromTrainingAndSeedsAreRuns) {
  TransferOptions options = Short();
  options.runs = 2;
  options.seed = 5;
  options.validation = 0.25;
  const TransferResult result = Run(options);
  EXPECT_EQ(result.train_images, 18);
  EXPECT_EQ(result.validation_images, 6);
  EXPECT_TRUE(result.kept_maps);
  ASSERT_EQ(result.runs.size(), 2u);
  EXPECT_EQ(result.runs[1].seed, 6u);
  EXPECT_EQ(result.found.size(), 10u);
  const Json json = TransferToJson(result);
  EXPECT_EQ(json["runs"]["scores"].size(), 2u);
  EXPECT_EQ(json["stats"]["AP"], json["runs"]["scores"][0]);
  EXPECT_EQ(json["selected"]["split"], "validation");
  EXPECT_EQ(json["test"], 10);
  EXPECT_EQ(json["protocol"], "detect-dense");
  int looked = 0;
  for (const Json& row : json["log"]) looked += row.contains("validation_ap");
  EXPECT_EQ(looked, 2);
  Record base;
  const std::vector<Record> records = TransferRecords(result, base);
  EXPECT_EQ(records.front().metric, "ap");
  EXPECT_EQ(records.front().n, 10);
  EXPECT_TRUE(records.front().ci.has_value());
  EXPECT_EQ(records.front().setting.at("head"), "dense");
  EXPECT_EQ(records.back().metric, "probe_seed_deviation");
  // The set has no small thing; the record says so.
  for (const Record& record : records)
    if (record.metric == "ap_large") {
      EXPECT_FALSE(record.value.has_value());
    }
}

TEST_F(TransferTest, MemoryChangesTheRunByRoundingAlone) {
  TransferOptions options = Short();
  const TransferResult kept = Run(options);
  options.cache_bytes = 0;
  const TransferResult loop = Run(options);
  EXPECT_FALSE(loop.kept_maps);
  options.variants = 0;
  const TransferResult fresh = Run(options);
  EXPECT_FALSE(fresh.kept_maps);
  // The first row of the log is a mean over four steps of six: before the maps
  // repeat, all three have seen the same.
  const auto loss = [](const TransferResult& result, std::size_t row) {
    return result.runs[0].trained.log[row].losses[0].second;
  };
  const std::size_t last = kept.runs[0].trained.log.size() - 1;
  EXPECT_NEAR(loss(loop, 0) / loss(kept, 0), 1, 0.01);
  EXPECT_NEAR(loss(fresh, 0) / loss(loop, 0), 1, 1e-5);
  // Later the fresh ones are others.
  EXPECT_NEAR(loss(loop, last) / loss(kept, last), 1, 0.02);
  EXPECT_GT(std::abs(loss(fresh, last) / loss(loop, last) - 1), 1e-5);
  EXPECT_EQ(LogToCsv(Run(Short()).runs[0].trained.log),
            LogToCsv(kept.runs[0].trained.log));
}

TEST_F(TransferTest, PartsAreSmallerWhereAsked) {
  TransferOptions options = Short();
  options.train.steps = 2;
  options.train.looks = 1;
  options.validation = 0;
  options.images = 7;
  EXPECT_EQ(Run(options).train_images, 7);
  options.images = 0;
  options.shots = 3;
  const TransferResult few = Run(options);
  EXPECT_EQ(few.train_boxes, 6);
  EXPECT_EQ(few.validation_images, 0);
  EXPECT_EQ(TransferToJson(few)["selected"]["split"], "none");
  options.shots = 0;
  options.epochs = 1;
  options.train.batch = 8;
  EXPECT_EQ(Run(options).runs[0].trained.steps, 3);
}

TEST_F(TransferTest, UnreadablePicturesAreTold) {
  sets_.test.images[3].missing = true;
  eyechart::testing::WriteText(sets_.train.images[0].file, "broken");
  TransferOptions options = Short();
  options.train.steps = 8;
  options.validation = 0;
  const TransferResult result = Run(options);
  EXPECT_EQ(result.found.size(), 9u);
  ASSERT_EQ(result.warnings.size(), 2u);
  EXPECT_NE(result.warnings[0].find("4.png"), std::string::npos);
  EXPECT_NE(result.warnings[0].find("boxes count as missed"),
            std::string::npos);
  // A row a picture, those that are not there too.
  const std::string rows = TransferOutcomes(sets_.test, result.found);
  EXPECT_EQ(std::count(rows.begin(), rows.end(), '\n'), 11) << rows;
  EXPECT_NE(result.warnings[1].find("1.png"), std::string::npos);
}

TEST_F(TransferTest, WhatThePartsLeaveOutIsTold) {
  sets_.train.split = "train";
  sets_.train.warnings = {{"annotation_without_box", 3, {}}};
  sets_.validation = ColouredBoxes(folder_ / "valid", 6, 3);
  sets_.validation.images[2].missing = true;
  sets_.test.warnings = {{"box_not_finite", 2, {}}};
  TransferOptions options = Short();
  options.train.steps = 2;
  options.train.looks = 1;
  options.runs = 2;  // told once, not once a seed
  const std::vector<std::string> warnings = Run(options).warnings;
  ASSERT_EQ(warnings.size(), 3u);
  EXPECT_NE(warnings[0].find("part train: annotations without a box: 3"),
            std::string::npos);
  EXPECT_NE(warnings[1].find("not finite: 2, left out"), std::string::npos);
  EXPECT_NE(warnings[2].find("3.png"), std::string::npos);
}

// Asks for a stop at a step of the `time`-th stage of this name.
class Stopper final : public Progress {
 public:
  Stopper(std::string stage, int time, std::int64_t step)
      : stage_(std::move(stage)), left_(time), step_(step) {}
  void Begin(const std::string& stage, std::int64_t) override {
    here_ = stage == stage_ && --left_ == 0;
    if (here_ && step_ == 0) std::raise(SIGTERM);
  }
  void Update(std::int64_t done) override {
    if (here_ && done == step_) std::raise(SIGTERM);
  }

 private:
  std::string stage_;
  int left_;
  std::int64_t step_;
  bool here_ = false;
};

TEST_F(TransferTest, WhatIsTrainedIsNotTrainedAgain) {
  eyechart::testing::WriteText(sets_.train.images[0].file, "broken");
  TransferOptions options = Short();
  options.runs = 2;
  const TransferResult whole = Run(options);
  EXPECT_EQ(whole.warnings.size(), 1u);

  const std::filesystem::path state = folder_ / "state";
  const auto stopped = [&](Stopper stopper) {
    encoders::LoadedModel model = FakeModel();
    EXPECT_THROW(RunTransfer(model, sets_, options, state, stopper),
                 Interrupted);
    ResetInterrupt();
  };
  stopped(Stopper("finding boxes", 1, 0));  // of the first seed, trained
  // The first training that there is now is the second seed's.
  stopped(Stopper("training", 1, 7));
  encoders::LoadedModel model = FakeModel();
  const TransferResult rest =
      RunTransfer(model, sets_, options, state, Progress::None());
  ASSERT_EQ(rest.runs.size(), 2u);
  EXPECT_EQ(rest.runs[0].trained.steps_here, 0);
  EXPECT_EQ(rest.runs[1].trained.steps_here, 33);
  EXPECT_GT(rest.runs[0].train_seconds, 0);
  EXPECT_EQ(rest.warnings, whole.warnings);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(LogToCsv(rest.runs[i].trained.log),
              LogToCsv(whole.runs[i].trained.log));
    EXPECT_EQ(rest.runs[i].trained.best_step, whole.runs[i].trained.best_step);
    EXPECT_EQ(rest.runs[i].scores.stats, whole.runs[i].scores.stats);
  }
  const NamedTensors a = whole.detector.head->Parameters();
  const NamedTensors b = rest.detector.head->Parameters();
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i)
    EXPECT_TRUE(at::equal(a[i].second, b[i].second)) << a[i].first;
  // The caller's to remove.
  EXPECT_TRUE(std::filesystem::exists(state / "seed-0.safetensors"));
  EXPECT_TRUE(std::filesystem::exists(state / "seed-1.safetensors"));
}

TEST_F(TransferTest, AStateIsOfOneInputAndOneSet) {
  const std::filesystem::path state = folder_ / "state";
  const auto run = [&](int side, Progress& progress) {
    encoders::LoadedModel model = FakeModel();
    model.preprocess.size_height = model.preprocess.size_width = side;
    model.preprocess.crop_height = model.preprocess.crop_width = side;
    return RunTransfer(model, sets_, Short(), state, progress);
  };
  Stopper stopper("training", 1, 7);
  EXPECT_THROW(run(64, stopper), Interrupted);
  ResetInterrupt();
  const auto refused = [&](int side) {
    const std::string told = InputErrorOf([&] { run(side, Progress::None()); });
    EXPECT_NE(told.find("other data or settings"), std::string::npos) << told;
  };
  refused(128);
  data::BoxImage& image = sets_.train.images[0];
  const std::string path = image.path;
  image.path = "another.png";
  refused(64);
  image.path = path;
  const TransferResult plain = run(64, Progress::None());
  EXPECT_EQ(plain.runs[0].trained.steps_here, 33);

  std::filesystem::remove_all(state);
  const TransferResult fine = run(128, Progress::None());
  EXPECT_EQ(TransferToJson(fine)["input"], Json({{"width", 128},
                                                 {"height", 128},
                                                 {"keep_aspect", false},
                                                 {"filter", "bicubic"}}));
  const auto hash = [](const TransferResult& result) {
    return TransferRecords(result, {}).front().preprocess_sha256;
  };
  EXPECT_EQ(hash(plain).size(), 64u);
  EXPECT_EQ(hash(plain), hash(Run(Short())));
  EXPECT_NE(hash(plain), hash(fine));
  // A detector serves at any size: what it fits says none.
  EXPECT_EQ(plain.detector.encoder, fine.detector.encoder);
}

TEST_F(TransferTest, TheRecipeOfASetHeadSaysItsDenoising) {
  TransferOptions options = Short();
  EXPECT_FALSE(PlanTransfer(sets_, options).training.contains("denoising"));
  options.head = "set";
  EXPECT_FALSE(PlanTransfer(sets_, options).training.contains("denoising"));
  options.denoising = 50;
  EXPECT_EQ(PlanTransfer(sets_, options).training["denoising"], 50);
}

// A COCO folder may list one picture in two parts.
TEST_F(TransferTest, PartsThatWereNamedShareNoPictures) {
  const auto write = [&](const std::string& part, const std::string& picture) {
    eyechart::testing::WriteText(
        folder_ / ("shared/annotations/instances_" + part + ".json"),
        R"({"images": [{"id": 1, "width": 8, "height": 8, "file_name": ")" +
            picture +
            R"("}], "categories": [{"id": 1, "name": "cat"}],
            "annotations": [{"id": 1, "image_id": 1, "category_id": 1,
            "bbox": [1, 1, 4, 4], "area": 16, "iscrowd": 0}]})");
    const data::Image image{8, 8, std::vector<std::uint8_t>(192, 7)};
    eyechart::testing::WriteText(folder_ / "shared/images" / picture,
                                 scenes::EncodePng(image));
  };
  write("train", "a.png");
  write("valid", "a.png");
  write("test", "b.png");
  data::BoxOptions options;
  options.pictures = folder_ / "shared/images";
  const auto open = [&](const std::string& test, const std::string& train) {
    return OpenTransferSets(folder_ / "shared", test, options, train);
  };
  EXPECT_EQ(open("", "").validation.images.size(), 1u);
  // What was named to train on has its picture in valid, which chooses nothing.
  EXPECT_TRUE(open("", "train").validation.images.empty());
  for (const char* train : {"", "train"}) {
    const std::string told = InputErrorOf([&] { open("valid", train); });
    EXPECT_NE(told.find("part train has pictures of part valid"),
              std::string::npos)
        << told;
  }
  EXPECT_NE(InputErrorOf([&] {
              open("train", "");
            }).find("part train is trained on and part train is tested on"),
            std::string::npos);
}

TEST_F(TransferTest, PartsOfASetAreFoundAndCompared) {
  const auto error = [&](const std::string& folder) {
    return InputErrorOf([&] { OpenTransferSets(folder_ / folder, "", {}); });
  };
  const auto write = [&](const std::string& part, const std::string& name) {
    eyechart::testing::WriteText(
        folder_ / ("set/" + part + "/_annotations.coco.json"),
        R"({"images": [{"id": 0, "file_name": "a.png", "width": 8,
            "height": 8}], "categories": [{"id": 1, "name": ")" +
            name + R"("}], "annotations": [{"id": 0, "image_id": 0,
            "category_id": 1, "bbox": [1, 1, 4, 4], "area": 16,
            "iscrowd": 0}]})");
    data::Image image{8, 8, std::vector<std::uint8_t>(192, 7)};
    eyechart::testing::WriteText(folder_ / ("set/" + part + "/a.png"),
                                 scenes::EncodePng(image));
  };
  write("train", "cat");
  EXPECT_NE(error("set").find("no part to test on"), std::string::npos);
  write("valid", "cat");
  TransferSets sets = OpenTransferSets(folder_ / "set", "", {});
  EXPECT_EQ(sets.test.split, "valid");
  EXPECT_TRUE(sets.validation.images.empty());  // it is tested on
  write("test", "cat");
  sets = OpenTransferSets(folder_ / "set", "", {});
  EXPECT_EQ(sets.test.split, "test");
  EXPECT_EQ(sets.validation.images.size(), 1u);
  write("test", "dog");
  EXPECT_NE(error("set").find("other categories"), std::string::npos);
}

}  // namespace
}  // namespace eyechart::detection
