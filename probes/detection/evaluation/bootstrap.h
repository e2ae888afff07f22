// How far the figures would move with other images of the same kind.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/statistics.h"
#include "probes/detection/evaluation/evaluate.h"
#include "probes/detection/evaluation/summary.h"

namespace eyechart::detection {

struct ImageBootstrapOptions {
  int resamples = 1000;
  std::uint64_t seed = 0;
  double level = 0.95;  // coverage
  int threads = 0;      // 0: one a hardware thread; the result is the same
};

/// Percentile intervals (Efron 1979) of the twelve figures, in the order of
/// `Named`: images are drawn with replacement, as many as there are, each with
/// all of its truths and detections; matches are kept, as they do not depend on
/// other images, and accumulated anew. A class of which a draw has no truth is
/// left out of that draw's mean. Draws without any value are left out; without
/// any other an interval is [NaN, NaN]. `evaluation` must have its matches
/// (`keep_matches`).
std::vector<std::pair<std::string, Interval>> BootstrapImages(
    const Evaluation& evaluation,
    std::size_t images,
    const ImageBootstrapOptions& options);

/// The figures with image i counted weights[i] times: what `Summarize` gives
/// for data in which image i stands that often.
BoxStats WeightedStats(const Evaluation& evaluation,
                       const std::vector<std::uint32_t>& weights);

}  // namespace eyechart::detection
