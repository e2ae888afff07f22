#include "benchmarks/vision/encoder_curves.h"

#include <ATen/Context.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <new>
#include <set>
#include <utility>

#include "benchmarks/load/scenario.h"
#include "benchmarks/roofline/device_ceiling.h"
#include "benchmarks/vision/measure.h"
#include "core/error.h"
#include "core/files.h"
#include "core/text.h"
#include "encoders/loaded_model.h"

namespace eyechart::benchmarks {
namespace {

constexpr double kNsPerSecond = 1e9;
constexpr const char* kNoRoofs = "no roofs: ";

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

// Why a batch has no point; empty where it has one.
std::string WhyNoPoint(const Estimate& median_ns) {
  if (!median_ns.value)
    return median_ns.reason.empty() ? "no median" : median_ns.reason;
  return *median_ns.value > 0 ? "" : "its median is no time on this clock";
}

// The curve without its names; `look` sees what each point is made of. `place`
// is where the model is: "cpu", "cuda:0".
EncoderCurves CurveOf(DeviceUnderTest& device,
                      const std::string& place,
                      Clock& clock,
                      const CurveOptions& options,
                      const AtBatch& look) {
  EncoderCurves curves;
  const MachineWatch watch = WatchMachine(clock, place);
  for (const std::int64_t batch : options.batches) {
    LoadOptions load;
    // One batch after another, as multi-stream has them, but it rests on the
    // throughput: the p99 of so few queries would be said to be missing.
    load.scenario = Scenario::kOffline;
    load.samples_per_query = batch;
    load.min_seconds = options.min_seconds;
    load.min_queries = options.min_queries;
    load.warmup_queries = options.warmup;
    load.seed = options.seed;
    load.seeds = LoadSeeds::From(options.seed);
    LoadResult result = RunLoad(device, clock, load);
    curves.samples.push_back({batch, std::move(result.samples)});
    const std::string about = fmt::format("batch {}: ", batch);
    for (Finding finding : result.findings) {
      finding.reason = about + finding.reason;
      curves.findings.push_back(std::move(finding));
    }
    if (const std::string why = WhyNoPoint(result.latency.median);
        !why.empty()) {
      curves.findings.push_back(
          {true, about + "left out of the curve: " + why,
           "measure it alone, with --batch and --scenario offline"});
      continue;
    }
    curves.curve.points.push_back(PointOf(batch, result.latency.median));
    if (look) look(batch, result);
  }
  std::vector<Finding> meanwhile = watch.Finish().findings;
  if (options.allow) meanwhile = RefuseOrWarn(std::move(meanwhile), true);
  curves.findings.insert(curves.findings.end(), meanwhile.begin(),
                         meanwhile.end());
  EYECHART_REQUIRE(!curves.curve.points.empty(),
                   "no batch size gave a median latency; {}",
                   curves.findings.front().reason);
  return curves;
}

void Name(EncoderCurves& curves,
          const std::string& name,
          const BenchSetting& setting,
          const std::string& text) {
  curves.curve.encoder = name;
  curves.curve.dtype = setting.dtype;
  curves.curve.device = setting.device;
  curves.curve.setting = text;
  for (RooflinePoint& point : curves.points) point.setting = text;
}

// Ceilings without one, and why. The curve stands without them.
MachineCeilings NoRoofs(const EncoderCurves& curves, const std::string& why) {
  MachineCeilings none;
  none.device = curves.curve.device;
  none.findings = {{false, kNoRoofs + why.substr(0, why.find('\n')),
                    "measure them again, with a smaller model or more memory"}};
  return none;
}

// A curve may be of another machine, or of a device that has gone.
bool IsThere(const c10::Device& device) {
  return device.is_cuda() && at::globalContext().hasCUDA() &&
         device.index() < at::detail::getCUDAHooks().deviceCount();
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

EncoderCurves MeasureCurve(DeviceUnderTest& device,
                           Clock& clock,
                           const CurveOptions& options) {
  return CurveOf(device, "cpu", clock, options, {});
}

EncoderCurves MeasureCurves(EncoderBench& bench,
                            const std::string& name,
                            Clock& clock,
                            const CurveOptions& options) {
  const encoders::LoadedModel& model = bench.model();
  const Json description = bench.Describe();
  const Json& input = description.at("input");
  // Heads read all tokens of the last block.
  const bool whole = !description.at("detector").is_null();
  std::vector<RooflinePoint> points;
  EncoderCurves curves = CurveOf(
      bench.device(), model.device.str(), clock, options,
      [&](std::int64_t batch, const LoadResult& result) {
        if (!input.is_array()) return;
        const data::InputSize size{input[0].get<int>(), input[1].get<int>()};
        const double flops = whole
                                 ? model.encoder->Flops(size.height, size.width)
                                 : encoders::PooledFlops(model, size);
        if (!std::isfinite(flops) || flops <= 0) return;
        for (const StageShare& stage : result.stages.stages) {
          if (stage.name != "encode" || !stage.median_ns.value) continue;
          const auto width =
              static_cast<double>(model.encoder->info().PoolWidth(model.pool));
          points.push_back({name,
                            model.dtype,
                            batch,
                            flops * static_cast<double>(batch),
                            BytesOf(bench, batch, size, width),
                            *stage.median_ns.value / kNsPerSecond,
                            {}});
        }
      });
  curves.points = std::move(points);
  Name(curves, name, bench.setting(), CurveSetting(options, description));
  return curves;
}

EncoderCurves MeasureCurves(ExportedBench& bench,
                            const std::string& name,
                            Clock& clock,
                            const CurveOptions& options) {
  EncoderCurves curves =
      CurveOf(bench.device(), bench.setting().device, clock, options, {});
  Name(curves, name, bench.setting(), CurveSetting(options, bench.Describe()));
  return curves;
}

std::string CurveSetting(const CurveOptions& options, const Json& description) {
  std::string text;
  if (!options.resolution.empty()) text = "resolution " + options.resolution;
  const auto detector = description.find("detector");
  if (detector == description.end() || !detector->is_object() ||
      detector->contains("format"))
    return text;
  text += (text.empty() ? "" : ", ") + detector->at("head").get<std::string>() +
          " head";
  if (!options.head_cell.empty()) text += " of " + options.head_cell;
  return text;
}

MachineCeilings CeilingsFor(const EncoderCurves& curves,
                            bool allow,
                            const CeilingOptions& options) {
  if (curves.points.empty()) return {};
  const c10::Device device(curves.curve.device);
  if (!device.is_cpu() && !IsThere(device)) return {};
  const MonotonicClock clock;
  const MachineWatch watch = WatchMachine(clock, curves.curve.device);
  MachineCeilings ceilings;
  try {
    ceilings = device.is_cpu() ? MeasureCeilings(options)
                               : MeasureDeviceCeilings(device);
  } catch (const c10::Error& error) {
    ceilings = NoRoofs(curves, error.what_without_backtrace());
  } catch (const std::bad_alloc&) {
    ceilings = NoRoofs(curves, "memory does not suffice");
  }
  MachineWatch::Report report = watch.Finish();
  ceilings.meanwhile = MeanwhileJson(report);
  if (allow) report.findings = RefuseOrWarn(std::move(report.findings), true);
  for (Finding& finding : report.findings) {
    finding.reason = "roofs: " + finding.reason;
    ceilings.findings.push_back(std::move(finding));
  }
  return ceilings;
}

std::vector<RooflinePoint> PointsUnderRoofs(const EncoderCurves& curves,
                                            const MachineCeilings& ceilings) {
  if (curves.curve.device != ceilings.device) return {};
  std::vector<RooflinePoint> points = curves.points;
  std::erase_if(points, [&](const RooflinePoint& point) {
    return std::none_of(
        ceilings.products.begin(), ceilings.products.end(),
        [&](const ProductRoof& roof) { return roof.dtype == point.dtype; });
  });
  return points;
}

std::string RoofNote(const EncoderCurves& curves,
                     const MachineCeilings& ceilings) {
  if (curves.points.empty()) return "";
  for (const Finding& finding : ceilings.findings)
    if (finding.reason.starts_with(kNoRoofs)) return "";  // which says why
  if (curves.curve.device != ceilings.device)
    return fmt::format(
        "no roofline: the encoder ran on {}, and the roofs that are measured "
        "are those of the {}",
        curves.curve.device, ceilings.device);
  if (PointsUnderRoofs(curves, ceilings).size() == curves.points.size())
    return "";
  return fmt::format(
      "no roofline in {}: this processor multiplies it in another type, and no "
      "roof was measured",
      curves.curve.dtype);
}

Json CurvesJson(const EncoderCurves& curves, const MachineCeilings& ceilings) {
  Json json = BatchCurveJson(curves.curve);
  json.update(FindingsJson(curves.findings));
  for (const Finding& finding : ceilings.findings)
    json["warnings"].push_back(finding.reason + "; " + finding.advice);
  if (const std::string note = RoofNote(curves, ceilings); !note.empty())
    json["warnings"].push_back(note);
  return json;
}

std::string BatchSamplesCsv(const std::vector<BatchSamples>& samples) {
  std::vector<NumberedSamples> numbered;
  for (const BatchSamples& one : samples)
    numbered.push_back({one.batch, &one.table});
  return NumberedSamplesCsv("batch", numbered);
}

void WriteCurves(const std::filesystem::path& folder,
                 const EncoderCurves& curves,
                 const MachineCeilings& ceilings) {
  CreateFolder(folder);
  WriteFileAtomic(folder / "batch_curve.json",
                  CurvesJson(curves, ceilings).dump(1) + "\n");
  if (!curves.samples.empty())
    WriteFileAtomic(folder / "batch_curve_samples.csv",
                    BatchSamplesCsv(curves.samples));
  const std::vector<RooflinePoint> points = PointsUnderRoofs(curves, ceilings);
  if (points.empty()) return;
  // A share is a point's over a roof's: neither may be in doubt.
  MachineCeilings roofs = ceilings;
  roofs.findings.insert(roofs.findings.begin(), curves.findings.begin(),
                        curves.findings.end());
  WriteFileAtomic(folder / "roofline.json",
                  RooflineJson(roofs, points).dump(1) + "\n");
}

MachineCeilings WriteWithRoofs(const std::filesystem::path& folder,
                               const EncoderCurves& curves,
                               bool allow,
                               const CeilingOptions& options) {
  WriteCurves(folder, curves,
              curves.points.empty()
                  ? MachineCeilings()
                  : NoRoofs(curves, "the run ended before they were measured"));
  MachineCeilings ceilings = CeilingsFor(curves, allow, options);
  WriteCurves(folder, curves, ceilings);
  return ceilings;
}

}  // namespace eyechart::benchmarks
