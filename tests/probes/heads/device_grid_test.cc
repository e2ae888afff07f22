// Grids of heads on a device other than the CPU: that nothing waits for it,
// which the device "meta" shows anywhere since its tensors have no values, and
// that a GPU comes to what the CPU comes to.
#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>
#include <torch/library.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "probes/heads/attentive_grid.h"
#include "probes/heads/linear_grid.h"
#include "probes/mixture/mixture_grid.h"
#include "tests/probes/cuda_device.h"

namespace eyechart::probes {
namespace {

// Shapes of three operations that LibTorch's device without values lacks.
at::Tensor ShapeOfSelected(const at::Tensor& x,
                           std::int64_t dim,
                           const at::Tensor& index) {
  std::vector<std::int64_t> shape = x.sizes().vec();
  shape[static_cast<std::size_t>(dim)] = index.numel();
  return at::empty(shape, x.options());
}

std::tuple<at::Tensor, at::Tensor> ShapesOfVarMean(
    const at::Tensor& x,
    at::OptionalIntArrayRef dim,
    const std::optional<at::Scalar>& /*correction*/,
    bool keepdim) {
  return {x.mean(dim, keepdim), x.mean(dim, keepdim)};
}

std::tuple<at::Tensor, at::Tensor> ShapesOfLogSigmoid(const at::Tensor& x) {
  return {at::empty(x.sizes(), x.options()), at::empty({0}, x.options())};
}

TORCH_LIBRARY_IMPL(aten, Meta, library) {
  library.impl("index_select", TORCH_FN(ShapeOfSelected));
  library.impl("var_mean.correction", TORCH_FN(ShapesOfVarMean));
  library.impl("log_sigmoid_forward", TORCH_FN(ShapesOfLogSigmoid));
}

constexpr std::int64_t kOutputs = 3;
constexpr std::int64_t kRows = 48;
constexpr std::int64_t kSteps = 40;

std::unique_ptr<HeadGrid> Attentive(c10::Device device, TargetKind targets) {
  AttentiveGridOptions options;
  options.points = {{1e-3, 0.05}, {1e-2, 0.1}};
  options.targets = targets;
  options.outputs = kOutputs;
  options.width = 24;
  options.heads = 3;
  options.schedule = {kSteps, 2, 1e-5};
  options.device = device;
  return CreateAttentiveGrid(options);
}

std::unique_ptr<HeadGrid> Linear(c10::Device device, TargetKind targets) {
  LinearGridOptions options;
  options.points = {{{0, 16}, 0.1}, {{0, 16}, 1.0}, {{8, 16}, 0.1}};
  options.targets = targets;
  options.outputs = kOutputs;
  options.schedule = {kSteps, 0, 0};
  options.device = device;
  return CreateLinearGrid(options);
}

std::unique_ptr<HeadGrid> Mixture(c10::Device device, TargetKind targets) {
  MixtureGridOptions options;
  options.points = {{false, 0.25, true, 1e-2, 0.05},
                    {false, 0.5, false, 1e-2, 0.05},
                    {true, 0.5, true, 1e-3, 0.05},
                    {true, 0.5, false, 1e-2, 0.05}};
  options.targets = targets;
  options.outputs = kOutputs;
  options.first_width = 16;
  options.second_width = 8;
  options.width = 12;
  options.heads = 3;
  options.schedule = {kSteps, 0, 1e-5};
  options.device = device;
  return CreateMixtureGrid(options);
}

struct Case {
  std::string name;
  std::function<std::unique_ptr<HeadGrid>(c10::Device, TargetKind)> make;
  bool tokens = true;
};

// Without it a failure prints the bytes.
void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

class DeviceGrid : public ::testing::TestWithParam<Case> {
 protected:
  at::Tensor Rows() const {
    return GetParam().tokens ? at::randn({kRows, 9, 24}) + 1
                             : at::randn({kRows, 24});
  }

