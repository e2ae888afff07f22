#include "mining/drift/drift_ladder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/mining/mining_fixture.h"

namespace eyechart::mining {
namespace {

using eyechart::testing::InputErrorOf;
using eyechart::testing::MakeItems;
using eyechart::testing::MakeRows;
using eyechart::testing::MakeStore;
using eyechart::testing::Rng;
using eyechart::testing::Rows;
using eyechart::testing::TempFolder;

constexpr std::size_t kCount = 60;

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

class DriftLadderTest : public ::testing::Test {
 protected:
  // Two labels, "even" and "odd", that are the two clusters.
  DriftLadderTest()
      : rows_(MakeRows(kCount, 16, 2, 0.5F)), items_(MakeItems(kCount)) {}

  DriftReport Climb(const Rows& second, const DriftOptions& options = {}) {
    return Climb(second, items_, options);
  }
  DriftReport Climb(const Rows& second,
                    const std::vector<data::StoreItem>& items,
                    const DriftOptions& options = {}) {
    const std::string name = std::to_string(++made_);
    const data::FeatureStore a =
        MakeStore(folder_ / ("a" + name), rows_, items_);
    const data::FeatureStore b =
        MakeStore(folder_ / ("b" + name), second, items, 7);
    return ClimbLadder(a, b, options);
  }
  static const RungResult& Of(const DriftReport& report, Rung rung) {
    return *std::ranges::find(report.rungs, rung, &RungResult::rung);
  }

