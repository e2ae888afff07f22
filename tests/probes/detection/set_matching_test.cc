// Random cases against transformers are in oracle/set_head.
#include "probes/detection/set_matching.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "probes/detection/set_losses.h"

namespace eyechart::detection {
namespace {

at::Tensor Boxes(const std::vector<float>& values) {
  return at::tensor(values).view({-1, 4});
}

std::vector<std::int64_t> Values(const at::Tensor& t) {
  return {t.const_data_ptr<std::int64_t>(),
          t.const_data_ptr<std::int64_t>() + t.numel()};
}

using Places = std::vector<std::int64_t>;

TEST(MatchQueries, TakesTheNearestBox) {
  const SetPrediction said = {
      at::zeros({1, 3, 2}),
      Boxes({.2f, .2f, .1f, .1f, .5f, .5f, .1f, .1f, .8f, .8f, .1f, .1f})
          .unsqueeze(0)};
  const SetMatches found =
      MatchQueries(said, {{Boxes({.79f, .8f, .1f, .1f, .2f, .21f, .1f, .1f}),
                           at::tensor({0, 1}, at::kLong)}});
  EXPECT_EQ(Values(found.rows), (Places{0, 2}));
  EXPECT_EQ(Values(found.classes), (Places{1, 0}));
  EXPECT_FLOAT_EQ(found.boxes[1][0].item<float>(), .79f);
}

TEST(MatchQueries, TakesTheRightClassOfEqualBoxes) {
  const SetPrediction said = {
      at::tensor({3.f, -3.f, -3.f, 3.f}).view({1, 2, 2}),
      Boxes({.5f, .5f, .2f, .2f}).expand({1, 2, 4})};
  const SetMatches found = MatchQueries(
      said, {{Boxes({.5f, .5f, .2f, .2f}), at::tensor({1}, at::kLong)}});
  EXPECT_EQ(Values(found.rows), (Places{1}));
}

TEST(MatchQueries, CountsRowsThroughTheBatch) {
  const at::Tensor box = Boxes({.5f, .5f, .2f, .2f});
  const SetPrediction said = {at::zeros({3, 2, 1}), box.expand({3, 2, 4})};
  const at::Tensor one = at::zeros({1}, at::kLong);
  const SetTargets none = {at::zeros({0, 4}), at::zeros({0}, at::kLong)};
  const SetMatches found = MatchQueries(said, {{box, one}, none, {box, one}});
  ASSERT_EQ(found.rows.numel(), 2);
  EXPECT_LT(Values(found.rows)[0], 2);
  EXPECT_GE(Values(found.rows)[1], 4);
  EXPECT_EQ(MatchQueries(said, {none, none, none}).boxes.size(0), 0);
}

TEST(MatchQueries, LeavesOutTheWorstOfTooManyObjects) {
  const SetPrediction said = {at::zeros({1, 1, 1}),
                              Boxes({.5f, .5f, .2f, .2f}).unsqueeze(0)};
  const SetMatches found =
      MatchQueries(said, {{Boxes({.1f, .1f, .1f, .1f, .5f, .52f, .2f, .2f}),
                           at::zeros({2}, at::kLong)}});
  EXPECT_EQ(Values(found.rows), (Places{0}));
  EXPECT_FLOAT_EQ(found.boxes[0][1].item<float>(), .52f);
}

TEST(MatchQueries, ShunsWhatIsNoNumber) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const SetPrediction said = {
      at::zeros({1, 2, 1}),
      Boxes({nan, .5f, .2f, .2f, .9f, .9f, .1f, .1f}).unsqueeze(0)};
  const SetMatches found = MatchQueries(
      said, {{Boxes({.5f, .5f, .2f, .2f}), at::zeros({1}, at::kLong)}});
  EXPECT_EQ(Values(found.rows), (Places{1}));
}

// Two queries with logit 0 for one class: p = 1/2, the cross-entropy is log 2.
class SetLossesTest : public ::testing::Test {
 protected:
  const at::Tensor box_ = Boxes({.5f, .5f, .2f, .2f});
  const SetPrediction said_ = {at::zeros({1, 2, 1}), box_.expand({1, 2, 4})};
  const double log2_ = std::log(2.0);
};

TEST_F(SetLossesTest, OfAPerfectBox) {
  const SetMatches matches = {at::tensor({0}, at::kLong), box_,
                              at::tensor({0}, at::kLong)};
  const SetLoss vari = SetLosses(said_, matches, 1);
  // Wanted score 1 with weight 1; the other 0 with weight 0.75 / 4.
  EXPECT_NEAR(vari.classes.item<double>(), (1 + 0.75 / 4) * log2_, 1e-6);
  EXPECT_NEAR(vari.l1.item<double>(), 0, 1e-6);
  EXPECT_NEAR(vari.giou.item<double>(), 0, 1e-6);
  SetLossOptions options;
  options.varifocal = false;
  const SetLoss focal = SetLosses(said_, matches, 1, options);
  EXPECT_NEAR(focal.classes.item<double>(), 2 * (0.25 / 4 + 0.75 / 4) * log2_,
              1e-6);
}

TEST_F(SetLossesTest, OfAMovedBoxAndTwoObjects) {
  // Moved by half of its width: a third in common, the hull is the union.
  const SetMatches matches = {at::tensor({1}, at::kLong),
                              Boxes({.6f, .5f, .2f, .2f}),
                              at::tensor({0}, at::kLong)};
  const SetLoss loss = SetLosses(said_, matches, 2);
  EXPECT_NEAR(loss.l1.item<double>(), 5 * 0.1 / 2, 1e-6);
  EXPECT_NEAR(loss.giou.item<double>(), 2 * (1 - 1.0 / 3) / 2, 1e-5);
  // Against a score of 1/3, cross-entropy at logit 0 is log 2 all the same.
  EXPECT_NEAR(loss.classes.item<double>(), (1.0 / 3 + 0.75 / 4) * log2_ / 2,
              1e-5);
}

TEST_F(SetLossesTest, OfNoObjects) {
  const SetMatches none = {at::zeros({0}, at::kLong), at::zeros({0, 4}),
                           at::zeros({0}, at::kLong)};
  const SetLoss loss = SetLosses(said_, none, 1);
  EXPECT_NEAR(loss.classes.item<double>(), 2 * 0.75 / 4 * log2_, 1e-6);
  EXPECT_EQ(loss.l1.item<double>(), 0);
  EXPECT_EQ(loss.giou.item<double>(), 0);
}

}  // namespace
}  // namespace eyechart::detection
