#include "benchmarks/vision/encoder_curves.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "benchmarks/vision/bench_records.h"
#include "core/csv.h"
#include "core/error.h"
#include "core/files.h"
#include "core/hash.h"
#include "core/statistics.h"
#include "probes/detection/transfer/detector.h"
#include "tests/benchmarks/load/synthetic_device.h"
#include "tests/benchmarks/roofline/counted_allocator.h"
#include "tests/benchmarks/vision/memory_pictures.h"
#include "tests/encoders/toy_checkpoint.h"
#include "tests/fixture.h"

namespace eyechart::benchmarks {
namespace {

namespace fs = std::filesystem;
using eyechart::testing::InputErrorOf;
using eyechart::testing::SyntheticDevice;
using eyechart::testing::TempFolder;

constexpr std::int64_t kMs = 1'000'000;

TEST(ParseBatches, TakesWholeNumbersFromOneOnce) {
  EXPECT_EQ(ParseBatches("1,2,32"), (std::vector<std::int64_t>{1, 2, 32}));
  EXPECT_EQ(ParseBatches("7"), std::vector<std::int64_t>{7});
  for (const char* text : {"", "1,", "0", "-1", "2,2", "1.5", "one", "1, 2"})
    EXPECT_THROW(ParseBatches(text), InputError) << text;
}

EncoderCurves Points(const std::string& device) {
  EncoderCurves curves;
  curves.curve.device = device;
  curves.curve.dtype = "fp32";
  curves.curve.points = {{1, 10, std::nullopt}};
  curves.points = {{"a", "fp32", 1, 1e9, 1e6, 0.1, ""},
                   {"a", "bf16", 1, 1e9, 1e6, 0.1, ""}};
  return curves;
}

MachineCeilings Roofs() {
  MachineCeilings ceilings;
  ceilings.products = {{"fp32", 100, 90, "onednn", 1, 1, 1}};
  ceilings.copy = {10, 9, 1 << 20};
  return ceilings;
}

TEST(PointsUnderRoofs, LeavesOutWhatHasNone) {
  const EncoderCurves curves = Points("cpu");
  const auto points = PointsUnderRoofs(curves, Roofs());
  ASSERT_EQ(points.size(), 1u);
  EXPECT_EQ(points[0].dtype, "fp32");
  EXPECT_NE(RoofNote(curves, Roofs()).find("no roofline in"),
            std::string::npos);
}

// The processor's roofs are no bound of what another device does.
TEST(PointsUnderRoofs, AreOnTheDeviceOfTheRoofs) {
  const EncoderCurves curves = Points("cuda:77");
  EXPECT_TRUE(PointsUnderRoofs(curves, Roofs()).empty());
  // Here is no such device to measure.
  EXPECT_TRUE(CeilingsFor(curves).products.empty());
  const std::string note = RoofNote(curves, CeilingsFor(curves));
  EXPECT_NE(note.find("ran on cuda:77"), std::string::npos) << note;
  const TempFolder folder;
  WriteCurves(folder.path(), curves, Roofs());
  EXPECT_FALSE(fs::exists(folder / "roofline.json"));
  EXPECT_FALSE(fs::exists(folder / "batch_curve_samples.csv"));
  EXPECT_EQ(ReadJsonFile(folder / "batch_curve.json")["warnings"],
            Json::array({note}));
}

TEST(CurveSetting, NamesWhatIsNotTheEncoder) {
  CurveOptions options;
  Json description = {{"detector", nullptr}};
  EXPECT_EQ(CurveSetting(options, description), "");
  options.resolution = "448";
  options.head_cell = "a/detect/b/default";  // of no detector
  EXPECT_EQ(CurveSetting(options, description), "resolution 448");
  description["detector"] = {{"head", "set"}};
  EXPECT_EQ(CurveSetting(options, description),
            "resolution 448, set head of a/detect/b/default");
  EXPECT_EQ(CurveSetting({}, description), "set head");
  // A program has what it has.
  description["detector"] = {{"head", "exported"}, {"format", "torchscript"}};
  EXPECT_EQ(CurveSetting({}, description), "");
}

TEST(CeilingsFor, WatchesTheMachineMeanwhile) {
  CeilingOptions options;
  options.threads = 1;
  options.copy_bytes = 1 << 16;
  options.products.dtypes = {"fp32"};
  options.products.shapes = {{8, 16, 32}};
  options.repetitions = 2;
  const MachineCeilings ceilings = CeilingsFor(Points("cpu"), true, options);
  EXPECT_EQ(ceilings.products.size(), 1u);
  ASSERT_TRUE(ceilings.meanwhile.is_object());
  EXPECT_TRUE(ceilings.meanwhile.contains("other_share"));
  for (const Finding& finding : ceilings.findings) {
    EXPECT_FALSE(finding.fatal);
    EXPECT_TRUE(finding.reason.starts_with("roofs: ")) << finding.reason;
  }
}

// A curve of ten minutes is not to be lost for want of memory behind it.
TEST(CeilingsFor, WithoutMemoryHasNoneAndSaysSo) {
  const EncoderCurves curves = Points("cpu");
  const TempFolder folder;
  CeilingOptions options;
  options.threads = 1;
  options.repetitions = 1;
  const MachineCeilings ceilings = [&] {
    const eyechart::testing::CountedAllocator full(1 << 10);
    return WriteWithRoofs(folder.path(), curves, true, options);
  }();
  EXPECT_TRUE(ceilings.products.empty());
  ASSERT_FALSE(ceilings.findings.empty());
  std::string reasons;
  for (const Finding& finding : ceilings.findings) {
    EXPECT_FALSE(finding.fatal) << finding.reason;
    reasons += finding.reason + "\n";
  }
  EXPECT_NE(reasons.find("no roofs: out of memory"), std::string::npos)
      << reasons;
  const Json curve = ReadJsonFile(folder / "batch_curve.json");
  EXPECT_EQ(curve["valid"], true);
  EXPECT_NE(curve["warnings"].dump().find("no roofs: out of memory"),
            std::string::npos)
      << curve["warnings"];
  // And not that this processor has no such type.
  EXPECT_EQ(RoofNote(curves, ceilings), "");
  EXPECT_FALSE(fs::exists(folder / "roofline.json"));
}

// Its roofs cannot be measured at all: the curve was written before.
TEST(WriteWithRoofs, WritesTheCurveFirst) {
  const TempFolder folder;
  CeilingOptions options;
  options.threads = -1;
  EXPECT_THROW(WriteWithRoofs(folder.path(), Points("cpu"), true, options),
               InputError);
  const Json curve = ReadJsonFile(folder / "batch_curve.json");
  EXPECT_EQ(curve["points"].size(), 1u);
  EXPECT_NE(curve["warnings"].dump().find("before they were measured"),
            std::string::npos)
      << curve["warnings"];
}

// A share is a point's over a roof's.
TEST(WriteCurves, ARooflineIsValidWhereBothSidesAre) {
  const TempFolder folder;
  EncoderCurves curves = Points("cpu");
  MachineCeilings roofs = Roofs();
  const auto written = [&](const char* file) {
    WriteCurves(folder.path(), curves, roofs);
    return ReadJsonFile(folder / file);
  };
  EXPECT_EQ(written("roofline.json")["valid"], true);
  roofs.findings = {{true, "roofs: others", "end them"}};
  EXPECT_EQ(written("roofline.json")["reasons"],
            Json::array({"roofs: others"}));
  // The curve stands without them.
  const Json curve = written("batch_curve.json");
  EXPECT_EQ(curve["valid"], true);
  EXPECT_NE(curve["warnings"].dump().find("roofs: others; end them"),
            std::string::npos);
  roofs.findings.clear();
  curves.findings = {{true, "batch 1: moved", "warm up"}};
  EXPECT_EQ(written("roofline.json")["reasons"],
            Json::array({"batch 1: moved"}));
}

CurveOptions FewQueries(std::vector<std::int64_t> batches) {
  CurveOptions options;
  options.batches = std::move(batches);
  options.min_seconds = 0;
  options.allow = true;  // the machine that tests run on is busy
  return options;
}

TEST(MeasureCurve, IsOfWholeBatchesAndValid) {
  VirtualClock clock;
  SyntheticDevice device(
      clock, {{"encode", [](const Query& query) {
                 const auto batch =
                     static_cast<std::int64_t>(query.samples.size());
                 return 4 * kMs + batch * kMs;
               }}});
  const EncoderCurves curves = MeasureCurve(device, clock, FewQueries({1, 4}));
  ASSERT_EQ(curves.curve.points.size(), 2u);
  EXPECT_DOUBLE_EQ(curves.curve.points[0].throughput, 1e3 / 5);
  EXPECT_DOUBLE_EQ(curves.curve.points[1].throughput, 4e3 / 8);
  // Ten queries are enough for a median: none is said to be missing.
  EXPECT_TRUE(IsValid(curves.findings)) << curves.findings.front().reason;
}

// Each point again, from the file alone.
TEST(MeasureCurve, KeepsEachQuery) {
  VirtualClock clock;
  SyntheticDevice device(
      clock, {{"decode", eyechart::testing::TakesExponential(2e6, 1)},
              {"encode", [](const Query& query) -> std::int64_t {
                 return static_cast<std::int64_t>(query.samples.size()) * kMs;
               }}});
  CurveOptions options = FewQueries({4, 1});
  options.min_queries = 25;
  const EncoderCurves curves = MeasureCurve(device, clock, options);
  const TempFolder folder;
  WriteCurves(folder.path(), curves, {});
  const CsvTable table = CsvTable::ReadFile(folder / "batch_curve_samples.csv");
  EXPECT_EQ(table.header(),
            (std::vector<std::string>{"batch", "query", "seed", "pair",
                                      "scheduled_ns", "started_ns",
                                      "latency_ns", "decode_ns", "encode_ns"}));
  const Json json = ReadJsonFile(folder / "batch_curve.json");
  ASSERT_EQ(json["points"].size(), 2u);
  std::size_t rows = 0;
  for (const Json& point : json["points"]) {
    const auto batch = point["batch"].get<std::int64_t>();
    std::vector<double> latencies;
    for (std::size_t row = 0; row < table.rows(); ++row) {
      if (table.at(row, 0) != std::to_string(batch)) continue;
      latencies.push_back(std::stod(table.at(row, table.Column("latency_ns"))));
      EXPECT_EQ(table.at(row, table.Column("encode_ns")),
                std::to_string(batch * kMs));
    }
    EXPECT_GE(latencies.size(), 25u);
    EXPECT_DOUBLE_EQ(point["throughput"],
                     static_cast<double>(batch) * 1e9 / Median(latencies));
    rows += latencies.size();
  }
  EXPECT_EQ(rows, table.rows());
}

TEST(MeasureCurve, NamesTheBatchThatIsNotValidOrLeftOut) {
  VirtualClock clock;
  int asked = 0;
  SyntheticDevice device(
      clock, {{"encode", [&](const Query& query) -> std::int64_t {
                 if (query.samples.size() == 2) return 0;
                 // Of one: it gets slower as it goes on.
                 return query.samples.size() == 1 ? (10 + ++asked) * kMs : kMs;
               }}});
  CurveOptions options = FewQueries({1, 2, 4});
  options.min_queries = 60;
  const EncoderCurves curves = MeasureCurve(device, clock, options);
  ASSERT_EQ(curves.curve.points.size(), 2u);
  EXPECT_EQ(curves.curve.points[1].batch, 4);
  EXPECT_FALSE(IsValid(curves.findings));
  // What was left out is kept all the same.
  ASSERT_EQ(curves.samples.size(), 3u);
  EXPECT_EQ(curves.samples[1].batch, 2);
  EXPECT_GE(curves.samples[1].table.rows.size(), 60u);
  const Json json = CurvesJson(curves, {});
  EXPECT_EQ(json["valid"], false);
  EXPECT_EQ(json["points"].size(), 2u);
  const auto says = [&](const std::string& begin, const std::string& part) {
    return std::any_of(json["reasons"].begin(), json["reasons"].end(),
                       [&](const Json& one) {
                         const auto text = one.get<std::string>();
                         return text.starts_with(begin) &&
                                text.find(part) != std::string::npos;
                       });
  };
  EXPECT_TRUE(says("batch 1: ", "moved by")) << json["reasons"];
  EXPECT_TRUE(says("batch 2: ", "left out of the curve")) << json["reasons"];
  EXPECT_FALSE(says("batch 4: ", "")) << json["reasons"];
  EXPECT_EQ(json["advice"].size(), json["reasons"].size());
  EXPECT_NE(InputErrorOf([&] {
              MeasureCurve(device, clock, FewQueries({2}));
            }).find("batch 2: "),
            std::string::npos);
}

// A DINOv2 of random weights.
class ToyCurve : public ::testing::Test {
 protected:
  ToyCurve() {
    at::set_num_threads(1);  // it is small, and the machine is busy
    namespace toy = encoders::testing;
    toy::WriteCheckpoint(folder_ / "model", toy::Dinov2Config(),
                         toy::Dinov2Tensors());
    eyechart::testing::WriteText(
        folder_ / "model/preprocessor_config.json",
        R"({"image_processor_type": "BitImageProcessor",
            "size": {"shortest_edge": 12},
            "crop_size": {"height": 12, "width": 12}})");
    spec_.model = (folder_ / "model").string();
  }

