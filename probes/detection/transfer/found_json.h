// What was found in a set, and the set itself, as COCO's files have them.
#pragma once

#include <filesystem>
#include <vector>

#include "core/json.h"
#include "data/boxes/box_dataset.h"
#include "probes/detection/transfer/find_boxes.h"

namespace eyechart::detection {

/// The ids of the set's images as a COCO file has them: texts where its own has
/// texts ("3" too), else numbers; of kinds without such ids BoxImage::number.
std::vector<Json> ImageIdsOf(const data::BoxDataset& dataset);

/// COCO results, [{image_id, category_id, bbox, score}], with ids as the set's
/// file has them. Boxes of category -1 are left out.
Json FoundToJson(const data::BoxDataset& dataset,
                 const std::vector<PictureBoxes>& found);

/// The set as a COCO JSON, with the ids of FoundToJson and the boxes that
/// ScoreBoxes judges by, numbered from 1.
Json TruthToJson(const data::BoxDataset& dataset);

/// Writes `folder`/detections.json and `folder`/truth.json, which coco-eval
/// reads together whatever kind the set is of. Throws InputError.
void WriteFound(const std::filesystem::path& folder,
                const data::BoxDataset& dataset,
                const std::vector<PictureBoxes>& found);

}  // namespace eyechart::detection
