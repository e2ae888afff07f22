#include "probes/mixture/token_grid.h"

#include <ATen/ops/arange.h>
#include <gtest/gtest.h>

#include "tests/fixture.h"

namespace eyechart::probes {
namespace {

TEST(GridOf, FindsTheSquareBehindItsPrefix) {
  EXPECT_EQ(GridOf(197, "s").side, 14);
  EXPECT_EQ(GridOf(197, "s").prefix, 1);
  EXPECT_EQ(GridOf(201, "s").prefix, 5);  // four registers
  EXPECT_EQ(GridOf(256, "s").side, 16);
  EXPECT_EQ(GridOf(256, "s").prefix, 0);
  // 12 x 20 patches: 240 = 15^2 + 15 passes for a square, 24 x 40 does not.
  const std::string error =
      testing::InputErrorOf([] { GridOf(24 * 40 - 20, "store"); });
  EXPECT_NE(error.find("store: 940 tokens"), std::string::npos) << error;
}

TEST(PatchTokens, AreAveragedToTheCoarserGrid) {
  // One channel: class token 99, then 0 ... 15 on a 4 x 4 grid.
  at::Tensor tokens = at::arange(-1, 16, at::kFloat).view({1, 17, 1});
  tokens[0][0][0] = 99;
  const at::Tensor same = PatchTokens(tokens, {4, 1}, 4);
  EXPECT_EQ(same.size(1), 16);
  EXPECT_EQ(same[0][5][0].item<float>(), 5);
  const at::Tensor coarse = PatchTokens(tokens, {4, 1}, 2);
  ASSERT_EQ(coarse.size(1), 4);
  EXPECT_EQ(coarse[0][0][0].item<float>(), (0 + 1 + 4 + 5) / 4.f);
  EXPECT_EQ(coarse[0][3][0].item<float>(), (10 + 11 + 14 + 15) / 4.f);
}

}  // namespace
}  // namespace eyechart::probes
