#include "probes/heads/logistic_solver.h"

#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/linalg_qr.h>
#include <ATen/ops/log_sigmoid.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

namespace eyechart::probes {
namespace {

// Tight, so that what is compared is the minimum and not where a fit stopped.
LogisticSolverOptions Tight() {
  LogisticSolverOptions options;
  options.tolerance = 1e-11;
  return options;
}

struct Set {
  at::Tensor features;  // (n, d) float64
  at::Tensor labels;    // (n)
};

// Clouds that overlap, so that no penalty is too weak for a minimum nearby.
Set Clouds(std::int64_t n, std::int64_t d, std::int64_t classes) {
  at::manual_seed(n + 31 * d + 1009 * classes);
  Set set;
  set.labels = at::arange(n) % classes;
  set.features =
      at::randn({n, d}, at::kDouble) +
      at::randn({classes, d}, at::kDouble).index_select(0, set.labels) * 0.5;
  return set;
}

LogisticSolution Fit(const Set& set, std::int64_t classes, double c) {
  return SolveLogistic(PrepareLogistic(set.features),
                       ClassTargets(set.labels, classes), c, Tight());
}

double Difference(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

// C times the losses plus the penalty, as scikit-learn writes it: the softmax
// for three classes and more, one sigmoid with w = w_1 - w_0 for two.
double Objective(const Set& set,
                 const at::Tensor& weights,
                 const at::Tensor& bias,
                 double c) {
  const at::Tensor scores = at::matmul(set.features, weights) + bias;
  if (weights.size(1) > 2)
    return -c * at::log_softmax(scores, 1)
                    .gather(1, set.labels.unsqueeze(1))
                    .sum()
                    .item<double>() +
           0.5 * weights.square().sum().item<double>();
  const at::Tensor sign = set.labels.to(at::kDouble) * 2 - 1;
  const at::Tensor odds = scores.select(1, 1) - scores.select(1, 0);
  const at::Tensor w = weights.select(1, 1) - weights.select(1, 0);
  return -c * at::log_sigmoid(sign * odds).sum().item<double>() +
         0.5 * w.square().sum().item<double>();
}

class ByClasses : public testing::TestWithParam<int> {};

TEST_P(ByClasses, NoDirectionLeadsLower) {
  const int classes = GetParam();
  const Set set = Clouds(80, 6, classes);
  const double c = 0.7;
  const LogisticSolution found = Fit(set, classes, c);
  EXPECT_TRUE(found.converged);
  const double least = Objective(set, found.weights, found.bias, c);
  EXPECT_NEAR(found.loss, least / (c * 80), 1e-12 * std::abs(least));
  for (int i = 0; i < 20; ++i) {
    const double h = 1e-5;
    const at::Tensor w = at::randn({6, classes}, at::kDouble) * h;
    const at::Tensor b = at::randn({classes}, at::kDouble) * h;
    const double up = Objective(set, found.weights + w, found.bias + b, c);
    const double down = Objective(set, found.weights - w, found.bias - b, c);
    // Central differences in float64 are good for about 1e-16 / h of the value.
    EXPECT_LT(std::abs(up - down) / (2 * h), 1e-7);
    EXPECT_GT(up + down - 2 * least, 0);
  }
}

TEST_P(ByClasses, RotationsAndShiftsCarryOver) {
  const int classes = GetParam();
  const Set set = Clouds(90, 7, classes);
  const at::Tensor turn =
      std::get<0>(at::linalg_qr(at::randn({7, 7}, at::kDouble)));
  const at::Tensor shift = at::randn({7}, at::kDouble) * 100;
  const LogisticSolution plain = Fit(set, classes, 2);
  const LogisticSolution turned =
      Fit({at::matmul(set.features, turn), set.labels}, classes, 2);
  EXPECT_LT(Difference(at::matmul(turn.t(), plain.weights), turned.weights),
            1e-8);
  EXPECT_LT(Difference(plain.bias, turned.bias), 1e-8);
  const LogisticSolution moved =
      Fit({set.features + shift, set.labels}, classes, 2);
  EXPECT_LT(Difference(plain.weights, moved.weights), 1e-8);
  EXPECT_LT(
      Difference(plain.bias, moved.bias + at::matmul(shift, moved.weights)),
      1e-6);
}

TEST_P(ByClasses, EveryRowTwiceIsTwiceC) {
  const int classes = GetParam();
  const Set set = Clouds(60, 5, classes);
  const Set twice = {at::cat({set.features, set.features}),
                     at::cat({set.labels, set.labels})};
  const LogisticSolution one = Fit(set, classes, 0.8);
  const LogisticSolution two = Fit(twice, classes, 0.4);
  EXPECT_LT(Difference(one.weights, two.weights), 1e-8);
  EXPECT_LT(Difference(one.bias, two.bias), 1e-8);
}

TEST_P(ByClasses, MoreColumnsThanRows) {
  const int classes = GetParam();
  const Set set = Clouds(24, 50, classes);
  const LogisticSolution wide = Fit(set, classes, 0.3);
  EXPECT_TRUE(wide.converged);
  // The same rows in a frame of their own.
  const at::Tensor frame = std::get<0>(at::linalg_qr(set.features.t()));
  const LogisticSolution narrow =
      Fit({at::matmul(set.features, frame), set.labels}, classes, 0.3);
  EXPECT_LT(Difference(wide.weights, at::matmul(frame, narrow.weights)), 1e-8);
  EXPECT_LT(Difference(wide.bias, narrow.bias), 1e-8);
}

TEST_P(ByClasses, ConstantAndRepeatedColumns) {
  const int classes = GetParam();
  const Set set = Clouds(70, 4, classes);
  const at::Tensor more = at::cat(
      {set.features, set.features, at::ones({70, 2}, at::kDouble) * 1e3}, 1);
  const LogisticSolution plain = Fit(set, classes, 1);
  const LogisticSolution wide = Fit({more, set.labels}, classes, 0.5);
  EXPECT_TRUE(wide.converged);
  EXPECT_LT(wide.weights.narrow(0, 8, 2).abs().max().item<double>(), 1e-9);
  // A column that is there twice shares its weight out and so pays half.
  EXPECT_LT(Difference(wide.weights.narrow(0, 0, 4) * 2, plain.weights), 1e-8);
  EXPECT_LT(
      Difference(wide.weights.narrow(0, 0, 4), wide.weights.narrow(0, 4, 4)),
      1e-8);
}

TEST_P(ByClasses, WarmStartsEndWhereColdOnesDo) {
  const int classes = GetParam();
  const Set set = Clouds(300, 12, classes);
  std::vector<double> seen;
  SweepLogistic(
      set.features, set.labels, classes, DefaultLogisticGrid(),
      [&](const LogisticSolution& warm) {
        const LogisticSolution cold = Fit(set, classes, warm.c);
        EXPECT_TRUE(warm.converged) << warm.c;
        EXPECT_TRUE(cold.converged) << warm.c;
        EXPECT_LT(Difference(warm.weights, cold.weights), 1e-6) << warm.c;
        EXPECT_LT(Difference(warm.bias, cold.bias), 1e-6) << warm.c;
        seen.push_back(warm.c);
      },
      Tight());
  EXPECT_EQ(seen, DefaultLogisticGrid());
}

TEST_P(ByClasses, SeparableRowsAndHardlyAPenalty) {
  const int classes = GetParam();
  Set set = Clouds(60, 40, classes);
  for (const double c : {1e5, 1e12}) {
    LogisticSolverOptions options;
    options.max_iterations = 300;
    const LogisticSolution found =
        SolveLogistic(PrepareLogistic(set.features),
                      ClassTargets(set.labels, classes), c, options);
    EXPECT_LE(found.iterations, 300);
    EXPECT_EQ(found.converged, found.gradient <= options.tolerance);
    EXPECT_TRUE(found.weights.isfinite().all().item<bool>());
    EXPECT_TRUE((at::matmul(set.features, found.weights) + found.bias)
                    .argmax(1)
                    .equal(set.labels));
  }
}

INSTANTIATE_TEST_SUITE_P(LogisticSolver, ByClasses, testing::Values(2, 3, 5));

TEST(LogisticSolver, SaysWhereItStoppedShort) {
  const Set set = Clouds(200, 20, 4);
  LogisticSolverOptions options = Tight();
  options.max_iterations = 2;
  const LogisticSolution found = SolveLogistic(
      PrepareLogistic(set.features), ClassTargets(set.labels, 4), 100, options);
  EXPECT_FALSE(found.converged);
  EXPECT_GT(found.gradient, options.tolerance);
  EXPECT_LE(found.iterations, 2);
}

TEST(LogisticSolver, ColumnsOfVeryDifferentScale) {
  // Raw features: a column of tiny values counts under a weak penalty.
  Set set = Clouds(200, 3, 3);
  set.features.select(1, 0) *= 1e4;
  set.features.select(1, 2) *= 1e-4;
  const double c = 1e9;
  const LogisticSolution found = Fit(set, 3, c);
  const double least = Objective(set, found.weights, found.bias, c);
  for (int i = 0; i < 3; ++i) {
    at::Tensor w = at::zeros({3, 3}, at::kDouble);
    w.select(0, i).copy_(found.weights.select(0, i) * 1e-3);
    EXPECT_GT(Objective(set, found.weights + w, found.bias, c), least) << i;
    EXPECT_GT(Objective(set, found.weights - w, found.bias, c), least) << i;
  }
}

TEST(LogisticSolver, LabelsAreFitsOfTheirOwn) {
  const Set set = Clouds(120, 8, 2);
  at::Tensor labels = at::zeros({120, 3}, at::kLong);
  labels.select(1, 0).copy_(set.labels);
  labels.select(1, 1).copy_(set.features.select(1, 2) > 0.3);
  labels.select(1, 2).copy_(at::arange(120) % 7 == 0);
  const LogisticRows rows = PrepareLogistic(set.features);
  LogisticPath path(rows, LabelTargets(labels), Tight());
  for (const double c : {0.01, 1.0, 30.0}) {
    const LogisticSolution all = path.Solve(c);
    EXPECT_TRUE(all.converged);
    for (int i = 0; i < 3; ++i) {
      const LogisticSolution one =
          SolveLogistic(rows, ClassTargets(labels.select(1, i), 2), c, Tight());
      EXPECT_LT(
          Difference(all.weights.select(1, i), one.weights.select(1, 1) * 2),
          1e-6);
      EXPECT_NEAR(all.bias[i].item<double>(), 2 * one.bias[1].item<double>(),
                  1e-6);
    }
  }
}

TEST(LogisticSolver, AFoldNeedsNoRotationOfItsOwn) {
  const Set set = Clouds(100, 9, 3);
  const at::Tensor index = (at::arange(100) % 5 != 0).nonzero().flatten();
  const LogisticSolution fold =
      SolveLogistic(PrepareLogistic(set.features).Select(index),
                    ClassTargets(set.labels, 3).Select(index), 0.5, Tight());
  const LogisticSolution own = Fit(
      {set.features.index_select(0, index), set.labels.index_select(0, index)},
      3, 0.5);
  EXPECT_LT(Difference(fold.weights, own.weights), 1e-8);
  EXPECT_LT(Difference(fold.bias, own.bias), 1e-8);
}

TEST(LogisticSolver, AClassWithoutRowsIsNeverChosen) {
  const Set set = Clouds(90, 5, 3);
  const at::Tensor spread = set.labels + (set.labels == 2).to(at::kLong);
  const LogisticSolution three = Fit(set, 3, 1);
  const LogisticSolution four = Fit({set.features, spread}, 4, 1);
  EXPECT_TRUE(four.weights.select(1, 3).equal(three.weights.select(1, 2)));
  EXPECT_EQ(four.bias[2].item<double>(),
            -std::numeric_limits<double>::infinity());
  const at::Tensor scores = at::matmul(set.features, four.weights) + four.bias;
  EXPECT_FALSE((scores.argmax(1) == 2).any().item<bool>());
}

TEST(LogisticSolver, TheSameTwice) {
  const Set set = Clouds(200, 16, 4);
  EXPECT_TRUE(Fit(set, 4, 3).weights.equal(Fit(set, 4, 3).weights));
}

TEST(LogisticSolver, TheGridIsClips) {
  const std::vector<double> grid = DefaultLogisticGrid();
  ASSERT_EQ(grid.size(), 45u);
  EXPECT_DOUBLE_EQ(grid.front(), 1e-6);
  EXPECT_DOUBLE_EQ(grid[24], 1);
  EXPECT_DOUBLE_EQ(grid.back(), 1e5);
}

TEST(LogisticSolver, RefusesWhatItsCallersShould) {
  Set set = Clouds(20, 3, 2);
  EXPECT_THROW(ClassTargets(at::zeros({20}, at::kLong), 2), std::logic_error);
  EXPECT_THROW(ClassTargets(set.labels + 1, 2), std::logic_error);
  EXPECT_THROW(LabelTargets(at::ones({20, 2}, at::kLong)), std::logic_error);
  EXPECT_THROW(Fit(set, 2, 0), std::logic_error);
  EXPECT_THROW(Fit({set.features.narrow(0, 0, 19), set.labels}, 2, 1),
               std::logic_error);
  set.features[3][1] = std::nan("");
  EXPECT_THROW(PrepareLogistic(set.features), std::logic_error);
}

}  // namespace
}  // namespace eyechart::probes
