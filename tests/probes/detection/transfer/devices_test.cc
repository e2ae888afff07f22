// A whole run on a GPU against the same on the CPU.
#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <cmath>
#include <csignal>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "core/interrupt.h"
#include "encoders/device.h"
#include "probes/detection/transfer/transfer.h"
#include "tests/encoders/toy_checkpoint.h"
#include "tests/probes/detection/transfer/patch_means.h"

namespace eyechart::detection {
namespace {

namespace fs = std::filesystem;
namespace toys = encoders::testing;
using eyechart::testing::TempFolder;
using testing::ColouredBoxes;
using testing::FakeModel;

// Of losses over some dozens of steps; see devices_test.cc of the heads.
constexpr double kTolerance = 0.02;

class TransferDevices : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!at::hasCUDA()) GTEST_SKIP() << "there is no GPU here";
    encoders::AllowTf32(false);
  }
  static at::Device device() { return at::Device(at::kCUDA, 0); }

  static TransferOptions Short(const std::string& head) {
    TransferOptions options;
    options.head = head;
    options.width = 32;
    options.layers = 1;
    options.variants = 2;
    options.train.steps = 20;
    options.train.batch = 4;
    options.train.warmup = 4;
    options.train.average = 0.9;
    options.train.looks = 2;
    // Which look is the best may hang on rounding.
    options.train.keep_best = false;
    options.resamples = 0;
    options.find.detect.min_score = 0.01;
    return options;
  }

  encoders::LoadedModel ModelOn(at::Device where) const {
    encoders::LoadedModel model = FakeModel();
    model.device = where;
    return model;
  }

  TransferResult Run(const TransferOptions& options, at::Device where) {
    encoders::LoadedModel model = ModelOn(where);
    return RunTransfer(model, sets_, options, {}, Progress::None());
  }

  TempFolder folder_;
  TransferSets sets_ = {ColouredBoxes(folder_ / "train", 12, 1),
                        {},
                        ColouredBoxes(folder_ / "test", 6, 2)};
};

// An encoder that computes on the CPU, wherever the pixels are.
class HostEncoder final : public encoders::ImageEncoder {
 public:
  explicit HostEncoder(std::unique_ptr<encoders::ImageEncoder> encoder)
      : encoder_(std::move(encoder)) {}
  const encoders::EncoderInfo& info() const override {
    return encoder_->info();
  }
  encoders::Features Encode(const at::Tensor& pixels,
                            const encoders::EncodeRequest& request) override {
    return encoder_->Encode(pixels.cpu(), request);
  }
  std::int64_t TokenCount(int height, int width) const override {
    return encoder_->TokenCount(height, width);
  }
  double Flops(int height, int width) const override {
    return encoder_->Flops(height, width);
  }

 private:
  std::unique_ptr<encoders::ImageEncoder> encoder_;
};

double LossOf(const TrainLogRow& row) {
  double loss = 0;
  for (const auto& [name, value] : row.losses) loss += value;
  return loss;
}

TEST_F(TransferDevices, ARunIsTheCpus) {
  for (const std::string& head : HeadKinds()) {
    const TransferResult a = Run(Short(head), at::kCPU);
    const TransferResult b = Run(Short(head), device());
    EXPECT_EQ(b.detector.options.pyramid.device, device());
    EXPECT_EQ(b.detector.head->Parameters().front().second.device(), device());
    const std::vector<TrainLogRow>& log = a.runs[0].trained.log;
    ASSERT_EQ(log.size(), b.runs[0].trained.log.size());
    for (std::size_t i = 0; i < log.size(); ++i)
      EXPECT_NEAR(LossOf(b.runs[0].trained.log[i]) / LossOf(log[i]), 1,
                  kTolerance)
          << head << ", row " << i;
    // What is filed is the CPU's.
    for (std::size_t i = 0; i < a.detector.scale.shift.size(); ++i) {
      EXPECT_TRUE(b.detector.scale.shift[i].is_cpu());
      EXPECT_TRUE(at::allclose(a.detector.scale.shift[i],
                               b.detector.scale.shift[i], 1e-4, 1e-5));
    }
    // The detector that was trained there finds the same here.
    WriteDetector(folder_ / "detector", b.detector);
    const Detector read = ReadDetector(folder_ / "detector");
    const BoxExamples test(sets_.test);
    encoders::LoadedModel here = ModelOn(at::kCPU);
    encoders::LoadedModel there = ModelOn(device());
    const TransferOptions options = Short(head);
    const auto found =
        ApplyDetector(read, here, test, options, Progress::None()).found;
    const auto other =
        ApplyDetector(read, there, test, options, Progress::None()).found;
    ASSERT_EQ(found.size(), other.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      ASSERT_FALSE(found[i].boxes.empty());
      ASSERT_FALSE(other[i].boxes.empty());
      EXPECT_NEAR(found[i].boxes[0].score, other[i].boxes[0].score, 1e-4);
    }
  }
}

