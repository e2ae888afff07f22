#include "probes/detection/evaluation/evaluate.h"

#include <gtest/gtest.h>

#include <string>

#include "probes/detection/evaluation/area_ranges.h"
#include "probes/detection/evaluation/summary.h"
#include "tests/fixture.h"

// The arrays are compared with pycocotools in tests/oracle/test_coco_eval.py;
// here stand values that can be worked out by hand.
namespace eyechart::detection {
namespace {

using eyechart::testing::InputErrorOf;

Truth MakeTruth(std::int64_t images = 2, std::int64_t classes = 1) {
  Truth truth;
  for (std::int64_t i = 0; i < images; ++i)
    truth.images.numbers.push_back(10 + i);
  for (std::int64_t c = 0; c < classes; ++c)
    truth.categories.push_back({c + 1, "c"});
  return truth;
}

BoxStats StatsOf(const Truth& truth,
                 const Detections& found,
                 const EvaluationOptions& options = {}) {
  return Summarize(Evaluate(truth, found, options));
}

TEST(EvaluateTest, OnePerfectDetectionIsAHairBelowOne) {
  Truth truth = MakeTruth();
  truth.Add(0, 0, 10, 10, 20, 20);
  Detections found;
  found.Add(0, 0, 10, 10, 20, 20, 0.9);
  const BoxStats stats = StatsOf(truth, found);
  // 1 / (0 + 1 + 2.2e-16), rounded; the mean of 101 of them rounds again.
  const Evaluation made = Evaluate(truth, found, {});
  for (std::size_t r = 0; r < kRecallPoints; ++r)
    EXPECT_EQ(made.precision[kRecallPoints * made.Cell(0, 0, 0, 2) + r],
              0.9999999999999998);
  EXPECT_NEAR(stats.AP50, 1, 1e-15);
  EXPECT_EQ(stats.AR1, 1);
  EXPECT_EQ(stats.APm, -1);  // no truth of that size
}

TEST(EvaluateTest, PrecisionByHand) {
  Truth truth = MakeTruth();
  truth.Add(0, 0, 0, 0, 10, 10);
  truth.Add(1, 0, 0, 0, 10, 10);
  Detections found;
  found.Add(0, 0, 500, 500, 10, 10, 0.9);  // a false alarm before
  found.Add(0, 0, 0, 0, 10, 5, 0.8);       // overlap of exactly a half
  found.Add(1, 0, 0, 0, 10, 10, 0.7);
  const Evaluation made = Evaluate(truth, found, {});
  const BoxStats stats = Summarize(made);
  // At 0.5: precision 1/2, then 2/3, so 2/3 everywhere. From 0.55 on the first
  // hit is the third: 1/3 up to recall 1/2, 51 points of 101.
  EXPECT_NEAR(stats.AP50, 2.0 / 3, 1e-15);
  EXPECT_NEAR(stats.AP75, 51.0 / 101 / 3, 1e-15);
  EXPECT_NEAR(stats.AP, (2.0 / 3 + 9 * 51.0 / 101 / 3) / 10, 1e-15);
  EXPECT_NEAR(stats.AR100, (1 + 9 * 0.5) / 10, 1e-15);
  // The best of an image alone: the false alarm, and the second image's.
  EXPECT_NEAR(stats.AR1, 0.5, 1e-15);
  EXPECT_EQ(made.recall[made.Cell(0, 0, 0, 2)], 1);
}

TEST(EvaluateTest, ResultDoesNotDependOnThreads) {
  Truth truth = MakeTruth(20, 7);
  Detections found;
  for (int i = 0; i < 4000; ++i) {
    const auto image = static_cast<std::int32_t>(testing::Rng()() % 20);
    const auto category = static_cast<std::int32_t>(testing::Rng()() % 7);
    const auto x = static_cast<double>(testing::Rng()() % 50);
    if (i % 10 == 0) truth.Add(image, category, x, x, 30, 30);
    const auto shift = static_cast<double>(testing::Rng()() % 9);
    found.Add(image, category, x + shift, x, 30, 30,
              static_cast<double>(testing::Rng()() % 100) / 100);
  }
  EvaluationOptions options;
  options.all_curves = true;
  options.threads = 1;
  const Evaluation one = Evaluate(truth, found, options);
  options.threads = 3;
  const Evaluation three = Evaluate(truth, found, options);
  EXPECT_EQ(one.precision, three.precision);
  EXPECT_EQ(one.recall, three.recall);
  EXPECT_EQ(one.scores, three.scores);
  // What is left out without all_curves changes no figure.
  options.all_curves = false;
  EXPECT_EQ(Named(StatsOf(truth, found, options)), Named(Summarize(one)));
}

TEST(EvaluateTest, DefectsOfStrictModeAreNamedAndMended) {
  Truth truth = MakeTruth();
  truth.Add(0, 0, 10, 10, 20, 20);
  truth.Add(1, 0, 10, 10, 20, 20);
  truth.id[0] = 0;
  Detections found;
  found.Add(0, 0, 10, 10, 20, 20, 0.9);
  found.Add(1, 0, 10, 10, 20, 20, 0.8);
  EvaluationOptions options;
  const Evaluation strict = Evaluate(truth, found, options);
  // Never found: precision 1/2 up to recall 1/2.
  EXPECT_NEAR(Summarize(strict).AP50, 51.0 / 101 / 2, 1e-15);
  ASSERT_EQ(strict.warnings.size(), 1u);
  EXPECT_NE(strict.warnings[0].find("id 0"), std::string::npos);
  options.mode = Mode::kCorrected;
  EXPECT_NEAR(StatsOf(truth, found, options).AP50, 1, 1e-15);

  truth.id = {5, 5};
  options.mode = Mode::kStrict;
  const Evaluation twice = Evaluate(truth, found, options);
  EXPECT_NE(twice.warnings[0].find("1 annotation shares its id with another"),
            std::string::npos);
  // Two of the last one, none of the first: the first detection is a false
  // alarm, one of two is found.
  EXPECT_NEAR(Summarize(twice).AP50, 51.0 / 101 / 2, 1e-15);

  truth.id = {5, 6};
  options.max_detections = {500, 1, 10};
  EXPECT_EQ(StatsOf(truth, found, options).AP, -1);
  EXPECT_NEAR(StatsOf(truth, found, options).AP50, 1, 1e-15);
  options.mode = Mode::kCorrected;
  EXPECT_NEAR(StatsOf(truth, found, options).AP, 1, 1e-15);
}

TEST(EvaluateTest, ClassesAndAreas) {
  Truth truth = MakeTruth(1, 2);
  truth.Add(0, 0, 0, 0, 32, 32);  // 1024: small and medium
  Detections found;
  found.Add(0, 0, 0, 0, 32, 32, 0.9);
  found.Add(0, 1, 0, 0, 32, 32, 0.9);
  const Evaluation made = Evaluate(truth, found, {});
  const std::vector<ClassStats> classes = SummarizeClasses(made);
  EXPECT_NEAR(classes[0].AP, 1, 1e-15);
  EXPECT_EQ(classes[1].AP, -1);
  const std::vector<AreaStats> areas = SummarizeAreas(made);
  ASSERT_EQ(areas.size(), 4u);
  EXPECT_NEAR(areas[1].AP, 1, 1e-15);
  EXPECT_NEAR(areas[2].AP, 1, 1e-15);
  EXPECT_EQ(areas[3].AP, -1);
}

TEST(EvaluateTest, AllClassesAsOne) {
  Truth truth = MakeTruth(1, 2);
  truth.Add(0, 0, 0, 0, 10, 10);
  Detections found;
  found.Add(0, 1, 0, 0, 10, 10, 0.5);      // right but for its class
  found.Add(0, 0, 500, 500, 10, 10, 0.5);  // as sure, of a class before it
  found.Add(0, -1, 0, 0, 10, 10, 0.9);     // of none: left out
  EvaluationOptions options;
  options.class_agnostic = true;
  options.keep_matches = true;
  const Evaluation made = Evaluate(truth, found, options);
  ASSERT_EQ(made.categories, 1u);
  EXPECT_EQ(made.matches.size(), 1u);
  // Equal scores: the first class's comes first, and is a false alarm.
  EXPECT_NEAR(Summarize(made).AP50, 0.5, 1e-15);
  EXPECT_EQ(Summarize(made).AR1, 0);
  EXPECT_EQ(Summarize(made).AR10, 1);
  EXPECT_EQ(SummarizeClasses(made).size(), 1u);
  EXPECT_EQ(StatsOf(truth, found).AP50, 0);

  truth.categories[0].listed = 2;
  options.max_detections = {1, 3, 100};
  const Evaluation twice = Evaluate(truth, found, options);
  // The truth and the false alarm stand twice; one of two truths is found.
  EXPECT_NEAR(Summarize(twice).AP50, 51.0 / 101 / 3, 1e-15);
  ASSERT_EQ(twice.warnings.size(), 1u);
  EXPECT_NE(twice.warnings[0].find("1 category is listed more than once"),
            std::string::npos);
  options.mode = Mode::kCorrected;
  EXPECT_NEAR(StatsOf(truth, found, options).AP50, 0.5, 1e-15);
}

TEST(EvaluateTest, MergedCategoriesLeaveOutWhatHasNone) {
  Truth truth = MakeTruth(1, 3);
  truth.Add(0, 2, 0, 0, 10, 10);
  truth.Add(0, -1, 0, 0, 10, 10);
  Detections found;
  found.Add(0, -1, 0, 0, 10, 10, 0.9);
  found.Add(0, 1, 0, 0, 10, 10, 0.9);
  MergeCategories(truth, found);
  ASSERT_EQ(truth.categories.size(), 1u);
  EXPECT_EQ(truth.categories[0].id, -1);
  EXPECT_EQ(truth.categories[0].name, "all classes");
  EXPECT_EQ(truth.category[0], 0);
  EXPECT_EQ(truth.category[1], -1);
  EXPECT_EQ(found.category[0], -1);
  EXPECT_EQ(found.category[1], 0);
}

TEST(EvaluateTest, RefusesBadOptionsAndColumns) {
  Truth truth = MakeTruth();
  Detections found;
  const auto error = [&](const EvaluationOptions& options) {
    return InputErrorOf([&] { Evaluate(truth, found, options); });
  };
  EvaluationOptions options;
  options.iou_thresholds = {0.5, 0};
  EXPECT_NE(error(options).find("IoU threshold 0"), std::string::npos);
  options = {};
  options.max_detections = {0};
  EXPECT_NE(error(options).find("1 or more"), std::string::npos);
  options = {};
  options.areas = {{"a", 2, 1}};
  EXPECT_NE(error(options).find("above"), std::string::npos);
  found.Add(7, 0, 0, 0, 1, 1, 1);
  EXPECT_NE(error({}).find("detection image[0] is 7"), std::string::npos);
  found.image[0] = 0;
  found.score.push_back(1);
  EXPECT_NE(error({}).find("alike"), std::string::npos);
  truth.sizes.resize(1);
  EXPECT_NE(error({}).find("1 sizes of 2 images"), std::string::npos);
}

TEST(EvaluateTest, AreasFromText) {
  const std::vector<AreaRange> areas = ParseAreas({"nano:0:64", "b:c:1:inf"});
  ASSERT_EQ(areas.size(), 3u);
  EXPECT_EQ(areas[0].name, "all");
  EXPECT_EQ(areas[1].high, 64);
  EXPECT_EQ(areas[2].name, "b:c");
  for (const char* text : {"", "a", "a:1", ":1:2", "a:x:2", "a:1:nan"})
    EXPECT_NE(InputErrorOf([&] { ParseAreas({text}); }), "") << text;
}

}  // namespace
}  // namespace eyechart::detection
