// How well boxes that were found agree with those that are there.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/statistics.h"
#include "data/boxes/box_dataset.h"
#include "probes/detection/evaluation/confusion.h"
#include "probes/detection/transfer/find_boxes.h"

namespace eyechart::detection {

struct ClassScore {
  std::string name;
  std::int64_t truths = 0;
  double ap = -1;  // -1: without truth
  double ap50 = -1;
};

/// One of TIDE's kinds of error, see FindErrorKinds.
struct ErrorCount {
  std::string kind;
  std::int64_t count = 0;
  double gain = 0;  // of AP50, were all of this kind mended
};

/// Precision at 101 points of recall, 0 to 1, mean over the classes with truth.
struct PrecisionAt {
  double iou = 0;
  std::vector<double> precision;
};

/// Boxes of `found` that lie on truths of another class.
struct ClassConfusion {
  std::string truth;
  std::string found;
  std::int64_t count = 0;
};

/// COCO's figures: corrected mode of eyechart::evaluation, areas as in the set.
struct DetectionScores {
  std::int64_t images = 0;  // of the set, those that could not be read too
  std::int64_t truths = 0;
  std::int64_t found = 0;
  /// Best boxes of a class in a picture that count; AP is over the last.
  std::vector<int> max_detections;
  std::map<std::string, double> stats;  // AP, AP50, ... ARl; -1: no truth
  /// Over resampled pictures; empty where not asked for, as are the errors,
  /// curves and confusions.
  std::map<std::string, Interval> intervals;
  std::vector<ErrorCount> errors;
  std::vector<PrecisionAt> curves;  // at an overlap of 0.5 and of 0.75
  /// The most frequent first, at a score of 0.3 and an overlap of 0.5.
  std::vector<ClassConfusion> confusions;
  /// All pairs, and with background, at the same score and overlap; the places
  /// are those of `classes`.
  std::optional<Confusion> confusion_matrix;
  std::vector<ClassScore> classes;
};

struct ScoreOptions {
  int resamples = 0;  // of the bootstrap; 0: figures alone
  std::uint64_t seed = 0;
  int threads = 0;  // 0: one a hardware thread
  /// Boxes that were kept a picture. Over 100, AP counts as many: RF100-VL has
  /// 500.
  std::int64_t most_kept = 100;
};

/// Scores `found`, whose categories are places in `dataset`'s; boxes of
/// category -1 are left out. Boxes are judged as the set has them, those of
/// pictures that nothing was found in too.
DetectionScores ScoreBoxes(const data::BoxDataset& dataset,
                           const std::vector<PictureBoxes>& found,
                           const ScoreOptions& options);

/// `stats`, `ci`, `errors`, `pr_curve`, `confusions` and `per_class`, the first
/// two and the last as coco-eval prints them, with counts and
/// `max_dets`, the numbers of boxes that they are of; where there is one,
/// `confusion_matrix`: {iou, min_score, classes, counts}, the counts above 0 as
/// [truth, found, count], places in `classes`, the one behind the last
/// background.
Json ScoresToJson(const DetectionScores& scores);

}  // namespace eyechart::detection
