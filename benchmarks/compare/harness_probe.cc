// A function of eyechart-micro on our own load generator, for harness.py:
//   harness_probe nms|resize SECONDS
//     calls, single stream for so many seconds, the same function on the same
//     input as Nms/torchvision/1000 or Resize/bicubic/640/480/224; prints
//     {"median_ns", "mean_ns", "n", "valid"}.
//   harness_probe same REPETITIONS
//     compares nms with itself so often, 20 blocks ABBA each time; prints
//     {"repetitions", "inside"}: in how many the interval of the ratio holds 1.
#include <cstdio>
#include <exception>
#include <functional>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "benchmarks/load/clock.h"
#include "benchmarks/load/pairs.h"
#include "benchmarks/load/scenario.h"
#include "benchmarks/micro/made_boxes.h"
#include "benchmarks/micro/made_image.h"
#include "core/error.h"
#include "core/json.h"
#include "core/text.h"
#include "data/resize.h"
#include "probes/detection/nms/nms.h"

namespace eyechart::benchmarks {
namespace {

// What the compiler may not leave out.
void Keep(const void* data) { asm volatile("" : : "r"(data) : "memory"); }

class FunctionDevice final : public DeviceUnderTest {
 public:
  FunctionDevice(std::string name, std::function<void()> call)
      : name_(std::move(name)), call_(std::move(call)) {}
  std::string Name() const override { return name_; }
  std::vector<std::string> Stages() const override { return {}; }
  std::int64_t SampleCount() const override { return 1; }
  void Prepare(const LoadPlan&) override {}
  void Run(const Query&, StageRecorder&) override { call_(); }

 private:
  std::string name_;
  std::function<void()> call_;
};

// As nms_benchmark.cc and resize_benchmark.cc call them.
std::function<void()> CallOf(std::string_view subject) {
  if (subject == "nms") {
    detection::NmsOptions options;
    options.iou_threshold = 0.6;
    options.threads = 1;
    return [options, made = MakeBoxes(1000, 5)] {
      Keep(detection::Nms(made.boxes, made.scores, made.classes, options)
               .data());
    };
  }
  EYECHART_REQUIRE(subject == "resize", "{}: there are nms and resize",
                   subject);
  return [image = MakeImage(640, 480, 1)] {
    Keep(data::Resize(image, 224, 224, data::Filter::kBicubic).pixels.data());
  };
}

Json Measure(const std::string& subject, double seconds) {
  FunctionDevice device(subject, CallOf(subject));
  MonotonicClock clock;
  LoadOptions options;
  options.min_seconds = seconds;
  options.warmup_seconds = seconds / 5;
  const LoadResult result = RunLoad(device, clock, options);
  const std::vector<std::int64_t> latencies = result.samples.LatenciesNs();
  const double sum = std::accumulate(latencies.begin(), latencies.end(), 0.0);
  return {{"median_ns", result.latency.median.value.value()},
          {"mean_ns", sum / static_cast<double>(latencies.size())},
          {"n", latencies.size()},
          {"valid", result.valid()}};
}

Json CompareWithItself(int repetitions) {
  FunctionDevice device("nms", CallOf("nms"));
  MonotonicClock clock;
  int inside = 0;
  for (int i = 0; i < repetitions; ++i) {
    PairOptions options;
    options.seed = static_cast<std::uint64_t>(i);
    options.seeds = LoadSeeds::From(options.seed);
    options.queries_per_turn = 50;  // two milliseconds a turn
    const PairResult result = RunPairs(device, device, clock, options);
    inside += result.ratio.ci->low <= 1 && 1 <= result.ratio.ci->high;
  }
  return {{"repetitions", repetitions}, {"inside", inside}};
}

}  // namespace
}  // namespace eyechart::benchmarks

int main(int argc, char** argv) {
  try {
    const auto seconds =
        argc == 3 ? eyechart::ParseDouble(argv[2]) : std::nullopt;
    if (!seconds || !(*seconds > 0)) {
      std::fputs(
          "usage: harness_probe nms|resize SECONDS, or same REPETITIONS\n",
          stderr);
      return 2;
    }
    if (std::string_view(argv[1]) == "same") {
      std::puts(
          eyechart::benchmarks::CompareWithItself(static_cast<int>(*seconds))
              .dump()
              .c_str());
      return 0;
    }
    std::puts(eyechart::benchmarks::Measure(argv[1], *seconds).dump().c_str());
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "harness_probe: %s\n", error.what());
    return 2;
  }
}
