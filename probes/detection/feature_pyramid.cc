#include "probes/detection/feature_pyramid.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/max_pool2d.h>

#include <array>
#include <cmath>
#include <utility>

#include "core/error.h"
#include "probes/detection/layers.h"

namespace eyechart::detection {
namespace {

constexpr std::array<int, 3> kTargets = {8, 16, 32};
// Twice doubled is what ViTDet does at most.
constexpr int kMostDoublings = 2;
constexpr double kLayerNormEpsilon = 1e-6;  // of the norms, as ViTDet's
// Away from those of the heads, which share the seed.
constexpr std::uint64_t kPyramidStream = 1000;

// How many doublings bring `stride` nearest to `target`.
int Doublings(int stride, int target) {
  return static_cast<int>(
      std::lround(std::log2(static_cast<double>(stride) / target)));
}

// A transposed convolution 2 x 2 by strides of 2 on rows of channels:
// (B, h, w, C) to (B, 2 h, 2 w, D). Cells do not overlap, so that it is a
// linear layer whose outputs are moved into place. `weight` is (C, 4 D), by
// row, column and channel of the 2 x 2 cells, `bias` (D).
at::Tensor StretchRows(const at::Tensor& x,
                       const at::Tensor& weight,
                       const at::Tensor& bias) {
  const std::int64_t b = x.size(0);
  const std::int64_t h = x.size(1);
  const std::int64_t w = x.size(2);
  const std::int64_t d = bias.size(0);
  return at::addmm(bias.repeat({4}), x.reshape({-1, x.size(3)}), weight)
      .view({b, h, w, 2, 2, d})
      .permute({0, 1, 3, 2, 4, 5})
      .reshape({b, 2 * h, 2 * w, d});
}

}  // namespace

class FeaturePyramid::Impl {
 public:
  explicit Impl(const PyramidOptions& options)
      : options_(options),
        maker_(options.seed, kPyramidStream, options.device) {
    EYECHART_CHECK(!options.maps.empty() && options.width > 0,
                   "a pyramid of {} maps, width {}", options.maps.size(),
                   options.width);
    for (std::size_t i = 0; i < options.maps.size(); ++i) {
      const MapLevel& map = options.maps[i];
      EYECHART_CHECK(map.width > 0 && map.stride > 0 &&
                         (i == 0 || map.stride > options.maps[i - 1].stride),
                     "map {} of width {}, stride {}", i, map.width, map.stride);
    }
    for (std::size_t i = 0; i < kTargets.size(); ++i) AddLevel(i, kTargets[i]);
  }

  const std::vector<int>& strides() const { return strides_; }
  const NamedTensors& made() const { return maker_.made(); }

  std::vector<at::Tensor> Forward(const std::vector<at::Tensor>& maps) const {
    EYECHART_CHECK(maps.size() == options_.maps.size(), "{} maps for {}",
                   maps.size(), options_.maps.size());
    std::vector<at::Tensor> laid;
    for (std::size_t i = 0; i < maps.size(); ++i) {
      EYECHART_CHECK(
          maps[i].dim() == 4 && maps[i].size(1) == options_.maps[i].width,
          "map {} of width {} for {}", i, maps[i].size(1),
          options_.maps[i].width);
      laid.push_back(ChannelsLast(maps[i]));
    }
    std::vector<at::Tensor> made;
    for (const Level& level : levels_)
      made.push_back(LevelOf(level, laid[level.map]));
    return made;
  }

 private:
  struct Norm {
    at::Tensor weight;
    at::Tensor bias;

    // Over the channels of (..., C).
    at::Tensor operator()(const at::Tensor& x) const {
      return at::layer_norm(x, {x.size(-1)}, weight, bias, kLayerNormEpsilon);
    }
  };

  struct Stretch {
    at::Tensor weight;  // (C, D, 2, 2), as a transposed convolution's
    at::Tensor bias;    // (D)
  };

  struct Level {
    std::size_t map = 0;
    int doublings = 0;  // below 0: halvings
    std::vector<Stretch> stretches;
    std::vector<Norm> between;  // one between two stretches
    at::Tensor lateral;         // (width, C', 1, 1)
    Norm lateral_norm;
    at::Tensor output;  // (width, width, 3, 3)
    Norm output_norm;
  };

