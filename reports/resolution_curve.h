// Latency against resolution: the same model, timed at several sizes of its
// input.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/statistics.h"
#include "reports/run_folder.h"

namespace eyechart::reports {

/// One resolution of a model.
struct ResolutionPoint {
  std::size_t run = 0;
  std::string resolution;  // as its record has it: "224" or "224x448"
  double side = 0;         // pixels, as ResolutionSide() has it
  double median_ms = 0;
  std::optional<Interval> ci;  // of the median, ms
  std::string invalid;         // why it is not valid; empty: it is
};

/// One model: an encoder in one precision, with the head that was timed.
struct ResolutionLine {
  std::string encoder;
  // What is no default, "dtype=bf16, head of detect/boxes/steps=80"; empty: the
  // encoder alone as it is.
  std::string model;
  std::optional<std::size_t> run;  // none: runs of one machine, joined
  // From the least on, each side once: two or more, or one that was timed again
  // ("2nd time").
  std::vector<ResolutionPoint> points;
};

/// The models that were timed in one way.
struct ResolutionCurve {
  std::string timed;  // "photos, batch=8": data set and settings
  std::vector<ResolutionLine> lines;
};

/// Pixels a side of a `resolution`, "224", or the root of their number where
/// it has two, "224x448"; none where it is neither.
std::optional<double> ResolutionSide(std::string_view resolution);

/// Curves from the `latency_median` records of task `bench` that name their
/// `resolution` (a processor's own is nowhere said). A line is of one run; runs
/// with one resolution each (a folder a `bench`) make a line together where
/// their environment.json names one machine and the weights are the same. A
/// head is known by its detect cell, which has one for each resolution, else by
/// its weights, `detector_sha256`. What would stand twice at one side begins a
/// line of its own. Models of one resolution are left out. Throws InputError
/// for a latency whose unit is no time.
std::vector<ResolutionCurve> MakeResolutionCurves(
    std::span<const RunFolder> runs);

/// "vit (dtype=bf16)".
std::string ResolutionLineName(const ResolutionLine& line);

/// The Markdown section, empty without a curve; `labels` by run.
std::string ResolutionMarkdown(std::span<const RunFolder> runs,
                               const std::vector<std::string>& labels);

}  // namespace eyechart::reports
