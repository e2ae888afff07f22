// COCO's average precision of boxes in memory: matching, accumulation and the
// twelve figures, without reading files.
#include <benchmark/benchmark.h>

#include "core/random.h"
#include "probes/detection/evaluation/boxes.h"
#include "probes/detection/evaluation/evaluate.h"
#include "probes/detection/evaluation/summary.h"

namespace eyechart::benchmarks {
namespace {

// val2017 has 36,781 truths of 80 classes in 5,000 pictures: seven a picture.
constexpr std::int32_t kTruths = 7;
constexpr std::int32_t kClasses = 80;

struct MadeEvaluation {
  detection::Truth truth;
  detection::Detections detections;
};

// Two of three detections are near to a truth.
MadeEvaluation MakeEvaluation(std::int32_t images, std::int32_t each) {
  Random random(6);
  MadeEvaluation made;
  for (std::int32_t i = 0; i < kClasses; ++i)
    made.truth.categories.push_back({i + 1, ""});
  for (std::int32_t image = 0; image < images; ++image) {
    made.truth.images.numbers.push_back(image + 1);
    for (std::int32_t i = 0; i < kTruths; ++i)
      made.truth.Add(image, static_cast<std::int32_t>(random.Below(kClasses)),
                     500 * random.Uniform(), 380 * random.Uniform(),
                     4 + 130 * random.Uniform(), 4 + 90 * random.Uniform());
  }
  for (std::int32_t image = 0; image < images; ++image) {
    for (std::int32_t i = 0; i < each; ++i) {
      const auto from = static_cast<std::size_t>(
          image * kTruths + static_cast<std::int32_t>(random.Below(kTruths)));
      const bool near = random.Below(3) < 2;
      const auto moved = [&] { return near ? 20 * random.Uniform() - 10 : 0; };
      made.detections.Add(
          image,
          near ? made.truth.category[from]
               : static_cast<std::int32_t>(random.Below(kClasses)),
          made.truth.x[from] + moved(), made.truth.y[from] + moved(),
          made.truth.width[from] * (0.8 + 0.4 * random.Uniform()),
          made.truth.height[from] * (0.8 + 0.4 * random.Uniform()),
          random.Uniform());
    }
  }
  return made;
}

// pictures, detections in each.
void CocoEval(benchmark::State& state) {
  const auto images = static_cast<std::int32_t>(state.range(0));
  const auto each = static_cast<std::int32_t>(state.range(1));
  const MadeEvaluation made = MakeEvaluation(images, each);
  detection::EvaluationOptions options;
  options.threads = 1;
  detection::BoxStats stats;
  for (auto _ : state) {
    stats = detection::Summarize(
        detection::Evaluate(made.truth, made.detections, options));
    benchmark::DoNotOptimize(stats);
  }
  const std::int64_t detections = std::int64_t{images} * each;
  state.SetItemsProcessed(state.iterations() * detections);
  // Four sides and a score of each, and two indices.
  state.SetBytesProcessed(
      state.iterations() * detections *
      static_cast<std::int64_t>(5 * sizeof(double) + 2 * sizeof(std::int32_t)));
  state.counters["AP"] = stats.AP;
}

BENCHMARK(CocoEval)
    ->Args({500, 40})
    ->Args({5000, 40})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace eyechart::benchmarks