TEST_F(TransferDevices, TrainedBlocksAreTheCpus) {
  toys::WriteCheckpoint(folder_ / "model", toys::Dinov2Config(),
                        toys::Dinov2Tensors());
  const auto run = [&](at::Device where) {
    encoders::LoadedModel model = ModelOn(where);
    model.checkpoint = encoders::OpenCheckpoint((folder_ / "model").string());
    model.encoder = std::make_unique<HostEncoder>(
        encoders::ImageEncoder::Create(model.checkpoint, {}));
    TransferOptions options = Short("dense");
    options.unfreeze = 1;
    return RunTransfer(model, sets_, options, {}, Progress::None());
  };
  const TransferResult a = run(at::kCPU);
  const TransferResult b = run(device());
  const std::vector<TrainLogRow>& log = a.runs[0].trained.log;
  ASSERT_EQ(log.size(), b.runs[0].trained.log.size());
  for (std::size_t i = 0; i < log.size(); ++i)
    EXPECT_NEAR(LossOf(b.runs[0].trained.log[i]) / LossOf(log[i]), 1,
                kTolerance)
        << i;
  ASSERT_FALSE(b.detector.blocks.empty());
  EXPECT_TRUE(b.detector.blocks.front().second.is_cpu());
  WriteDetector(folder_ / "blocks", b.detector);
  EXPECT_EQ(ReadDetector(folder_ / "blocks").unfreeze, 1);
}

TEST_F(TransferDevices, WhereMapsAreKeptChangesNothing) {
  const BoxExamples examples(sets_.train);
  encoders::LoadedModel model = ModelOn(device());
  MapSourceOptions options;
  options.canvas = CanvasOf(model.preprocess, false);
  options.variants = 1;
  options.keep = true;
  MapSource from_host(model, examples, options);
  options.kept_on = device();
  MapSource from_device(model, examples, options);
  options.keep = false;
  MapSource live(model, examples, options);
  for (int time = 0; time < 2; ++time) {
    const at::Tensor a = from_host.Load({3, 0, 5}, 0).maps[0];
    const at::Tensor b = from_device.Load({3, 0, 5}, 0).maps[0];
    EXPECT_EQ(a.device(), device());
    EXPECT_EQ(a.scalar_type(), at::kFloat);
    EXPECT_TRUE(at::equal(a.cpu(), b.cpu()));
    EXPECT_TRUE(at::allclose(a.cpu(), live.Load({3, 0, 5}, 0).maps[0].cpu(),
                             1e-3, 1e-3));
  }
}

// Interrupts at the first look.
std::pair<double, double> Stop(const DetectionHead&) {
  std::raise(SIGTERM);
  return {0.1, 0.2};
}

TEST_F(TransferDevices, ARunGoesOnOnAnotherDevice) {
  InstallInterruptHandlers();
  const BoxExamples examples(sets_.train);
  const auto train = [&](at::Device where, const ValidateDetector& validate,
                         const fs::path& checkpoint) {
    encoders::LoadedModel model = ModelOn(where);
    MapSourceOptions source_options;
    source_options.canvas = CanvasOf(model.preprocess, false);
    source_options.variants = 1;
    source_options.keep = true;
    MapSource source(model, examples, source_options);
    HeadOptions head_options;
    head_options.pyramid.maps = source.levels();
    head_options.pyramid.width = 32;
    head_options.pyramid.device = where;
    head_options.classes = 2;
    head_options.layers = 1;
    const auto head = CreateHead("dense", head_options);
    TrainDetectorOptions options;
    options.steps = 12;
    options.batch = 4;
    options.rate = 1e-3;
    options.warmup = 2;
    options.looks = 2;
    options.keep_best = false;
    options.checkpoint = checkpoint;
    options.identity = "a run";
    return TrainDetector(*head, source, validate, options, Progress::None());
  };
  const double whole = LossOf(train(at::kCPU, {}, {}).log.back());
  for (const bool away : {true, false}) {
    const fs::path file =
        folder_ / (away ? "away.safetensors" : "back.safetensors");
    const at::Device first = away ? at::Device(at::kCPU) : device();
    const at::Device second = away ? device() : at::Device(at::kCPU);
    EXPECT_THROW(train(first, Stop, file), Interrupted);
    ResetInterrupt();
    ASSERT_TRUE(fs::exists(file));
    const TrainedDetector rest = train(second, {}, file);
    EXPECT_EQ(rest.steps, 12);
    EXPECT_LT(rest.steps_here, 12);
    EXPECT_NEAR(LossOf(rest.log.back()) / whole, 1, kTolerance);
  }
}

}  // namespace
}  // namespace eyechart::detection