  void AddLevel(std::size_t index, int target) {
    Level level;
    for (std::size_t i = 1; i < options_.maps.size(); ++i) {
      const auto off = [&](std::size_t map) {
        return std::abs(
            std::log2(static_cast<double>(options_.maps[map].stride) / target));
      };
      if (off(i) < off(level.map)) level.map = i;
    }
    const MapLevel& map = options_.maps[level.map];
    level.doublings = Doublings(map.stride, target);
    EYECHART_REQUIRE(level.doublings <= kMostDoublings,
                     "detection: a map of stride {} is too coarse for boxes; "
                     "strides up to 45 are taken",
                     map.stride);
    const std::string name = fmt::format("pyramid.{}.", index);
    const auto norm = [&](const std::string& part, std::int64_t width) {
      return Norm{maker_.Constant(name + part + ".weight", {width}, 1),
                  maker_.Constant(name + part + ".bias", {width}, 0)};
    };
    // What follows each of these is normed: the deviation keeps values near 1.
    const auto deviation = [](std::int64_t inputs) {
      return std::sqrt(1 / static_cast<double>(inputs));
    };
    std::int64_t width = map.width;
    int stride = map.stride;
    for (int i = 0; i < level.doublings; ++i) {
      EYECHART_REQUIRE(width % 2 == 0 && stride % 2 == 0,
                       "detection: a map of width {} and stride {} cannot be "
                       "stretched to stride {}; both are halved each time",
                       map.width, map.stride, target);
      const std::string part = fmt::format("stretch{}", i);
      if (i > 0) level.between.push_back(norm(fmt::format("norm{}", i), width));
      level.stretches.push_back(
          {maker_.Normal(name + part + ".weight", {width, width / 2, 2, 2},
                         deviation(width)),
           maker_.Constant(name + part + ".bias", {width / 2}, 0)});
      width /= 2;
      stride /= 2;
    }
    for (int i = 0; i > level.doublings; --i) stride *= 2;
    level.lateral =
        maker_.Normal(name + "lateral.weight", {options_.width, width, 1, 1},
                      deviation(width));
    level.lateral_norm = norm("lateral_norm", options_.width);
    level.output = maker_.Normal(name + "output.weight",
                                 {options_.width, options_.width, 3, 3},
                                 deviation(9 * options_.width));
    level.output_norm = norm("output_norm", options_.width);
    strides_.push_back(stride);
    levels_.push_back(std::move(level));
  }

  // `map` (B, C, h, w) channels last.
  static at::Tensor LevelOf(const Level& level, at::Tensor map) {
    // The last column and row of an odd size are cells of their own, so that
    // the level covers the picture.
    for (int i = 0; i > level.doublings; --i)
      map = at::max_pool2d(map, {2, 2}, {2, 2}, {0, 0}, {1, 1},
                           /*ceil_mode=*/true);
    at::Tensor x = map.permute({0, 2, 3, 1});
    const at::Tensor lateral = level.lateral.flatten(1).t();  // (C', width)
    for (std::size_t i = 0; i < level.stretches.size(); ++i) {
      const Stretch& stretch = level.stretches[i];
      const at::Tensor weight =  // (C, 2, 2, D)
          stretch.weight.permute({0, 2, 3, 1});
      const std::int64_t c = weight.size(0);
      if (i + 1 < level.stretches.size()) {
        x = StretchRows(x, weight.reshape({c, -1}), stretch.bias);
        x = at::gelu(level.between[i](x));
        continue;
      }
      // Nothing lies between the last stretch and the 1 x 1 convolution: both
      // at once are a linear layer, of a third to half of the work.
      x = StretchRows(x, at::matmul(weight, lateral).reshape({c, -1}),
                      at::matmul(stretch.bias, lateral));
    }
    if (level.stretches.empty()) x = at::matmul(x, lateral);
    x = level.lateral_norm(x);
    x = Conv3x3(x.permute({0, 3, 1, 2}), level.output, {});
    x = level.output_norm(x.permute({0, 2, 3, 1}));
    return x.permute({0, 3, 1, 2});
  }

  PyramidOptions options_;
  ParameterMaker maker_;
  std::vector<Level> levels_;
  std::vector<int> strides_;
};

FeaturePyramid::FeaturePyramid(const PyramidOptions& options)
    : impl_(std::make_unique<Impl>(options)) {}

FeaturePyramid::~FeaturePyramid() = default;

const std::vector<int>& FeaturePyramid::strides() const {
  return impl_->strides();
}

std::vector<at::Tensor> FeaturePyramid::Forward(
    const std::vector<at::Tensor>& maps) const {
  return impl_->Forward(maps);
}

NamedTensors FeaturePyramid::Parameters() const { return impl_->made(); }

}  // namespace eyechart::detection
