#include "benchmarks/vision/encoder_device.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cstring>
#include <numeric>
#include <thread>

#include "benchmarks/vision/bench_pictures.h"
#include "data/preprocess.h"
#include "probes/detection/transfer/transfer.h"
#include "tests/benchmarks/vision/memory_pictures.h"
#include "tests/encoders/toy_checkpoint.h"
#include "tests/fixture.h"
#include "tests/probes/detection/transfer/patch_means.h"

namespace eyechart::benchmarks {
namespace {

using encoders::LoadedModel;
using eyechart::testing::TempFolder;
using testing::MemoryPictures;
using testing::RandomPng;

using Names = std::vector<std::string>;

// A DINOv2 of random weights; pictures come in their own sizes where `sizes
// vary`, all 12 x 12 elsewhere.
class ToyModel {
 public:
  explicit ToyModel(bool sizes_vary = false) {
    namespace toy = encoders::testing;
    toy::WriteCheckpoint(folder_.path(), toy::Dinov2Config(),
                         toy::Dinov2Tensors());
    Json json = {{"image_processor_type", "BitImageProcessor"},
                 {"do_resize", !sizes_vary},
                 {"size", {{"shortest_edge", 12}}},
                 {"do_center_crop", !sizes_vary},
                 {"crop_size", {{"height", 12}, {"width", 12}}}};
    eyechart::testing::WriteText(folder_ / "preprocessor_config.json",
                                 json.dump());
    encoders::ModelSpec spec;
    spec.model = folder_.path().string();
    model = encoders::LoadModel(spec);
  }
  LoadedModel model;

