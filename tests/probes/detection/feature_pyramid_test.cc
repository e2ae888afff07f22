// That its values are those of the published layers is tested in
// oracle/dense_head.
#include "probes/detection/feature_pyramid.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/randn.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "tests/fixture.h"

namespace eyechart::detection {
namespace {

using Sizes = std::vector<std::int64_t>;

PyramidOptions Options(const std::vector<MapLevel>& maps,
                       std::int64_t width = 8) {
  PyramidOptions options;
  options.maps = maps;
  options.width = width;
  options.seed = 5;
  return options;
}

std::vector<int> StridesOf(const std::vector<MapLevel>& maps) {
  return FeaturePyramid(Options(maps)).strides();
}

TEST(FeaturePyramid, StridesAreNearestTo8And16And32) {
  using Strides = std::vector<int>;
  EXPECT_EQ(StridesOf({{16, 14}}), (Strides{7, 14, 28}));
  EXPECT_EQ(StridesOf({{16, 16}}), (Strides{8, 16, 32}));
  EXPECT_EQ(StridesOf({{16, 32}}), (Strides{8, 16, 32}));
  EXPECT_EQ(StridesOf({{16, 8}}), (Strides{8, 16, 32}));
  EXPECT_EQ(StridesOf({{16, 28}}), (Strides{7, 14, 28}));
  EXPECT_EQ(StridesOf({{16, 20}}), (Strides{10, 20, 40}));
  // 11 is nearer to 8, 12 to 16.
  EXPECT_EQ(StridesOf({{16, 11}}), (Strides{11, 22, 44}));
  EXPECT_EQ(StridesOf({{16, 12}}), (Strides{6, 12, 24}));
}

TEST(FeaturePyramid, OwnStagesAreTakenAsTheyAre) {
  const FeaturePyramid pyramid(
      Options({{4, 4}, {8, 8}, {16, 16}, {32, 32}}, 8));
  EXPECT_EQ(pyramid.strides(), (std::vector<int>{8, 16, 32}));
  for (const auto& [name, tensor] : pyramid.Parameters())
    EXPECT_EQ(name.find("stretch"), std::string::npos) << name;
  const auto levels =
      pyramid.Forward({at::randn({2, 4, 24, 16}), at::randn({2, 8, 12, 8}),
                       at::randn({2, 16, 6, 4}), at::randn({2, 32, 3, 2})});
  ASSERT_EQ(levels.size(), 3u);
  EXPECT_EQ(levels[0].sizes(), (Sizes{2, 8, 12, 8}));
  EXPECT_EQ(levels[2].sizes(), (Sizes{2, 8, 3, 2}));
  // What there is no stage for is made of the nearest one.
  EXPECT_EQ(StridesOf({{4, 4}, {8, 8}, {16, 16}}),
            (std::vector<int>{8, 16, 32}));
}

TEST(FeaturePyramid, OddSizesKeepTheirLastRowAndColumn) {
  const FeaturePyramid pyramid(Options({{8, 16}}));
  const auto levels = pyramid.Forward({at::randn({1, 8, 7, 5})});
  EXPECT_EQ(levels[0].sizes(), (Sizes{1, 8, 14, 10}));
  EXPECT_EQ(levels[1].sizes(), (Sizes{1, 8, 7, 5}));
  EXPECT_EQ(levels[2].sizes(), (Sizes{1, 8, 4, 3}));
  EXPECT_EQ(pyramid.Forward({at::randn({1, 8, 1, 1})})[2].sizes(),
            (Sizes{1, 8, 1, 1}));
}

TEST(FeaturePyramid, GradientsReachEveryParameterAndMapsThatWantThem) {
  for (const int stride : {8, 16, 32}) {
    const FeaturePyramid pyramid(Options({{16, stride}}));
    const at::Tensor map = at::randn({2, 16, 6, 6}).requires_grad_(true);
    at::Tensor sum;
    for (const at::Tensor& level : pyramid.Forward({map})) {
      const at::Tensor part = (level * at::randn(level.sizes())).sum();
      sum = sum.defined() ? sum + part : part;
    }
    sum.backward();
    for (const auto& [name, tensor] : pyramid.Parameters()) {
      ASSERT_TRUE(tensor.grad().defined()) << name;
      EXPECT_GT(tensor.grad().abs().max().item<float>(), 0) << name;
    }
    EXPECT_GT(map.grad().abs().min().item<float>(), 0);
  }
}

TEST(FeaturePyramid, TakesWhatAnEncoderGivesInInferenceMode) {
  const FeaturePyramid pyramid(Options({{8, 16}}));
  at::Tensor map;
  {
    const c10::InferenceMode inference;
    map = at::randn({1, 8, 4, 4});
  }
  pyramid.Forward({map})[0].sum().backward();
  EXPECT_TRUE(pyramid.Parameters()[0].second.grad().defined());
}

TEST(FeaturePyramid, StartsFromItsSeed) {
  PyramidOptions options = Options({{8, 16}});
  const NamedTensors one = FeaturePyramid(options).Parameters();
  const NamedTensors same = FeaturePyramid(options).Parameters();
  options.seed = 6;
  const NamedTensors other = FeaturePyramid(options).Parameters();
  EXPECT_TRUE(at::equal(one[0].second, same[0].second));
  EXPECT_FALSE(at::equal(one[0].second, other[0].second));
}

TEST(FeaturePyramid, RefusesWhatCannotBeStretched) {
  const auto error = [](const MapLevel& map) {
    return testing::InputErrorOf([&] { FeaturePyramid{Options({map})}; });
  };
  EXPECT_NE(error({16, 64}).find("stride 64"), std::string::npos);
  EXPECT_NE(error({16, 15}).find("stride 15"), std::string::npos);
  EXPECT_NE(error({15, 16}).find("width 15"), std::string::npos);
  const FeaturePyramid pyramid(Options({{8, 16}}));
  EXPECT_THROW(pyramid.Forward({at::randn({1, 9, 4, 4})}), std::logic_error);
  EXPECT_THROW(pyramid.Forward({}), std::logic_error);
}

}  // namespace
}  // namespace eyechart::detection
