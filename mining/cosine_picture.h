// The picture of a mining run: near cosine against far cosine.
#pragma once

#include <cstdint>
#include <string>

#include "mining/cosine_histogram.h"

namespace eyechart::mining {

/// What is written beside the histogram; counts are the run's own, which the
/// bins, whose edges may lie elsewhere, do not give.
struct CosinePictureText {
  std::string near_model;
  std::string far_model;
  double near_min = 0.95;  // thresholds, drawn as lines
  double far_max = 0.6;
  std::int64_t pairs = 0;       // all that were compared
  std::int64_t near_pairs = 0;  // above near_min
  std::int64_t blind_pairs = 0;
};

/// An `<svg>` element for an HTML page, with its style in it: near cosine
/// across, far cosine up, cells the stronger the more pairs they hold
/// (count_scale.h), the blind corner framed. Axes reach over the bins that hold
/// something, and the thresholds. Ink is the page's (currentColor; --ink,
/// --soft, --near, --far and --card where the page has them), so it is light
/// and dark with it.
std::string CosineSvg(const CosineHistogram& histogram,
                      const CosinePictureText& text);

}  // namespace eyechart::mining
