#include "benchmarks/vision/encoder_curves.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <set>
#include <utility>

#include "benchmarks/load/scenario.h"
#include "core/error.h"
#include "core/files.h"
#include "core/text.h"

namespace eyechart::benchmarks {
namespace {

constexpr double kNsPerSecond = 1e9;

// Pictures a second from a query's time; its ends change places.
BatchPoint PointOf(std::int64_t batch, const Estimate& median_ns) {
  const double pictures = static_cast<double>(batch) * kNsPerSecond;
  BatchPoint point;
  point.batch = batch;
  point.throughput = pictures / *median_ns.value;
  if (median_ns.ci) {
    point.ci = *median_ns.ci;
    point.ci->low = pictures / median_ns.ci->high;
    point.ci->high = pictures / median_ns.ci->low;
  }
  return point;
}

double BytesOf(const EncoderBench& bench,
               std::int64_t batch,
               const data::InputSize& size,
               double width) {
  const double weights =
      static_cast<double>(bench.model().encoder->info().parameters) *
      (bench.model().dtype == "fp32" ? 4 : 2);
  const double picture = 3.0 * size.height * size.width * 4 + 4 * width;
  return weights + static_cast<double>(batch) * picture;
}

using AtBatch = std::function<void(std::int64_t batch, const LoadResult&)>;

// The curve without its names; `look` sees what each point is made of.
EncoderCurves CurveOf(DeviceUnderTest& device,
                      Clock& clock,
                      const CurveOptions& options,
                      const AtBatch& look) {
  EncoderCurves curves;
  for (const std::int64_t batch : options.batches) {
    LoadOptions load;
    load.scenario = Scenario::kMultiStream;
    load.samples_per_query = batch;
    load.min_seconds = options.min_seconds;
    load.min_queries = options.min_queries;
    load.warmup_queries = options.warmup;
    load.seed = options.seed;
    load.seeds = LoadSeeds::From(options.seed);
    const LoadResult result = RunLoad(device, clock, load);
    if (!result.latency.median.value) continue;
    curves.curve.points.push_back(PointOf(batch, result.latency.median));
    if (look) look(batch, result);
  }
  EYECHART_REQUIRE(!curves.curve.points.empty(),
                   "no batch size gave a median latency");
  return curves;
}

void Name(BatchCurve& curve,
          const std::string& name,
          const BenchSetting& setting) {
  curve.encoder = name;
  curve.dtype = setting.dtype;
  curve.device = setting.device;
}

}  // namespace

std::vector<std::int64_t> ParseBatches(const std::string& text) {
  std::vector<std::int64_t> batches;
  std::set<std::int64_t> seen;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string word = text.substr(begin, end - begin);
    std::int64_t batch = 0;
    const auto [last, error] =
        std::from_chars(word.data(), word.data() + word.size(), batch);
    EYECHART_REQUIRE(
        error == std::errc() && last == word.data() + word.size() && batch >= 1,
        "batch \"{}\": should be a whole number from 1", word);
    EYECHART_REQUIRE(seen.insert(batch).second, "batch {} is there twice",
                     batch);
    batches.push_back(batch);
    begin = end + 1;
  }
  return batches;
}

EncoderCurves MeasureCurves(EncoderBench& bench,
                            const std::string& name,
                            Clock& clock,
                            const CurveOptions& options) {
  const encoders::LoadedModel& model = bench.model();
  const Json input = bench.Describe().at("input");
  std::vector<RooflinePoint> points;
  EncoderCurves curves = CurveOf(
      bench.device(), clock, options,
      [&](std::int64_t batch, const LoadResult& result) {
        if (!input.is_array()) return;
        const data::InputSize size{input[0].get<int>(), input[1].get<int>()};
        const double flops = model.encoder->Flops(size.height, size.width);
        if (!std::isfinite(flops) || flops <= 0) return;
        for (const StageShare& stage : result.stages.stages) {
          if (stage.name != "encode" || !stage.median_ns.value) continue;
          const auto width =
              static_cast<double>(model.encoder->info().PoolWidth(model.pool));
          points.push_back({name, model.dtype, batch,
                            flops * static_cast<double>(batch),
                            BytesOf(bench, batch, size, width),
                            *stage.median_ns.value / kNsPerSecond});
        }
      });
  Name(curves.curve, name, bench.setting());
  curves.points = std::move(points);
  return curves;
}

EncoderCurves MeasureCurves(ExportedBench& bench,
                            const std::string& name,
                            Clock& clock,
                            const CurveOptions& options) {
  EncoderCurves curves = CurveOf(bench.device(), clock, options, {});
  Name(curves.curve, name, bench.setting());
  return curves;
}

MachineCeilings CeilingsFor(const EncoderCurves& curves) {
  return curves.points.empty() ? MachineCeilings{} : MeasureCeilings();
}

std::vector<RooflinePoint> PointsUnderRoofs(const EncoderCurves& curves,
                                            const MachineCeilings& ceilings) {
  std::vector<RooflinePoint> points = curves.points;
  std::erase_if(points, [&](const RooflinePoint& point) {
    return std::none_of(
        ceilings.products.begin(), ceilings.products.end(),
        [&](const ProductRoof& roof) { return roof.dtype == point.dtype; });
  });
  return points;
}

void WriteCurves(const std::filesystem::path& folder,
                 const EncoderCurves& curves,
                 const MachineCeilings& ceilings) {
  CreateFolder(folder);
  WriteFileAtomic(folder / "batch_curve.json",
                  BatchCurveJson(curves.curve).dump(1) + "\n");
  const std::vector<RooflinePoint> points = PointsUnderRoofs(curves, ceilings);
  if (points.empty()) return;
  WriteFileAtomic(folder / "roofline.json",
                  RooflineJson(ceilings, points).dump(1) + "\n");
}

}  // namespace eyechart::benchmarks
