// COCO's average precision of boxes: matching and accumulation.
//
// After pycocotools 2.0.11 (cocoeval.py, _mask.pyx, maskApi.c): the rules are
// the same to the bit, the way to the numbers is another. A category is one
// piece of work; what no ground truth lies near is counted, not matched.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "probes/detection/evaluation/boxes.h"
#include "probes/detection/evaluation/category_matches.h"
#include "probes/detection/evaluation/numpy_like.h"

namespace eyechart::detection {

enum class Mode {
  /// pycocotools, its defects included: a truth whose id is 0 is never found,
  /// of truths with one id the last counts for all, AP is -1 unless 100 is
  /// among the numbers of detections; of all classes as one, boxes of a
  /// category that is listed twice count twice.
  kStrict,
  /// pycocotools on truths renumbered from 1; AP is over the last number.
  kCorrected,
};

/// Square pixels; both ends count as inside.
struct AreaRange {
  std::string name;
  double low = 0;
  double high = 1e10;
};

/// all, small, medium, large.
std::vector<AreaRange> CocoAreas();

struct EvaluationOptions {
  Mode mode = Mode::kStrict;
  /// A detection is right from this overlap on; at most 64.
  std::vector<double> iou_thresholds = Linspace(0.5, 0.95, 10);
  /// Best detections of a class in an image that count; sorted before use.
  std::vector<int> max_detections = {1, 10, 100};
  /// Sizes apart; at most 32, names distinct.
  std::vector<AreaRange> areas = CocoAreas();
  /// All categories as one, as pycocotools has them with useCats = 0: an
  /// image's boxes stand category by category, which decides ties, and the
  /// numbers of detections are of all of them together. Boxes of unknown
  /// categories stay left out.
  bool class_agnostic = false;
  int threads = 0;  // 0: one a hardware thread
  /// Also precision for every number of detections, and scores; what the
  /// summary reads is made without. Large: 8 bytes a cell.
  bool all_curves = false;
  /// Keeps matches, for bootstrap and curves.
  bool keep_matches = false;
};

inline constexpr int kRecallPoints = 101;

/// Precision and recall of every setting. T thresholds, R = 101 recall points,
/// K categories (class-agnostic one), A areas, M numbers of detections; -1
/// where a category has no ground truth.
struct Evaluation {
  EvaluationOptions options;  // as used: sorted, checked
  std::size_t categories = 0;
  // [K][A][M][T][R] and [K][A][M][T]; pycocotools has [T][R][K][A][M].
  std::vector<double> precision;
  std::vector<double> scores;  // empty without all_curves
  std::vector<double> recall;
  std::vector<CategoryMatches> matches;  // [K], empty without keep_matches
  std::vector<std::string> warnings;     // defects of strict mode that bite

  std::size_t thresholds() const { return options.iou_thresholds.size(); }
  std::size_t areas() const { return options.areas.size(); }
  std::size_t numbers() const { return options.max_detections.size(); }
  /// Where the recall of a setting is, and its precision from R times that on.
  std::size_t Cell(std::size_t t,
                   std::size_t k,
                   std::size_t a,
                   std::size_t m) const {
    return ((k * areas() + a) * numbers() + m) * thresholds() + t;
  }
};

/// Throws InputError for options or columns that cannot be used.
Evaluation Evaluate(const Truth& truth,
                    const Detections& detections,
                    const EvaluationOptions& options);

}  // namespace eyechart::detection
