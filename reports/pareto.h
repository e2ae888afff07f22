// Accuracy against latency: which encoders no other beats in both.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/statistics.h"
#include "reports/latency.h"
#include "reports/run_folder.h"

namespace eyechart::reports {

/// One encoder or detector, as it was timed and as it was scored.
struct ParetoPoint {
  std::size_t run = 0;
  std::string encoder;
  // Of the model, "dtype=bf16", and of a detector's head, "set head, steps=90"
  // or "exported"; empty: the model's defaults.
  std::string setting;
  std::string resolution;  // that it was timed at; empty: its processor's
  // As `setting`, without the resolution: what the points of one line share.
  std::string besides;
  double latency_ms = 0;
  std::optional<Interval> latency_ci;  // ms
  double score = 0;
  std::optional<Interval> score_ci;
  PeakMemory memory;    // of what was timed
  bool front = false;   // no other is as good in both and better in one
  std::string invalid;  // why the latency is not valid; empty: it is
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

/// Scores that stand in no picture although their encoders were timed.
struct ParetoLeftOut {
  std::string metric;  // of the score
  std::string scored;  // as a picture's
  std::string timed;  // as a picture's; empty: no latency is of what was scored
  std::string why;
  std::vector<std::pair<std::size_t, std::string>> who;  // run and point's name
};

struct ParetoPairs {
  std::vector<ParetoPicture> pictures;
  std::vector<ParetoLeftOut> left_out;
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
/// data set: all else in its cell) is a picture of its own. A latency to boxes
/// goes with no score but those of boxes. Whole detectors stand together,
/// whatever their heads: an AP of task `detect` goes with the latency whose
/// `detector_cell` is its cell (in what agrees besides), or, of an exported
/// detector, with its encoder's, if both were made at the same min_score,
/// nms_iou (of heads that need suppression), before_nms and max_boxes; the
/// picture is called "detectors on DATA", its latency "... to boxes". What is
/// not valid is marked, and is neither on the front nor beats what is. Pictures
/// of fewer than two points are left out. Throws InputError for a latency whose
/// unit is no time.
ParetoPairs MakeParetoPairs(std::span<const RunFolder> runs);

/// The pictures of MakeParetoPairs().
std::vector<ParetoPicture> MakeParetoPictures(std::span<const RunFolder> runs);

/// Places of points in the picture that differ in resolution alone, two
/// resolutions or more, each line from the least resolution on; lines in the
/// order of their first points. What is not valid is in none.
std::vector<std::vector<std::size_t>> ResolutionLines(
    const ParetoPicture& picture);

/// Whether a setting makes another model of an encoder: alpha, decode, dtype,
/// orient, resolution, tf32.
bool IsModelKey(std::string_view key);

/// Those settings of a record that are not the defaults, but for `without`:
/// "dtype=bf16, resolution=224".
std::string ModelSetting(const Record& record, std::string_view without = "");

/// The value of a latency in ms. Throws InputError where its unit is no time.
double LatencyMs(const Record& record);

/// The same of its interval.
std::optional<Interval> LatencyIntervalMs(const Record& record);

/// Whether a point has anything to say of memory.
bool AnyMemory(const ParetoPicture& picture);

/// "ap of detectors on boxes, latency of ...: clip, aimv2: timed at ..."; with
/// `labels`, by run, where there are several.
std::string LeftOutText(const ParetoLeftOut& left_out,
                        const std::vector<std::string>& labels);

/// The Markdown section, empty without a picture; `labels` by run.
std::string ParetoMarkdown(std::span<const RunFolder> runs,
                           const std::vector<std::string>& labels);

}  // namespace eyechart::reports
