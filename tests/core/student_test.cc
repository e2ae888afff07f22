// Values are SciPy's and R's tables; oracle/statistics has many more.
#include "core/student.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

namespace eyechart {
namespace {

TEST(Student, IsTheCauchyDistributionAtOneDegree) {
  for (const double t : {-30.0, -1.0, 0.0, 0.3, 7.0})
    EXPECT_NEAR(StudentCdf(t, 1), 0.5 + std::atan(t) / M_PI, 1e-14);
  EXPECT_NEAR(StudentQuantile(0.975, 1), std::tan(0.475 * M_PI), 1e-9);
}

TEST(Student, HasTheTablesQuantiles) {
  EXPECT_NEAR(StudentQuantile(0.975, 4), 2.7764451051977987, 1e-12);
  EXPECT_NEAR(StudentQuantile(0.995, 10), 3.1692726726169500, 1e-12);
  EXPECT_NEAR(StudentQuantile(0.025, 4), -2.7764451051977987, 1e-12);
  // Nearly normal, with tails a little wider.
  EXPECT_GT(StudentQuantile(0.975, 1e5), NormalQuantile(0.975));
  EXPECT_LT(StudentQuantile(0.975, 1e5), NormalQuantile(0.975) + 3e-5);
}

TEST(StudentInterval, IsOfTheMean) {
  const std::array values = {1.0, 2.0, 4.0, 5.0};
  const Interval ci = StudentInterval(values);
  // Mean 3, standard deviation sqrt(10 / 3), three degrees of freedom.
  const double half = 3.182446305284263 * std::sqrt(10.0 / 3 / 4);
  EXPECT_NEAR(ci.low, 3 - half, 1e-12);
  EXPECT_NEAR(ci.high, 3 + half, 1e-12);
  EXPECT_EQ(ci.method, "student-t");
  EXPECT_TRUE(std::isnan(StudentInterval(std::array{1.0}).low));
}

TEST(Student, RefusesWhatHasNoQuantile) {
  EXPECT_THROW(StudentQuantile(0, 4), std::logic_error);
  EXPECT_THROW(StudentQuantile(0.5, 0.5), std::logic_error);
  EXPECT_THROW(StudentCdf(1, 0), std::logic_error);
}

}  // namespace
}  // namespace eyechart
