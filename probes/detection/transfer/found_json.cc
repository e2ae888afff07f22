#include "probes/detection/transfer/found_json.h"

#include <algorithm>

#include "core/files.h"
#include "core/text.h"

namespace eyechart::detection {

std::vector<Json> ImageIdsOf(const data::BoxDataset& dataset) {
  // Beside a text the numbers of a file are no longer BoxImage's, which counts.
  const bool mixed =
      std::any_of(dataset.images.begin(), dataset.images.end(),
                  [](const data::BoxImage& image) { return image.text_id; });
  std::vector<Json> ids;
  ids.reserve(dataset.images.size());
  for (const data::BoxImage& image : dataset.images) {
    if (image.text_id)
      ids.emplace_back(image.id);
    else
      ids.emplace_back(mixed ? ParseInt(image.id).value_or(image.number)
                             : image.number);
  }
  return ids;
}

Json FoundToJson(const data::BoxDataset& dataset,
                 const std::vector<PictureBoxes>& found) {
  const std::vector<Json> ids = ImageIdsOf(dataset);
  Json results = Json::array();
  for (const PictureBoxes& picture : found) {
    for (const FoundBox& box : picture.boxes) {
      if (box.category < 0) continue;
      const Corners& c = box.corners;
      results.push_back(
          {{"image_id", ids[picture.image]},
           {"category_id",
            dataset.categories[static_cast<std::size_t>(box.category)].id},
           {"bbox", {c[0], c[1], c[2] - c[0], c[3] - c[1]}},
           {"score", box.score}});
    }
  }
  return results;
}

Json TruthToJson(const data::BoxDataset& dataset) {
  const std::vector<Json> ids = ImageIdsOf(dataset);
  Json images = Json::array(), annotations = Json::array();
  Json categories = Json::array();
  for (std::size_t i = 0; i < dataset.images.size(); ++i) {
    const data::BoxImage& image = dataset.images[i];
    images.push_back({{"id", ids[i]},
                      {"file_name", image.path},
                      {"width", image.width},
                      {"height", image.height}});
  }
  for (const data::TrueBox& box : dataset.boxes)
    annotations.push_back({{"id", annotations.size() + 1},
                           {"image_id", ids[box.image]},
                           {"category_id", dataset.categories[box.category].id},
                           {"bbox", {box.x, box.y, box.w, box.h}},
                           {"area", box.area},
                           {"iscrowd", box.crowd ? 1 : 0}});
  for (const data::BoxCategory& category : dataset.categories)
    categories.push_back({{"id", category.id}, {"name", category.name}});
  return {{"images", images},
          {"annotations", annotations},
          {"categories", categories}};
}

void WriteFound(const std::filesystem::path& folder,
                const data::BoxDataset& dataset,
                const std::vector<PictureBoxes>& found) {
  WriteFileAtomic(folder / "truth.json", TruthToJson(dataset).dump() + "\n");
  WriteFileAtomic(folder / "detections.json",
                  FoundToJson(dataset, found).dump() + "\n");
}

}  // namespace eyechart::detection
