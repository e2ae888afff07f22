// Pictures of boxes in plain colours: detection that is known to be learnable.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "core/json.h"
#include "core/random.h"
#include "data/boxes/box_dataset.h"
#include "data/scenes/encode.h"
#include "tests/fixture.h"

namespace eyechart::detection::testing {

constexpr int kSide = 64;

/// `count` pictures in `folder` with one or two boxes each, red or green, at
/// least 14 pixels a side.
inline data::BoxDataset ColouredBoxes(const std::filesystem::path& folder,
                                      int count,
                                      std::uint64_t seed) {
  data::BoxDataset set;
  set.name = set.source = folder.string();
  set.kind = "coco";
  set.categories = {{1, "red", ""}, {2, "green", ""}};
  for (int i = 0; i < count; ++i) {
    Random random(seed, static_cast<std::uint64_t>(i));
    data::Image image{kSide, kSide, {}};
    for (int p = 0; p < kSide * kSide * 3; ++p)
      image.pixels.push_back(static_cast<std::uint8_t>(110 + random.Below(30)));
    // One in each half, so that none hides another.
    const int boxes = 1 + static_cast<int>(random.Below(2));
    for (int b = 0; b < boxes; ++b) {
      const int w = 14 + static_cast<int>(random.Below(15));
      const int h = 14 + static_cast<int>(random.Below(30));
      const int x = 32 * b + static_cast<int>(random.Below(32 - w + 1));
      const int y = static_cast<int>(random.Below(kSide - h + 1));
      const std::size_t category = random.Below(2);
      for (int v = y; v < y + h; ++v)
        for (int u = x; u < x + w; ++u)
          for (int c = 0; c < 3; ++c)
            image.pixels[static_cast<std::size_t>(3 * (v * kSide + u) + c)] =
                c == static_cast<int>(category) ? 250 : 10;
      data::TrueBox box;
      box.image = static_cast<std::size_t>(i);
      box.category = category;
      box.x = x;
      box.y = y;
      box.w = w;
      box.h = h;
      box.area = static_cast<double>(w * h);
      box.id = static_cast<std::int64_t>(set.boxes.size()) + 1;
      set.boxes.push_back(box);
    }
    data::BoxImage row;
    row.number = i + 1;
    row.id = std::to_string(i + 1);
    row.path = row.id + ".png";
    row.file = folder / row.path;
    row.width = row.height = kSide;
    eyechart::testing::WriteText(row.file, scenes::EncodePng(image));
    set.images.push_back(row);
  }
  return set;
}

/// The list of such a set beside its pictures, as Roboflow exports it: a dummy
/// category 0, ids from 0.
inline void WriteRoboflow(const std::filesystem::path& folder,
                          const data::BoxDataset& set) {
  Json images = Json::array(), boxes = Json::array();
  Json categories = {{{"id", 0}, {"name", "colours"}}};
  for (const data::BoxCategory& one : set.categories)
    categories.push_back(
        {{"id", one.id}, {"name", one.name}, {"supercategory", "colours"}});
  for (std::size_t i = 0; i < set.images.size(); ++i)
    images.push_back({{"id", i},
                      {"file_name", set.images[i].path},
                      {"width", kSide},
                      {"height", kSide}});
  for (const data::TrueBox& box : set.boxes)
    boxes.push_back({{"id", boxes.size()},
                     {"image_id", box.image},
                     {"category_id", set.categories[box.category].id},
                     {"bbox", {box.x, box.y, box.w, box.h}},
                     {"area", box.area},
                     {"segmentation", Json::array()},
                     {"iscrowd", 0}});
  eyechart::testing::WriteText(folder / "_annotations.coco.json",
                               Json({{"images", images},
                                     {"annotations", boxes},
                                     {"categories", categories}})
                                   .dump());
}

/// Boxes found at IoU 0.5 or more by one of the same class, of all there are.
inline double RecallOf(
    const data::BoxDataset& set,
    const std::vector<std::pair<std::size_t, data::TrueBox>>& found) {
  std::size_t hits = 0;
  for (const data::TrueBox& truth : set.boxes) {
    for (const auto& [image, box] : found) {
      if (image != truth.image || box.category != truth.category) continue;
      const double w =
          std::min(box.x + box.w, truth.x + truth.w) - std::max(box.x, truth.x);
      const double h =
          std::min(box.y + box.h, truth.y + truth.h) - std::max(box.y, truth.y);
      if (w <= 0 || h <= 0) continue;
      const double both = w * h;
      if (both / (box.w * box.h + truth.w * truth.h - both) < 0.5) continue;
      ++hits;
      break;
    }
  }
  return static_cast<double>(hits) / static_cast<double>(set.boxes.size());
}

}  // namespace eyechart::detection::testing
