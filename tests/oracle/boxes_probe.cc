// Detection sets on cases of the parity tests:
//   boxes_probe ROOT SPLIT [--kind KIND] [--edges] [--pictures DIR]
//     prints the data set as JSON, numbers as they read back
//   boxes_probe --size FILES...  prints [height, width] of each, or null
//   boxes_probe --shots K RULE SEED ROOT SPLIT  the K-shot part
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/json.h"
#include "data/boxes/box_dataset.h"
#include "data/boxes/few_shot.h"
#include "data/boxes/picture_size.h"

namespace eyechart::data {
namespace {

Json ToJson(const BoxDataset& dataset) {
  Json categories = Json::array(), images = Json::array(),
       boxes = Json::array(), warnings = Json::object();
  for (const BoxCategory& c : dataset.categories)
    categories.push_back({c.id, c.name, c.supercategory});
  for (const BoxImage& i : dataset.images)
    images.push_back({i.id, i.number, i.path, i.width, i.height, i.missing});
  for (const TrueBox& b : dataset.boxes) {
    Json part;
    if (const auto inside = TrainingBox(b, dataset.images[b.image]))
      part = {inside->x, inside->y, inside->w, inside->h};
    boxes.push_back(
        {b.image, b.category, b.x, b.y, b.w, b.h, b.area, b.crowd, b.id, part});
  }
  for (const BoxWarning& w : dataset.warnings) warnings[w.kind] = w.count;
  return {{"kind", dataset.kind},     {"split", dataset.split},
          {"categories", categories}, {"images", images},
          {"boxes", boxes},           {"warnings", warnings}};
}

Json Sizes(const std::vector<std::string>& files) {
  Json sizes = Json::array();
  for (const std::string& file : files) {
    const auto size = ReadPictureSize(file);
    sizes.push_back(size ? Json{size->height, size->width} : Json());
  }
  return sizes;
}

Json ResultOf(std::vector<std::string> a) {
  EYECHART_REQUIRE(a.size() >= 2, "too few arguments");
  if (a[0] == "--size") return Sizes({a.begin() + 1, a.end()});
  if (a[0] == "--shots") {
    EYECHART_REQUIRE(a.size() == 6, "--shots K RULE SEED ROOT SPLIT");
    FewShotOptions options;
    options.shots = std::stoull(a[1]);
    options.rule = a[2] == "boxes" ? ShotRule::kBoxes : ShotRule::kPictures;
    options.seed = std::stoull(a[3]);
    return ToJson(FewShot(OpenBoxDataset(a[4], a[5]), options));
  }
  BoxOptions options;
  options.allow_no_pictures = true;
  for (std::size_t i = 2; i < a.size(); ++i) {
    if (a[i] == "--edges") options.voc_corners = VocCorners::kEdges;
    if (a[i] == "--kind") options.kind = a.at(i + 1);
    if (a[i] == "--pictures") options.pictures = a.at(i + 1);
  }
  return ToJson(OpenBoxDataset(a[0], a[1], options));
}

}  // namespace
}  // namespace eyechart::data

int main(int argc, char** argv) {
  try {
    const eyechart::Json result =
        eyechart::data::ResultOf({argv + 1, argv + argc});
    std::puts(result.dump().c_str());
    return 0;
  } catch (const eyechart::InputError& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "boxes_probe: %s\n", error.what());
    return 1;
  }
}
