#include "probes/heads/nearest_neighbours.h"

#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>

namespace eyechart::probes {
namespace {

TEST(NearestVotes, AreWeightedByTheSoftmaxOfCosines) {
  const at::Tensor train =
      at::tensor({1.f, 0.f, 0.f, 2.f, 3.f, 3.f, -1.f, 0.f}).view({4, 2});
  const at::Tensor labels = at::tensor({0, 1, 1, 0}, at::kLong);
  const at::Tensor test = at::tensor({5.f, 0.f}).view({1, 2});
  const at::Tensor votes = NearestVotes(train, labels, test, 3, {3, 0.5});
  // Cosines 1, sqrt(1/2) and 0; the fourth neighbour, at -1, has no vote.
  const double a = 1;
  const double b = std::exp((std::sqrt(0.5) - 1) / 0.5);
  const double c = std::exp(-1 / 0.5);
  EXPECT_NEAR(votes[0][0].item<double>(), a / (a + b + c), 1e-6);
  EXPECT_NEAR(votes[0][1].item<double>(), (b + c) / (a + b + c), 1e-6);
  EXPECT_EQ(votes[0][2].item<double>(), 0);
}

TEST(NearestVotes, DoNotOverflowAtLowTemperature) {
  const at::Tensor train = at::randn({50, 8});
  const at::Tensor labels = at::zeros({50}, at::kLong);
  const at::Tensor votes = NearestVotes(train, labels, train, 2, {20, 1e-4});
  EXPECT_TRUE(votes.isfinite().all().item<bool>());
  EXPECT_NEAR(votes.sum(1).min().item<double>(), 1, 1e-5);
}

TEST(NearestVotes, AllVoteWhereThereAreFewerThanK) {
  const at::Tensor train = at::tensor({1.f, 0.f, 0.f, 1.f}).view({2, 2});
  const at::Tensor labels = at::tensor({0, 1}, at::kLong);
  const at::Tensor test = at::tensor({1.f, 1.f}).view({1, 2});
  const at::Tensor votes = NearestVotes(train, labels, test, 2, {20, 0.07});
  EXPECT_NEAR(votes[0][0].item<double>(), 0.5, 1e-6);
}

TEST(NearestVotes, RefuseShapesThatDoNotFit) {
  const at::Tensor train = at::zeros({4, 3});
  EXPECT_THROW(
      NearestVotes(train, at::zeros({4}, at::kLong), at::zeros({1, 2}), 2),
      std::logic_error);
  EXPECT_THROW(NearestVotes(train, at::zeros({3}, at::kLong), train, 2),
               std::logic_error);
}

}  // namespace
}  // namespace eyechart::probes
