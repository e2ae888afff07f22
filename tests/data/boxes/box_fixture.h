// What the tests of detection sets share.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/json.h"
#include "data/boxes/box_dataset.h"
#include "data/bytes.h"
#include "tests/fixture.h"

namespace eyechart::data {

/// The header of a BMP of the size, which is all that these tests read.
inline std::string Header(std::uint32_t width, std::uint32_t height) {
  std::string bytes = "BM";
  for (const std::uint32_t value : {0u, 0u, 54u, 40u, width, height})
    AppendLittle32(bytes, value);
  return bytes + std::string(28, '\0');
}

inline std::int64_t CountOf(const BoxDataset& dataset, std::string_view kind) {
  for (const BoxWarning& warning : dataset.warnings)
    if (warning.kind == kind) return warning.count;
  return 0;
}

/// The first example of a warning, or "".
inline std::string ExampleOf(const BoxDataset& dataset, std::string_view kind) {
  for (const BoxWarning& warning : dataset.warnings)
    if (warning.kind == kind) return warning.examples.front();
  return "";
}

/// Two pictures of 100 x 80, three boxes, two categories; all in order.
inline Json PlainCoco() {
  return Json::parse(R"({
    "images": [
      {"id": 7, "file_name": "a.bmp", "width": 100, "height": 80},
      {"id": 9, "file_name": "sub/b.bmp", "width": 100, "height": 80}],
    "categories": [{"id": 3, "name": "cat", "supercategory": "animal"},
                   {"id": 5, "name": "dog"}],
    "annotations": [
      {"id": 11, "image_id": 9, "category_id": 5, "bbox": [1, 2, 30.5, 40],
       "area": 600, "iscrowd": 0},
      {"id": 12, "image_id": 7, "category_id": 3, "bbox": [0, 0, 100, 80]},
      {"id": 13, "image_id": 9, "category_id": 3, "bbox": [5, 6, 7, 8],
       "iscrowd": 1}]})");
}

/// Writes the JSON as `file` and its two pictures beside it.
inline void WriteCoco(const std::filesystem::path& file, const Json& coco) {
  testing::WriteText(file, coco.dump());
  testing::WriteText(file.parent_path() / "a.bmp", Header(100, 80));
  testing::WriteText(file.parent_path() / "sub/b.bmp", Header(100, 80));
}

}  // namespace eyechart::data
