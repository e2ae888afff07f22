#include "encoders/vector_math.h"

#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

namespace eyechart::encoders {
namespace {

// Enough that each of two threads takes a share.
constexpr std::int64_t kValues = std::int64_t{1} << 16;

// The first large call in this process: without settling one thread's share is
// wrong by 1e-4 in some runs of a hundred on a busy machine.
TEST(VectorMathTest, FunctionsAreExactOnEveryThread) {
  SettleVectorMath();
  SettleVectorMath();
  at::set_num_threads(2);
  const at::Tensor x = at::rand({kValues}) * 0.9 + 0.05;
  using Function = at::Tensor (*)(const at::Tensor&);
  using Reference = double (*)(double);
  const std::pair<Function, Reference> cases[] = {
      {&at::exp, &std::exp},   {&at::log, &std::log},
      {&at::sqrt, &std::sqrt}, {&at::erf, &std::erf},
      {&at::erfc, &std::erfc}, {&at::tanh, &std::tanh},
      {&at::sin, &std::sin},   {&at::cos, &std::cos},
      {&at::tan, &std::tan},   {&at::acos, &std::acos},
      {&at::asin, &std::asin}, {&at::atan, &std::atan},
      {&at::log2, &std::log2}, {&at::log10, &std::log10},
  };
  std::size_t index = 0;
  for (const auto& [function, reference] : cases) {
    const at::Tensor y = function(x);
    const auto* in = x.const_data_ptr<float>();
    const auto* out = y.const_data_ptr<float>();
    double worst = 0;
    for (std::int64_t i = 0; i < kValues; ++i) {
      const double want = reference(in[i]);
      worst =
          std::max(worst, std::abs(out[i] - want) / (std::abs(want) + 1e-3));
    }
    EXPECT_LT(worst, 5e-7) << "function " << index;
    ++index;
  }
}

TEST(VectorMathTest, LeavesGradientsOn) {
  SettleVectorMath();
  const at::Tensor x = at::ones({2}).requires_grad_(true);
  EXPECT_TRUE(at::exp(x).requires_grad());
}

}  // namespace
}  // namespace eyechart::encoders
