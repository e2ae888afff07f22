#include "benchmarks/roofline/batch_curve.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

namespace eyechart::benchmarks {
namespace {

BatchPoint Point(std::int64_t batch, double throughput) {
  return {batch, throughput, std::nullopt};
}

BatchPoint Point(std::int64_t batch,
                 double throughput,
                 double low,
                 double high) {
  return {batch, throughput, Interval{low, high, 0.95, "order statistics"}};
}

TEST(FindKnee, IsTheSmallestBatchNearTheBest) {
  const Knee knee = FindKnee({Point(1, 40), Point(2, 80), Point(4, 94),
                              Point(8, 95.5), Point(16, 100), Point(32, 99)});
  EXPECT_EQ(knee.batch, 8);
  EXPECT_EQ(knee.best_batch, 16);
  EXPECT_DOUBLE_EQ(knee.best, 100);
  // Exact numbers leave nothing open.
  EXPECT_EQ(knee.from, 8);
  EXPECT_EQ(knee.to, 8);
}

TEST(FindKnee, ReachingTheShareIsEnough) {
  KneeOptions half;
  half.share = 0.5;
  EXPECT_EQ(FindKnee({Point(1, 25), Point(2, 50), Point(4, 100)}, half).batch,
            2);
}

TEST(FindKnee, AFlatCurveHasItAtTheStart) {
  const Knee knee = FindKnee({Point(4, 10), Point(1, 10), Point(2, 10)});
  EXPECT_EQ(knee.batch, 1);
  EXPECT_EQ(knee.best_batch, 1);
}

TEST(FindKnee, IntervalsSayWhatIsOpen) {
  const Knee knee = FindKnee({
      Point(1, 50, 48, 52),      // below 0.95 * 96 = 91.2 for sure
      Point(2, 90, 86, 93),      // its upper end reaches that
      Point(4, 96, 93, 99),      // 95 of the best, but not its lower end
      Point(8, 99, 98.9, 99.1),  // nor this: 0.95 * 104.2 is 98.99
      Point(16, 99.5, 99, 101),
      Point(32, 100, 96, 104.2),
  });
  EXPECT_EQ(knee.from, 2);
  EXPECT_EQ(knee.batch, 4);
  EXPECT_EQ(knee.to, 16);
}

TEST(FindKnee, TheBestItselfIsSureAtTheLatest) {
  const Knee knee = FindKnee({Point(1, 50, 40, 60), Point(2, 100, 50, 200)});
  EXPECT_EQ(knee.to, 2);
  EXPECT_EQ(knee.from, 1);
  EXPECT_EQ(knee.batch, 2);
}

TEST(FindKnee, RefusesWhatCannotBe) {
  EXPECT_THROW(FindKnee({}), std::logic_error);
  EXPECT_THROW(FindKnee({Point(0, 1)}), std::logic_error);
  EXPECT_THROW(FindKnee({Point(1, 0)}), std::logic_error);
  EXPECT_THROW(FindKnee({Point(1, 5), Point(1, 6)}), std::logic_error);
  EXPECT_THROW(FindKnee({Point(1, 5, 6, 7)}), std::logic_error);
  KneeOptions none;
  none.share = 0;
  EXPECT_THROW(FindKnee({Point(1, 5)}, none), std::logic_error);
}

TEST(BatchCurveJson, IsInTheOrderOfBatches) {
  BatchCurve curve{"clip", "fp32", "cpu", "images/s", {}, ""};
  curve.points = {Point(8, 100, 99, 101), Point(1, 50)};
  const Json json = BatchCurveJson(curve);
  EXPECT_EQ(json.at("points")[0].at("batch"), 1);
  EXPECT_TRUE(json.at("points")[0].at("low").is_null());
  EXPECT_EQ(json.at("points")[1].at("high"), 101);
  EXPECT_EQ(json.at("points")[1].at("level"), 0.95);
  EXPECT_EQ(json.at("knee").at("batch"), 8);
  EXPECT_EQ(json.at("best").at("throughput"), 100);
  EXPECT_EQ(json.at("share"), 0.95);
  EXPECT_FALSE(json.contains("setting"));
  curve.setting = "resolution 448";
  EXPECT_EQ(BatchCurveJson(curve).at("setting"), "resolution 448");
}

}  // namespace
}  // namespace eyechart::benchmarks
