#include "probes/heads/logistic.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <array>

namespace eyechart::probes {
namespace {

double ShareRight(const LogisticReadOut& fitted,
                  const at::Tensor& features,
                  const at::Tensor& labels) {
  return (fitted.Scores(features).argmax(1) == labels)
      .to(at::kDouble)
      .mean()
      .item<double>();
}

// Two clouds around -m and m along one direction.
std::pair<at::Tensor, at::Tensor> Clouds(std::int64_t n, double m) {
  const at::Tensor labels = at::arange(n) % 2;
  at::Tensor features = at::randn({n, 16});
  features.select(1, 3) += (labels.to(at::kFloat) * 2 - 1) * m;
  return {features, labels};
}

TEST(LogisticReadOut, SeparatesClouds) {
  const auto [train, labels] = Clouds(400, 3);
  const auto [test, truth] = Clouds(2000, 3);
  const LogisticReadOut fitted = LogisticReadOut::Fit(train, labels, 2);
  EXPECT_GT(ShareRight(fitted, test, truth), 0.98);
}

TEST(LogisticReadOut, ScaleAndShiftOfAColumnDoNotMatter) {
  const auto [train, labels] = Clouds(300, 1);
  const LogisticReadOut plain = LogisticReadOut::Fit(train, labels, 2);
  const at::Tensor moved = train * 1000 + 5;
  const LogisticReadOut scaled = LogisticReadOut::Fit(moved, labels, 2);
  EXPECT_LT((plain.Scores(train).softmax(1) - scaled.Scores(moved).softmax(1))
                .abs()
                .max()
                .item<double>(),
            1e-4);
}

TEST(LogisticReadOut, AConstantColumnSaysNothing) {
  auto [train, labels] = Clouds(200, 1);
  train.select(1, 0).fill_(1e6);
  const LogisticReadOut fitted = LogisticReadOut::Fit(train, labels, 2);
  at::Tensor moved = train.clone();
  moved.select(1, 0).fill_(-3);
  EXPECT_TRUE(fitted.Scores(train).equal(fitted.Scores(moved)));
}

TEST(LogisticReadOut, StrongPenaltyGivesTheClassShares) {
  const at::Tensor labels = (at::arange(400) % 4 == 0).to(at::kLong);
  LogisticOptions options;
  options.c = 1e-9;
  const LogisticReadOut fitted =
      LogisticReadOut::Fit(at::randn({400, 8}), labels, 2, options);
  const at::Tensor shares = fitted.Scores(at::randn({5, 8})).softmax(1);
  EXPECT_LT((shares.select(1, 1) - 0.25).abs().max().item<double>(), 1e-3);
}

TEST(FitSelected, TakesThePenaltyThatGeneralises) {
  // Many noise columns, few rows: a weak penalty fits the noise.
  const std::int64_t n = 120;
  const at::Tensor labels = at::arange(n) % 2;
  at::Tensor features = at::randn({n, 400});
  features.narrow(1, 0, 40) +=
      (labels.to(at::kFloat) * 2 - 1).unsqueeze(1) * 0.35;
  const at::Tensor validation = at::arange(n) % 8 >= 6;
  const std::array grid = {1e-6, 1e-3, 1e3};
  const LogisticReadOut fitted =
      FitSelected(features, labels, 2, validation, grid);
  double best = 0;
  for (const double c : grid) {
    LogisticOptions options;
    options.c = c;
    const at::Tensor kept = validation.logical_not();
    const LogisticReadOut one = LogisticReadOut::Fit(
        features.index({kept}), labels.index({kept}), 2, options);
    best = std::max(best, ShareRight(one, features.index({validation}),
                                     labels.index({validation})));
    if (c == fitted.c()) {
      EXPECT_GE(ShareRight(one, features.index({validation}),
                           labels.index({validation})),
                best);
    }
  }
  // Ties go to the stronger penalty: with one value of C there is no choice.
  const std::array one = {0.5};
  EXPECT_EQ(FitSelected(features, labels, 2, validation, one).c(), 0.5);
}

}  // namespace
}  // namespace eyechart::probes
