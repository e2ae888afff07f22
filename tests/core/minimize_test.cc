#include "core/minimize.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace eyechart {
namespace {

TEST(Minimize, FindsRosenbrocksValley) {
  const auto f = [](std::span<const double> x) {
    return 100 * std::pow(x[1] - x[0] * x[0], 2) + std::pow(1 - x[0], 2);
  };
  MinimizeOptions options;
  options.tolerance = 1e-14;
  const Minimum found = Minimize(f, std::vector<double>{-1.2, 1.0}, options);
  EXPECT_NEAR(found.x[0], 1, 1e-5);
  EXPECT_NEAR(found.x[1], 1, 1e-5);
}

TEST(Minimize, StaysInsideTheDomain) {
  const auto f = [](std::span<const double> x) {
    if (x[0] <= 0) return std::numeric_limits<double>::infinity();
    return x[0] - std::log(x[0]);
  };
  const Minimum found = Minimize(f, std::vector<double>{5.0});
  EXPECT_NEAR(found.x[0], 1, 1e-4);
}

}  // namespace
}  // namespace eyechart
