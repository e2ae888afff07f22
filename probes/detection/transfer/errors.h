// Which boxes of each picture were missed and which were made up: what to look
// at, beside the figures.
#pragma once

#include <cstdint>
#include <vector>

#include "data/boxes/box_dataset.h"
#include "probes/detection/transfer/find_boxes.h"

namespace eyechart::detection {

struct ErrorOptions {
  double iou = 0.5;        // from which a box counts as found
  double min_score = 0.3;  // boxes below it are not shown to anyone
};

/// One picture.
struct PictureErrors {
  std::size_t image = 0;  // its place in the set
  std::int64_t truths = 0;
  std::int64_t matched = 0;
  std::vector<std::size_t> misses;        // boxes of the set
  std::vector<std::size_t> false_alarms;  // places among the found, best first
};

/// Every box found takes, best score first, the truth of its class that it
/// overlaps most and that none took before. Crowds and boxes that are empty or
/// outside are neither missed nor false alarms, nor is what lies by half or
/// more in a crowd, nor a box of category -1. A picture for each of `found`, in
/// its order; behind them those of the set that `found` lacks, of which all is
/// missed.
std::vector<PictureErrors> ErrorsOf(const data::BoxDataset& dataset,
                                    const std::vector<PictureBoxes>& found,
                                    const ErrorOptions& options);

}  // namespace eyechart::detection
