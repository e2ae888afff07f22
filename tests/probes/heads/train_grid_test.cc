#include "probes/heads/train_grid.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <cmath>
#include <csignal>
#include <set>

#include "core/interrupt.h"
#include "core/safetensors.h"
#include "probes/heads/attentive_grid.h"
#include "tests/fixture.h"
#include "tests/probes/cuda_device.h"

namespace eyechart::probes {
namespace {

using testing::TempFolder;

// Rows in memory; `stop_at` raises a signal at that load.
class Rows final : public BatchSource {
 public:
  Rows(at::Tensor x, Targets targets) : x_(std::move(x)), targets_(targets) {}
  std::int64_t size() const override { return x_.size(0); }
  const Targets& targets() const override { return targets_; }
  at::Tensor Load(const at::Tensor& index, std::int64_t) override {
    if (++loads == stop_at) std::raise(SIGTERM);
    return x_.index_select(0, index);
  }
  int loads = 0;
  int stop_at = 0;

 private:
  at::Tensor x_;
  Targets targets_;
};

std::unique_ptr<HeadGrid> SmallGrid(std::uint64_t seed = 0,
                                    c10::Device device = c10::kCPU) {
  AttentiveGridOptions options;
  options.points = {{1e-3, 0.05}, {5e-3, 0.1}};
  options.outputs = 3;
  options.width = 12;
  options.heads = 3;
  options.schedule = {25, 3, 1e-5};
  options.seed = seed;
  options.device = device;
  return CreateAttentiveGrid(options);
}

class TrainGridTest : public ::testing::Test {
 protected:
  TrainGridTest()
      : x_(at::randn({30, 5, 12})),
        targets_{TargetKind::kClasses, at::randint(0, 3, {30}, at::kLong), 3} {
    InstallInterruptHandlers();
    options_.steps = 25;
    options_.batch = 8;
    options_.look_every = 4;
    options_.checkpoint = folder_ / "state" / "run.safetensors";
    options_.identity = "one";
  }
  ~TrainGridTest() override { ResetInterrupt(); }

  Validate ByFirstRows() const {
    return [this](const HeadGrid& grid) {
      const at::Tensor right =
          (grid.Scores(x_).cpu().argmax(2) == targets_.values).sum(1);
      return std::vector<double>{right[0].item<double>(),
                                 right[1].item<double>()};
    };
  }

