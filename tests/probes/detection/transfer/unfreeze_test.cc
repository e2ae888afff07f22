// Detection with an encoder's last blocks trained, on a toy DINOv2.
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>

#include "core/interrupt.h"
#include "probes/detection/transfer/transfer.h"
#include "probes/detection/transfer/transfer_json.h"
#include "tests/encoders/toy_checkpoint.h"
#include "tests/probes/detection/transfer/coloured_boxes.h"
#include "tests/probes/detection/transfer/patch_means.h"

namespace eyechart::detection {
namespace {

namespace fs = std::filesystem;
namespace toys = encoders::testing;
using eyechart::testing::InputErrorOf;
using eyechart::testing::TempFolder;
using testing::ColouredBoxes;

class UnfreezeTest : public ::testing::Test {
 protected:
  UnfreezeTest() {
    InstallInterruptHandlers();
    toys::WriteCheckpoint(folder_ / "model", toys::Dinov2Config(),
                          toys::Dinov2Tensors());
    model_ = testing::FakeModel();
    model_.checkpoint = encoders::OpenCheckpoint((folder_ / "model").string());
    model_.encoder = encoders::ImageEncoder::Create(model_.checkpoint, {});
  }
  ~UnfreezeTest() override { ResetInterrupt(); }

  static TransferOptions Short(std::int64_t unfreeze) {
    TransferOptions options;
    options.width = 32;
    options.layers = 1;
    options.variants = 1;
    options.unfreeze = unfreeze;
    options.train.steps = 20;
    options.train.batch = 8;
    options.train.warmup = 2;
    options.train.rate = 2e-3;
    options.train.average = 0.5;
    options.train.looks = 2;
    options.resamples = 0;
    options.validation = 0;
    return options;
  }

  TransferResult Run(const TransferOptions& options,
                     const fs::path& checkpoint = {}) {
    return RunTransfer(model_, sets_, options, checkpoint, Progress::None());
  }

  // Losses of the rows of the log.
  static std::vector<double> Losses(const TransferResult& result) {
    std::vector<double> losses;
    for (const TrainLogRow& row : result.runs[0].trained.log) {
      losses.push_back(0);
      for (const auto& [name, value] : row.losses) losses.back() += value;
    }
    return losses;
  }

  NamedTensors Untrained(std::int64_t count) const {
    return BlockParameters(
        *encoders::TrainableBlocks::Create(model_.checkpoint, count));
  }

  TempFolder folder_;
  encoders::LoadedModel model_;
  TransferSets sets_ = {ColouredBoxes(folder_ / "train", 8, 1),
                        {},
                        ColouredBoxes(folder_ / "test", 4, 2)};
};

TEST_F(UnfreezeTest, LossFallsAndTheLastBlockAloneChanges) {
  const at::Tensor pixels = at::randn({1, 3, testing::kSide, testing::kSide});
  const auto map = [&] {
    return model_.encoder->Encode(pixels, {.pool = {}, .feature_map = true})
        .feature_map;
  };
  const at::Tensor before = map().clone();
  const TransferResult result = Run(Short(1));
  // Every step is on all eight pictures, laid in one way.
  const std::vector<double> losses = Losses(result);
  EXPECT_LT(losses.back(), losses.front());
  EXPECT_TRUE(at::equal(map(), before));
  ASSERT_EQ(result.detector.unfreeze, 1);
  const NamedTensors untrained = Untrained(1);
  ASSERT_EQ(result.detector.blocks.size(), untrained.size());
  for (std::size_t i = 0; i < untrained.size(); ++i) {
    const auto& [name, tensor] = result.detector.blocks[i];
    EXPECT_EQ(name, untrained[i].first);
    EXPECT_TRUE(name.starts_with("blocks.1.") ||
                name.starts_with("blocks.norm."))
        << name;
    EXPECT_FALSE(at::equal(tensor, untrained[i].second)) << name;
    EXPECT_TRUE(tensor.isfinite().all().item<bool>()) << name;
  }
}

TEST_F(UnfreezeTest, BlocksAtRateZeroAreAFrozenEncoder) {
  TransferOptions options = Short(0);
  options.train.clip = 0;  // which is by slopes that frozen blocks lack
  const std::vector<double> frozen = Losses(Run(options));
  options.unfreeze = 2;
  options.train.unfreeze_rate_factor = 0;
  const TransferResult still = Run(options);
  const std::vector<double> losses = Losses(still);
  ASSERT_EQ(losses.size(), frozen.size());
  // But for what is rounded to float16: maps, or what enters the blocks.
  for (std::size_t i = 0; i < losses.size(); ++i)
    EXPECT_NEAR(losses[i] / frozen[i], 1, 0.02) << i;
  const NamedTensors untrained = Untrained(2);
  for (std::size_t i = 0; i < untrained.size(); ++i)
    EXPECT_TRUE(at::equal(still.detector.blocks[i].second, untrained[i].second))
        << untrained[i].first;
}

TEST_F(UnfreezeTest, MemoryChangesTheRunByRoundingAlone) {
  const TransferResult kept = Run(Short(1));
  EXPECT_TRUE(kept.kept_maps);
  TransferOptions options = Short(1);
  options.cache_bytes = 0;
  const TransferResult live = Run(options);
  EXPECT_FALSE(live.kept_maps);
  EXPECT_NEAR(Losses(live).front() / Losses(kept).front(), 1, 0.01);
}

TEST_F(UnfreezeTest, DetectorComesBackWithItsBlocks) {
  TransferOptions options = Short(1);
  options.find.detect.min_score = 0;
  const TransferResult result = Run(options);
  const fs::path folder = folder_ / "detector";
  WriteDetector(folder, result.detector);
  const Detector read = ReadDetector(folder);
  EXPECT_EQ(read.unfreeze, 1);
  const BoxExamples test(sets_.test);
  const auto find = [&](const Detector& detector) {
    return ApplyDetector(detector, model_, test, options, Progress::None())
        .found;
  };
  const std::vector<PictureBoxes> found = find(read);
  ASSERT_EQ(found.size(), result.found.size());
  const auto same = [&](const std::vector<PictureBoxes>& others) {
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (found[i].boxes.size() != others[i].boxes.size()) return false;
      for (std::size_t b = 0; b < found[i].boxes.size(); ++b)
        if (found[i].boxes[b].corners != others[i].boxes[b].corners ||
            found[i].boxes[b].score != others[i].boxes[b].score)
          return false;
    }
    return true;
  };
  EXPECT_TRUE(same(result.found));
  // The model's own block finds otherwise.
  Detector frozen = ReadDetector(folder);
  frozen.unfreeze = 0;
  EXPECT_FALSE(same(find(frozen)));

