#include "probes/detection/evaluation/confusion.h"

#include <limits>

#include "core/csv.h"
#include "core/error.h"
#include "probes/detection/evaluation/box_iou.h"
#include "probes/detection/evaluation/image_groups.h"

namespace eyechart::detection {
namespace {

class Counter {
 public:
  Counter(const Truth& truth,
          const Detections& detections,
          const ConfusionOptions& options,
          Confusion& made)
      : truth_(truth),
        detections_(detections),
        options_(options),
        made_(made),
        taken_(truth.size(), false) {}

  void Image(std::span<const std::uint32_t> truths,
             std::span<const std::uint32_t> found) {
    for (const std::uint32_t d : found) {
      if (detections_.score[d] < options_.score) continue;
      bool in_crowd = false;
      const std::int64_t best = Best(truths, d, in_crowd);
      const auto column = static_cast<std::size_t>(detections_.category[d]);
      if (best >= 0) {
        taken_[static_cast<std::size_t>(best)] = true;
        Count(static_cast<std::size_t>(
                  truth_.category[static_cast<std::size_t>(best)]),
              column);
      } else if (!in_crowd) {
        Count(made_.classes, column);
      }
    }
    for (const std::uint32_t g : truths)
      if (!taken_[g] && truth_.crowd[g] == 0)
        Count(static_cast<std::size_t>(truth_.category[g]), made_.classes);
  }

 private:
  void Count(std::size_t row, std::size_t column) {
    ++made_.counts[row * (made_.classes + 1) + column];
  }

  std::int64_t Best(std::span<const std::uint32_t> truths,
                    std::uint32_t d,
                    bool& in_crowd) const {
    const Box found = {detections_.x[d], detections_.y[d], detections_.width[d],
                       detections_.height[d]};
    std::int64_t best = -1;
    double most = 0;
    bool alike = false;
    for (const std::uint32_t g : truths) {
      const bool crowd = truth_.crowd[g] != 0;
      if (taken_[g]) continue;
      const double overlap = BoxIou(
          found, {truth_.x[g], truth_.y[g], truth_.width[g], truth_.height[g]},
          crowd);
      if (!(overlap >= options_.overlap)) continue;
      if (crowd) {
        in_crowd = true;
        continue;
      }
      const bool same = truth_.category[g] == detections_.category[d];
      if (best >= 0 && !(overlap > most || (overlap == most && same && !alike)))
        continue;
      best = g;
      most = overlap;
      alike = same;
    }
    return best;
  }

  const Truth& truth_;
  const Detections& detections_;
  const ConfusionOptions& options_;
  Confusion& made_;
  std::vector<bool> taken_;
};

}  // namespace

Confusion FindConfusion(const Truth& truth,
                        const Detections& detections,
                        const ConfusionOptions& options) {
  EYECHART_REQUIRE(options.overlap > 0 && options.overlap <= 1,
                   "overlap {}; it should be above 0 and at most 1",
                   options.overlap);
  Confusion made;
  made.classes = truth.categories.size();
  made.counts.assign((made.classes + 1) * (made.classes + 1), 0);
  Counter counter(truth, detections, options, made);
  const ByImage truths = TruthsByImage(truth);
  const ByImage found = DetectionsByImage(
      detections, truth.images.size(), std::numeric_limits<std::size_t>::max());
  for (std::size_t i = 0; i < truth.images.size(); ++i)
    counter.Image(truths.of(i), found.of(i));
  return made;
}

std::string ConfusionCsv(const Confusion& confusion, const Truth& truth) {
  const auto name = [&](std::size_t k) {
    return k < confusion.classes ? truth.categories[k].name : "background";
  };
  std::vector<std::string> line = {"truth"};
  for (std::size_t k = 0; k <= confusion.classes; ++k) line.push_back(name(k));
  std::string text = CsvLine(line);
  for (std::size_t row = 0; row <= confusion.classes; ++row) {
    line = {name(row)};
    for (std::size_t k = 0; k <= confusion.classes; ++k)
      line.push_back(std::to_string(confusion.at(row, k)));
    text += CsvLine(line);
  }
  return text;
}

}  // namespace eyechart::detection
