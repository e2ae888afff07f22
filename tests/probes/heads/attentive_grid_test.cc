// That steps are PyTorch's is tested in oracle/heads; here is what a grid owes
// its heads.
#include "probes/heads/attentive_grid.h"

#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

namespace eyechart::probes {
namespace {

AttentiveGridOptions SmallGrid() {
  AttentiveGridOptions options;
  options.points = {{1e-3, 0.05}, {5e-3, 0.05}, {5e-3, 0.1}};
  options.outputs = 4;
  options.width = 24;
  options.heads = 3;
  options.schedule = {20, 2, 1e-5};
  return options;
}

Targets SomeClasses(std::int64_t n) {
  return {TargetKind::kClasses, at::randint(0, 4, {n}, at::kLong), 4};
}

TEST(AttentiveGrid, AHeadInAGridIsTheHeadAlone) {
  const AttentiveGridOptions options = SmallGrid();
  const auto grid = CreateAttentiveGrid(options);
  std::vector<std::unique_ptr<HeadGrid>> alone;
  for (const AttentivePoint& point : options.points) {
    AttentiveGridOptions one = options;
    one.points = {point};
    alone.push_back(CreateAttentiveGrid(one));
  }
  for (std::int64_t step = 0; step < 20; ++step) {
    const at::Tensor x = at::randn({16, 9, 24}) + 1;
    const Targets targets = SomeClasses(16);
    const at::Tensor loss = grid->Step(x, targets, step);
    for (std::size_t g = 0; g < alone.size(); ++g)
      EXPECT_NEAR(alone[g]->Step(x, targets, step).item<double>(),
                  loss[static_cast<std::int64_t>(g)].item<double>(), 1e-5);
  }
  const at::Tensor x = at::randn({5, 9, 24});
  for (std::size_t g = 0; g < alone.size(); ++g)
    EXPECT_LT(
        (grid->Scores(x)[static_cast<std::int64_t>(g)] - alone[g]->Scores(x)[0])
            .abs()
            .max()
            .item<double>(),
        1e-4);
}

// Pictures are taken a few at a time where attention would not fit into cache.
TEST(AttentiveGrid, ABatchIsTheSumOfItsChunks) {
  AttentiveGridOptions options = SmallGrid();
  options.points.resize(14, {5e-3, 0.1});
  options.heads = 24;
  options.schedule.warmup = 0;
  const auto whole = CreateAttentiveGrid(options);
  const at::Tensor few = at::randn({20, 7, 24});
  const Targets targets = SomeClasses(20);
  whole->Step(few, targets, 0);
  const auto chunked = CreateAttentiveGrid(options);
  const at::Tensor many =
      few.repeat_interleave(100, 1);  // the same tokens, repeated
  // 14 x 24 x 700 values of attention a picture: 17 pictures a chunk.
  chunked->Step(many, targets, 0);
  // The first step's moments are the slopes; the values themselves move by the
  // rate whatever the slope's size, so where it is nearly 0 rounding decides.
  const NamedTensors one = whole->State();
  const NamedTensors many_parts = chunked->State();
  int compared = 0;
  for (std::size_t i = 0; i < one.size(); ++i) {
    if (one[i].first.find("first") == std::string::npos) continue;
    ++compared;
    const double greatest = one[i].second.abs().max().item<double>();
    EXPECT_GT(greatest, 0) << one[i].first;
    EXPECT_LT((one[i].second - many_parts[i].second).abs().max().item<double>(),
              1e-3 * greatest)
        << one[i].first;
  }
  EXPECT_EQ(compared, 4);
}

TEST(AttentiveGrid, StateIsAllThatAResumedRunNeeds) {
  const AttentiveGridOptions options = SmallGrid();
  const auto grid = CreateAttentiveGrid(options);
  const at::Tensor x = at::randn({16, 9, 24});
  const Targets targets = SomeClasses(16);
  for (std::int64_t step = 0; step < 5; ++step) grid->Step(x, targets, step);
  AttentiveGridOptions other = options;
  other.seed = 99;  // another start, which the state replaces
  const auto resumed = CreateAttentiveGrid(other);
  const NamedTensors from = grid->State();
  const NamedTensors to = resumed->State();
  for (std::size_t i = 0; i < from.size(); ++i)
    to[i].second.copy_(from[i].second);
  for (std::int64_t step = 5; step < 9; ++step) {
    grid->Step(x, targets, step);
    resumed->Step(x, targets, step);
  }
  for (std::size_t i = 0; i < from.size(); ++i)
    EXPECT_TRUE(at::equal(from[i].second, to[i].second)) << from[i].first;
}

TEST(AttentiveGrid, RefusesWhatDoesNotFit) {
  AttentiveGridOptions options = SmallGrid();
  options.heads = 5;
  EXPECT_THROW(CreateAttentiveGrid(options), std::logic_error);
  const auto grid = CreateAttentiveGrid(SmallGrid());
  EXPECT_THROW(grid->Scores(at::randn({2, 9, 25})), std::logic_error);
  EXPECT_THROW(grid->Scores(at::randn({2, 24})), std::logic_error);
}

TEST(HeadCount, DividesTheWidth) {
  EXPECT_EQ(HeadCount(768), 12);
  EXPECT_EQ(HeadCount(1024), 8);
  EXPECT_EQ(HeadCount(192), 12);
  EXPECT_EQ(HeadCount(13), 1);
}

}  // namespace
}  // namespace eyechart::probes
