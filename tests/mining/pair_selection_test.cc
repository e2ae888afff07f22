#include "mining/pair_selection.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/mining/mining_fixture.h"

namespace eyechart::mining {
namespace {

using Kept = std::vector<std::size_t>;

// Rows 0 and 2 are "even", 1 and 3 "odd", 4 has no label.
std::vector<data::StoreItem> Items() {
  std::vector<data::StoreItem> items = testing::MakeItems(5);
  items[4].label = "";
  return items;
}

std::vector<BlindPair> Pairs(
    const std::vector<std::pair<std::int64_t, std::int64_t>>& rows) {
  std::vector<BlindPair> pairs;
  for (const auto& [a, b] : rows) pairs.push_back({a, b, 0.99, 0.1});
  return pairs;
}

TEST(PairSelection, AllKeepsAll) {
  const PairSelection selection =
      SelectPairs(Pairs({{0, 1}, {0, 2}, {0, 4}}), Items(), {});
  EXPECT_EQ(selection.kept, (Kept{0, 1, 2}));
  EXPECT_EQ(selection.left_out(), 0);
  EXPECT_TRUE(SelectPairs({}, Items(), {"within", 3}).kept.empty());
}

TEST(PairSelection, ClassesAreWithinOrAcrossOrNeither) {
  const std::vector<BlindPair> pairs =
      Pairs({{0, 1}, {0, 2}, {0, 4}, {4, 1}, {1, 3}, {2, 3}});
  const PairSelection within = SelectPairs(pairs, Items(), {"within", 0});
  EXPECT_EQ(within.kept, (Kept{1, 4}));
  EXPECT_EQ(within.other_class, 2);
  EXPECT_EQ(within.unlabelled, 2);
  const PairSelection across = SelectPairs(pairs, Items(), {"across", 0});
  EXPECT_EQ(across.kept, (Kept{0, 5}));
  EXPECT_EQ(across.other_class, 2);
  EXPECT_EQ(across.unlabelled, 2);
  EXPECT_EQ(across.left_out(), 4);
}

// Two pictures without a label are not of one class.
TEST(PairSelection, NoLabelIsNoClass) {
  std::vector<data::StoreItem> items = Items();
  items[3].label = "";
  const PairSelection within =
      SelectPairs(Pairs({{3, 4}}), items, {"within", 0});
  EXPECT_TRUE(within.kept.empty());
  EXPECT_EQ(within.unlabelled, 1);
}

TEST(PairSelection, AHubFillsNoMoreThanItsShare) {
  const std::vector<BlindPair> pairs =
      Pairs({{0, 1}, {0, 2}, {0, 3}, {4, 0}, {1, 2}, {1, 2}, {3, 4}});
  const PairSelection one = SelectPairs(pairs, Items(), {"all", 1});
  EXPECT_EQ(one.kept, (Kept{0, 6}));
  EXPECT_EQ(one.over_max, 5);
  EXPECT_EQ(one.over_max_images, 2);  // 0 and 1
  const PairSelection two = SelectPairs(pairs, Items(), {"all", 2});
  EXPECT_EQ(two.kept, (Kept{0, 1, 4, 6}));
  EXPECT_EQ(two.over_max, 3);
  EXPECT_EQ(two.over_max_images, 3);  // 0, then 1 and 2 at their third
  EXPECT_EQ(SelectPairs(pairs, Items(), {"all", 4}).left_out(), 0);
}

// A pair that its class leaves out fills nobody's share.
TEST(PairSelection, ClassesComeFirst) {
  const PairSelection selection =
      SelectPairs(Pairs({{0, 1}, {0, 2}}), Items(), {"within", 1});
  EXPECT_EQ(selection.kept, (Kept{1}));
  EXPECT_EQ(selection.other_class, 1);
  EXPECT_EQ(selection.over_max, 0);
}

// Against the rule said plainly, on many pairs.
TEST(PairSelection, IsGreedyInTheOrderGiven) {
  std::vector<BlindPair> pairs;
  for (int i = 0; i < 500; ++i) {
    const auto a = static_cast<std::int64_t>(testing::Rng()() % 40);
    const auto b = static_cast<std::int64_t>(testing::Rng()() % 40);
    if (a != b) pairs.push_back({a, b, 0.99, 0.1});
  }
  const PairSelection selection =
      SelectPairs(pairs, testing::MakeItems(40), {"all", 3});
  std::map<std::int64_t, int> used;
  std::size_t next = 0;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const bool keep = used[pairs[i].row_a] < 3 && used[pairs[i].row_b] < 3;
    const bool kept = next < selection.kept.size() && selection.kept[next] == i;
    ASSERT_EQ(kept, keep) << i;
    if (!keep) continue;
    ++next;
    ++used[pairs[i].row_a];
    ++used[pairs[i].row_b];
  }
  EXPECT_EQ(
      selection.kept.size() + static_cast<std::size_t>(selection.left_out()),
      pairs.size());
  const std::vector<BlindPair> kept = KeptPairs(pairs, selection);
  ASSERT_EQ(kept.size(), selection.kept.size());
  EXPECT_EQ(kept.back().row_a, pairs[selection.kept.back()].row_a);
}

TEST(PairSelection, SaysWhatIsWrong) {
  const auto error = [](const std::vector<data::StoreItem>& items,
                        const PairSelectionOptions& options) {
    return testing::InputErrorOf([&] {
      SelectPairs(Pairs({{0, 1}}), items, options);
    });
  };
  EXPECT_NE(error(Items(), {"wihtin", 0}).find("did you mean \"within\""),
            std::string::npos);
  EXPECT_NE(error(Items(), {"all", -2}).find("max_per_image -2"),
            std::string::npos);
  std::vector<data::StoreItem> bare = Items();
  for (data::StoreItem& item : bare) item.label = "";
  EXPECT_EQ(error(bare, {"all", 1}), "");
  const std::string text = error(bare, {"across", 0});
  EXPECT_NE(text.find("classes \"across\""), std::string::npos) << text;
  EXPECT_NE(text.find("none of the 5 pictures has a label"), std::string::npos);
}

}  // namespace
}  // namespace eyechart::mining
