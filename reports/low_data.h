// Low-data curves: average precision against the number of pictures, or of
// boxes a class, that a head was trained on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/statistics.h"
#include "reports/run_folder.h"

namespace eyechart::reports {

/// What is counted along a curve.
enum class LowDataAxis {
  kImages,  // pictures trained on
  kShots,   // boxes a class that were asked for
};

/// One training.
struct LowDataPoint {
  std::string cell;
  std::int64_t amount = 0;     // pictures, or boxes a class
  double ap = 0;               // 0 to 1; the mean where there are seeds
  std::optional<Interval> ci;  // over seeds where there are several, else of
                               // the record: over test pictures
  std::int64_t seeds = 1;
};

/// One head on one encoder, trained by one recipe.
struct LowDataLine {
  std::size_t run = 0;
  std::string encoder;
  std::string head;                  // dense, set
  std::string recipe;                // "dtype=bf16, steps=80"; empty: defaults
  std::vector<LowDataPoint> points;  // by amount, each once, two or more
  /// On a curve of shots: the training on all boxes, which are no number a
  /// class.
  std::optional<LowDataPoint> all;
  /// Cells without a point, since another has its place, each with the reason.
  std::vector<std::string> left_out;
};

/// The lines of one test part.
struct LowDataCurve {
  LowDataAxis axis = LowDataAxis::kImages;
  std::string dataset;
  std::string part;  // as the suite names it; empty: it does not
  std::vector<LowDataLine> lines;
};

/// Curves from the `ap` records of task `detect`. Over pictures: of cells that
/// are alike but for `images` and `runs`, whose setting says how many pictures
/// each head was trained on (`train`, or `images` where that is missing). Over
/// boxes a class: of cells alike but for `shots` and `runs`. Of several cells
/// of one amount (`images` above what there is, other `runs`) the first with
/// the most seeds is the point. Where a cell has `probe_seed_mean` and
/// `probe_seed_deviation` of two seeds or more, its point is their mean with
/// Student's t interval. A line is of one run; exported detectors, which nobody
/// trained, are in none.
std::vector<LowDataCurve> MakeLowDataCurves(std::span<const RunFolder> runs);

/// "vit, dense head (steps=80)".
std::string LowDataName(const LowDataLine& line);

/// "AP against training pictures", "AP against shots".
std::string LowDataHeading(LowDataAxis axis);

/// What is counted: "pictures", "boxes a class".
std::string LowDataUnit(LowDataAxis axis);

/// "boxes", "boxes, part=valid".
std::string LowDataTitle(const LowDataCurve& curve);

/// What the interval of a point is over: "3 seeds", "pictures", nothing.
std::string LowDataOver(const LowDataPoint& point);

/// The Markdown sections, empty without a curve; `labels` by run.
std::string LowDataMarkdown(std::span<const RunFolder> runs,
                            const std::vector<std::string>& labels);

}  // namespace eyechart::reports
