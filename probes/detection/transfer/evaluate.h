// A detector judged on a set that it need not have been trained for.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "probes/detection/transfer/scores.h"
#include "probes/detection/transfer/transfer.h"

namespace eyechart::detection {

struct DetectorEvaluation {
  /// Categories are places in the set's; boxes of a class that it lacks are not
  /// there.
  std::vector<PictureBoxes> found;
  DetectionScores scores;
  /// A line each: what was odd in the set, what PictureWarnings tells,
  /// categories that the detector lacks, and the boxes that were left out.
  std::vector<std::string> warnings;
};

/// Judges what `detector` found in `examples`. Categories are matched as
/// ClassesOf does; boxes of a class that the set lacks count for nothing, in
/// scores and errors alike. Throws InputError
/// where none of the set's categories is the detector's.
DetectorEvaluation Evaluate(const Detector& detector,
                            const BoxExamples& examples,
                            AppliedDetector applied,
                            const ScoreOptions& options);

/// What becomes of the boxes of `categories`, places in the set's, which the
/// detector lacks; the first are named. Empty where there are none.
std::string NotLearnedText(const data::BoxDataset& set,
                           const std::vector<std::size_t>& categories);

}  // namespace eyechart::detection
