#include "probes/heads/class_scores.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/error.h"
#include "core/random.h"

namespace eyechart::probes {
namespace {

// Rows at a time: what bounds the memory of their scores in float64.
constexpr std::int64_t kRows = 1024;

ItemOutcome Judge(const double* scores,
                  std::int64_t classes,
                  std::int64_t truth) {
  ItemOutcome outcome;
  for (std::int64_t k = 0; k < classes; ++k) {
    if (scores[k] > scores[outcome.prediction]) outcome.prediction = k;
    outcome.rank +=
        scores[k] > scores[truth] || (scores[k] == scores[truth] && k < truth);
  }
  return outcome;
}

// How often `items` draws with replacement from a class hit a right one:
// binomial numbers by inversion of their distribution, one uniform number each
// whatever the class's size.
class RightDraws {
 public:
  explicit RightDraws(const ClassAccuracy& one) : items_(one.items) {
    const double items = static_cast<double>(one.items);
    const double log_right = std::log(one.accuracy);
    const double log_wrong = std::log1p(-one.accuracy);
    double sum = 0;
    for (std::int64_t k = 0; k <= one.items; ++k) {
      const double right = static_cast<double>(k);
      sum += std::exp(std::lgamma(items + 1) - std::lgamma(right + 1) -
                      std::lgamma(items - right + 1) + right * log_right +
                      (items - right) * log_wrong);
      at_most_.push_back(sum);
    }
  }

  /// As a share of the items.
  double Draw(Random& random) const {
    // Rounding may leave the last sum away from 1.
    const double uniform = random.Uniform() * at_most_.back();
    const auto place =
        std::upper_bound(at_most_.begin(), at_most_.end() - 1, uniform);
    return static_cast<double>(place - at_most_.begin()) /
           static_cast<double>(items_);
  }

 private:
  std::int64_t items_;
  std::vector<double> at_most_;  // of k right ones or fewer, by k
};

Interval MeanPerClassInterval(const std::vector<ClassAccuracy>& classes,
                              const BootstrapOptions& options) {
  EYECHART_CHECK(options.resamples > 0, "{} resamples", options.resamples);
  std::int64_t counted = 0;
  double sure = 0;  // classes all right or all wrong come out the same
  std::vector<RightDraws> unsure;
  for (const ClassAccuracy& one : classes) {
    if (one.items == 0) continue;
    ++counted;
    if (one.correct == one.items)
      ++sure;
    else if (one.correct > 0)
      unsure.emplace_back(one);
  }
  std::vector<double> means;
  means.reserve(static_cast<std::size_t>(options.resamples));
  for (int draw = 0; draw < options.resamples; ++draw) {
    Random random(options.seed, static_cast<std::uint64_t>(draw));
    double sum = sure;
    for (const RightDraws& one : unsure) sum += one.Draw(random);
    means.push_back(sum / static_cast<double>(counted));
  }
  return PercentileInterval(std::move(means), options.level,
                            "bootstrap within classes");
}

}  // namespace

ClassScores ScoreClasses(const at::Tensor& scores,
                         const at::Tensor& labels,
                         const BootstrapOptions& options) {
  EYECHART_CHECK(scores.dim() == 2 && labels.dim() == 1 &&
                     labels.scalar_type() == at::kLong &&
                     labels.size(0) == scores.size(0) && scores.size(0) > 0 &&
                     scores.size(1) > 0,
                 "{} scores with {} labels", scores.numel(), labels.numel());
  ClassScores made;
  made.items = scores.size(0);
  made.classes = scores.size(1);
  made.top_k = std::min<std::int64_t>(5, made.classes);
  made.per_class.resize(static_cast<std::size_t>(made.classes));
  made.outcomes.reserve(static_cast<std::size_t>(made.items));
  const at::Tensor truths = labels.to(at::kCPU).contiguous();
  for (std::int64_t begin = 0; begin < made.items; begin += kRows) {
    const std::int64_t count = std::min(kRows, made.items - begin);
    const at::Tensor rows =
        scores.narrow(0, begin, count).to(at::kCPU, at::kDouble).contiguous();
    const auto* row = rows.const_data_ptr<double>();
    for (std::int64_t i = begin; i < begin + count; ++i, row += made.classes) {
      const std::int64_t truth = truths.const_data_ptr<std::int64_t>()[i];
      EYECHART_CHECK(truth >= 0 && truth < made.classes,
                     "item {} has label {} of {} classes", i, truth,
                     made.classes);
      const auto* odd = std::find_if(
          row, row + made.classes, [](double v) { return !std::isfinite(v); });
      EYECHART_CHECK(odd == row + made.classes,
                     "item {}: the score of class {} is {}", i, odd - row,
                     *odd);
      const ItemOutcome outcome = Judge(row, made.classes, truth);
      ClassAccuracy& own = made.per_class[static_cast<std::size_t>(truth)];
      ++own.items;
      own.correct += outcome.rank == 0;
      made.top1_correct += outcome.rank == 0;
      made.top5_correct += outcome.rank < made.top_k;
      made.outcomes.push_back(outcome);
    }
  }
  double sum = 0;
  for (ClassAccuracy& one : made.per_class) {
    made.empty_classes += one.items == 0;
    one.accuracy = one.items == 0 ? std::numeric_limits<double>::quiet_NaN()
                                  : static_cast<double>(one.correct) /
                                        static_cast<double>(one.items);
    if (one.items > 0) sum += one.accuracy;
  }
  const auto n = static_cast<double>(made.items);
  made.top1 = static_cast<double>(made.top1_correct) / n;
  made.top5 = static_cast<double>(made.top5_correct) / n;
  made.mean_per_class =
      sum / static_cast<double>(made.classes - made.empty_classes);
  made.top1_interval =
      WilsonInterval(made.top1_correct, made.items, options.level);
  made.top5_interval =
      WilsonInterval(made.top5_correct, made.items, options.level);
  made.mean_per_class_interval = MeanPerClassInterval(made.per_class, options);
  return made;
}

}  // namespace eyechart::probes