  TempFolder folder_;
  Rows rows_;
  std::vector<data::StoreItem> items_;
  int made_ = 0;
};

TEST_F(DriftLadderTest, TheSameBitsAreTheHighestRung) {
  const DriftReport report = Climb(rows_);
  EXPECT_EQ(report.rung, Rung::kBitEqual);
  for (const RungResult& rung : report.rungs) EXPECT_EQ(rung.holds, true);
  EXPECT_EQ(report.rows.pooled->max_abs, 0);
  EXPECT_EQ(report.rows.cosines->min, 1);
  EXPECT_FALSE(report.neighbours);
}

TEST_F(DriftLadderTest, RoundingIsWithinTolerance) {
  Rows second = rows_;
  float most = 0;
  for (const auto& row : rows_)
    for (const float value : row) most = std::max(most, std::abs(value));
  second[3][5] += 1e-5F * most;
  second[9][0] += 1e-6F * most;
  const DriftReport report = Climb(second);
  EXPECT_EQ(report.rung, Rung::kWithinTolerance);
  EXPECT_EQ(report.rows.pooled->different_items, 2);
  EXPECT_EQ(report.rows.pooled->first_different->id, "p00003");
  EXPECT_EQ(report.rows.pooled->most_different->index, 5);
  EXPECT_NEAR(report.rows.pooled->Relative(), 1e-5, 1e-6);
  EXPECT_FLOAT_EQ(static_cast<float>(report.rows.pooled->reference_max_abs),
                  most);
  EXPECT_TRUE(Contains(Of(report, Rung::kBitEqual).reason, "\"p00003\""));
}

TEST_F(DriftLadderTest, ToleranceIsAsGiven) {
  Rows second = rows_;
  second[3][5] += 0.01F;
  EXPECT_NE(Climb(second).rung, Rung::kWithinTolerance);
  DriftOptions loose;
  loose.tolerance = 0.1;
  EXPECT_EQ(Climb(second, loose).rung, Rung::kWithinTolerance);
  DriftOptions exact;
  exact.tolerance = 0;
  EXPECT_NE(Climb(second, exact).rung, Rung::kWithinTolerance);
}

// Scaling keeps every cosine, and so every neighbour.
TEST_F(DriftLadderTest, ScaledFeaturesHaveTheSameNeighbours) {
  Rows second = rows_;
  for (auto& row : second)
    for (float& value : row) value *= 3;
  const DriftReport report = Climb(second);
  EXPECT_EQ(report.rung, Rung::kSameNeighbours);
  EXPECT_EQ(report.neighbours->same_set, static_cast<std::int64_t>(kCount));
  EXPECT_EQ(report.neighbours->same_top1, static_cast<std::int64_t>(kCount));
  EXPECT_NEAR(report.rows.cosines->min, 1, 1e-6);
}

// Of twins that are the same bits, which one is named first says nothing.
TEST_F(DriftLadderTest, TiesAreNoOtherNeighbours) {
  for (std::size_t i = 0; i < 24; ++i) rows_[2 * i] = rows_[0];
  Rows second = rows_;
  for (auto& row : second)
    for (float& value : row) value *= 3;
  for (std::size_t i = 0; i < 24; ++i)
    second[2 * i][0] += 1e-7F * static_cast<float>(i);
  EXPECT_EQ(Climb(second).rung, Rung::kSameNeighbours);
}

// Each cluster anew: other neighbours, the same answers.
TEST_F(DriftLadderTest, OtherNeighboursOfTheSameLabelAreTheSameMetric) {
  const Rows second = MakeRows(kCount, 16, 2, 0.01F);
  const DriftReport report = Climb(second);
  EXPECT_EQ(report.rung, Rung::kSameMetric);
  EXPECT_LT(report.neighbours->same_set, static_cast<std::int64_t>(kCount));
  ASSERT_TRUE(report.metric);
  EXPECT_EQ(report.metric->both, static_cast<std::int64_t>(kCount));
  EXPECT_EQ(report.metric->p, 1);
}

TEST_F(DriftLadderTest, NoiseIsDrift) {
  const DriftReport report = Climb(MakeRows(kCount, 16, 1, 1));
  EXPECT_EQ(report.rung, Rung::kDrifted);
  ASSERT_TRUE(report.metric);
  EXPECT_EQ(report.metric->first(), 1);
  EXPECT_LT(report.metric->second(), 0.9);
  EXPECT_LT(report.metric->p, 0.01);
  EXPECT_LT(report.metric->ci.high, 0);
  EXPECT_TRUE(Contains(Of(report, Rung::kSameMetric).reason, "margin"));
}

TEST_F(DriftLadderTest, OtherWidthsHaveNeighboursAlone) {
  Rows second = rows_;
  for (auto& row : second) row.insert(row.end(), {0, 0, 0, 0});
  const DriftReport report = Climb(second);
  EXPECT_EQ(report.rung, Rung::kSameNeighbours);
  EXPECT_FALSE(report.rows.pooled);
  EXPECT_EQ(Of(report, Rung::kBitEqual).holds, false);
  EXPECT_EQ(report.manifests.at("dim"),
            (std::pair<std::string, std::string>("16", "20")));
}

TEST_F(DriftLadderTest, AnotherOrderIsJoinedById) {
  Rows second(rows_.rbegin(), rows_.rend());
  std::vector<data::StoreItem> items(items_.rbegin(), items_.rend());
  EXPECT_EQ(Climb(second, items).rung, Rung::kBitEqual);
  items[0].id = "other";
  EXPECT_TRUE(Contains(InputErrorOf([&] { Climb(second, items); }), "p00059"));
}

TEST_F(DriftLadderTest, APictureReadableInOneStoreAloneIsADifference) {
  std::vector<data::StoreItem> items = items_;
  items[4].status = "cut short";
  const DriftReport report = Climb(rows_, items);
  EXPECT_EQ(report.rung, Rung::kSameMetric);
  EXPECT_EQ(report.readable_in_one, 1);
  EXPECT_TRUE(Contains(Of(report, Rung::kBitEqual).reason, "p00004"));
  for (data::StoreItem& item : items) item.status = "cut short";
  EXPECT_TRUE(
      Contains(InputErrorOf([&] { Climb(rows_, items); }), "readable in both"));
}

TEST_F(DriftLadderTest, ValuesThatAreNotFiniteAreFound) {
  Rows second = rows_;
  second[7][2] = std::numeric_limits<float>::quiet_NaN();
  const DriftReport report = Climb(second);
  EXPECT_GT(report.rung, Rung::kSameNeighbours);
  EXPECT_EQ(report.rows.pooled->most_different->id, "p00007");
  EXPECT_EQ(report.rows.cosines->min, 0);
  EXPECT_EQ(report.neighbours->pictures, static_cast<std::int64_t>(kCount) - 1);
  EXPECT_TRUE(DriftToJson(report)["pooled"]["max_abs"].is_null());
  rows_ = second;
  EXPECT_EQ(Climb(second).rung, Rung::kBitEqual);
}

TEST_F(DriftLadderTest, WithoutLabelsTheMetricIsNotMeasured) {
  for (data::StoreItem& item : items_) item.label.clear();
  const DriftReport report = Climb(MakeRows(kCount, 16, 1, 1));
  EXPECT_EQ(report.rung, Rung::kDrifted);
  EXPECT_FALSE(Of(report, Rung::kSameMetric).holds);
  EXPECT_FALSE(report.metric);
  EXPECT_TRUE(Contains(DriftToText(report), "not measured"));
}

TEST_F(DriftLadderTest, ASampleIsDrawnWithoutReplacement) {
  DriftOptions options;
  options.neighbours.sample = 10;
  const DriftReport report = Climb(MakeRows(kCount, 16, 2, 0.01F), options);
  EXPECT_EQ(report.neighbours->asked, 10);
  EXPECT_EQ(report.neighbours->pictures, static_cast<std::int64_t>(kCount));
  EXPECT_EQ(report.metric->n(), 10);
}

}  // namespace
}  // namespace eyechart::mining
