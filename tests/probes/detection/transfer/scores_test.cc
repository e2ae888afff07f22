#include "probes/detection/transfer/scores.h"

#include <gtest/gtest.h>

#include "probes/detection/transfer/found_json.h"

namespace eyechart::detection {
namespace {

// Two pictures and classes whose ids and numbers are not in order.
data::BoxDataset Set() {
  data::BoxDataset set;
  set.categories = {{9, "dog", ""}, {4, "cat", ""}};
  for (const std::int64_t number : {7, 3}) {
    data::BoxImage image;
    image.number = number;
    image.id = std::to_string(number);
    image.width = image.height = 200;
    set.images.push_back(image);
  }
  for (std::size_t i = 0; i < 4; ++i) {
    data::TrueBox box;
    box.image = i / 2;
    box.category = i % 2;
    box.x = 10;
    box.y = 20;
    box.w = box.h = 100;
    box.area = 1e4;
    set.boxes.push_back(box);
  }
  return set;
}

PictureBoxes Found(std::size_t image, std::vector<FoundBox> boxes) {
  PictureBoxes found;
  found.image = image;
  found.boxes = std::move(boxes);
  return found;
}

TEST(ScoreBoxes, PerfectAndHalf) {
  const Corners right = {10, 20, 110, 120};
  const std::vector<PictureBoxes> all = {
      Found(0, {{right, 0.9f, 0}, {right, 0.8f, 1}}),
      Found(1, {{right, 0.7f, 0}, {right, 0.6f, 1}})};
  const DetectionScores perfect = ScoreBoxes(Set(), all, {});
  EXPECT_NEAR(perfect.stats.at("AP"), 1, 1e-12);
  EXPECT_NEAR(perfect.stats.at("APl"), 1, 1e-12);
  EXPECT_EQ(perfect.stats.at("APs"), -1);
  EXPECT_EQ(perfect.images, 2);
  EXPECT_EQ(perfect.truths, 4);
  EXPECT_EQ(perfect.found, 4);
  ASSERT_EQ(perfect.classes.size(), 2u);
  EXPECT_EQ(perfect.classes[0].name, "cat");  // by id
  EXPECT_EQ(perfect.classes[0].truths, 2);

  // The cats alone are found, their boxes at an IoU of 0.82: right at the
  // thresholds 0.5 to 0.8, 7 of 10. A class that no set has is left out.
  const Corners narrow = {10, 20, 92, 120};
  const std::vector<PictureBoxes> some = {
      Found(0, {{narrow, 0.9f, 1}, {right, 0.8f, -1}}),
      Found(1, {{narrow, 0.7f, 1}})};
  const DetectionScores half = ScoreBoxes(Set(), some, {});
  EXPECT_NEAR(half.stats.at("AP"), 0.5 * 0.7, 1e-12);
  EXPECT_NEAR(half.stats.at("AP50"), 0.5, 1e-12);
  EXPECT_NEAR(half.classes[0].ap, 0.7, 1e-12);
  EXPECT_EQ(half.classes[1].ap, 0);
  EXPECT_EQ(half.found, 2);
  const Json results = FoundToJson(Set(), some);
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[0]["image_id"], 7);
  EXPECT_EQ(results[0]["category_id"], 4);
  EXPECT_EQ(results[1]["image_id"], 3);
  EXPECT_EQ(results[0]["bbox"], Json({10.0, 20.0, 82.0, 100.0}));
}

TEST(ScoreBoxes, IntervalsHoldTheScore) {
  const Corners right = {10, 20, 110, 120};
  const std::vector<PictureBoxes> some = {
      Found(0, {{right, 0.9f, 0}, {right, 0.8f, 1}})};
  ScoreOptions options;
  options.resamples = 200;
  options.seed = 3;
  const DetectionScores scores = ScoreBoxes(Set(), some, options);
  const Interval& ci = scores.intervals.at("AP");
  // Half of the truths are found. A draw of two pictures has the first twice,
  // once or never.
  EXPECT_NEAR(scores.stats.at("AP"), 51.0 / 101, 1e-12);
  EXPECT_NEAR(ci.low, 0, 1e-12);
  EXPECT_NEAR(ci.high, 1, 1e-12);
  EXPECT_EQ(ScoreBoxes(Set(), some, options).intervals.at("AP50").low,
            scores.intervals.at("AP50").low);
}

TEST(ScoreBoxes, CountsAsManyBoxesAsAreKept) {
  const Corners right = {10, 20, 110, 120}, wrong = {150, 150, 160, 160};
  // The right one is the 151st of its class and picture.
  std::vector<FoundBox> many(150, {wrong, 0.9f, 0});
  many.push_back({right, 0.5f, 0});
  const std::vector<PictureBoxes> found = {Found(0, many), Found(1, {})};
  const DetectionScores hundred = ScoreBoxes(Set(), found, {});
  EXPECT_EQ(hundred.stats.at("AP"), 0);
  EXPECT_EQ(ScoresToJson(hundred)["max_dets"], Json({1, 10, 100}));
  ScoreOptions options;
  options.most_kept = 500;
  const DetectionScores all = ScoreBoxes(Set(), found, options);
  EXPECT_GT(all.stats.at("AP"), 0);
  EXPECT_EQ(all.stats.at("AR100"), 0);  // still of 100
  EXPECT_EQ(ScoresToJson(all)["max_dets"], Json({1, 10, 100, 500}));
  // Fewer than COCO's are no reason to count fewer.
  options.most_kept = 20;
  EXPECT_EQ(ScoreBoxes(Set(), found, options).max_detections.back(), 100);
}

TEST(ScoreBoxes, TheConfusionMatrixHasAllPairsAndBackground) {
  const Corners right = {10, 20, 110, 120}, wrong = {150, 150, 160, 160};
  // A cat a picture; a dog on nothing, and one of too low a score.
  const std::vector<PictureBoxes> found = {
      Found(0, {{right, 0.9f, 1}}),
      Found(1, {{right, 0.8f, 1}, {wrong, 0.7f, 0}, {right, 0.2f, 0}})};
  EXPECT_FALSE(
      ScoresToJson(ScoreBoxes(Set(), found, {})).contains("confusion_matrix"));
  ScoreOptions options;
  options.resamples = 10;
  const Json json = ScoresToJson(ScoreBoxes(Set(), found, options));
  const Json& matrix = json["confusion_matrix"];
  EXPECT_EQ(matrix["iou"], 0.5);
  EXPECT_EQ(matrix["min_score"], 0.3);
  EXPECT_EQ(matrix["classes"], Json({"cat", "dog"}));  // by id
  // A cat and a dog lie at one place in each picture: a box takes that of its
  // own class, so that the cats are found and the dogs missed.
  EXPECT_EQ(matrix["counts"], Json({{0, 0, 2}, {1, 2, 2}, {2, 1, 1}}));
  EXPECT_EQ(json["confusions"], Json::array());

  // Without cats, what was found as one lies on a dog.
  data::BoxDataset dogs = Set();
  std::erase_if(dogs.boxes,
                [](const data::TrueBox& box) { return box.category == 1; });
  const Json confused = ScoresToJson(ScoreBoxes(dogs, found, options));
  EXPECT_EQ(confused["confusion_matrix"]["counts"],
            Json({{1, 0, 2}, {2, 1, 1}}));
  ASSERT_EQ(confused["confusions"].size(), 1u);
  EXPECT_EQ(confused["confusions"][0]["truth"], "dog");
  EXPECT_EQ(confused["confusions"][0]["count"], 2);
}

}  // namespace
}  // namespace eyechart::detection
