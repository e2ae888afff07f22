#include "probes/detection/transfer/evaluate.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/csv.h"
#include "probes/detection/transfer/errors.h"
#include "probes/detection/transfer/transfer_json.h"

namespace eyechart::detection {
namespace {

// Pictures 1.png, 2.png, ... with a box of each category side by side.
data::BoxDataset Set(const std::vector<std::string>& names, int pictures) {
  data::BoxDataset set;
  set.name = "made";
  for (const std::string& name : names)
    set.categories.push_back(
        {static_cast<std::int64_t>(set.categories.size()) + 1, name, ""});
  for (int i = 0; i < pictures; ++i) {
    data::BoxImage image;
    image.number = i + 1;
    image.id = std::to_string(i + 1);
    image.path = image.id + ".png";
    image.width = image.height = 400;
    set.images.push_back(image);
    for (std::size_t c = 0; c < names.size(); ++c) {
      data::TrueBox box;
      box.image = static_cast<std::size_t>(i);
      box.category = c;
      box.x = 100.0 * static_cast<double>(c);
      box.w = box.h = 80;
      box.area = box.w * box.h;
      set.boxes.push_back(box);
    }
  }
  return set;
}

Detector Knows(const std::vector<std::string>& names) {
  Detector detector;
  detector.categories = Set(names, 0).categories;
  return detector;
}

// A box of class i where the set's i-th category is, in every picture on disk.
AppliedDetector FoundOf(const data::BoxDataset& set, std::int64_t classes) {
  AppliedDetector applied;
  for (std::size_t i = 0; i < set.images.size(); ++i) {
    if (set.images[i].missing) continue;
    PictureBoxes& picture = applied.found.emplace_back();
    picture.image = i;
    picture.width = picture.height = 400;
    for (std::int64_t c = 0; c < classes; ++c) {
      const double x = 100.0 * static_cast<double>(c);
      picture.boxes.push_back({{x, 0, x + 80, 80}, 0.9f, c});
    }
  }
  return applied;
}

bool Says(const std::vector<std::string>& warnings, const std::string& part) {
  return std::any_of(warnings.begin(), warnings.end(),
                     [&](const std::string& warning) {
                       return warning.find(part) != std::string::npos;
                     });
}

TEST(Evaluate, BoxesOfClassesThatTheSetLacksCountNowhere) {
  const data::BoxDataset set = Set({"cat"}, 3);
  const BoxExamples examples(set);
  const DetectorEvaluation made =
      Evaluate(Knows({"cat", "dog", "owl"}), examples, FoundOf(set, 3), {});
  EXPECT_NEAR(made.scores.stats.at("AP"), 1, 1e-9);
  EXPECT_EQ(made.scores.found, 3);
  ASSERT_EQ(made.warnings.size(), 1u);
  EXPECT_TRUE(Says(made.warnings,
                   "6 boxes were found of 2 classes that made lacks, and count "
                   "for nothing: dog (3), owl (3)"))
      << made.warnings[0];
  for (const PictureErrors& errors : ErrorsOf(set, made.found, {}))
    EXPECT_TRUE(errors.false_alarms.empty());
}

TEST(Evaluate, CategoriesOfOneNameAreApart) {
  const data::BoxDataset set = Set({"cat", "dog", "cat"}, 3);
  const BoxExamples examples(set);
  const DetectorEvaluation made =
      Evaluate(Knows({"cat", "dog", "cat"}), examples, FoundOf(set, 3), {});
  EXPECT_NEAR(made.scores.stats.at("AP"), 1, 1e-9);
  EXPECT_EQ(made.scores.found, 9);
  EXPECT_TRUE(made.warnings.empty());
  // A detector that knows one of the two finds the first.
  const DetectorEvaluation one =
      Evaluate(Knows({"cat", "dog"}), examples, FoundOf(set, 2), {});
  EXPECT_EQ(one.scores.found, 6);
  EXPECT_NEAR(one.scores.stats.at("AP"), 2.0 / 3, 1e-9);
  EXPECT_NEAR(one.scores.classes[0].ap, 1, 1e-9);
  EXPECT_NEAR(one.scores.classes[2].ap, 0, 1e-9);
  ASSERT_EQ(one.warnings.size(), 1u);
  EXPECT_EQ(one.warnings[0],
            "1 categories of made are none that the detector was trained on, "
            "and all of their boxes are missed: cat");
}

TEST(Evaluate, CategoriesThatTheDetectorLacksAreOneWarning) {
  const data::BoxDataset set =
      Set({"ant", "bee", "cat", "dog", "elk", "fox", "gnu"}, 2);
  const BoxExamples examples(set);
  const DetectorEvaluation made =
      Evaluate(Knows({"ant"}), examples, FoundOf(set, 1), {});
  ASSERT_EQ(made.warnings.size(), 1u);
  EXPECT_EQ(made.warnings[0],
            "6 categories of made are none that the detector was trained on, "
            "and all of their boxes are missed: bee, cat, dog, elk, fox, ...");
}

TEST(Evaluate, PicturesThatAreNotSeenAreMissedAndToldOnce) {
  data::BoxDataset set = Set({"cat", "dog"}, 8);
  set.images[1].missing = set.images[4].missing = true;
  set.boxes[2].crowd = true;  // of the second
  const BoxExamples examples(set);
  AppliedDetector applied = FoundOf(set, 2);
  applied.found[0].width = applied.found[0].height = 0;
  applied.found[0].boxes.clear();
  applied.problems = {"1.png: no picture"};
  const DetectorEvaluation made =
      Evaluate(Knows({"cat", "dog"}), examples, std::move(applied), {});
  ASSERT_EQ(made.warnings.size(), 2u);
  EXPECT_EQ(made.warnings[0],
            "made: 2 pictures are not on disk: their 3 boxes count as missed; "
            "the first is 2.png");
  EXPECT_EQ(made.warnings[1],
            "made: 1 pictures could not be read: their 2 boxes count as "
            "missed; the first is 1.png: no picture");
  const CsvTable outcomes =
      CsvTable::Parse(TransferOutcomes(set, made.found), "outcomes.csv");
  ASSERT_EQ(outcomes.rows(), 8u);
  for (std::size_t i = 0; i < 8; ++i)
    EXPECT_EQ(outcomes.at(i, outcomes.Column("id")), std::to_string(i + 1));
  EXPECT_EQ(outcomes.at(4, outcomes.Column("missed")), "2");
  EXPECT_EQ(outcomes.at(5, outcomes.Column("matched")), "2");
}

}  // namespace
}  // namespace eyechart::detection