  TempFolder folder_;
  at::Tensor x_;
  Targets targets_;
  TrainOptions options_;
};

TEST(BatchOf, TakesEachRowOnceAnEpoch) {
  std::multiset<std::int64_t> seen;
  for (std::int64_t step = 0; step < 5; ++step) {
    const Batch batch = BatchOf(10, 4, 7, step);  // two epochs
    EXPECT_EQ(batch.epoch, step * 4 / 10);
    const auto* rows = batch.index.const_data_ptr<std::int64_t>();
    seen.insert(rows, rows + 4);
  }
  for (std::int64_t row = 0; row < 10; ++row) EXPECT_EQ(seen.count(row), 2u);
  EXPECT_FALSE(
      at::equal(BatchOf(100, 100, 7, 0).index, BatchOf(100, 100, 7, 1).index));
  EXPECT_FALSE(
      at::equal(BatchOf(100, 100, 7, 0).index, BatchOf(100, 100, 8, 0).index));
  EXPECT_TRUE(
      at::equal(BatchOf(100, 60, 7, 3).index, BatchOf(100, 60, 7, 3).index));
}

TEST(BatchOrder, AnyStepIsTheBatchOfThatStep) {
  BatchOrder order(10, 4, 7);
  for (const std::int64_t step : {0, 1, 2, 7, 7, 3, 0})
    EXPECT_TRUE(at::equal(order.At(step).index, BatchOf(10, 4, 7, step).index))
        << step;
  EXPECT_THROW(BatchOrder(3, 4, 7), std::logic_error);
}

TEST_F(TrainGridTest, AGpusRunGoesOnToTheSameBitsAndTheCpusAccuracy) {
  if (const std::string why = testing::WhyNoCuda(); !why.empty())
    GTEST_SKIP() << why;
  Rows rows(x_, targets_);
  const auto cpu = SmallGrid();
  const TrainResult want =
      TrainGrid(*cpu, rows, ByFirstRows(), options_, Progress::None());
  const auto whole = SmallGrid(0, testing::Cuda());
  const TrainResult once =
      TrainGrid(*whole, rows, ByFirstRows(), options_, Progress::None());
  ASSERT_EQ(once.curve.size(), want.curve.size());
  for (std::size_t i = 0; i < want.curve.size(); ++i) {
    EXPECT_EQ(once.curve[i].validation, want.curve[i].validation);
    for (std::size_t g = 0; g < want.curve[i].loss.size(); ++g)
      EXPECT_NEAR(once.curve[i].loss[g] / want.curve[i].loss[g], 1, 1e-3);
  }

  Rows stopped(x_, targets_);
  stopped.stop_at = 9;
  const auto first = SmallGrid(0, testing::Cuda());
  EXPECT_THROW(
      TrainGrid(*first, stopped, ByFirstRows(), options_, Progress::None()),
      Interrupted);
  ResetInterrupt();
  const auto resumed = SmallGrid(0, testing::Cuda());
  TrainGrid(*resumed, rows, ByFirstRows(), options_, Progress::None());
  const NamedTensors a = whole->State();
  const NamedTensors b = resumed->State();
  for (std::size_t i = 0; i < a.size(); ++i)
    EXPECT_TRUE(at::equal(a[i].second, b[i].second)) << a[i].first;
}

TEST_F(TrainGridTest, AnInterruptedRunGoesOnToTheSameBits) {
  options_.keep_best = true;
  Rows rows(x_, targets_);
  const auto whole = SmallGrid();
  const TrainResult once =
      TrainGrid(*whole, rows, ByFirstRows(), options_, Progress::None());
  EXPECT_EQ(once.steps_done, 25);
  EXPECT_FALSE(std::filesystem::exists(options_.checkpoint));

  for (const int stop : {1, 9, 24}) {
    Rows stopped(x_, targets_);
    stopped.stop_at = stop;
    const auto first = SmallGrid();
    EXPECT_THROW(
        TrainGrid(*first, stopped, ByFirstRows(), options_, Progress::None()),
        Interrupted);
    ResetInterrupt();
    ASSERT_TRUE(std::filesystem::exists(options_.checkpoint));
    Rows again(x_, targets_);
    const auto resumed = SmallGrid();
    const TrainResult rest =
        TrainGrid(*resumed, again, ByFirstRows(), options_, Progress::None());
    EXPECT_EQ(rest.steps_done, 25 - stop);
    const NamedTensors wanted = whole->State();
    const NamedTensors found = resumed->State();
    for (std::size_t i = 0; i < wanted.size(); ++i)
      EXPECT_TRUE(at::equal(wanted[i].second, found[i].second))
          << wanted[i].first << " after " << stop;
    ASSERT_EQ(rest.curve.size(), once.curve.size());
    for (std::size_t i = 0; i < once.curve.size(); ++i) {
      EXPECT_EQ(rest.curve[i].step, once.curve[i].step);
      EXPECT_EQ(rest.curve[i].loss, once.curve[i].loss);
      EXPECT_EQ(rest.curve[i].validation, once.curve[i].validation);
    }
    EXPECT_EQ(rest.best_look, once.best_look);
    for (std::size_t g = 0; g < 2; ++g)
      for (std::size_t i = 0; i < once.best[g].size(); ++i)
        EXPECT_TRUE(at::equal(rest.best[g][i].second, once.best[g][i].second));
  }
}

TEST_F(TrainGridTest, LooksEveryFewStepsAndAtTheEnd) {
  Rows rows(x_, targets_);
  const auto grid = SmallGrid();
  const TrainResult result =
      TrainGrid(*grid, rows, ByFirstRows(), options_, Progress::None());
  std::vector<std::int64_t> steps;
  for (const CurvePoint& point : result.curve) {
    steps.push_back(point.step);
    EXPECT_EQ(point.loss.size(), 2u);
    EXPECT_EQ(point.validation.size(), 2u);
  }
  EXPECT_EQ(steps, (std::vector<std::int64_t>{4, 8, 12, 16, 20, 24, 25}));
}

TEST_F(TrainGridTest, TheBestLookIsTheFirstOfTheGreatest) {
  options_.keep_best = true;
  Rows rows(x_, targets_);
  const auto grid = SmallGrid();
  int look = 0;
  // Head 0 is best at its second look, head 1 at its last.
  const Validate validate = [&look](const HeadGrid&) {
    const std::vector<double> scores = {look == 1 || look == 3 ? 9.0 : 1.0,
                                        static_cast<double>(look)};
    ++look;
    return scores;
  };
  const TrainResult result =
      TrainGrid(*grid, rows, validate, options_, Progress::None());
  EXPECT_EQ(result.best_look, (std::vector<std::int64_t>{1, 6}));
  // What was kept at the end is the grid's own last head.
  EXPECT_TRUE(at::equal(result.best[1][0].second, grid->Head(1)[0].second));
  EXPECT_FALSE(at::equal(result.best[0][0].second, grid->Head(0)[0].second));
}

TEST_F(TrainGridTest, ACheckpointOfAnotherRunIsRefused) {
  Rows rows(x_, targets_);
  rows.stop_at = 5;
  const auto grid = SmallGrid();
  EXPECT_THROW(TrainGrid(*grid, rows, {}, options_, Progress::None()),
               Interrupted);
  ResetInterrupt();
  options_.identity = "two";
  const std::string error = testing::InputErrorOf(
      [&] { TrainGrid(*grid, rows, {}, options_, Progress::None()); });
  EXPECT_NE(error.find(options_.checkpoint.string()), std::string::npos);
  EXPECT_NE(error.find("other data or settings"), std::string::npos);
}

TEST_F(TrainGridTest, LossesThatAreNoNumbersAreAnError) {
  Rows rows(x_ * std::nan(""), targets_);
  const auto grid = SmallGrid();
  const std::string error = testing::InputErrorOf(
      [&] { TrainGrid(*grid, rows, {}, options_, Progress::None()); });
  EXPECT_NE(error.find("finite"), std::string::npos) << error;
}

}  // namespace
}  // namespace eyechart::probes