  const Json json = TransferToJson(result);
  EXPECT_EQ(json["unfreeze"], 1);
  EXPECT_EQ(json["protocol"], "detect-dense-unfreeze-1");
  EXPECT_EQ(json["block_parameters"], ParametersOf(Untrained(1)));
  EXPECT_EQ(TransferRecords(result, {}).front().setting.at("unfreeze"), "1");

  Detector more = ReadDetector(folder);
  more.unfreeze = 2;
  EXPECT_NE(InputErrorOf([&] { find(more); }).find("blocks.0."),
            std::string::npos);
  fs::resize_file(folder / "blocks.safetensors", 100);
  EXPECT_NE(InputErrorOf([&] {
              ReadDetector(folder);
            }).find("blocks.safetensors: not the file"),
            std::string::npos);
  fs::remove(folder / "blocks.safetensors");
  EXPECT_NE(InputErrorOf([&] {
              ReadDetector(folder);
            }).find("lacks blocks.safetensors"),
            std::string::npos);
  // A frozen detector in its place leaves no blocks behind.
  WriteDetector(folder, result.detector);
  WriteDetector(folder, Run(Short(0)).detector);
  EXPECT_FALSE(fs::exists(folder / "blocks.safetensors"));
  EXPECT_EQ(ReadDetector(folder).unfreeze, 0);
}

// Asks for a stop in the middle of the training.
class Stopper final : public Progress {
 public:
  void Begin(const std::string& what, std::int64_t) override {
    training_ = what == "training";
  }
  void Update(std::int64_t done) override {
    if (training_ && done == 7) std::raise(SIGTERM);
  }

 private:
  bool training_ = false;
};

TEST_F(UnfreezeTest, AnInterruptedRunEndsAtTheSameBlocks) {
  const TransferResult whole = Run(Short(1));
  Stopper stopper;
  EXPECT_THROW(RunTransfer(model_, sets_, Short(1), folder_ / "state", stopper),
               Interrupted);
  ResetInterrupt();
  ASSERT_TRUE(fs::exists(folder_ / "state/seed-0.safetensors"));
  // The state of a run with other blocks is refused.
  EXPECT_NE(InputErrorOf([&] {
              Run(Short(2), folder_ / "state");
            }).find("other data or settings"),
            std::string::npos);
  const TransferResult rest = Run(Short(1), folder_ / "state");
  EXPECT_EQ(rest.runs[0].trained.steps_here, 13);
  EXPECT_EQ(LogToCsv(rest.runs[0].trained.log),
            LogToCsv(whole.runs[0].trained.log));
  const auto same = [](const NamedTensors& a, const NamedTensors& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const auto& x, const auto& y) {
                        return x.first == y.first &&
                               at::equal(x.second, y.second);
                      });
  };
  EXPECT_TRUE(same(rest.detector.blocks, whole.detector.blocks));
  EXPECT_TRUE(same(rest.detector.head->Parameters(),
                   whole.detector.head->Parameters()));
}

TEST_F(UnfreezeTest, TooManyBlocksAreNamed) {
  const std::string error = InputErrorOf([&] { Run(Short(3)); });
  EXPECT_NE(error.find("has 2 blocks"), std::string::npos) << error;
}

}  // namespace
}  // namespace eyechart::detection
