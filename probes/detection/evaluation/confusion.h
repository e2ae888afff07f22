// Which class is taken for which.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "probes/detection/evaluation/boxes.h"

namespace eyechart::detection {

struct ConfusionOptions {
  double overlap = 0.5;  // from which a detection is on a truth
  /// Lower scores are left out: a matrix is of one working point. No default of
  /// the field's own; this one keeps what a user would be shown.
  double score = 0.25;
};

/// [K + 1][K + 1] counts: rows are truths, columns detections, the last of each
/// is background. A missed truth is in its row's last column, a false alarm in
/// its column's last row.
struct Confusion {
  std::size_t classes = 0;
  std::vector<std::int64_t> counts;

  std::int64_t at(std::size_t truth, std::size_t detection) const {
    return counts[truth * (classes + 1) + detection];
  }
};

/// Greedy, by descending score within an image: a detection takes the free
/// truth of any class that it overlaps most; of equal ones its own class's,
/// then the first. One that finds none free and lies in a crowd by `overlap` of
/// its area is left out.
Confusion FindConfusion(const Truth& truth,
                        const Detections& detections,
                        const ConfusionOptions& options);

/// A table with a header, class names, "background" last.
std::string ConfusionCsv(const Confusion& confusion, const Truth& truth);

}  // namespace eyechart::detection
