#include "benchmarks/vision/encoder_device.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <thread>

#include "benchmarks/vision/bench_pictures.h"
#include "data/preprocess.h"
#include "encoders/device.h"
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
  explicit ToyModel(bool sizes_vary = false,
                    const std::string& device = "cpu") {
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
    spec.device = device;
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
  std::int64_t latency_ns = 0;
};

Asked Ask(EncoderDevice& device, const std::vector<std::int64_t>& samples) {
  const MonotonicClock clock;
  StageRecorder recorder(clock, device.Stages().size(), 100);
  recorder.Start(0);
  const std::int64_t begin = clock.NowNs();
  device.Run({0, samples, 0}, recorder);
  const std::int64_t end = clock.NowNs();
  return {device.answer(0), recorder.spans(), recorder.times(), end - begin};
}

void ExpectNear(const at::Tensor& got,
                const at::Tensor& want,
                double tolerance = 2e-5) {
  ASSERT_EQ(got.sizes(), want.sizes());
  EXPECT_LE((got - want).abs().max().item<double>(),
            tolerance * want.abs().max().item<double>());
}

// Why there is no CUDA device here; "" where there is one.
std::string NoCuda() {
  return eyechart::testing::InputErrorOf([] { encoders::ParseDevice("cuda"); });
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

TEST(EncoderDevice, OnACpuStagesAreOfItsOwnClock) {
  ToyModel toy;
  const MemoryPictures pictures = Pictures({{40, 30}});
  EncoderDeviceOptions options;
  options.cuda_graphs = true;  // of no use there
  EncoderDevice device(toy.model, pictures, All(pictures), options);
  const std::vector<std::int64_t> samples = {0};
  device.Prepare({samples, 1, 1});
  for (int i = 0; i < 3; ++i) Ask(device, samples);
  const EncoderDeviceNotes notes = device.notes();
  EXPECT_FALSE(notes.events);
  EXPECT_FALSE(notes.cuda_graphs);
  EXPECT_EQ(notes.boundary_error_ns, 0);
  EXPECT_EQ(notes.graph, "");
}

// Features as the CPU's, replayed or not, in one batch and in several, whose
// sizes let no graph be kept.
TEST(EncoderDeviceOnCuda, AnswersAsTheCpuDoes) {
  if (const std::string none = NoCuda(); !none.empty()) GTEST_SKIP() << none;
  for (const bool sizes_vary : {false, true}) {
    ToyModel cpu(sizes_vary);
    ToyModel toy(sizes_vary, "cuda");
    const MemoryPictures pictures =
        Pictures({{12, 16}, {16, 12}, {12, 16}, {8, 8}});
    for (const bool graphs : {false, true}) {
      SCOPED_TRACE(fmt::format("sizes vary {}, graphs {}", sizes_vary, graphs));
      EncoderDeviceOptions options;
      options.cuda_graphs = graphs;
      EncoderDevice device(toy.model, pictures, All(pictures), options);
      EXPECT_EQ(device.Stages(),
                (Names{"decode", "resize", "to-device", "encode"}));
      // Other pictures each time: a replay must read the new ones.
      const std::vector<std::vector<std::int64_t>> queries = {
          {3, 0, 1, 2}, {0, 1, 2, 3}, {2, 2, 0, 1}, {1, 3, 3, 0}};
      device.Prepare({queries[0], 4, 1});
      for (const std::vector<std::int64_t>& samples : queries) {
        const at::Tensor pooled = Ask(device, samples).answer.pooled;
        ASSERT_TRUE(pooled.is_cpu());
        for (std::size_t i = 0; i < samples.size(); ++i)
          ExpectNear(
              pooled[static_cast<std::int64_t>(i)],
              Reference(cpu.model,
                        pictures.Read(static_cast<std::size_t>(samples[i]))),
              1e-3);
      }
      EXPECT_EQ(device.notes().cuda_graphs, graphs);
      EXPECT_EQ(device.notes().graph, "");
    }
  }
}

TEST(EncoderDeviceOnCuda, StagesAreTheWholeAndFollowOneAnother) {
  if (const std::string none = NoCuda(); !none.empty()) GTEST_SKIP() << none;
  for (const bool graphs : {false, true}) {
    SCOPED_TRACE(graphs);
    ToyModel toy(/*sizes_vary=*/false, "cuda");
    const MemoryPictures pictures = Pictures({{640, 480}, {500, 700}});
    EncoderDeviceOptions options;
    options.cuda_graphs = graphs;
    EncoderDevice device(toy.model, pictures, All(pictures), options);
    const std::vector<std::int64_t> samples = {0, 1};
    device.Prepare({samples, 2, 1});
    for (int i = 0; i < 5; ++i) Ask(device, samples);
    std::vector<std::int64_t> missing, latencies, copies, passes;
    for (int i = 0; i < 21; ++i) {
      const Asked asked = Ask(device, samples);
      ASSERT_EQ(asked.spans.size(), 4u);
      std::int64_t sum = 0;
      for (std::size_t s = 0; s < 4; ++s) {
        EXPECT_EQ(asked.spans[s].stage, s);
        EXPECT_GT(asked.spans[s].end_ns, asked.spans[s].begin_ns);
        if (s > 0) {
          EXPECT_GE(asked.spans[s].begin_ns, asked.spans[s - 1].end_ns);
        }
        sum += asked.times[s];
      }
      EXPECT_LE(sum, asked.latency_ns);
      missing.push_back(asked.latency_ns - sum);
      latencies.push_back(asked.latency_ns);
      copies.push_back(asked.times[2]);
      passes.push_back(asked.times[3]);
    }
    const auto median = [](std::vector<std::int64_t> values) {
      std::sort(values.begin(), values.end());
      return values[values.size() / 2];
    };
    EXPECT_LE(median(missing),
              std::max<std::int64_t>(median(latencies) / 20, 50'000));
    // A copy of 3 KiB is no pass of the encoder.
    EXPECT_LT(median(copies), median(passes));
    const EncoderDeviceNotes notes = device.notes();
    EXPECT_TRUE(notes.events);
    EXPECT_GT(notes.boundary_error_ns, 0);
    const std::string mark = graphs ? "_graphs" : "";
    RecordProperty("latency_ns" + mark, std::to_string(median(latencies)));
    RecordProperty("missing_ns" + mark, std::to_string(median(missing)));
    RecordProperty("to_device_ns" + mark, std::to_string(median(copies)));
    RecordProperty("encode_ns" + mark, std::to_string(median(passes)));
    RecordProperty("boundary_error_ns" + mark,
                   std::to_string(notes.boundary_error_ns));
  }
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
  data::BoxDataset set = detection::testing::ColouredBoxes(folder.path(), 5, 3);
  // Others' sizes: those of the set would move the boxes.
  for (data::BoxImage& image : set.images) image.width = image.height = 0;
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

TEST(EncoderDeviceOnCuda, FindsTheBoxesThatTheCpuDoes) {
  if (const std::string none = NoCuda(); !none.empty()) GTEST_SKIP() << none;
  encoders::AllowTf32(false);
  const TempFolder folder;
  const data::BoxDataset set =
      detection::testing::ColouredBoxes(folder.path(), 5, 3);
  const MemoryPictures pictures = Pictures({{80, 50}, {64, 64}, {30, 90}});
  const std::vector<std::int64_t> samples = {0, 1, 2};
  for (const char* kind : {"dense", "set"}) {
    SCOPED_TRACE(kind);
    LoadedModel model = detection::testing::FakeModel();
    const detection::Detector detector = RandomDetector(model, kind, set);
    EncoderDeviceOptions options;
    options.detector = &detector;
    options.find.detect.min_score = 0.001;
    options.find.most_kept = 20;
    options.cuda_graphs = true;
    EncoderDevice on_cpu(model, pictures, All(pictures), options);
    on_cpu.Prepare({samples, 3, 1});
    const std::vector<detection::PictureBoxes> want =
        Ask(on_cpu, samples).answer.boxes;

    LoadedModel moved = detection::testing::FakeModel();
    moved.device = c10::Device(c10::kCUDA, 0);
    EncoderDevice device(moved, pictures, All(pictures), options);
    const bool dense = std::string(kind) == "dense";
    EXPECT_EQ(device.Stages(), dense ? (Names{"decode", "resize", "to-device",
                                              "encode", "head", "nms", "post"})
                                     : (Names{"decode", "resize", "to-device",
                                              "encode", "head", "post"}));
    device.Prepare({samples, 3, 1});
    for (int query = 0; query < 3; ++query) {
      const Asked asked = Ask(device, samples);
      ASSERT_EQ(asked.answer.boxes.size(), want.size());
      for (std::size_t i = 0; i < want.size(); ++i) {
        const detection::PictureBoxes& got = asked.answer.boxes[i];
        ASSERT_FALSE(got.boxes.empty());
        ASSERT_EQ(got.boxes.size(), want[i].boxes.size());
        // Best first; those of almost equal scores may change places, and
        // suppression may then take another of two.
        const std::size_t alike = dense ? 1 : got.boxes.size();
        for (std::size_t b = 0; b < alike; ++b)
          EXPECT_NEAR(got.boxes[b].score, want[i].boxes[b].score, 1e-4);
      }
      for (std::size_t s = 1; s < asked.spans.size(); ++s) {
        EXPECT_EQ(asked.spans[s].stage, s);
        EXPECT_GE(asked.spans[s].begin_ns, asked.spans[s - 1].end_ns);
      }
    }
    EXPECT_EQ(device.notes().graph, "");
  }
}

}  // namespace
}  // namespace eyechart::benchmarks
