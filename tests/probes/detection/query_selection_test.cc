#include "probes/detection/query_selection.h"

#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/error.h"
#include "probes/heads/start_values.h"

namespace eyechart::detection {
namespace {

TEST(MakeAnchors, AreSquaresAroundCentres) {
  const Anchors anchors = MakeAnchors({{2, 4}, {1, 2}});
  ASSERT_EQ(anchors.logits.size(0), 10);
  EXPECT_EQ(anchors.count, 10);
  const at::Tensor boxes = anchors.logits.sigmoid();
  // Second cell of the second row; the second level's last.
  EXPECT_NEAR(boxes[5][0].item<double>(), 1.5 / 4, 1e-6);
  EXPECT_NEAR(boxes[5][1].item<double>(), 0.75, 1e-6);
  EXPECT_NEAR(boxes[5][3].item<double>(), 0.05, 1e-6);
  EXPECT_NEAR(boxes[9][0].item<double>(), 0.75, 1e-6);
  EXPECT_NEAR(boxes[9][1].item<double>(), 0.5, 1e-6);
  EXPECT_NEAR(boxes[9][2].item<double>(), 0.1, 1e-6);
}

TEST(MakeAnchors, AtTheEdgeOfWideMapsAreNotUsable) {
  // Centres at 1/120, 3/120, ...: the first and the last are within 0.01.
  const Anchors anchors = MakeAnchors({{2, 60}});
  EXPECT_EQ(anchors.count, 2 * 58);
  EXPECT_FALSE(anchors.usable[0].item<bool>());
  EXPECT_TRUE(anchors.usable[1].item<bool>());
  EXPECT_FALSE(anchors.usable[59].item<bool>());
}

class QuerySelectionTest : public ::testing::Test {
 protected:
  QuerySelectionTest() : maker_(7, 0), selection_(8, 3, -4.6, maker_) {}
  at::Tensor Parameter(const std::string& name) const {
    for (const auto& [other, tensor] : maker_.made())
      if (other == name) return tensor;
    throw std::logic_error(name);
  }
  ParameterMaker maker_;
  QuerySelection selection_;
};

TEST_F(QuerySelectionTest, TakesTheHighestAndTheirAnchors) {
  const at::Tensor cells = probes::NormalValues({2, 20, 8}, 1, 3, 0);
  const SelectedQueries few = selection_.Forward(cells, {{4, 5}}, 6);
  const SelectedQueries all = selection_.Forward(cells, {{4, 5}}, 20);
  ASSERT_EQ(few.prediction.logits.sizes(), (at::IntArrayRef{2, 6, 3}));
  // All of them in order, so that the first six are those chosen.
  const at::Tensor scores = std::get<0>(all.prediction.logits.max(-1));
  EXPECT_TRUE(
      (scores.narrow(1, 0, 19) >= scores.narrow(1, 1, 19)).all().item<bool>());
  EXPECT_LT((few.prediction.logits - all.prediction.logits.narrow(1, 0, 6))
                .abs()
                .max()
                .item<double>(),
            1e-6);
  // Box layers start as zeros: the boxes are anchors, each once.
  const at::Tensor boxes = all.boxes[0];
  EXPECT_NEAR(boxes.select(1, 2).min().item<double>(), 0.05, 1e-6);
  EXPECT_NEAR(boxes.select(1, 0).sum().item<double>(), 10, 1e-4);
  EXPECT_NEAR(boxes.select(1, 1).sum().item<double>(), 10, 1e-4);
}

TEST_F(QuerySelectionTest, HasNoMoreQueriesThanUsableCells) {
  const at::Tensor cells = probes::NormalValues({1, 60, 8}, 1, 3, 0);
  const SelectedQueries found = selection_.Forward(cells, {{1, 60}}, 300);
  ASSERT_EQ(found.boxes.size(1), 58);
  EXPECT_GT(found.boxes.select(2, 0).min().item<double>(), 0.02);
}

TEST_F(QuerySelectionTest, GradientsReachWhatWasChosen) {
  const at::Tensor cells =
      probes::NormalValues({1, 12, 8}, 1, 3, 0).requires_grad_(true);
  const SelectedQueries found = selection_.Forward(cells, {{3, 4}}, 5);
  EXPECT_FALSE(found.content.requires_grad());
  EXPECT_FALSE(found.boxes.requires_grad());
  (found.prediction.logits.sum() + found.prediction.boxes.sum()).backward();
  const at::Tensor moved = cells.grad().abs().sum(-1) > 0;
  EXPECT_EQ(moved.sum().item<std::int64_t>(), 5);
  EXPECT_GT(Parameter("select.box.2.weight").grad().abs().max().item<double>(),
            0);
}

}  // namespace
}  // namespace eyechart::detection
