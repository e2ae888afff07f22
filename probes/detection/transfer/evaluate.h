// A detector judged on a set that it need not have been trained for.
#pragma once

#include <string>
#include <vector>

#include "probes/detection/transfer/scores.h"
#include "probes/detection/transfer/transfer.h"

namespace eyechart::detection {

struct DetectorEvaluation {
  std::vector<PictureBoxes> found;  // categories are places in the set's, or -1
  DetectionScores scores;
  /// What was odd in the set, in one line; pictures that are not there or could
  /// not be read, and categories that the detector lacks.
  std::vector<std::string> warnings;
};

/// Judges what `detector` found in `examples`. Categories are matched by name;
/// boxes of a class that the set lacks count for nothing. Throws InputError
/// where none of the set's categories is the detector's.
DetectorEvaluation Evaluate(const Detector& detector,
                            const BoxExamples& examples,
                            AppliedDetector applied,
                            const ScoreOptions& options);

}  // namespace eyechart::detection
