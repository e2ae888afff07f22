#include "benchmarks/vision/exported_device.h"

#include <gtest/gtest.h>

#include <numeric>

#include "benchmarks/load/scenario.h"
#include "benchmarks/vision/bench_records.h"
#include "benchmarks/vision/encoder_curves.h"
#include "benchmarks/vision/exported_bench.h"
#include "tests/benchmarks/vision/memory_pictures.h"
#include "tests/fixture.h"
#include "tests/probes/detection/transfer/colour_detector.h"

namespace eyechart::benchmarks {
namespace {

namespace colour = detection::testing;
using detection::ExportedDetector;
using detection::PictureBoxes;
using eyechart::testing::TempFolder;
using testing::MemoryPictures;

using Names = std::vector<std::string>;

constexpr int kPictures = 5;

MemoryPictures Pictures() {
  testing::Files files;
  for (int i = 0; i < kPictures; ++i)
    files.emplace_back(std::to_string(i) + ".png",
                       colour::ColourPng(64, 64, {3 * i, 5, 20, 12},
                                         {30, 40 - 2 * i, 16, 18}));
  return MemoryPictures(std::move(files));
}

class ExportedDeviceTest : public ::testing::Test {
 protected:
  ExportedDetector Open(const char* forward, const Json& answers) const {
    colour::WriteColourDetector(folder_.path(), forward,
                                colour::ColourConfig(answers));
    encoders::ModelSpec spec;
    spec.model = folder_.path().string();
    return ExportedDetector(spec);
  }

  const TempFolder folder_;
  const MemoryPictures pictures_ = Pictures();
  const std::vector<std::size_t> all_ = {0, 1, 2, 3, 4};
};

TEST_F(ExportedDeviceTest, NamesTheStagesThatThereAre) {
  ExportedDetector labelled =
      Open(colour::kLabelledForward, colour::LabelledAnswers(true));
  EXPECT_EQ(ExportedDevice(labelled, pictures_, all_, {}).Stages(),
            (Names{"decode", "resize", "encode", "head", "nms", "post"}));
  ExportedDeviceOptions lanes;
  lanes.lanes = 2;
  ExportedDetector detr = Open(colour::kDetrForward, colour::DetrAnswers());
  EXPECT_EQ(ExportedDevice(detr, pictures_, all_, lanes).Stages(),
            (Names{"decode", "resize", "wait", "encode", "head", "post"}));
}

TEST_F(ExportedDeviceTest, AnswersWithTheBoxesOfTheQuerysPictures) {
  ExportedDetector detector =
      Open(colour::kLabelledForward, colour::LabelledAnswers(true));
  ExportedDevice device(detector, pictures_, all_, {});
  const std::vector<std::int64_t> samples = {4, 1, 4};
  device.Prepare({samples, 3, 1});
  MonotonicClock clock;
  StageRecorder recorder(clock, device.Stages().size(), 0);
  device.Run({0, samples, 0}, recorder);
  const std::vector<PictureBoxes>& answer = device.answer(0);
  ASSERT_EQ(answer.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(answer[i].before_nms, 3);
    ASSERT_EQ(answer[i].boxes.size(), 2u);
    const double x = 3.0 * static_cast<double>(samples[i]);
    EXPECT_EQ(answer[i].boxes[0].corners,
              (detection::Corners{x, 5, x + 20, 17}));
    EXPECT_EQ(answer[i].boxes[1].category, 1);
  }
}

TEST_F(ExportedDeviceTest, BearsLoadAndSaysWhatItIs) {
  colour::WriteColourDetector(folder_.path(), colour::kYoloForward,
                              colour::ColourConfig(colour::YoloAnswers()));
  encoders::ModelSpec spec;
  spec.model = folder_.path().string();
  ExportedBench bench(spec, pictures_, {});
  MonotonicClock clock;
  LoadOptions load;
  load.min_seconds = 0;
  load.min_queries = 20;
  const LoadResult result = RunLoad(bench.device(), clock, load);
  EXPECT_EQ(result.latency.n, 20);
  EXPECT_EQ(result.stages.stages.size(), 6u);
  const Json json = bench.Describe();
  EXPECT_EQ(json["family"], "exported");
  EXPECT_EQ(json["answer"], "boxes");
  EXPECT_EQ(json["stage_clock"], "host");
  EXPECT_EQ(json["stage_boundary_error_ns"], 0);
  EXPECT_EQ(json["input"], Json({64, 64}));
  EXPECT_EQ(json["detector"]["head"], "exported");
  EXPECT_EQ(json["detector"]["nms"], true);
  // Its weights are the model's.
  EXPECT_FALSE(ThresholdSetting(json).contains("detector_sha256"));
  EXPECT_EQ(json["pictures"]["used"], kPictures);
  EXPECT_EQ(bench.BaseRecord().weights_sha256.size(), 64u);
  EXPECT_EQ(bench.setting().dtype, "fp32");
}

// A program for two pictures at a time takes what comes, filled up.
TEST_F(ExportedDeviceTest, HasACurveOverBatchesThatItIsNotMadeFor) {
  Json config = colour::ColourConfig(colour::YoloAnswers());
  config["batch"] = 2;
  colour::WriteColourDetector(folder_.path(), colour::kYoloForward, config);
  encoders::ModelSpec spec;
  spec.model = folder_.path().string();
  ExportedBench bench(spec, pictures_, {});
  MonotonicClock clock;
  CurveOptions options;
  options.batches = {3, 1};
  options.min_seconds = 0;
  const EncoderCurves curves = MeasureCurves(bench, "yolo", clock, options);
  EXPECT_EQ(curves.curve.encoder, "yolo");
  EXPECT_EQ(curves.curve.dtype, "fp32");
  EXPECT_EQ(curves.curve.device, "cpu");
  ASSERT_EQ(curves.curve.points.size(), 2u);
  EXPECT_EQ(curves.curve.points[0].batch, 3);
  EXPECT_GT(curves.curve.points[0].throughput, 0);
  EXPECT_EQ(bench.device().answer(0).size(), 1u);  // of the last
  // Nobody knows its operations: no roof is looked for.
  EXPECT_TRUE(curves.points.empty());
  EXPECT_TRUE(CeilingsFor(curves).products.empty());
  EXPECT_EQ(curves.curve.setting, "");
}

}  // namespace
}  // namespace eyechart::benchmarks