  const TempFolder folder_;
  encoders::ModelSpec spec_;
};

TEST_F(ToyCurve, CountsOperationsAndBytesOfEachBatch) {
  const testing::MemoryPictures pictures(
      {{"a.png", testing::RandomPng(20, 16, 1)},
       {"b.png", testing::RandomPng(16, 20, 2)}});
  EncoderBenchOptions asked;
  asked.workers = 1;
  EncoderBench bench(spec_, pictures, asked);
  MonotonicClock clock;
  const EncoderCurves curves =
      MeasureCurves(bench, "toy", clock, FewQueries({1, 3}));
  EXPECT_EQ(curves.curve.encoder, "toy");
  EXPECT_EQ(curves.curve.dtype, "fp32");
  EXPECT_EQ(curves.curve.device, "cpu");
  ASSERT_EQ(curves.curve.points.size(), 2u);
  ASSERT_EQ(curves.points.size(), 2u);
  // Of the last block only the class token is computed.
  const double flops = encoders::PooledFlops(bench.model(), {12, 12});
  EXPECT_LT(flops, bench.model().encoder->Flops(12, 12));
  const auto weights =
      4.0 * static_cast<double>(bench.model().encoder->info().parameters);
  EXPECT_GT(flops, 0);
  for (std::size_t i = 0; i < 2; ++i) {
    const RooflinePoint& point = curves.points[i];
    const std::int64_t batch = i == 0 ? 1 : 3;
    const auto pictures_in_it = static_cast<double>(batch);
    EXPECT_EQ(point.name, "toy");
    EXPECT_EQ(point.dtype, "fp32");
    EXPECT_EQ(point.batch, batch);
    EXPECT_EQ(curves.curve.points[i].batch, batch);
    EXPECT_GT(curves.curve.points[i].throughput, 0);
    EXPECT_DOUBLE_EQ(point.flops, flops * pictures_in_it);
    // Weights, pixels and an answer of as many numbers as the model is wide.
    EXPECT_DOUBLE_EQ(point.bytes,
                     weights + pictures_in_it * 4 *
                                   (3 * 12 * 12 + encoders::testing::kWidth));
    EXPECT_GT(point.seconds, 0);
    // The encoder is part of the whole.
    EXPECT_LT(point.seconds,
              pictures_in_it / curves.curve.points[i].throughput);
  }

  WriteCurves(folder_ / "run", curves, Roofs());
  const Json curve = ReadJsonFile(folder_ / "run/batch_curve.json");
  EXPECT_EQ(curve["encoder"], "toy");
  EXPECT_EQ(curve["points"].size(), 2u);
  EXPECT_EQ(curve["points"][1]["batch"], 3);
  EXPECT_EQ(curve["valid"], curve["reasons"].empty());
  EXPECT_TRUE(curve["knee"].contains("batch"));
  const Json roofline = ReadJsonFile(folder_ / "run/roofline.json");
  EXPECT_EQ(roofline["device"], "cpu");
  ASSERT_EQ(roofline["products"].size(), 1u);
  ASSERT_EQ(roofline["points"].size(), 2u);
  for (const Json& point : roofline["points"]) {
    EXPECT_GT(point["flops"].get<double>(), 0);
    EXPECT_GT(point["gflops"].get<double>(), 0);
    EXPECT_GT(point["share"].get<double>(), 0);
    EXPECT_TRUE(point["bound"] == "compute" || point["bound"] == "memory");
  }
  EXPECT_EQ(RoofNote(curves, Roofs()), "");
  EXPECT_FALSE(curve.contains("setting"));
}

// A head of random weights on the toy's map.
void WriteToyDetector(const fs::path& folder,
                      const encoders::LoadedModel& model,
                      std::uint64_t seed) {
  detection::Detector detector;
  detector.kind = "dense";
  detector.options.pyramid.maps = {
      {encoders::testing::kWidth, static_cast<int>(encoders::testing::kPatch)}};
  detector.options.pyramid.width = 32;
  detector.options.classes = 2;
  detector.options.layers = 1;
  detector.canvas = detection::CanvasOf(model.preprocess, false);
  detector.scale.shift = {at::zeros({encoders::testing::kWidth})};
  detector.scale.scale = {at::ones({encoders::testing::kWidth})};
  detector.categories = {{1, "a", ""}, {2, "b", ""}};
  detector.head = detection::CreateHead(detector.kind, detector.options);
  for (const auto& [name, tensor] : detector.head->Parameters())
    tensor.detach().fill_(static_cast<double>(seed) / 100);
  detector.encoder = detection::EncoderJson(model);
  detection::WriteDetector(folder, detector);
}

TEST_F(ToyCurve, NamesTheHeadAndTheHashOfItsWeights) {
  const encoders::LoadedModel model = encoders::LoadModel(spec_);
  const testing::MemoryPictures pictures(
      {{"a.png", testing::RandomPng(20, 16, 1)},
       {"b.png", testing::RandomPng(16, 20, 2)}});
  std::vector<std::string> hashes;
  for (const std::uint64_t seed : {1, 2}) {
    WriteToyDetector(folder_ / "detector", model, seed);
    EncoderBenchOptions asked;
    asked.workers = 1;
    asked.detector = folder_ / "detector";
    EncoderBench bench(spec_, pictures, asked);
    hashes.push_back(Sha256File(folder_ / "detector/head.safetensors"));
    EXPECT_EQ(bench.Describe()["detector"]["sha256"], hashes.back());
    EXPECT_EQ(ThresholdSetting(bench.Describe()).at("detector_sha256"),
              hashes.back());
    // The encoder's are its own.
    EXPECT_EQ(bench.BaseRecord().weights_sha256, model.weights_sha256);
    if (seed > 1) continue;
    MonotonicClock clock;
    CurveOptions options = FewQueries({1});
    options.resolution = "12x12";
    options.head_cell = "toy/detect/set/default";
    const EncoderCurves curves = MeasureCurves(bench, "toy", clock, options);
    const std::string text =
        "resolution 12x12, dense head of toy/detect/set/default";
    WriteCurves(folder_ / "run", curves, Roofs());
    EXPECT_EQ(ReadJsonFile(folder_ / "run/batch_curve.json")["setting"], text);
    const Json roofline = ReadJsonFile(folder_ / "run/roofline.json");
    ASSERT_EQ(roofline["points"].size(), 1u);
    EXPECT_EQ(roofline["points"][0]["setting"], text);
  }
  EXPECT_NE(hashes[0], hashes[1]);
}

}  // namespace
}  // namespace eyechart::benchmarks
