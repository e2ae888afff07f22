// Heads on a GPU against the same on the CPU.
#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "encoders/device.h"
#include "probes/detection/box_losses.h"
#include "probes/detection/deformable_attention.h"
#include "probes/detection/detection_heads.h"
#include "probes/detection/device_copy.h"
#include "probes/detection/ema.h"
#include "probes/detection/head_optimizer.h"
#include "probes/detection/highest_scores.h"
#include "probes/heads/start_values.h"
#include "tests/probes/detection/made_maps.h"

namespace eyechart::detection {
namespace {

using probes::NormalValues;

// float32 sums of some hundred thousand terms in another order.
constexpr double kLossTolerance = 1e-4;
constexpr double kSlopeTolerance = 1e-4;
// Adam divides by the slopes' size, so that rounding grows from step to step.
constexpr double kTrainedTolerance = 1e-2;

class Devices : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!at::hasCUDA()) GTEST_SKIP() << "there is no GPU here";
    encoders::AllowTf32(false);
  }
  static at::Device device() { return at::Device(at::kCUDA, 0); }
};

std::unique_ptr<DetectionHead> MakeHead(const std::string& kind,
                                        at::Device device) {
  HeadOptions options;
  options.pyramid.maps = {{kMadeWidth, kMadeStride}};
  options.pyramid.width = 32;
  options.pyramid.seed = 11;
  options.pyramid.device = device;
  options.classes = kMadeClasses;
  options.layers = 2;
  auto head = CreateHead(kind, options);
  // Away from zeros, where points of the deformable attention lie on kinks.
  const at::NoGradGuard frozen;
  std::uint64_t stream = 0;
  for (const auto& [name, tensor] : head->Parameters())
    tensor.add_(
        NormalValues(tensor.sizes().vec(), 0.02, 7, stream++).to(device));
  return head;
}

double NormOf(const at::Tensor& tensor) {
  return tensor.to(at::kCPU, at::kDouble).norm().item<double>();
}

double Apart(const at::Tensor& a, const at::Tensor& b) {
  return NormOf(a.cpu() - b.cpu());
}

struct Step {
  std::vector<LossTerm> terms;
  NamedTensors parameters;
};

Step StepOf(const DetectionHead& head,
            const MadePictures& made,
            at::Device device) {
  Step step{head.Losses({OnDevice(made.map, device)}, made.targets, 0),
            head.Parameters()};
  at::Tensor sum = step.terms.front().value;
  for (std::size_t i = 1; i < step.terms.size(); ++i)
    sum = sum + step.terms[i].value;
  sum.backward();
  return step;
}

TEST_F(Devices, LossesAndSlopesAreTheCpus) {
  MadePictures made = MakePictures(4, 12, 3);
  // What an ignored box covers counts for nothing.
  made.targets[1].ignored = at::tensor({0.f, 0.f, 90.f, 60.f}).view({1, 4});
  for (const std::string& kind : HeadKinds()) {
    const auto here = MakeHead(kind, at::kCPU);
    const auto there = MakeHead(kind, device());
    const Step a = StepOf(*here, made, at::kCPU);
    const Step b = StepOf(*there, made, device());
    ASSERT_EQ(a.terms.size(), b.terms.size());
    for (std::size_t i = 0; i < a.terms.size(); ++i) {
      EXPECT_EQ(b.terms[i].value.device(), device());
      const auto wanted = a.terms[i].value.item<double>();
      EXPECT_NEAR(b.terms[i].value.item<double>(), wanted,
                  kLossTolerance * std::abs(wanted))
          << kind << " " << a.terms[i].name;
    }
    double all = 0;
    for (const auto& [name, tensor] : a.parameters)
      all = std::max(all, NormOf(tensor.grad()));
    for (std::size_t i = 0; i < a.parameters.size(); ++i) {
      ASSERT_TRUE(b.parameters[i].second.grad().defined());
      EXPECT_EQ(b.parameters[i].second.grad().device(), device());
      const at::Tensor wanted = a.parameters[i].second.grad();
      // Some are zero but for rounding: a key's bias changes no attention.
      EXPECT_LE(Apart(b.parameters[i].second.grad(), wanted),
                kSlopeTolerance * (NormOf(wanted) + 0.01 * all))
          << kind << " " << a.parameters[i].first;
    }
  }
}

TEST_F(Devices, BoxesAreTheCpus) {
  const MadePictures made = MakePictures(3, 12, 5);
  for (const std::string& kind : HeadKinds()) {
    const auto here = MakeHead(kind, at::kCPU);
    const auto there = MakeHead(kind, device());
    const auto a = here->Detect({made.map}, {0.001, 60});
    const auto b = there->Detect({OnDevice(made.map, device())}, {0.001, 60});
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
      EXPECT_EQ(b[i].corners.device(), device());
      EXPECT_EQ(b[i].scores.device(), device());
      EXPECT_EQ(b[i].classes.device(), device());
      ASSERT_EQ(a[i].scores.sizes(), b[i].scores.sizes()) << kind;
      EXPECT_GT(a[i].scores.size(0), 0) << kind;
      // Neighbours in the order may change places where they are as good.
      EXPECT_LT((a[i].scores - b[i].scores.cpu()).abs().max().item<double>(),
                1e-5)
          << kind;
    }
    // None at all is no error.
    EXPECT_EQ(
        there->Detect({OnDevice(made.map, device())}, {1.1, 60})[0].scores.size(
            0),
        0);
  }
}

// Losses of 20 steps, then the averages' distance from the start.
struct Trained {
  std::vector<double> losses;
  NamedTensors averages;
};

