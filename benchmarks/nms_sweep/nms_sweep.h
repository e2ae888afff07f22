// How long suppression takes and what it is worth: average precision and
// end-to-end time at the same thresholds, as RT-DETR's authors laid them side
// by side (Zhao et al. 2024, arXiv 2304.08069, section 3 and Table 1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/load/clock.h"
#include "benchmarks/load/estimators.h"
#include "benchmarks/load/finding.h"
#include "benchmarks/load/machine_state.h"
#include "benchmarks/nms_sweep/candidate_cost.h"
#include "benchmarks/nms_sweep/sweep_samples.h"
#include "core/json.h"
#include "core/progress.h"
#include "data/boxes/box_dataset.h"
#include "encoders/loaded_model.h"
#include "probes/detection/nms/nms.h"
#include "probes/detection/transfer/detector.h"
#include "probes/detection/transfer/exported_detector.h"

namespace eyechart::benchmarks {

struct NmsSweepOptions {
  /// Least scores of boxes that go into suppression. 0.001 is what average
  /// precision is quoted at, 0.3 what people are shown.
  std::vector<double> confidences = {0.001, 0.01, 0.05, 0.1, 0.3};
  /// Overlaps above which the lesser box goes.
  std::vector<double> ious = {0.5, 0.6, 0.7, 0.8};
  /// Boxes a picture before suppression, the highest scores: as in `detect`.
  std::int64_t most = 1000;
  /// Boxes a picture after it: COCO counts no more than 100.
  std::int64_t most_kept = 100;
  /// Whose rules, classes and threads; its thresholds are the sweep's, but for
  /// the cost curve, which is at its own IoU.
  detection::NmsOptions nms = {.iou_threshold = 0.6};
  /// Timings of suppression a picture and setting; the settings come in a new
  /// order each time. Seven, as design 7 wants at least.
  int repetitions = 7;
  /// Pictures run before any is timed, kept out of everything.
  std::int64_t warmup = 3;
  /// How far below the best average precision a faster setting may lie to be
  /// marked, as a fraction. RT-DETR's own table spans 1.7 points.
  double margin = 0.005;
  /// Pictures for the cost curve, evenly through the set; 0: no curve.
  std::int64_t cost_pictures = 32;
  /// Boxes a picture that the curve goes up to: more than `most`, for what
  /// lies behind it.
  std::int64_t cost_most = 8192;
  int resamples = 0;       // of the pictures, for intervals of AP; 0: none
  std::uint64_t seed = 0;  // of orders and resamples
  double level = 0.95;     // of intervals
};

/// Throws InputError naming an option that is out of range.
void RequireSweepOptions(const NmsSweepOptions& options);

/// Of one figure a picture, over pictures that could be read.
struct PictureTimes {
  Estimate median_ns;
  double mean_ns = 0;  // what RT-DETR's tables hold
};

struct BoxCounts {
  double mean = 0;  // a picture
  std::int64_t most = 0;
};

/// One setting.
struct NmsSweepRow {
  double confidence = 0;
  std::optional<double> iou;  // none: a head without suppression
  BoxCounts before;           // boxes that go in
  BoxCounts after;            // that come out, before most_kept is cut
  PictureTimes nms;           // each picture's median over the repetitions
  PictureTimes total;         // each picture's rest and suppression together
  double share = 0;           // of suppression in the total, of means
  double ap = -1;             // as COCO, corrected; -1: no truth
  double ap50 = -1;
  std::optional<Interval> ap_ci;  // over resampled pictures
};

struct NamedTimes {
  std::string stage;
  PictureTimes times;
};

struct NmsSweep {
  std::string name;  // family and head
  std::string head;  // its kind
  bool needs_nms = true;
  NmsSweepOptions options;
  std::int64_t pictures = 0;       // timed
  std::int64_t unreadable = 0;     // or not there: their boxes are missed
  std::vector<NamedTimes> stages;  // decode, prepare, encode, head (program)
  PictureTimes rest;               // all of them together
  std::vector<NmsSweepRow> rows;   // by confidence, then IoU
  std::size_t best = 0;     // row of the best AP, the fastest of equal ones
  std::size_t fastest = 0;  // fastest row within `margin` of it
  std::optional<CostFit> cost;
  /// Boxes at which suppression takes as long as the head's median.
  std::optional<CostFigure> as_long_as_head;
  std::vector<CostPoint> cost_points;
  double clock_ns = 0;   // what reading the clock adds to a timing
  SweepSamples samples;  // all times above, before medians were taken
  std::vector<std::string> warnings;
  /// On build and machine, from whoever watches them (TakeFindings).
  std::vector<Finding> findings;
  Json meanwhile;  // clocks and loads before and after; null: not watched

  bool valid() const { return IsValid(findings); }
};

/// Runs encoder and head once a picture of `dataset`, one picture at a time and
/// timed stage by stage, keeps the boxes of the lowest confidence, and
/// suppresses them at every setting. A higher confidence takes the first of
/// them, which is what the head would have said. The head's time is that at the
/// lowest confidence in every row. A head without suppression has one row, at
/// the lowest confidence, with no time for it. Throws InputError for options,
/// a model or a set that do not fit; Interrupted between pictures on a signal.
NmsSweep SweepNms(const detection::Detector& detector,
                  encoders::LoadedModel& model,
                  const data::BoxDataset& dataset,
                  Clock& clock,
                  const NmsSweepOptions& options,
                  Progress& progress);

/// The same with an exported detector; its stages are decode, prepare and
/// program, which the cost curve is compared with in place of the head.
NmsSweep SweepNms(detection::ExportedDetector& exported,
                  const data::BoxDataset& dataset,
                  Clock& clock,
                  const NmsSweepOptions& options,
                  Progress& progress);

/// Takes into `sweep` what was found of build and machine: `before` anything
/// was measured (JudgeBefore), and by the watch that was kept meanwhile. With
/// `allow` none of it makes the sweep invalid.
void TakeFindings(const std::vector<Finding>& before,
                  MachineWatch::Report report,
                  bool allow,
                  NmsSweep& sweep);

/// Sets `best` and `fastest` from the rows' AP and mean total times.
void MarkRows(NmsSweep& sweep);

}  // namespace eyechart::benchmarks
