// Detection transfer as JSON and as records.
#pragma once

#include <vector>

#include "core/json.h"
#include "core/record.h"
#include "probes/detection/transfer/transfer.h"

namespace eyechart::detection {

/// What `detect train --json` prints: counts, the recipe, COCO's figures of the
/// first seed with intervals, those of all seeds, the training log. Figures are
/// null where a set has no truth for them.
Json TransferToJson(const TransferResult& result);

/// How pictures are laid: `width`, `height` (pixels), `keep_aspect`, `filter`.
Json InputToJson(const Canvas& canvas);

/// What boxes are kept before they are scored: `min_score`, `before_nms`,
/// `max_boxes`. Whose suppression it is stands in `nms`.
Json FindToJson(const FindOptions& options);

/// The part of TransferToJson that two results must have in common to be
/// compared, before anything is trained.
Json TransferPlanToJson(const TransferSets& sets,
                        const TransferOptions& options);

/// A record a figure of COCO's, AP first, each `base` with a value and an
/// interval; null where the set has no truth for it.
std::vector<Record> ScoreRecords(const DetectionScores& scores,
                                 const Record& base);

/// The scores and what they depend on, AP first; `base` has what the caller
/// knows.
std::vector<Record> TransferRecords(const TransferResult& result,
                                    const Record& base);

/// One row a picture of `test`, in its order: id, truth and found boxes, and
/// how many of them match at an IoU of 0.5 and a score of 0.3 or more. Of
/// pictures that are not there all is missed.
std::string TransferOutcomes(const data::BoxDataset& test,
                             const std::vector<PictureBoxes>& found);

}  // namespace eyechart::detection
