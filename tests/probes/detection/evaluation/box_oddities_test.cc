#include "probes/detection/evaluation/box_oddities.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "probes/detection/evaluation/read_detections.h"
#include "probes/detection/evaluation/read_truth.h"

namespace eyechart::detection {
namespace {

ListedBox At(double x, double y, double width, double height) {
  return {0, 0, x, y, width, height, width * height, {100, 80}};
}

// flat, no_area, outside.
std::vector<std::int64_t> KindsOf(const ListedBox& box) {
  BoxOddities odd;
  odd.Add(box);
  return {odd.flat.count, odd.no_area.count, odd.outside.count};
}

using Kinds = std::vector<std::int64_t>;

TEST(BoxOddities, OrdinaryAreThoseOfNoKind) {
  const std::vector<std::pair<ListedBox, Kinds>> cases = {
      {At(0, 0, 100, 80), {0, 0, 0}},
      {At(-5, -5, 300, 300), {0, 0, 0}},  // over the edge is not outside
      {At(-5, 0, 5.01, 9), {0, 0, 0}},
      {At(99.9, 79.9, 5, 5), {0, 0, 0}},
      {At(-5, 0, 5, 9), {0, 0, 1}},
      {At(0, -9, 5, 9), {0, 0, 1}},
      {At(100, 0, 5, 5), {0, 0, 1}},
      {At(0, 80, 5, 5), {0, 0, 1}},
      {At(0, 0, 0, 5), {1, 0, 0}},
      {At(0, 0, 5, 0), {1, 0, 0}},
      {At(50, 50, -5, 5), {1, 1, 0}},
      {At(50, 50, -5, -5), {1, 0, 0}},
      {At(500, 500, -5, -5), {1, 0, 0}},
      {At(0, 0, 1e5, 1e5), {0, 0, 0}},
      {At(0, 0, 1e5, 1.1e5), {0, 1, 0}},
      {At(0, 0, 1e200, 1e200), {0, 1, 0}},
  };
  for (const auto& [box, kinds] : cases) {
    EXPECT_EQ(KindsOf(box), kinds) << BoxText(box);
    EXPECT_EQ(IsOrdinary(box), kinds == Kinds(3, 0)) << BoxText(box);
  }
}

TEST(BoxOddities, NothingIsOutsideOfWhatHasNoSize) {
  for (ListedBox box : {At(500, 0, 5, 5), At(-50, 0, 5, 5)}) {
    EXPECT_EQ(KindsOf(box), (Kinds{0, 0, 1}));
    box.picture = {};
    EXPECT_EQ(KindsOf(box), (Kinds{0, 0, 0}));
  }
}

TEST(BoxOddities, TheFirstStaysTheFirst) {
  BoxOddities first, behind;
  ListedBox box = At(0, 0, -1, 2);
  for (const std::int64_t index : {3, 5}) {
    box.index = index;
    first.Add(box);
  }
  box.index = 9;
  behind.Add(box);
  BoxOddities all;  // of a part without any
  all.Append(first);
  all.Append(behind);
  EXPECT_EQ(all.flat.count, 3);
  EXPECT_EQ(all.flat.first.index, 3);
  EXPECT_EQ(all.no_area.count, 3);
  EXPECT_EQ(all.flat_no_area, 3);
  EXPECT_EQ(all.outside.count, 0);
}

constexpr const char* kSized = R"({
  "annotations": [
    {"id": 1, "image_id": "a", "category_id": 1, "bbox": [1, 2, 3, 4],
     "area": 12, "iscrowd": 0},
    {"id": 2, "image_id": "a", "category_id": 1, "bbox": [100, 2, 3, 4],
     "area": 12, "iscrowd": 0, "ignore": true},
    {"id": 3, "image_id": 8, "category_id": 1, "bbox": [100, 2, 3, 4],
     "area": -0.5, "iscrowd": 0, "ignore": false},
    {"id": 4, "image_id": 8, "category_id": 1, "bbox": [1, 2, 0, 4],
     "area": 2e10, "iscrowd": 0, "ignore": 0}],
  "images": [{"id": "a", "width": 640, "height": 480}, {"id": 8},
             {"height": 80.0, "id": "a", "width": 1e2},
             {"id": 9, "width": "640", "height": null}],
  "categories": [{"id": 1}]})";

