// nms_sweep.json as the NMS sweep writes it, checked before anything of it is
// drawn: average precision and end-to-end time at the same thresholds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/statistics.h"
#include "reports/run_folder.h"

namespace eyechart::reports {

/// A time over pictures.
struct SweepTime {
  std::optional<double> median_ms;
  std::optional<Interval> ci;  // of the median, ms
  double mean_ms = 0;
};

/// One setting.
struct SweepRow {
  double confidence = 0;
  std::optional<double> iou;  // none: a head without suppression
  double before_mean = 0;     // boxes a picture
  std::int64_t before_most = 0;
  double after_mean = 0;
  std::int64_t after_most = 0;
  SweepTime nms;
  SweepTime total;
  double share = 0;          // of suppression in the total
  std::optional<double> ap;  // none: the set has no truth
  std::optional<double> ap50;
  std::optional<Interval> ap_ci;
};

/// Time of suppression against boxes: constant + linear n + quadratic n^2, ns.
struct SweepCost {
  double constant = 0, linear = 0, quadratic = 0;
  double residual = 0;  // ns
  double most_boxes = 0;
  /// What it was fitted to: boxes and ns; a file need not have them.
  std::vector<std::pair<double, double>> points;
  /// Boxes at which suppression takes as long as the head; none: never.
  std::optional<double> as_head;
  std::optional<double> as_head_low,
      as_head_high;  // none: not known, or no end
};

/// One detector.
struct NmsSweepTable {
  std::size_t run = 0;
  std::string cell;
  std::string encoder;
  std::string head;
  bool needs_nms = true;
  std::int64_t pictures = 0;
  std::vector<std::pair<std::string, SweepTime>> stages;
  SweepTime rest;  // all but suppression
  std::vector<SweepRow> rows;
  std::size_t best = 0;     // row of the best AP
  std::size_t fastest = 0;  // fastest row within the margin of it
  double margin = 0;        // a fraction
  std::optional<SweepCost> cost;
  /// Why its times are not valid; empty: they are, or nobody watched.
  std::vector<std::string> invalid;
};

/// The detectors of one data set, which one picture shows.
struct NmsSweepGroup {
  std::string dataset;
  std::vector<NmsSweepTable> tables;
};

/// Groups in the order of their first cell. Throws InputError naming run, cell
/// and key where a file is not as the sweep writes it.
std::vector<NmsSweepGroup> MakeNmsSweeps(std::span<const RunFolder> runs);

/// "0.001", "no NMS"; what a row is called.
std::string SweepThresholds(const SweepRow& row);

/// "best AP", "fastest within 0.5 AP", both, or nothing.
std::string SweepMark(const NmsSweepTable& table, std::size_t row);

/// A sentence on the cost curve; empty without one.
std::string SweepCostSentence(const NmsSweepTable& table);

/// What the curve says of n boxes, in ms.
double SweepCostMs(const SweepCost& cost, double boxes);

/// What the cost of suppression is held against: "head", or "program" of an
/// exported detector, whose head is in it.
const char* SweepHeadName(const NmsSweepTable& table);

/// Its median time a picture, ms; none where it is not known.
std::optional<double> SweepHeadMs(const NmsSweepTable& table);

/// "not valid: ..." with the reasons; empty where the times are valid.
std::string SweepInvalidity(const NmsSweepTable& table);

/// The Markdown section, empty where no run has a sweep; `labels` by run.
std::string NmsSweepMarkdown(std::span<const RunFolder> runs,
                             const std::vector<std::string>& labels);

}  // namespace eyechart::reports
