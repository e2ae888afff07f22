#include "probes/heads/nearest_neighbours.h"

#include <ATen/ops/randint.h>
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

// Places by votes in float64 of the same rows, whatever the search saved.
TEST(NearestVotes, WinnersAndRanksAreThoseOfFloat64) {
  for (const double noise : {1.0, 1e-2, 1e-4}) {
    const at::Tensor base = at::randn({1, 16});
    const at::Tensor train = base + noise * at::randn({400, 16});
    const at::Tensor test = base + noise * at::randn({300, 16});
    const at::Tensor labels = at::randint(12, {400}, at::kLong);
    const at::Tensor truth = at::randint(12, {300}, at::kLong);
    NearestOptions options;
    options.k = 50;
    const VoteUse use{labels, 12, {5, 50}, 0.07, truth};
    const Neighbours saved = FindNearest(train, test, options, &use);
    const Neighbours exact = FindNearest(train, test, options);
    const at::Tensor x = train.to(at::kDouble);
    const at::Tensor y = test.to(at::kDouble);
    const at::Tensor cosines =
        (y / y.norm(2, 1, true)).mm((x / x.norm(2, 1, true)).t());
    EXPECT_LT((cosines.gather(1, exact.rows) - exact.cosines)
                  .abs()
                  .max()
                  .item<double>(),
              1e-14);
    std::int64_t saved_queries = 0;
    for (const std::int64_t k : use.k) {
      const auto [values, rows] = cosines.topk(k);
      const at::Tensor votes = VotesOf({values, rows}, labels, 12, k, 0.07);
      const at::Tensor ours = VotesOf(saved, labels, 12, k, 0.07);
      EXPECT_LT((votes - ours).abs().max().item<double>(), 1e-3);
      const auto place = [&](const at::Tensor& v, std::int64_t label) {
        return (v > v[label]).sum().item<std::int64_t>();
      };
      for (std::int64_t i = 0; i < 300; ++i) {
        saved_queries += ours[i].equal(votes[i]) ? 0 : 1;
        // Where float64 itself is apart by more than its own rounding.
        const at::Tensor sorted = std::get<0>(votes[i].sort(0, true));
        if ((sorted[0] - sorted[1]).item<double>() > 1e-9) {
          EXPECT_EQ(ours[i].argmax().item<std::int64_t>(),
                    votes[i].argmax().item<std::int64_t>());
        }
        const std::int64_t own = truth[i].item<std::int64_t>();
        at::Tensor gaps = (votes[i] - votes[i][own]).abs();
        gaps[own] = 1;
        if (gaps.min().item<double>() > 1e-9) {
          EXPECT_EQ(place(ours[i], own), place(votes[i], own)) << noise;
        }
      }
    }
    // Some are left to float32, or nothing of this was tried.
    if (noise == 1.0) {
      EXPECT_GT(saved_queries, 0);
    }
  }
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
