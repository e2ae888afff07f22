#include "probes/detection/transfer/box_set_hash.h"

#include "core/hash.h"
#include "core/json.h"

namespace eyechart::detection {

std::string BoxSetSha256(const data::BoxDataset& set) {
  Json json = {{"images", Json::array()},
               {"boxes", Json::array()},
               {"categories", Json::array()}};
  for (const data::BoxImage& image : set.images)
    json["images"].push_back({image.id, image.path, image.width, image.height});
  for (const data::TrueBox& box : set.boxes)
    json["boxes"].push_back({box.image, box.category, box.x, box.y, box.w,
                             box.h, box.area, box.crowd});
  for (const data::BoxCategory& category : set.categories)
    json["categories"].push_back(category.name);
  // Names of files may be in any encoding.
  return Sha256Hex(json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace eyechart::detection
