// That steps are PyTorch's is tested in oracle/heads.
#include "probes/heads/linear_grid.h"

#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

namespace eyechart::probes {
namespace {

LinearGridOptions SmallGrid() {
  LinearGridOptions options;
  options.points = {{{0, 6}, 0.1}, {{0, 6}, 1.0}, {{4, 8}, 0.1}};
  options.outputs = 3;
  options.schedule = {30, 0, 0};
  return options;
}

TEST(LinearGrid, AHeadInAGridIsTheHeadAlone) {
  const LinearGridOptions options = SmallGrid();
  const auto grid = CreateLinearGrid(options);
  LinearGridOptions one = options;
  one.points = {options.points[2]};
  const auto alone = CreateLinearGrid(one);
  for (std::int64_t step = 0; step < 30; ++step) {
    const at::Tensor x = at::randn({16, 12});
    const Targets targets{TargetKind::kClasses,
                          at::randint(0, 3, {16}, at::kLong), 3};
    grid->Step(x, targets, step);
    alone->Step(x, targets, step);
  }
  const NamedTensors in_grid = grid->Head(2);
  const NamedTensors by_itself = alone->Head(0);
  for (std::size_t i = 0; i < 2; ++i)
    EXPECT_LT(
        (in_grid[i].second - by_itself[i].second).abs().max().item<float>(),
        1e-5);
}

TEST(LinearGrid, LearnsWhatIsThere) {
  const auto grid = CreateLinearGrid(SmallGrid());
  const at::Tensor x = at::randn({60, 12});
  // The class is the greatest of three columns that all heads read.
  const at::Tensor classes = x.narrow(1, 4, 2).argmax(1);
  const Targets targets{TargetKind::kClasses, classes, 3};
  for (std::int64_t step = 0; step < 30; ++step) grid->Step(x, targets, step);
  const at::Tensor right =
      (grid->Scores(x).argmax(2) == classes).to(at::kDouble).mean(1);
  EXPECT_GT(right[1].item<double>(), 0.95);
}

TEST(LinearGrid, HeadsAreInTheOrderOfTheirPoints) {
  const auto grid = CreateLinearGrid(SmallGrid());
  EXPECT_EQ(grid->size(), 3);
  EXPECT_EQ(grid->Head(1)[0].second.size(1), 6);
  EXPECT_EQ(grid->Head(2)[0].second.size(1), 8);
  EXPECT_THROW(grid->Head(3), std::logic_error);
  EXPECT_THROW(grid->Scores(at::randn({2, 11})), std::logic_error);
}

}  // namespace
}  // namespace eyechart::probes
