#include "probes/detection/nms/score_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/random.h"

namespace eyechart::detection {
namespace {

using Order = std::vector<std::uint32_t>;

TEST(ScoreOrder, NaNFirstThenDescendingTiesByIndex) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(ScoreOrder(std::vector<float>{1, nan, 2, -0.0f, 0, infinity, -nan,
                                          -infinity, -1, 1e-45f, -1e-45f}),
            (Order{1, 6, 5, 2, 0, 9, 3, 4, 10, 8, 7}));
  EXPECT_EQ(ScoreOrder({}), Order{});
}

// By comparing, as the standard library sorts; few are sorted by another way
// than many.
TEST(ScoreOrder, IsTheStableSortOfFewAndMany) {
  for (const std::size_t count : {5, 199, 200, 201, 5000}) {
    for (const std::uint64_t values : {1, 7, 100000}) {
      Random random(count, values);
      std::vector<float> scores(count);
      for (float& score : scores)
        score = std::ldexp(static_cast<float>(random.Below(values)) - 3,
                           static_cast<int>(random.Below(3)) * 20 - 20);
      Order expected(count);
      std::iota(expected.begin(), expected.end(), 0u);
      std::stable_sort(expected.begin(), expected.end(),
                       [&](auto a, auto b) { return scores[a] > scores[b]; });
      EXPECT_EQ(ScoreOrder(scores), expected) << count << " of " << values;
    }
  }
}

}  // namespace
}  // namespace eyechart::detection
