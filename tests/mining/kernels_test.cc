#include "mining/kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "tests/fixture.h"

namespace eyechart::mining {
namespace {

std::vector<float> Random(std::size_t n) {
  std::normal_distribution<float> normal;
  std::vector<float> values(n);
  for (float& value : values) value = normal(testing::Rng());
  return values;
}

// Long double, in order: another type and another order than the kernels'.
long double Dot(const std::vector<float>& a, const std::vector<float>& b) {
  long double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    sum += static_cast<long double>(a[i]) * static_cast<long double>(b[i]);
  return sum;
}

TEST(Kernels, DotProductsOfEveryLength) {
  for (std::size_t n = 0; n < 140; ++n) {
    const auto a = Random(n);
    const auto b = Random(n);
    const auto size = static_cast<std::int64_t>(n);
    const auto exact = static_cast<double>(Dot(a, b));
    const auto length =
        static_cast<double>(std::sqrt(Dot(a, a)) * std::sqrt(Dot(b, b)));
    EXPECT_NEAR(DotExact(a.data(), b.data(), size), exact, 1e-15 * length);
    EXPECT_NEAR(double{DotFast(a.data(), b.data(), size)}, exact,
                CosineError(size) * length);
  }
}

TEST(Kernels, DotOfARowWithItselfDoesNotDependOnItsPlace) {
  // Rows of a memory-mapped file lie at any multiple of four bytes.
  const auto values = Random(771);
  const double at_0 = DotExact(values.data(), values.data(), 768);
  std::vector<float> moved(values.size() + 1);
  std::copy(values.begin(), values.end(), moved.begin() + 1);
  EXPECT_EQ(DotExact(moved.data() + 1, moved.data() + 1, 768), at_0);
}

TEST(Kernels, ScaleRoundsOnce) {
  const auto x = Random(37);
  std::vector<float> out(x.size());
  Scale(x.data(), 1 / 3.0, 37, out.data());
  for (std::size_t i = 0; i < x.size(); ++i)
    EXPECT_EQ(out[i], static_cast<float>(
                          double{x[i]} / 3.0 * 1.0 +
                          (double{x[i]} * (1 / 3.0) - double{x[i]} / 3.0)));
}

TEST(Kernels, CountAboveIsStrict) {
  for (const std::int64_t n : {0, 1, 7, 8, 63, 64, 200000}) {
    std::vector<float> x(static_cast<std::size_t>(n), 0.5f);
    EXPECT_EQ(CountAbove(x.data(), n, 0.5f), 0);
    EXPECT_EQ(CountAbove(x.data(), n, 0.25f), n);
    if (n > 0) x.back() = 0.75f;
    EXPECT_EQ(CountAbove(x.data(), n, 0.5f), n > 0 ? 1 : 0);
  }
}

}  // namespace
}  // namespace eyechart::mining
