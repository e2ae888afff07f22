#include "probes/detection/evaluation/error_kinds.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "core/error.h"
#include "probes/detection/evaluation/box_iou.h"
#include "probes/detection/evaluation/image_groups.h"

namespace eyechart::detection {
namespace {

constexpr std::size_t kNobody = static_cast<std::size_t>(-1);

// A detection on a class's curve.
struct Point {
  std::int32_t category;
  double score;
  bool right;
};

// A wrong detection or a missed truth.
struct Mistake {
  ErrorKind kind;
  std::optional<Point> before;  // none: ignored, or no detection
  std::uint32_t truth = 0;      // that mending would find, or that was missed
  bool mends = false;           // a free truth is there
  std::uint32_t detection = 0;
};

double AveragePrecision(std::vector<Point>& points, std::int64_t positives) {
  if (positives == 0) return 0;
  std::stable_sort(
      points.begin(), points.end(),
      [](const Point& a, const Point& b) { return a.score > b.score; });
  const std::size_t n = points.size();
  std::vector<double> precision(n), recall(n);
  double right = 0;
  for (std::size_t i = 0; i < n; ++i) {
    right += points[i].right ? 1 : 0;
    precision[i] = right / static_cast<double>(i + 1);
    recall[i] = right / static_cast<double>(positives);
  }
  for (std::size_t i = n; i-- > 1;)
    precision[i - 1] = std::max(precision[i - 1], precision[i]);
  // The grid is i / 100 here, not linspace's.
  constexpr int kSteps = 100;
  double sum = 0;
  for (int i = 0; i <= kSteps; ++i) {
    const auto at = std::lower_bound(recall.begin(), recall.end(),
                                     static_cast<double>(i) / kSteps) -
                    recall.begin();
    if (at < static_cast<std::ptrdiff_t>(n))
      sum += precision[static_cast<std::size_t>(at)];
  }
  return sum / (kSteps + 1);
}

// None where there is no class with points or positives.
std::optional<double> MeanPrecisionOf(
    const std::vector<Point>& points,
    const std::vector<std::int64_t>& positives) {
  std::vector<std::vector<Point>> by_class(positives.size());
  for (const Point& point : points)
    by_class[static_cast<std::size_t>(point.category)].push_back(point);
  double sum = 0;
  std::int64_t classes = 0;
  for (std::size_t k = 0; k < positives.size(); ++k) {
    if (by_class[k].empty() && positives[k] == 0) continue;
    sum += AveragePrecision(by_class[k], positives[k]);
    ++classes;
  }
  if (classes == 0) return std::nullopt;
  return sum / static_cast<double>(classes);
}

class Run {
 public:
  Run(const Truth& truth,
      const Detections& detections,
      const ErrorKindOptions& options)
      : truth_(truth),
        detections_(detections),
        options_(options),
        best_(truth.size(), kNobody),
        missed_(truth.categories.size(), 0),
        positives_(truth.categories.size(), 0) {}

  ErrorKinds Answer() {
    const ByImage truths = TruthsByImage(truth_);
    const ByImage found =
        DetectionsByImage(detections_, truth_.images.size(),
                          static_cast<std::size_t>(options_.max_detections));
    for (std::size_t i = 0; i < truth_.images.size(); ++i)
      Image(truths.of(i), found.of(i));
    ErrorKinds made;
    const std::optional<double> before = MeanPrecisionOf(points_, positives_);
    made.AP = before.value_or(0);
    for (const Mistake& mistake : mistakes_)
      ++made.kinds[static_cast<std::size_t>(mistake.kind)].count;
    if (!before) return made;
    for (std::size_t k = 0; k < kErrorKinds; ++k)
      made.kinds[k].gain =
          std::max(0.0, Mended(static_cast<ErrorKind>(k)) - made.AP);
    std::vector<Point> points = Kept();
    for (Point& point : points) point.score = point.right ? 1 : 0;
    made.false_alarm_gain = After(points, positives_) - made.AP;
    std::vector<std::int64_t> positives = positives_;
    for (std::size_t k = 0; k < positives.size(); ++k)
      positives[k] -= missed_[k];
    made.miss_gain = After(Kept(), positives) - made.AP;
    return made;
  }

