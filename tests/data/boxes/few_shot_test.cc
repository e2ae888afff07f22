#include "data/boxes/few_shot.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>

#include "tests/data/boxes/box_fixture.h"

namespace eyechart::data {
namespace {

// 60 pictures; class 0 in all of them, twice; 1 in every tenth; 2 nowhere but
// as a crowd and as an empty box.
BoxDataset Made() {
  BoxDataset set;
  set.source = "made";
  set.categories = {{1, "a", ""}, {2, "b", ""}, {3, "c", ""}};
  const auto add = [&](std::size_t image, std::size_t category, double w,
                       bool crowd = false) {
    TrueBox box;
    box.image = image;
    box.category = category;
    box.x = box.y = 1;
    box.w = w;
    box.h = 1;
    box.crowd = crowd;
    box.id = static_cast<std::int64_t>(set.boxes.size()) + 1;
    set.boxes.push_back(box);
  };
  for (std::size_t i = 0; i < 60; ++i) {
    BoxImage image;
    image.number = static_cast<std::int64_t>(i);
    image.width = image.height = 9;
    set.images.push_back(image);
    add(i, 0, 2);
    add(i, 0, 3);
    if (i % 10 == 0) add(i, 1, 2);
  }
  add(5, 2, 2, /*crowd=*/true);
  add(6, 2, 0);
  return set;
}

std::map<std::size_t, std::size_t> CountsOf(const BoxDataset& set) {
  std::map<std::size_t, std::size_t> counts;
  for (const TrueBox& box : set.boxes) ++counts[box.category];
  return counts;
}

std::set<std::int64_t> IdsOf(const BoxDataset& set) {
  std::set<std::int64_t> ids;
  for (const TrueBox& box : set.boxes) ids.insert(box.id);
  return ids;
}

TEST(FewShot, TakesBoxesByClass) {
  const BoxDataset set = Made();
  FewShotOptions options;
  options.shots = 4;
  const BoxDataset part = FewShot(set, options);
  EXPECT_EQ(CountsOf(part),
            (std::map<std::size_t, std::size_t>{{0, 4}, {1, 4}}));
  options.shots = 100;
  EXPECT_EQ(CountsOf(FewShot(set, options)),
            (std::map<std::size_t, std::size_t>{{0, 100}, {1, 6}}));
  // No picture without a box, and all in the set's order.
  std::set<std::size_t> used;
  for (const TrueBox& box : part.boxes) used.insert(box.image);
  EXPECT_EQ(used.size(), part.images.size());
  EXPECT_TRUE(std::is_sorted(
      part.boxes.begin(), part.boxes.end(),
      [](const TrueBox& a, const TrueBox& b) { return a.id < b.id; }));
}

TEST(FewShot, TakesWholePictures) {
  const BoxDataset set = Made();
  FewShotOptions options;
  options.rule = ShotRule::kPictures;
  options.shots = 3;
  const BoxDataset part = FewShot(set, options);
  const auto counts = CountsOf(part);
  EXPECT_GE(counts.at(0), 4u);  // two a picture, and all of a picture's
  EXPECT_GE(counts.at(1), 3u);
  for (const BoxImage& image : part.images) {
    const auto boxes = std::count_if(
        part.boxes.begin(), part.boxes.end(), [&](const TrueBox& box) {
          return part.images[box.image].number == image.number;
        });
    const auto all = std::count_if(
        set.boxes.begin(), set.boxes.end(), [&](const TrueBox& box) {
          return set.images[box.image].number == image.number;
        });
    EXPECT_EQ(boxes, all);
  }
  // Exactly three pictures with class 1, and at most two that give class 0.
  EXPECT_EQ(counts.at(1), 3u);
  EXPECT_LE(part.images.size(), 5u);
}

TEST(FewShot, LargerPartsHoldSmallerOnes) {
  const BoxDataset set = Made();
  for (const ShotRule rule : {ShotRule::kBoxes, ShotRule::kPictures}) {
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
      std::set<std::int64_t> smaller;
      for (std::size_t shots : {1, 2, 5, 30}) {
        const auto ids = IdsOf(FewShot(set, {shots, rule, seed}));
        EXPECT_TRUE(std::includes(ids.begin(), ids.end(), smaller.begin(),
                                  smaller.end()));
        EXPECT_EQ(ids, IdsOf(FewShot(set, {shots, rule, seed})));
        smaller = ids;
      }
    }
    EXPECT_NE(IdsOf(FewShot(set, {3, rule, 1})),
              IdsOf(FewShot(set, {3, rule, 2})));
  }
}

// Each of 120 boxes of class 0 should be drawn 1 time in 30 with 4 shots.
TEST(FewShot, DrawsAllAlike) {
  const BoxDataset set = Made();
  std::map<std::int64_t, int> drawn;
  constexpr int kRounds = 3000;
  for (std::uint64_t seed = 0; seed < kRounds; ++seed)
    for (const std::int64_t id :
         IdsOf(FewShot(set, {4, ShotRule::kBoxes, seed})))
      ++drawn[id];
  double chi = 0;
  for (const TrueBox& box : set.boxes) {
    if (box.category != 0) continue;
    chi += std::pow(drawn[box.id] - kRounds / 30.0, 2) / (kRounds / 30.0);
  }
  // 119 degrees of freedom: mean 119, standard deviation 15.4.
  EXPECT_LT(chi, 119 + 5 * 15.4);
  EXPECT_GT(chi, 119 - 5 * 15.4);
}

TEST(FewShot, RefusesNothing) {
  EXPECT_NE(testing::InputErrorOf([] {
              FewShot(Made(), {.shots = 0});
            }).find("0 shots"),
            std::string::npos);
  BoxDataset set = Made();
  std::erase_if(set.boxes, [](const TrueBox& box) { return box.category < 2; });
  EXPECT_NE(testing::InputErrorOf([&] {
              FewShot(set, {});
            }).find("no box can be trained on"),
            std::string::npos);
}

TEST(SubsetOfImages, IsNested) {
  const BoxDataset set = Made();
  std::vector<std::size_t> smaller;
  for (const std::size_t count : {0, 1, 7, 59, 60, 900}) {
    const auto part = SubsetOfImages(set, count, 3);
    EXPECT_EQ(part.size(), std::min<std::size_t>(count, 60));
    EXPECT_TRUE(std::is_sorted(part.begin(), part.end()));
    EXPECT_TRUE(std::includes(part.begin(), part.end(), smaller.begin(),
                              smaller.end()));
    smaller = part;
  }
  EXPECT_NE(SubsetOfImages(set, 7, 3), SubsetOfImages(set, 7, 4));
}

TEST(SplitImages, CutsOnce) {
  const BoxDataset set = Made();
  const TrainValidation parts = SplitImages(set, 0.2, 1);
  EXPECT_EQ(parts.validation.size(), 12u);
  EXPECT_EQ(parts.train.size(), 48u);
  std::set<std::size_t> all(parts.train.begin(), parts.train.end());
  all.insert(parts.validation.begin(), parts.validation.end());
  EXPECT_EQ(all.size(), 60u);
  EXPECT_NE(SplitImages(set, 0.2, 2).train, parts.train);
  BoxDataset two = SelectImages(set, std::vector<std::size_t>{0, 1});
  EXPECT_EQ(SplitImages(two, 0.01, 1).validation.size(), 1u);
  EXPECT_EQ(SplitImages(two, 0.99, 1).train.size(), 1u);
  for (const double share : {0.0, 1.0, -1.0, std::nan("")})
    EXPECT_NE(testing::InputErrorOf([&] { SplitImages(set, share, 1); }), "");
  EXPECT_NE(testing::InputErrorOf([] { SplitImages({}, 0.5, 1); }), "");
}

}  // namespace
}  // namespace eyechart::data
