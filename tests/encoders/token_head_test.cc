#include "encoders/token_head.h"

#include <ATen/ops/argmax.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/matmul.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "tests/fixture.h"

namespace eyechart::encoders {
namespace {

using eyechart::testing::Rng;

at::Tensor Normal(std::int64_t rows, std::int64_t columns, float deviation) {
  std::normal_distribution<float> normal(0, deviation);
  at::Tensor tensor = at::empty({rows, columns}, at::kFloat);
  float* data = tensor.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < tensor.numel(); ++i) data[i] = normal(Rng());
  return tensor;
}

class TokenHeadTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!TokenHead::Serves(MakePlacement(c10::kFloat, c10::kCPU)))
      GTEST_SKIP() << "needs AVX2 and FMA";
  }
};

TEST_F(TokenHeadTest, FindsTheLargestOfAllProducts) {
  for (const std::int64_t width : {1, 31, 64, 770}) {
    const at::Tensor weight = Normal(3000, width, 0.02F);
    const TokenHead head(weight);
    const at::Tensor hidden = Normal(7, width, 1);
    const at::Tensor logits =
        at::matmul(hidden.to(at::kDouble), weight.to(at::kDouble).t());
    const at::Tensor best = at::argmax(logits, 1);
    const auto found =
        head.Best(hidden, std::vector<std::vector<std::int64_t>>(7));
    for (std::int64_t r = 0; r < 7; ++r)
      EXPECT_EQ(found[static_cast<std::size_t>(r)],
                best[r].item<std::int64_t>())
          << width << " " << r;
    // Wide rows leave few to be read in full, and never none.
    EXPECT_GE(head.candidates(), 7);
    if (width == 770) {
      EXPECT_LT(head.candidates(), 7 * 300);
    }
  }
}

TEST_F(TokenHeadTest, BannedTokensAreOut) {
  const at::Tensor weight = Normal(500, 40, 1);
  const TokenHead head(weight);
  const at::Tensor hidden = Normal(1, 40, 1);
  at::Tensor logits =
      at::matmul(hidden.to(at::kDouble), weight.to(at::kDouble).t())[0];
  std::vector<std::int64_t> banned;
  for (int i = 0; i < 20; ++i) {
    const std::int64_t best = at::argmax(logits, 0).item<std::int64_t>();
    EXPECT_EQ(head.Best(hidden, {banned}).front(), best);
    logits[best] = -INFINITY;
    banned.push_back(best);
  }
}

TEST_F(TokenHeadTest, EqualRowsGiveTheFirst) {
  at::Tensor weight = Normal(300, 16, 1);
  weight[250].copy_(weight[20] * 0 + 9);
  weight[40].copy_(weight[250]);
  const at::Tensor hidden = Normal(1, 16, 1).abs();
  EXPECT_EQ(TokenHead(weight).Best(hidden, {{}}).front(), 40);
}

TEST_F(TokenHeadTest, RowsOfZerosAndUnevenRows) {
  at::Tensor weight = Normal(64, 33, 1e-6F);
  weight[3].zero_();
  weight[5][7] = 1e6F;  // the rest of the row rounds to nothing
  const TokenHead head(weight);
  const at::Tensor hidden = Normal(1, 33, 1);
  const at::Tensor logits =
      at::matmul(hidden.to(at::kDouble), weight.to(at::kDouble).t())[0];
  EXPECT_EQ(head.Best(hidden, {{}}).front(),
            at::argmax(logits, 0).item<std::int64_t>());
}

}  // namespace
}  // namespace eyechart::encoders