 private:
  struct Overlaps {
    std::size_t columns = 0;
    std::vector<double> values;
    double at(std::size_t d, std::size_t g) const {
      return values[d * columns + g];
    }
  };

  Box BoxOfTruth(std::uint32_t i) const {
    return {truth_.x[i], truth_.y[i], truth_.width[i], truth_.height[i]};
  }
  Box BoxOfDetection(std::uint32_t i) const {
    return {detections_.x[i], detections_.y[i], detections_.width[i],
            detections_.height[i]};
  }

  // Highest overlap of `d` among truths that `fits` takes, the first of equal
  // ones; 0 and the first truth where there is none, as argmax of a masked row.
  template <typename Fits>
  std::size_t Nearest(const Overlaps& overlaps,
                      std::size_t d,
                      const Fits& fits,
                      double& value) const {
    std::size_t best = 0;
    value = -1;
    for (std::size_t g = 0; g < overlaps.columns; ++g) {
      const double here = fits(g) ? overlaps.at(d, g) : 0;
      if (here > value) {
        value = here;
        best = g;
      }
    }
    return best;
  }

  void Image(std::span<const std::uint32_t> all,
             std::span<const std::uint32_t> found) {
    std::vector<std::uint32_t> truths, crowds;
    for (const std::uint32_t i : all)
      (truth_.crowd[i] != 0 ? crowds : truths).push_back(i);
    for (const std::uint32_t i : truths)
      ++positives_[static_cast<std::size_t>(truth_.category[i])];
    Overlaps overlaps;
    overlaps.columns = truths.size();
    for (const std::uint32_t d : found)
      for (const std::uint32_t g : truths)
        overlaps.values.push_back(
            BoxIou(BoxOfDetection(d), BoxOfTruth(g), false));
    const auto same = [&](std::size_t d) {
      return [&, d](std::size_t g) {
        return truth_.category[truths[g]] == detections_.category[found[d]];
      };
    };
    std::vector<bool> used(truths.size(), false);
    std::vector<bool> right(found.size(), false), ignored(found.size(), false);
    for (std::size_t d = 0; d < found.size() && !truths.empty(); ++d) {
      double value;
      const std::size_t g = Nearest(
          overlaps, d, [&](std::size_t t) { return !used[t] && same(d)(t); },
          value);
      if (value >= options_.found) used[g] = right[d] = true;
    }
    for (std::size_t d = 0; d < found.size(); ++d)
      for (const std::uint32_t crowd : crowds)
        if (!right[d] &&
            truth_.category[crowd] == detections_.category[found[d]] &&
            BoxIou(BoxOfDetection(found[d]), BoxOfTruth(crowd), true) >
                options_.found)
          ignored[d] = true;
    for (std::size_t d = 0; d < found.size(); ++d) {
      const std::uint32_t i = found[d];
      const Point point = {detections_.category[i], detections_.score[i],
                           right[d]};
      if (!ignored[d]) points_.push_back(point);
      if (right[d]) continue;
      Mistake mistake = Kind(overlaps, d, same(d), used, truths);
      mistake.detection = i;
      if (!ignored[d]) mistake.before = point;
      // Of several that would find one truth the best, the first, does.
      if (mistake.mends && best_[mistake.truth] == kNobody)
        best_[mistake.truth] = i;
      mistakes_.push_back(mistake);
    }
    for (std::size_t g = 0; g < truths.size(); ++g) {
      if (used[g]) continue;
      ++missed_[static_cast<std::size_t>(truth_.category[truths[g]])];
      if (best_[truths[g]] == kNobody)
        mistakes_.push_back(
            {ErrorKind::kMissed, std::nullopt, truths[g], false, 0});
    }
  }

