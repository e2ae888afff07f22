// That updates are PyTorch's is tested in oracle/dense_head.
#include "probes/detection/head_optimizer.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/ones.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>

#include "probes/heads/start_values.h"
#include "tests/fixture.h"

namespace eyechart::detection {
namespace {

HeadOptimizerOptions Options() {
  HeadOptimizerOptions options;
  options.rate = 0.1;
  options.decay = 0.5;
  options.schedule = {10, 0, 0};
  return options;
}

at::Tensor Leaf(const std::vector<std::int64_t>& shape) {
  return at::ones(shape).requires_grad_(true);
}

TEST(HeadOptimizer, DecaysMatricesAlone) {
  const at::Tensor matrix = Leaf({2, 2});
  const at::Tensor vector = Leaf({2});
  HeadOptimizer optimizer(Options());
  optimizer.Add({{"matrix", matrix}, {"vector", vector}});
  (matrix.sum() * 2 + vector.sum()).backward();
  // Adam's first step is the rate, by the gradient's sign.
  EXPECT_NEAR(optimizer.Step(0), std::sqrt(4 * 4 + 2 * 1), 1e-5);
  EXPECT_NEAR(matrix[0][1].item<double>(), 1 - 0.1 * 0.5 - 0.1, 1e-6);
  EXPECT_NEAR(vector[1].item<double>(), 1 - 0.1, 1e-6);
}

TEST(HeadOptimizer, GroupsHaveTheirOwnRates) {
  const at::Tensor one = Leaf({3});
  const at::Tensor other = Leaf({3});
  HeadOptimizer optimizer(Options());
  optimizer.Add({{"one", one}});
  optimizer.Add({{"other", other}}, 0.1);
  (one.sum() - other.sum()).backward();
  optimizer.Step(0);
  EXPECT_NEAR(one[0].item<double>(), 0.9, 1e-6);
  EXPECT_NEAR(other[0].item<double>(), 1.01, 1e-6);
}

TEST(HeadOptimizer, ClearsGradientsAndLeavesWhatHasNone) {
  const at::Tensor used = Leaf({3});
  const at::Tensor idle = Leaf({3, 3});
  HeadOptimizer optimizer(Options());
  optimizer.Add({{"used", used}, {"idle", idle}});
  used.sum().backward();
  optimizer.Step(0);
  EXPECT_FALSE(used.grad().defined());
  EXPECT_EQ(idle[0][0].item<float>(), 1);
  EXPECT_TRUE(used.requires_grad());
}

TEST(HeadOptimizer, PassesOverWhatIsNotFinite) {
  const at::Tensor leaf = Leaf({2});
  HeadOptimizer optimizer(Options());
  optimizer.Add({{"leaf", leaf}});
  (leaf.sum() * std::numeric_limits<double>::quiet_NaN()).backward();
  EXPECT_TRUE(std::isnan(optimizer.Step(0)));
  EXPECT_EQ(leaf[0].item<float>(), 1);
  EXPECT_FALSE(leaf.grad().defined());
  EXPECT_EQ(optimizer.State()[0].second[0].item<float>(), 0);
}

TEST(HeadOptimizer, GoesOnFromItsState) {
  const at::Tensor straight = Leaf({2, 2});
  const at::Tensor cut = Leaf({2, 2});
  HeadOptimizer one(Options());
  HeadOptimizer first(Options());
  HeadOptimizer second(Options());
  one.Add({{"x", straight}});
  first.Add({{"x", cut}});
  second.Add({{"x", cut}});
  for (std::int64_t step = 0; step < 6; ++step) {
    if (step == 3) second.Restore(first.State(), "file");
    straight.pow(3).sum().backward();
    one.Step(step);
    cut.pow(3).sum().backward();
    (step < 3 ? first : second).Step(step);
  }
  EXPECT_TRUE(at::equal(straight, cut));
  EXPECT_NE(
      testing::InputErrorOf([&] { second.Restore({}, "file"); }).find("file"),
      std::string::npos);
}

// The step of other devices, on CPU tensors.
TEST(AdamWByLists, IsAdamWStep) {
  const probes::AdamWOptions options;
  const double rate = 0.01;
  const double decay = 0.1;
  const double scale = 0.3;
  for (const std::int64_t size : {1, 300}) {
    at::Tensor values = probes::NormalValues({size, 3}, 1, 1, 0);
    at::Tensor first = probes::NormalValues({size, 3}, 0.1, 1, 1);
    at::Tensor second = probes::NormalValues({size, 3}, 0.1, 1, 2).square();
    const at::Tensor slope = probes::NormalValues({size, 3}, 1, 1, 3);
    const internal::ParameterLists lists = {{values.clone(), values.clone()},
                                            {slope, slope},
                                            {first.clone(), first.clone()},
                                            {second.clone(), second.clone()}};
    for (const std::int64_t step : {0, 5}) {
      const std::array<double, 1> rates = {rate}, decays = {decay},
                                  scales = {scale};
      probes::AdamWStep({values.unsqueeze(0), slope.unsqueeze(0)}, first,
                        second, rates, decays, scales, step, options);
      internal::AdamWByLists(lists, rate, decay, scale, step, options);
      for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_TRUE(at::allclose(lists.values[i], values, 1e-6, 1e-6));
        EXPECT_TRUE(at::allclose(lists.first[i], first, 1e-6, 1e-7));
        EXPECT_TRUE(at::allclose(lists.second[i], second, 1e-6, 1e-7));
      }
    }
  }
}

}  // namespace
}  // namespace eyechart::detection