Trained TrainOn(const std::string& kind, at::Device device) {
  const auto head = MakeHead(kind, device);
  HeadOptimizerOptions options;
  options.rate = 1e-3;
  options.clip = 1;
  options.schedule = {20, 4, 0};
  HeadOptimizer optimizer(options);
  optimizer.Add(head->Parameters());
  MovingAverage average(head->Parameters(), {0.9, true});
  Trained trained;
  for (std::int64_t step = 0; step < 20; ++step) {
    const MadePictures made =
        MakePictures(4, 8, 100 + static_cast<std::uint64_t>(step));
    double loss = 0;
    for (const LossTerm& term : StepOf(*head, made, device).terms)
      loss += term.value.item<double>();
    trained.losses.push_back(loss);
    optimizer.Step(step);
    average.Update();
  }
  trained.averages = average.State();
  return trained;
}

TEST_F(Devices, TwentyStepsAreTheCpus) {
  for (const std::string& kind : HeadKinds()) {
    const Trained a = TrainOn(kind, at::kCPU);
    const Trained b = TrainOn(kind, device());
    for (std::size_t i = 0; i < a.losses.size(); ++i)
      EXPECT_NEAR(b.losses[i] / a.losses[i], 1, kTrainedTolerance)
          << kind << ", step " << i;
    const NamedTensors start = MakeHead(kind, at::kCPU)->Parameters();
    double moved = 0;
    double apart = 0;
    for (std::size_t i = 0; i < start.size(); ++i) {
      // Its slope is rounding alone.
      if (start[i].first.ends_with("self.key.bias")) continue;
      moved += std::pow(Apart(start[i].second, a.averages[i].second), 2);
      apart += std::pow(Apart(b.averages[i].second, a.averages[i].second), 2);
    }
    EXPECT_GT(moved, 0);
    EXPECT_LT(std::sqrt(apart / moved), 0.1) << kind;
  }
}

// The loops of the CPU and the operators of any other device, in float32.
TEST_F(Devices, DeformableAttentionIsTheCpus) {
  const std::vector<LevelSize> levels = {{5, 7}, {3, 4}};
  for (const std::int64_t width : {8, 13}) {
    const std::vector<at::Tensor> inputs = {
        NormalValues({2, 47, 3, width}, 1, 1, 0),
        NormalValues({2, 6, 3, 2, 4, 2}, 0.4, 1, 1) + 0.5,
        NormalValues({2, 6, 3, 2, 4}, 1, 1, 2)};
    const at::Tensor slope = NormalValues({2, 6, 3 * width}, 1, 1, 3);
    std::vector<std::vector<at::Tensor>> found;
    for (const at::Device where : {at::Device(at::kCPU), device()}) {
      std::vector<at::Tensor> leaves;
      for (const at::Tensor& one : inputs)
        leaves.push_back(one.to(where).detach().clone().requires_grad_(true));
      const at::Tensor out =
          SampleDeformably(leaves[0], levels, leaves[1], leaves[2]);
      EXPECT_EQ(out.device(), where);
      out.backward(slope.to(where));
      found.push_back(
          {out.detach(), leaves[0].grad(), leaves[1].grad(), leaves[2].grad()});
    }
    for (std::size_t i = 0; i < found[0].size(); ++i)
      EXPECT_LE(Apart(found[1][i], found[0][i]), 1e-4 * NormOf(found[0][i]))
          << "width " << width << ", tensor " << i;
  }
}

TEST_F(Devices, FocalSumTakesClassesOfEitherDevice) {
  const at::Tensor logits = NormalValues({40, 3}, 1, 1, 0);
  std::vector<std::int64_t> named;
  for (std::int64_t i = 0; i < 40; ++i) named.push_back(i % 6 - 2);
  const at::Tensor classes =
      at::tensor(named, at::kLong).clamp_max(kMadeClasses - 1);
  const auto wanted = FocalSum(logits, classes).item<double>();
  const at::Tensor there = OnDevice(logits, device());
  EXPECT_NEAR(FocalSum(there, classes).item<double>(), wanted, 1e-4 * wanted);
  EXPECT_NEAR(FocalSum(there, OnDevice(classes, device())).item<double>(),
              wanted, 1e-4 * wanted);
}

TEST_F(Devices, StatesGoBetweenDevices) {
  const auto leaf = [](at::Device where) {
    return NormalValues({3, 4}, 1, 1, 0).to(where).requires_grad_(true);
  };
  HeadOptimizerOptions options;
  options.schedule = {10, 0, 0};
  const at::Tensor here = leaf(at::kCPU);
  const at::Tensor there = leaf(device());
  HeadOptimizer one(options);
  HeadOptimizer other(options);
  one.Add({{"x", here}});
  other.Add({{"x", there}});
  MovingAverage first({{"x", here}}, {0.5, false});
  MovingAverage second({{"x", there}}, {0.5, false});
  here.square().sum().backward();
  one.Step(0);
  first.Update();
  {
    const at::NoGradGuard frozen;
    there.copy_(here);
  }
  other.Restore(one.State(), "a state");
  second.Restore(first.State(), "a state");
  here.square().sum().backward();
  there.square().sum().backward();
  EXPECT_NEAR(other.Step(1), one.Step(1), 1e-5);
  first.Update();
  second.Update();
  EXPECT_LT(Apart(here.detach(), there.detach()), 1e-6);
  EXPECT_LT(Apart(first.State()[0].second, second.State()[0].second), 1e-6);
  // And back.
  one.Restore(other.State(), "a state");
  first.Restore(second.State(), "a state");
  EXPECT_TRUE(one.State()[0].second.is_cpu());
  EXPECT_EQ(Apart(one.State()[0].second, other.State()[0].second), 0);
}

}  // namespace
}  // namespace eyechart::detection
