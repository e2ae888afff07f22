#include "probes/detection/ema.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include "tests/fixture.h"

namespace eyechart::detection {
namespace {

NamedTensors One(double value) {
  return {{"a", at::full({2}, value, at::kFloat).requires_grad_(true)}};
}

void Set(const NamedTensors& tensors, double value) {
  const at::NoGradGuard frozen;
  tensors[0].second.fill_(value);
}

float AverageOf(const MovingAverage& average) {
  return average.State()[0].second[0].item<float>();
}

TEST(MovingAverage, WarmsUp) {
  const NamedTensors parameters = One(0);
  MovingAverage average(parameters, {0.5, true});
  EXPECT_DOUBLE_EQ(average.DecayAt(0), 0.1);
  EXPECT_DOUBLE_EQ(average.DecayAt(2), 0.25);
  EXPECT_DOUBLE_EQ(average.DecayAt(8), 0.5);
  EXPECT_DOUBLE_EQ(average.DecayAt(1000), 0.5);
  Set(parameters, 10);
  average.Update();
  EXPECT_FLOAT_EQ(AverageOf(average), 9);
  Set(parameters, 20);
  average.Update();
  EXPECT_FLOAT_EQ(AverageOf(average), 2.0f / 11 * 9 + 9.0f / 11 * 20);
}

TEST(MovingAverage, WithoutWarmUpIsTheDecay) {
  const NamedTensors parameters = One(4);
  MovingAverage average(parameters, {0.75, false});
  Set(parameters, 8);
  average.Update();
  EXPECT_FLOAT_EQ(AverageOf(average), 5);
}

TEST(AveragedWeights, StandInAndStepBack) {
  const NamedTensors parameters = One(1);
  MovingAverage average(parameters, {0.5, false});
  Set(parameters, 3);
  average.Update();
  {
    const AveragedWeights stand_in(average);
    EXPECT_EQ(parameters[0].second[1].item<float>(), 2);
    EXPECT_TRUE(parameters[0].second.requires_grad());
  }
  EXPECT_EQ(parameters[0].second[1].item<float>(), 3);
  EXPECT_EQ(AverageOf(average), 2);
}

TEST(MovingAverage, IsRestored) {
  const NamedTensors parameters = One(1);
  MovingAverage average(parameters, {0.9, true});
  Set(parameters, 3);
  average.Update();
  average.Update();
  MovingAverage resumed(One(7), {0.9, true});
  resumed.Restore(average.State(), "file");
  EXPECT_EQ(AverageOf(resumed), AverageOf(average));
  EXPECT_EQ(resumed.updates(), 2);
  const auto error = [&](const NamedTensors& state) {
    return testing::InputErrorOf([&] { resumed.Restore(state, "file"); });
  };
  EXPECT_NE(error({}).find("file"), std::string::npos);
  EXPECT_NE(error({{"a", at::full({3}, 1.0)}}).find("shape"),
            std::string::npos);
  EXPECT_NE(error({{"a", at::full({2}, 1.0)},
                   {"updates", at::tensor({std::int64_t{-1}})}})
                .find("updates"),
            std::string::npos);
}

}  // namespace
}  // namespace eyechart::detection
