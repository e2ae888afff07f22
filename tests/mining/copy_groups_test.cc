#include "mining/copy_groups.h"

#include <gtest/gtest.h>

#include <map>
#include <numeric>

#include "data/resize.h"
#include "data/scenes/encode.h"
#include "data/scenes/pattern.h"
#include "tests/mining/mining_fixture.h"

namespace eyechart::mining {
namespace {

std::vector<std::int64_t> AllRows(const std::vector<data::StoreItem>& items) {
  std::vector<std::int64_t> rows(items.size());
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

CopyGroups Group(const std::vector<data::StoreItem>& items,
                 const std::vector<SimilarPair>& similar,
                 const PictureReader& read = {}) {
  return GroupCopies(items, AllRows(items), similar, read);
}

std::int64_t Count(const CopyGroups& groups, CopyKind kind) {
  return groups.count[static_cast<std::size_t>(kind)];
}

TEST(CopyGroups, NothingAlikeIsNoGroup) {
  const CopyGroups groups = Group(testing::MakeItems(4), {});
  EXPECT_TRUE(groups.groups.empty());
  EXPECT_EQ(groups.copies(), 0);
  EXPECT_EQ(groups.not_compared, 0);
  EXPECT_TRUE(Group({}, {}).groups.empty());
}

TEST(CopyGroups, TheSameFileIsACopyWhateverItsFeatures) {
  std::vector<data::StoreItem> items = testing::MakeItems(5);
  items[1].sha256 = items[4].sha256 = "aa";
  items[2].sha256 = "bb";
  const CopyGroups groups = Group(items, {});
  ASSERT_EQ(groups.groups.size(), 1u);
  EXPECT_EQ(groups.groups[0].representative, 1);
  ASSERT_EQ(groups.groups[0].copies.size(), 1u);
  const Copy& copy = groups.groups[0].copies[0];
  EXPECT_EQ(copy.row, 4);
  EXPECT_EQ(copy.kind, CopyKind::kFile);
  EXPECT_FALSE(copy.near_cosine.has_value());
  EXPECT_EQ(Count(groups, CopyKind::kFile), 1);
}

TEST(CopyGroups, RowsThatTakeNoPartAreInNoGroup) {
  std::vector<data::StoreItem> items = testing::MakeItems(4);
  for (data::StoreItem& item : items) item.sha256 = "aa";
  const std::vector<std::int64_t> rows = {3, 1, 2};  // in any order
  const CopyGroups groups = GroupCopies(items, rows, {});
  ASSERT_EQ(groups.groups.size(), 1u);
  EXPECT_EQ(groups.groups[0].representative, 1);
  ASSERT_EQ(groups.groups[0].copies.size(), 2u);
  EXPECT_EQ(groups.groups[0].copies[0].row, 2);
  EXPECT_EQ(groups.groups[0].copies[1].row, 3);
}

TEST(CopyGroups, EachKindIsTold) {
  std::vector<data::StoreItem> items = testing::MakeItems(6);
  items[0].sha256 = items[1].sha256 = "aa";
  const CopyGroups groups =
      Group(items, {{5, 4, 0.99, 0.98}, {2, 0, 1, 1}, {0, 3, 0.999, 0.97}});
  ASSERT_EQ(groups.groups.size(), 2u);
  EXPECT_EQ(groups.groups[0].representative, 0);
  const std::vector<Copy>& copies = groups.groups[0].copies;
  ASSERT_EQ(copies.size(), 3u);
  EXPECT_EQ(copies[0].kind, CopyKind::kFile);
  EXPECT_EQ(copies[1].kind, CopyKind::kFeatures);
  EXPECT_EQ(copies[1].near_cosine, 1);
  EXPECT_EQ(copies[1].far_cosine, 1);
  EXPECT_EQ(copies[2].kind, CopyKind::kNear);
  EXPECT_EQ(copies[2].near_cosine, 0.999);
  EXPECT_EQ(copies[2].far_cosine, 0.97);
  EXPECT_EQ(groups.groups[1].representative, 4);
  EXPECT_EQ(groups.groups[1].copies[0].row, 5);
  EXPECT_EQ(groups.copies(), 4);
  // The two near ones might be resized.
  EXPECT_EQ(groups.not_compared, 2);
}

TEST(CopyGroups, AChainIsOneGroupThatSaysSo) {
  const std::vector<data::StoreItem> items = testing::MakeItems(5);
  const CopyGroups groups = Group(
      items, {{3, 4, 0.99, 0.99}, {2, 3, 0.98, 0.98}, {0, 2, 0.97, 0.96}});
  ASSERT_EQ(groups.groups.size(), 1u);
  const std::vector<Copy>& copies = groups.groups[0].copies;
  ASSERT_EQ(copies.size(), 3u);
  EXPECT_EQ(copies[0].kind, CopyKind::kNear);
  EXPECT_EQ(copies[0].far_cosine, 0.96);
  for (const int i : {1, 2}) {
    EXPECT_EQ(copies[i].kind, CopyKind::kChain);
    EXPECT_FALSE(copies[i].near_cosine.has_value());
    EXPECT_FALSE(copies[i].far_cosine.has_value());
  }
  EXPECT_EQ(Count(groups, CopyKind::kChain), 2);
}

// Only one of equal rows may have been compared with the others.
TEST(CopyGroups, EqualFeaturesShareTheirCosines) {
  const std::vector<data::StoreItem> items = testing::MakeItems(6);
  const CopyGroups groups =
      Group(items, {{1, 3, 1, 1},
                    {0, 1, 0.99, 0.98},  // so row 3 is as near to row 0
                    {0, 4, 1, 1},
                    {4, 5, 0.97, 0.96}});  // and so is row 5, by row 4
  ASSERT_EQ(groups.groups.size(), 1u);
  const std::vector<Copy>& copies = groups.groups[0].copies;
  ASSERT_EQ(copies.size(), 4u);
  EXPECT_EQ(copies[1].row, 3);
  EXPECT_EQ(copies[1].kind, CopyKind::kNear);
  EXPECT_EQ(copies[1].near_cosine, 0.99);
  EXPECT_EQ(copies[2].kind, CopyKind::kFeatures);
  EXPECT_EQ(copies[3].kind, CopyKind::kNear);
  EXPECT_EQ(copies[3].far_cosine, 0.96);
}

// Cosines of 1 in one space alone are no equal features.
TEST(CopyGroups, BothSpacesHaveToBeEqual) {
  const CopyGroups groups =
      Group(testing::MakeItems(3), {{0, 1, 1, 0.99}, {0, 2, 0.99, 1}});
  EXPECT_EQ(Count(groups, CopyKind::kNear), 2);
}

TEST(CopyGroups, TheOrderOfThePairsMeansNothing) {
  const std::vector<data::StoreItem> items = testing::MakeItems(40);
  std::vector<SimilarPair> similar;
  for (int i = 0; i < 30; ++i) {
    const auto a = static_cast<std::int64_t>(testing::Rng()() % 40);
    const auto b = static_cast<std::int64_t>(testing::Rng()() % 40);
    // A cosine belongs to its pair, however often that is drawn.
    const double cosine = 0.9 + 0.001 * static_cast<double>(a + b);
    if (a != b) similar.push_back({a, b, cosine, cosine});
  }
  const auto facts = [](const CopyGroups& groups) {
    std::map<std::int64_t, std::tuple<std::int64_t, CopyKind, double>> found;
    for (const CopyGroup& group : groups.groups)
      for (const Copy& copy : group.copies)
        found[copy.row] = {group.representative, copy.kind,
                           copy.near_cosine.value_or(0)};
    return found;
  };
  const auto expected = facts(Group(items, similar));
  for (int i = 0; i < 5; ++i) {
    std::shuffle(similar.begin(), similar.end(), testing::Rng());
    for (SimilarPair& pair : similar) std::swap(pair.row_a, pair.row_b);
    EXPECT_EQ(facts(Group(items, similar)), expected);
  }
}

// Rows: a picture, another one, a resized copy of it, no picture.
class CopyGroupsOfPictures : public ::testing::Test {
 protected:
  CopyGroupsOfPictures() {
    const scenes::PatternPair pair =
        scenes::RenderPair(scenes::FindPattern("color"), 0, 7, 0);
    pictures_ = {
        scenes::EncodePng(pair.a), scenes::EncodePng(pair.b),
        scenes::EncodeJpeg(
            data::Resize(pair.a, 150, 150, data::Filter::kLanczos), 70),
        "no picture"};
  }

  PictureReader Reader() {
    return [this](std::int64_t row) {
      ++reads_[row];
      return pictures_[row];
    };
  }

  std::vector<data::StoreItem> items_ = testing::MakeItems(4);
  std::vector<std::string> pictures_;
  std::map<std::int64_t, int> reads_;
};

TEST_F(CopyGroupsOfPictures, ResizedCopiesAreToldFromNearOnes) {
  const CopyGroups groups = Group(
      items_, {{0, 1, 0.99, 0.98}, {0, 2, 0.97, 0.98}, {0, 3, 0.99, 0.99}},
      Reader());
  ASSERT_EQ(groups.groups.size(), 1u);
  const std::vector<Copy>& copies = groups.groups[0].copies;
  EXPECT_EQ(copies[0].kind, CopyKind::kNear);
  EXPECT_EQ(copies[1].kind, CopyKind::kResized);
  EXPECT_EQ(copies[1].near_cosine, 0.97);
  EXPECT_EQ(copies[2].kind, CopyKind::kNear);
  EXPECT_EQ(groups.not_compared, 1);
  EXPECT_EQ(groups.first_unread.rfind("p00003: ", 0), 0u)
      << groups.first_unread;
  for (std::int64_t row = 0; row < 4; ++row) EXPECT_EQ(reads_[row], 1) << row;
}

TEST_F(CopyGroupsOfPictures, AResizedCopyAtTheEndOfAChainIsFound) {
  const CopyGroups groups =
      Group(items_, {{0, 1, 0.99, 0.98}, {1, 2, 0.97, 0.98}}, Reader());
  const std::vector<Copy>& copies = groups.groups[0].copies;
  EXPECT_EQ(copies[1].kind, CopyKind::kResized);
  EXPECT_FALSE(copies[1].near_cosine.has_value());
}

TEST_F(CopyGroupsOfPictures, WhatIsKnownAlreadyIsNotRead) {
  items_[0].sha256 = items_[1].sha256 = "aa";
  Group(items_, {{0, 2, 1, 1}}, Reader());
  EXPECT_TRUE(reads_.empty());
}

TEST_F(CopyGroupsOfPictures, ARepresentativeThatCannotBeReadIsCounted) {
  pictures_[0] = "gone";
  const CopyGroups groups =
      Group(items_, {{0, 1, 0.99, 0.98}, {0, 2, 0.97, 0.98}}, Reader());
  EXPECT_EQ(groups.not_compared, 2);
  EXPECT_EQ(Count(groups, CopyKind::kNear), 2);
  EXPECT_EQ(reads_[0], 1);
}

}  // namespace
}  // namespace eyechart::mining
