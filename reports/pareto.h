// Accuracy against latency: which encoders no other beats in both.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/statistics.h"
#include "reports/run_folder.h"

namespace eyechart::reports {

/// One encoder or detector, as it was timed and as it was scored.
struct ParetoPoint {
  std::size_t run = 0;
  std::string encoder;
  // Of the model, "dtype=bf16", and of a detector's head, "set head, steps=90"
  // or "exported"; empty: the model's defaults.
  std::string setting;
  double latency_ms = 0;
  std::optional<Interval> latency_ci;  // ms
  double score = 0;
  std::optional<Interval> score_ci;
  bool front = false;  // no other is as good in both and better in one
};

/// One score against latency under one condition.
struct ParetoPicture {
  std::string metric;     // of the score: ap, top1 ...
  std::string unit;       // its unit
  std::string direction;  // higher or lower
  std::string scored;     // "probe/digits/default": task, data set, setting
  std::string timed;      // "bench/photos/batch=8": the same of the latency
  std::vector<ParetoPoint> points;  // by latency, two or more
};

/// Whether each of the points (latency, score) is on the front: no other has
/// at most its latency and at least its score (at most, where lower scores are
/// better) with one of them better. Equal points are on it together.
std::vector<bool> ParetoFront(std::span<const std::pair<double, double>> points,
                              bool higher_is_better);

/// Pairs the `latency_median` records of task `bench` with each score (ap,
/// top1, map, pair_accuracy of other tasks, patterns apart) of the same run and
/// encoder; data sets need not agree. dtype, tf32, alpha, orient and decode
/// must, where absent is the default; resolution must where both name it. Each
/// score's cell and each condition of the timing (scenario, batch, device,
/// data set: all else in its cell) is a picture of its own. Whole detectors
/// stand together, whatever their heads: an AP of task `detect` goes with the
/// latency whose `detector_cell` is its cell (in what agrees besides), or, of
/// an exported detector, with its encoder's; the picture is called "detectors
/// on DATA", its latency "... to boxes". Pictures of fewer than two points are
/// left out. Throws InputError for a latency whose unit is no time.
std::vector<ParetoPicture> MakeParetoPictures(std::span<const RunFolder> runs);

/// The Markdown section, empty without a picture; `labels` by run.
std::string ParetoMarkdown(std::span<const RunFolder> runs,
                           const std::vector<std::string>& labels);

}  // namespace eyechart::reports