 private:
  TempFolder folder_;
};

std::vector<std::size_t> All(const data::Dataset& pictures) {
  std::vector<std::size_t> all(pictures.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  return all;
}

MemoryPictures Pictures(const std::vector<std::pair<int, int>>& sizes) {
  std::vector<std::pair<std::string, std::string>> files;
  for (std::size_t i = 0; i < sizes.size(); ++i)
    files.emplace_back(std::to_string(i) + ".png",
                       RandomPng(sizes[i].first, sizes[i].second, i + 1));
  return MemoryPictures(std::move(files));
}

// One picture's feature, by the functions that `encode` calls.
at::Tensor Reference(LoadedModel& model, const std::string& bytes) {
  const data::Pixels pixels =
      data::DecodeAndPreprocess(bytes, model.preprocess).pixels;
  at::Tensor input = at::zeros({1, 3, pixels.height, pixels.width});
  std::memcpy(input.mutable_data_ptr<float>(), pixels.values.data(),
              pixels.values.size() * sizeof(float));
  encoders::EncodeRequest request;
  request.pool = model.pool;
  return model.encoder->Encode(input, request).pooled[0].clone();
}

struct Asked {
  EncoderAnswer answer;
  std::vector<StageSpan> spans;
  StageTimes times{};
};

Asked Ask(EncoderDevice& device, const std::vector<std::int64_t>& samples) {
  const MonotonicClock clock;
  StageRecorder recorder(clock, device.Stages().size(), 100);
  recorder.Start(0);
  device.Run({0, samples, 0}, recorder);
  return {device.answer(0), recorder.spans(), recorder.times()};
}

void ExpectNear(const at::Tensor& got, const at::Tensor& want) {
  ASSERT_EQ(got.sizes(), want.sizes());
  EXPECT_LE((got - want).abs().max().item<double>(),
            2e-5 * want.abs().max().item<double>());
}

TEST(EncoderDevice, AnswersAsEncodeDoes) {
  ToyModel toy;
  const MemoryPictures pictures = Pictures({{40, 30}, {20, 60}, {33, 33}});
  EncoderDevice device(toy.model, pictures, All(pictures), {});
  EXPECT_EQ(device.Stages(), (Names{"decode", "resize", "encode"}));
  EXPECT_EQ(device.SampleCount(), 3);
  const std::vector<std::int64_t> samples = {2, 0, 1, 2};
  device.Prepare({samples, 4, 1});
  const Asked asked = Ask(device, samples);
  ASSERT_EQ(asked.answer.pooled.size(0), 4);
  for (std::size_t i = 0; i < samples.size(); ++i)
    ExpectNear(asked.answer.pooled[static_cast<std::int64_t>(i)],
               Reference(toy.model,
                         pictures.Read(static_cast<std::size_t>(samples[i]))));
}

TEST(EncoderDevice, LeavesOutPicturesThatAreNotUsed) {
  ToyModel toy;
  const MemoryPictures pictures = Pictures({{16, 16}, {20, 20}, {24, 24}});
  EncoderDevice device(toy.model, pictures, {2}, {});
  EXPECT_EQ(device.SampleCount(), 1);
  const std::vector<std::int64_t> samples = {0};
  device.Prepare({samples, 1, 1});
  ExpectNear(Ask(device, samples).answer.pooled[0],
             Reference(toy.model, pictures.Read(2)));
}

TEST(EncoderDevice, TakesPicturesOfSeveralSizesInTheirOrder) {
  ToyModel toy(/*sizes_vary=*/true);
  const MemoryPictures pictures =
      Pictures({{12, 16}, {16, 12}, {12, 16}, {8, 8}});
  EncoderDevice device(toy.model, pictures, All(pictures), {});
  const std::vector<std::int64_t> samples = {3, 0, 1, 2};
  device.Prepare({samples, 4, 1});
  const at::Tensor pooled = Ask(device, samples).answer.pooled;
  for (std::size_t i = 0; i < samples.size(); ++i)
    ExpectNear(pooled[static_cast<std::int64_t>(i)],
               Reference(toy.model,
                         pictures.Read(static_cast<std::size_t>(samples[i]))));
}

TEST(EncoderDevice, SpansFollowOneAnother) {
  ToyModel toy;
  const MemoryPictures pictures = Pictures({{64, 64}, {50, 70}});
  EncoderDevice device(toy.model, pictures, All(pictures), {});
  const std::vector<std::int64_t> samples = {0, 1};
  device.Prepare({samples, 2, 1});
  const Asked asked = Ask(device, samples);
  ASSERT_EQ(asked.spans.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(asked.spans[i].stage, i);
    EXPECT_GT(asked.spans[i].end_ns, asked.spans[i].begin_ns);
    if (i > 0) {
      EXPECT_GE(asked.spans[i].begin_ns, asked.spans[i - 1].end_ns);
    }
  }
}

TEST(EncoderDevice, NamesOneStepOfAFastDecode) {
  ToyModel toy;
  toy.model.preprocess.decode.mode = data::DecodeMode::kFast;
  SceneOptions scenes;
  scenes.count = 2;
  scenes.side = 96;
  const auto pictures = DrawScenes(scenes);
  EncoderDevice device(toy.model, *pictures, All(*pictures), {});
  EXPECT_EQ(device.Stages(), (Names{"preprocess", "encode"}));
  const std::vector<std::int64_t> samples = {1};
  device.Prepare({samples, 1, 1});
  ExpectNear(Ask(device, samples).answer.pooled[0],
             Reference(toy.model, pictures->Read(1)));
}

TEST(EncoderDevice, LanesShareTheModel) {
  ToyModel toy;
  const MemoryPictures pictures = Pictures({{40, 30}, {20, 60}});
  EncoderDeviceOptions options;
  options.lanes = 2;
  options.workers = 1;
  EncoderDevice device(toy.model, pictures, All(pictures), options);
  EXPECT_EQ(device.Stages(), (Names{"decode", "resize", "wait", "encode"}));
  const std::vector<std::int64_t> samples = {0, 1};
  device.Prepare({samples, 1, 2});
  const MonotonicClock clock;
  const auto work = [&](int lane) {
    StageRecorder recorder(clock, 4, 0);
    for (int i = 0; i < 20; ++i) {
      recorder.Start(i);
      device.Run(
          {i, std::span(samples).subspan(static_cast<std::size_t>(lane), 1),
           lane},
          recorder);
    }
  };
  std::thread other(work, 1);
  work(0);
  other.join();
  for (int lane = 0; lane < 2; ++lane)
    ExpectNear(
        device.answer(lane).pooled[0],
        Reference(toy.model, pictures.Read(static_cast<std::size_t>(lane))));
}

TEST(EncoderDevice, FailsForAPictureThatIsGone) {
  ToyModel toy;
  const MemoryPictures pictures(testing::Files{{"gone.png", ""}});
  EncoderDevice device(toy.model, pictures, {0}, {});
  const std::vector<std::int64_t> samples = {0};
  EXPECT_NE(eyechart::testing::InputErrorOf([&] {
              device.Prepare({samples, 1, 1});
            }).find("gone.png"),
            std::string::npos);
}

// A head of random weights on the mean colours of patches.
detection::Detector RandomDetector(const LoadedModel& model,
                                   const std::string& kind,
                                   const data::BoxDataset& set) {
  detection::Detector detector;
  detector.kind = kind;
  detector.options.pyramid.maps = {{3, 8}};
  detector.options.pyramid.width = 32;
  detector.options.classes = 2;
  detector.options.layers = 1;
  detector.canvas = detection::CanvasOf(model.preprocess, false);
  detector.scale.shift = {0.25 * at::ones({3})};
  detector.scale.scale = {2.0 * at::ones({3})};
  detector.categories = set.categories;
  detector.head = detection::CreateHead(kind, detector.options);
  return detector;
}

TEST(EncoderDevice, FindsTheBoxesThatDetectPredictDoes) {
  const TempFolder folder;
  const data::BoxDataset set =
      detection::testing::ColouredBoxes(folder.path(), 5, 3);
  // Pictures of another size than the canvas, so that boxes are mapped back.
  const MemoryPictures pictures =
      Pictures({{80, 50}, {64, 64}, {30, 90}, {120, 40}, {64, 32}});
  for (const char* kind : {"dense", "set"}) {
    SCOPED_TRACE(kind);
    LoadedModel model = detection::testing::FakeModel();
    const detection::Detector detector = RandomDetector(model, kind, set);
    EncoderDeviceOptions options;
    options.detector = &detector;
    options.find.detect.min_score = 0.001;
    options.find.most_kept = 20;
    EncoderDevice device(model, pictures, All(pictures), options);
    EXPECT_EQ(device.Stages(),
              std::string(kind) == "dense"
                  ? (Names{"decode", "resize", "encode", "head", "nms", "post"})
                  : (Names{"decode", "resize", "encode", "head", "post"}));
    const std::vector<std::int64_t> samples = {0, 1, 2, 3, 4};
    device.Prepare({samples, 5, 1});
    const Asked asked = Ask(device, samples);

    const detection::BoxExamples examples(
        set, [&](std::size_t image) { return pictures.Read(image); });
    detection::TransferOptions transfer;
    transfer.find = options.find;
    const detection::AppliedDetector applied = detection::ApplyDetector(
        detector, model, examples, transfer, Progress::None());
    ASSERT_EQ(asked.answer.boxes.size(), applied.found.size());
    std::size_t boxes = 0;
    for (std::size_t i = 0; i < applied.found.size(); ++i) {
      const detection::PictureBoxes& got = asked.answer.boxes[i];
      const detection::PictureBoxes& want = applied.found[i];
      EXPECT_EQ(got.width, want.width);
      EXPECT_EQ(got.height, want.height);
      EXPECT_EQ(got.before_nms, want.before_nms);
      ASSERT_EQ(got.boxes.size(), want.boxes.size());
      for (std::size_t b = 0; b < want.boxes.size(); ++b) {
        EXPECT_EQ(got.boxes[b].category, want.boxes[b].category);
        EXPECT_EQ(got.boxes[b].score, want.boxes[b].score);
        EXPECT_EQ(got.boxes[b].corners, want.boxes[b].corners);
      }
      boxes += want.boxes.size();
    }
    EXPECT_GT(boxes, 0u);
  }
}

}  // namespace
}  // namespace eyechart::benchmarks