TEST(BoxOddities, OfATruthAreTold) {
  std::vector<std::string> warnings;
  const Truth truth = ParseTruth(kSized, "gt", warnings);
  ASSERT_EQ(truth.sizes.size(), 3u);
  EXPECT_FALSE(truth.sizes[0].known());
  EXPECT_FALSE(truth.sizes[1].known());
  EXPECT_EQ(truth.sizes[2].width, 100);  // the last of an id counts
  EXPECT_EQ(truth.sizes[2].height, 80);
  EXPECT_EQ(
      warnings,
      (std::vector<std::string>{
          "gt: 1 image has an id that another one has: each id counts once",
          "gt: 1 annotation has \"ignore\": 1, which has no effect, as in "
          "pycocotools; \"iscrowd\" has",
          "gt: 1 annotation has a box without extent, which nothing can "
          "overlap (first annotations[3]: bbox [1, 2, 0, 4])",
          "gt: 2 annotations have an area below 0 or above 1e10, in none of "
          "COCO's: left out of AP and AR, as is what finds it (first "
          "annotations[2]: area -0.5)",
          "gt: 1 annotation has a box wholly outside the picture: it counts "
          "all the same (first annotations[1]: bbox [100, 2, 3, 4] in image a "
          "of 100 x 80)"}));
}

TEST(BoxOddities, OfDetectionsAreTold) {
  std::vector<std::string> warnings;
  const Truth truth = ParseTruth(kSized, "gt", warnings);
  warnings.clear();
  const auto read = [&](const std::string& boxes) {
    warnings.clear();
    return ParseDetections(boxes, "dt", truth, warnings).size();
  };
  const auto entry = [](const char* image, const char* box, int category = 1) {
    return std::string(R"({"image_id": )") + image + R"(, "category_id": )" +
           std::to_string(category) + R"(, "bbox": )" + box +
           R"(, "score": 0.5})";
  };
  EXPECT_EQ(read("[" + entry("8", "[-50, 0, 5, 5]") + "]"), 1u);
  EXPECT_TRUE(warnings.empty());
  EXPECT_EQ(
      read("[" + entry(R"("a")", "[1, 1, 5, 5]") + "," +
           entry(R"("a")", "[200, 200, 5, 5.5]") + "," +
           entry("8", "[0, 0, 0, 0]") + "," + entry("8", "[9, 9, -20, 4]") +
           "," + entry("8", "[9, 9, -20, 4]", 44) + "]"),
      5u);
  EXPECT_EQ(
      warnings,
      (std::vector<std::string>{
          "dt: 2 detections without extent, width or height not above 0: "
          "nothing can overlap such a box, which makes it a false alarm, but "
          "for 1 whose area is in none of COCO's (first entry 2: bbox [0, 0, "
          "0, 0])",
          "dt: 1 detection of an area, width times height, below 0 or above "
          "1e10, in none of COCO's areas: where such a box finds nothing it is "
          "left out of AP, not even a false alarm (first entry 3: bbox [9, 9, "
          "-20, 4])",
          "dt: 1 detection wholly outside the picture, taken like any other: a "
          "false alarm unless a truth is out there too (first entry 1: bbox "
          "[200, 200, 5, 5.5] in image a of 100 x 80)",
          "dt: 1 detection in a category that the ground truth lacks: left out "
          "(44)"}));
}

TEST(BoxOddities, FilesWithNothingThatCountsAreTold) {
  const auto last = [](const std::string& truth_text,
                       const std::string& found_text) {
    std::vector<std::string> warnings;
    const Truth truth = ParseTruth(truth_text, "gt", warnings);
    if (!found_text.empty()) ParseDetections(found_text, "dt", truth, warnings);
    return warnings.empty() ? "" : warnings.back();
  };
  const auto truth = [](const std::string& annotations) {
    return R"({"images": [{"id": 1}], "categories": [{"id": 2}],)"
           R"( "annotations": [)" +
           annotations + "]}";
  };
  const std::string one = R"({"id": 1, "image_id": 1, "category_id": 2,)"
                          R"( "bbox": [0, 0, 5, 5], "area": 25, "iscrowd": )";
  EXPECT_EQ(last(truth(""), ""),
            "gt: no annotations: every figure is -1, as in pycocotools");
  EXPECT_EQ(last(truth(one + "0}"), ""), "");
  EXPECT_EQ(last(truth(one + "1}"), ""),
            "gt: no annotation that counts, as all are crowds or left out: "
            "every figure is -1, as in pycocotools");
  EXPECT_EQ(last(truth(one + "0}"), "[]"),
            "dt: no detections: AP and AR are 0 where there is truth");
  const std::string found = R"({"image_id": 1, "category_id": 7,)"
                            R"( "bbox": [0, 0, 5, 5], "score": 1})";
  EXPECT_EQ(last(truth(one + "0}"), "[" + found + "," + found + "]"),
            "dt: all 2 detections in a category that the ground truth lacks: "
            "left out (7); none is left, so that AP and AR are 0 where there "
            "is truth");
}

}  // namespace
}  // namespace eyechart::detection
