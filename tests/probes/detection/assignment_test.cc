// Random matrices against SciPy are in oracle/set_head.
#include "probes/detection/assignment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "core/error.h"
#include "core/random.h"

namespace eyechart::detection {
namespace {

using Places = std::vector<std::int64_t>;

// The least sum over every injection of the smaller side into the larger.
double Least(const std::vector<double>& cost, int rows, int columns) {
  const bool flipped = columns < rows;
  const int n = std::min(rows, columns);
  const int m = std::max(rows, columns);
  Places order(m);
  std::iota(order.begin(), order.end(), 0);
  double least = std::numeric_limits<double>::infinity();
  do {
    double sum = 0;
    for (int i = 0; i < n; ++i)
      sum +=
          flipped ? cost[order[i] * columns + i] : cost[i * columns + order[i]];
    least = std::min(least, sum);
  } while (std::next_permutation(order.begin(), order.end()));
  return least;
}

TEST(CheapestAssignment, IsCheapestOfAllPairings) {
  Random random(1, 0);
  for (const auto& [rows, columns] :
       {std::pair{1, 1}, {3, 3}, {5, 5}, {2, 6}, {6, 2}, {6, 4}, {1, 7}}) {
    for (int round = 0; round < 20; ++round) {
      std::vector<double> cost;
      for (int k = 0; k < rows * columns; ++k)
        // Whole numbers in every other round: ties.
        cost.push_back(round % 2 == 0 ? random.Uniform() - 0.5
                                      : std::floor(4 * random.Uniform()));
      const Assignment found = CheapestAssignment(cost, rows, columns);
      ASSERT_EQ(found.rows.size(), std::min(rows, columns));
      ASSERT_EQ(found.columns.size(), found.rows.size());
      EXPECT_TRUE(std::is_sorted(found.rows.begin(), found.rows.end()));
      Places columns_used = found.columns;
      std::sort(columns_used.begin(), columns_used.end());
      EXPECT_EQ(std::adjacent_find(columns_used.begin(), columns_used.end()),
                columns_used.end());
      double sum = 0;
      for (std::size_t i = 0; i < found.rows.size(); ++i)
        sum += cost[found.rows[i] * columns + found.columns[i]];
      EXPECT_NEAR(sum, Least(cost, rows, columns), 1e-12);
    }
  }
}

TEST(CheapestAssignment, OfNothingIsEmpty) {
  EXPECT_TRUE(CheapestAssignment({}, 0, 0).rows.empty());
  EXPECT_TRUE(CheapestAssignment({}, 5, 0).rows.empty());
  EXPECT_TRUE(CheapestAssignment({}, 0, 5).columns.empty());
}

TEST(CheapestAssignment, InfinityForbids) {
  const double inf = std::numeric_limits<double>::infinity();
  const Assignment found =
      CheapestAssignment(std::vector<double>{1, inf, 0, 100}, 2, 2);
  EXPECT_EQ(found.columns, (Places{0, 1}));
  EXPECT_THROW(CheapestAssignment(std::vector<double>{1, inf, 0, inf}, 2, 2),
               InputError);
}

TEST(CheapestAssignment, RefusesWhatIsNoCost) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double inf = std::numeric_limits<double>::infinity();
  EXPECT_THROW(CheapestAssignment(std::vector<double>{1, 2, nan, 4}, 2, 2),
               InputError);
  try {
    CheapestAssignment(std::vector<double>{1, 2, 3, 4, 5, -inf}, 2, 3);
    FAIL();
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("row 1, column 2 is -inf"),
              std::string::npos);
  }
}

}  // namespace
}  // namespace eyechart::detection