  // What a few columns of the mean token say.
  static Targets TargetsOf(const at::Tensor& x, TargetKind kind) {
    const at::Tensor read = (x.dim() == 3 ? x.mean(1) : x).narrow(1, 8, 3);
    switch (kind) {
      case TargetKind::kClasses:
        return {kind, read.argmax(1), kOutputs};
      case TargetKind::kLabels:
        return {kind, (read > read.median()).to(at::kFloat), kOutputs};
      case TargetKind::kNumbers:
        return {kind, read.contiguous(), kOutputs};
    }
    return {};
  }
};

constexpr TargetKind kKinds[] = {TargetKind::kClasses, TargetKind::kLabels,
                                 TargetKind::kNumbers};

TEST_P(DeviceGrid, AsksTheDeviceForNoValue) {
  for (const TargetKind kind : kKinds) {
    const auto grid = GetParam().make(c10::kMeta, kind);
    const at::Tensor x = Rows();
    const Targets targets = TargetsOf(x, kind);
    for (std::int64_t step = 0; step < 2; ++step) {
      const at::Tensor loss = grid->Step(x, targets, step);
      EXPECT_TRUE(loss.is_meta());
      EXPECT_EQ(loss.size(0), grid->size());
    }
    const at::Tensor scores = grid->Scores(x);
    EXPECT_TRUE(scores.is_meta());
    EXPECT_EQ(scores.sizes().vec(),
              (std::vector<std::int64_t>{grid->size(), kRows, kOutputs}));
    // Or a step would make the next one's tensors somewhere else.
    for (const auto& [name, tensor] : grid->State())
      EXPECT_TRUE(tensor.is_meta()) << name;
  }
}

TEST_P(DeviceGrid, StartsFromTheSameValues) {
  if (const std::string why = testing::WhyNoCuda(); !why.empty())
    GTEST_SKIP() << why;
  const auto cpu = GetParam().make(c10::kCPU, TargetKind::kClasses);
  const auto gpu = GetParam().make(testing::Cuda(), TargetKind::kClasses);
  for (std::int64_t g = 0; g < cpu->size(); ++g) {
    const NamedTensors want = cpu->Head(g);
    const NamedTensors found = gpu->Head(g);
    for (std::size_t i = 0; i < want.size(); ++i)
      EXPECT_TRUE(at::equal(found[i].second, want[i].second)) << want[i].first;
  }
}

TEST_P(DeviceGrid, LossesSlopesAndScoresAreTheCpus) {
  if (const std::string why = testing::WhyNoCuda(); !why.empty())
    GTEST_SKIP() << why;
  // What the encoder was allowed is not for the heads, and stays as it was.
  encoders::AllowTf32(true);
  for (const TargetKind kind : kKinds) {
    const auto cpu = GetParam().make(c10::kCPU, kind);
    const auto gpu = GetParam().make(testing::Cuda(), kind);
    const at::Tensor x = Rows();
    const Targets targets = TargetsOf(x, kind);
    for (std::int64_t step = 0; step < kSteps; ++step) {
      const at::Tensor want = cpu->Step(x, targets, step);
      const at::Tensor found = gpu->Step(x, targets, step).cpu();
      // Where a slope is nearly 0 rounding decides what way AdamW steps, and
      // the heads drift apart.
      EXPECT_LT(((found - want).abs() / want).max().item<double>(),
                step < 10 ? 1e-4 : 2e-3)
          << TargetKindName(kind) << ", step " << step;
      if (step > 0) continue;
      // The first step's moments and velocities are the slopes.
      const NamedTensors wanted = cpu->State();
      const NamedTensors state = gpu->State();
      ASSERT_EQ(state.size(), wanted.size());
      for (std::size_t i = 0; i < state.size(); ++i) {
        const at::Tensor& one = wanted[i].second;
        // A slope that is zero for all heads has rounding alone.
        const double size = std::max(one.abs().max().item<double>(), 1e-6);
        EXPECT_LT((state[i].second.cpu() - one).abs().max().item<double>(),
                  1e-4 * size)
            << state[i].first;
      }
    }
    const at::Tensor want = cpu->Scores(x);
    const at::Tensor found = gpu->Scores(x).cpu();
    EXPECT_LT((found - want).abs().max().item<double>(),
              1e-3 * want.abs().max().item<double>());
    if (kind == TargetKind::kClasses) {
      const auto right = [&](const at::Tensor& scores) {
        return (scores.argmax(2) == targets.values).sum(1);
      };
      EXPECT_TRUE(at::equal(right(found), right(want)));
      EXPECT_GT(right(want).max().item<std::int64_t>(), kRows * 6 / 10);
    }
  }
  EXPECT_TRUE(at::globalContext().allowTF32CuBLAS());
  encoders::AllowTf32(false);
}

TEST_P(DeviceGrid, TheSameStepsGiveTheSameBits) {
  if (const std::string why = testing::WhyNoCuda(); !why.empty())
    GTEST_SKIP() << why;
  const auto one = GetParam().make(testing::Cuda(), TargetKind::kClasses);
  const auto two = GetParam().make(testing::Cuda(), TargetKind::kClasses);
  const at::Tensor x = Rows();
  const Targets targets = TargetsOf(x, TargetKind::kClasses);
  for (std::int64_t step = 0; step < 10; ++step) one->Step(x, targets, step);
  for (std::int64_t step = 0; step < 10; ++step) two->Step(x, targets, step);
  const NamedTensors a = one->State();
  const NamedTensors b = two->State();
  for (std::size_t i = 0; i < a.size(); ++i)
    EXPECT_TRUE(at::equal(a[i].second, b[i].second)) << a[i].first;
}

INSTANTIATE_TEST_SUITE_P(All,
                         DeviceGrid,
                         ::testing::Values(Case{"attentive", Attentive},
                                           Case{"linear", Linear, false},
                                           Case{"mixture", Mixture}),
                         [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace eyechart::probes
