#include "probes/detection/highest_scores.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace eyechart::detection {
namespace {

using internal::HighestBySorting;

std::vector<std::int64_t> ValuesOf(const at::Tensor& places) {
  const auto* data = places.const_data_ptr<std::int64_t>();
  return {data, data + places.numel()};
}

TEST(HighestScores, AreInOrderAndEqualOnesByPlace) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const at::Tensor scores =
      at::tensor({0.5f, nan, 0.75f, 0.1f, 0.5f, 0.75f, 0.25f});
  for (const auto& highest : {HighestScores, HighestBySorting}) {
    EXPECT_EQ(ValuesOf(highest(scores, 0.25, 10)),
              (std::vector<std::int64_t>{2, 5, 0, 4, 6}));
    EXPECT_EQ(ValuesOf(highest(scores, 0.25, 3)),
              (std::vector<std::int64_t>{2, 5, 0}));
    EXPECT_EQ(highest(scores, 0.8, 10).numel(), 0);
    EXPECT_EQ(highest(scores.narrow(0, 0, 0), 0, 10).numel(), 0);
    EXPECT_EQ(ValuesOf(highest(scores, 0, 10)).size(), 6u);
  }
}

// 0.7f is below 0.7, 0.3f above 0.3: a bound in float32 would not tell.
TEST(HighestScores, TheBoundIsDouble) {
  for (const auto& highest : {HighestScores, HighestBySorting}) {
    EXPECT_EQ(highest(at::tensor({0.7f}), 0.7, 1).numel(), 0);
    EXPECT_EQ(highest(at::tensor({0.3f}), 0.3, 1).numel(), 1);
    EXPECT_EQ(highest(at::tensor({0.25f}), 0.25, 1).numel(), 1);
  }
}

TEST(HighestScores, SortingSaysTheSame) {
  for (const std::int64_t count : {1, 10, 1000}) {
    // Few values, so that most are there several times.
    const at::Tensor scores = at::randint(20, {count}).to(at::kFloat) / 20;
    for (const double least : {0.0, 0.3, 0.95})
      for (const std::int64_t most : {1, 7, 300, 5000})
        EXPECT_EQ(ValuesOf(HighestBySorting(scores, least, most)),
                  ValuesOf(HighestScores(scores, least, most)));
  }
}

}  // namespace
}  // namespace eyechart::detection
