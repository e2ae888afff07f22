// The whole function against transformers' is in oracle/test_set_head.
#include "probes/detection/denoising.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace eyechart::detection {
namespace {

constexpr std::int64_t kClasses = 4;

SetTargets Objects(const std::vector<std::int64_t>& classes) {
  const auto n = static_cast<std::int64_t>(classes.size());
  SetTargets made{at::full({n, 4}, 0.5, at::kFloat),
                  at::tensor(classes, at::kLong)};
  made.boxes.narrow(1, 2, 2).fill_(0.2);
  return made;
}

NoisyQueries Make(const std::vector<SetTargets>& targets,
                  std::int64_t most,
                  const DenoisingOptions& options,
                  std::uint64_t draw = 0) {
  return MakeNoisyQueries(
      targets, kClasses, 5,
      DrawDenoising(static_cast<std::int64_t>(targets.size()),
                    NoisyQueryCount(most, options), kClasses, 1, draw),
      options);
}

TEST(Denoising, CountsGroupsThatFit) {
  const DenoisingOptions options{.queries = 100};
  EXPECT_EQ(NoisyQueryCount(0, options), 0);
  EXPECT_EQ(NoisyQueryCount(1, options), 200);
  EXPECT_EQ(NoisyQueryCount(30, options), 180);   // three groups
  EXPECT_EQ(NoisyQueryCount(150, options), 300);  // one, though it is more
  EXPECT_EQ(NoisyQueryCount(7, {.queries = 0}), 0);
}

TEST(Denoising, GoodCopiesStayAndBadOnesLeave) {
  const DenoisingOptions options{.queries = 4, .label_noise = 0};
  // Two groups of (2 good, 2 bad); the second picture has one object.
  const NoisyQueries made = Make({Objects({3, 1}), Objects({2})}, 2, options);
  EXPECT_EQ(made.groups, 2);
  ASSERT_EQ(made.boxes.sizes(), (at::IntArrayRef{2, 8, 4}));
  EXPECT_TRUE(made.classes[0].equal(at::tensor({3, 1, 3, 1, 3, 1, 3, 1})));
  // What is no object is of no class and has no extent.
  EXPECT_TRUE(made.classes[1].equal(at::tensor({2, 4, 2, 4, 2, 4, 2, 4})));
  EXPECT_EQ(made.boxes[1][1].abs().max().item<float>(), 0);
  const at::Tensor corners = CornersOf(made.boxes[0]);
  const at::Tensor wanted = CornersOf(Objects({0}).boxes);
  // In half sides: edges may cross, so the farther of the two tells.
  const at::Tensor moved = (corners - wanted).abs() / 0.1;
  for (std::int64_t i = 0; i < 8; ++i) {
    const double farthest = moved[i].max().item<double>();
    if (i % 4 < 2)
      EXPECT_LT(farthest, 1.0001) << i;
    else
      EXPECT_GT(farthest, 0.9999) << i;
  }
  EXPECT_TRUE(made.matches.rows.equal(at::tensor({0, 1, 4, 5, 8, 12})));
  EXPECT_TRUE(made.matches.classes.equal(at::tensor({3, 1, 3, 1, 2, 2})));
  EXPECT_EQ(made.matches.boxes.size(0), 6);
}

TEST(Denoising, GroupsDoNotSeeOneAnotherNorTheOthersThem) {
  const NoisyQueries made =
      Make({Objects({0})}, 1, {.queries = 2, .label_noise = 0});
  // Groups of two, and five others.
  ASSERT_EQ(made.visible.sizes(), (at::IntArrayRef{9, 9}));
  const auto sees = [&](std::int64_t row, std::int64_t column) {
    return made.visible[row][column].item<bool>();
  };
  const auto group = [](std::int64_t i) {
    return std::min<std::int64_t>(i / 2, 2);
  };
  for (std::int64_t i = 0; i < 9; ++i)
    for (std::int64_t j = 0; j < 9; ++j)
      EXPECT_EQ(sees(i, j), group(i) == group(j) || group(j) == 2)
          << i << ", " << j;
}

TEST(Denoising, DrawsAQuarterOfTheClassesAnew) {
  const DenoisingOptions options{.queries = 4000};
  const NoisyQueries made = Make({Objects({0}), Objects({})}, 1, options);
  const double kept =
      (made.classes[0] == 0).to(at::kDouble).mean().item<double>();
  // A quarter is drawn anew, of which one in four stays by chance.
  EXPECT_NEAR(kept, 1 - 0.25 * 0.75, 0.02);
  // What is no object stays so.
  EXPECT_TRUE((made.classes[1] == kClasses).all().item<bool>());
}

TEST(Denoising, DependsOnSeedAndDrawAlone) {
  const DenoisingOptions options;
  const std::vector<SetTargets> targets = {Objects({0, 2, 1})};
  const NoisyQueries first = Make(targets, 3, options, 7);
  EXPECT_TRUE(first.boxes.equal(Make(targets, 3, options, 7).boxes));
  EXPECT_FALSE(first.boxes.equal(Make(targets, 3, options, 8).boxes));
}

}  // namespace
}  // namespace eyechart::detection