  template <typename Same>
  Mistake Kind(const Overlaps& overlaps,
               std::size_t d,
               const Same& same,
               const std::vector<bool>& used,
               const std::vector<std::uint32_t>& truths) const {
    Mistake mistake = {ErrorKind::kBackground, std::nullopt, 0, false, 0};
    if (truths.empty()) return mistake;
    double value;
    std::size_t g = Nearest(overlaps, d, same, value);
    if (value >= options_.background && value <= options_.found) {
      mistake.kind = ErrorKind::kLocalisation;
      mistake.truth = truths[g];
      mistake.mends = !used[g];
      return mistake;
    }
    g = Nearest(
        overlaps, d, [&](std::size_t t) { return !same(t); }, value);
    if (value >= options_.found) {
      mistake.kind = ErrorKind::kClass;
      mistake.truth = truths[g];
      mistake.mends = !used[g];
      return mistake;
    }
    Nearest(
        overlaps, d, [&](std::size_t t) { return used[t] && same(t); }, value);
    if (value >= options_.found) {
      mistake.kind = ErrorKind::kDuplicate;
      return mistake;
    }
    Nearest(
        overlaps, d, [](std::size_t) { return true; }, value);
    if (value > options_.background) mistake.kind = ErrorKind::kBoth;
    return mistake;
  }

  // Of what is left after mending; nothing: no error is left either.
  static double After(const std::vector<Point>& points,
                      const std::vector<std::int64_t>& positives) {
    return MeanPrecisionOf(points, positives).value_or(1);
  }

  // Wrong detections first, then right ones: the order that ties fall in.
  std::vector<Point> Kept() const {
    std::vector<Point> points;
    for (const Mistake& mistake : mistakes_)
      if (mistake.before) points.push_back(*mistake.before);
    AddRight(points);
    return points;
  }

  void AddRight(std::vector<Point>& points) const {
    for (const Point& point : points_)
      if (point.right) points.push_back(point);
  }

  double Mended(ErrorKind kind) const {
    std::vector<Point> points;
    std::vector<std::int64_t> positives = positives_;
    for (const Mistake& mistake : mistakes_) {
      if (mistake.kind != kind) {
        if (mistake.before) points.push_back(*mistake.before);
      } else if (kind == ErrorKind::kMissed) {
        --positives[static_cast<std::size_t>(truth_.category[mistake.truth])];
      } else if (mistake.mends && best_[mistake.truth] == mistake.detection) {
        points.push_back({truth_.category[mistake.truth],
                          detections_.score[mistake.detection], true});
      }
    }
    AddRight(points);
    return After(points, positives);
  }

  const Truth& truth_;
  const Detections& detections_;
  const ErrorKindOptions& options_;
  std::vector<Point> points_;  // in the order of images and scores
  std::vector<Mistake> mistakes_;
  std::vector<std::size_t> best_;                 // who would find each truth
  std::vector<std::int64_t> missed_, positives_;  // [K]
};

}  // namespace

std::string_view NameOf(ErrorKind kind) {
  constexpr std::array<std::string_view, kErrorKinds> kNames = {
      "class", "localisation", "both", "duplicate", "background", "missed"};
  return kNames[static_cast<std::size_t>(kind)];
}

ErrorKinds FindErrorKinds(const Truth& truth,
                          const Detections& detections,
                          const ErrorKindOptions& options) {
  EYECHART_REQUIRE(options.background >= 0 &&
                       options.background < options.found && options.found <= 1,
                   "overlaps {} and {}; they should ascend between 0 and 1",
                   options.background, options.found);
  EYECHART_REQUIRE(options.max_detections >= 1,
                   "{} detections an image; there should be 1 or more",
                   options.max_detections);
  return Run(truth, detections, options).Answer();
}

}  // namespace eyechart::detection
