#include "probes/detection/dense_head.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/binary_cross_entropy_with_logits.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/group_norm.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>

#include "core/error.h"
#include "probes/detection/device_copy.h"
#include "probes/detection/highest_scores.h"
#include "probes/detection/layers.h"

namespace eyechart::detection {
namespace {

constexpr double kStart = 0.01;  // deviation of the convolutions' weights
constexpr double kGroupNormEpsilon = 1e-5;  // of the group norms
// exp of more says boxes of 3,000 strides and, soon, infinity.
constexpr double kMostExponent = 8;
constexpr std::int64_t kSides = 4;

struct TowerLayer {
  at::Tensor weight;
  at::Tensor bias;
  at::Tensor norm_weight;
  at::Tensor norm_bias;
};
using Tower = std::vector<TowerLayer>;

// What the cells of all levels say.
struct Outputs {
  at::Tensor logits;  // (B, L, K)
  at::Tensor sides;   // (B, L, 5): four of the box, then centreness
  std::vector<CellGrid> grids;
};

class DenseHead final : public DetectionHead {
 public:
  explicit DenseHead(const DenseHeadOptions& options)
      : options_(options),
        pyramid_(options.pyramid),
        maker_(options.pyramid.seed,
               /*first_stream=*/0,
               options.pyramid.device) {
    const std::int64_t width = options.pyramid.width;
    EYECHART_REQUIRE(options.groups > 0 && width % options.groups == 0,
                     "detection: head width {} is no multiple of the {} groups "
                     "of its norms",
                     width, options.groups);
    EYECHART_CHECK(options.classes > 0 && options.tower >= 0 &&
                       options.prior > 0 && options.prior < 1,
                   "{} classes, towers of {}, prior {}", options.classes,
                   options.tower, options.prior);
    class_tower_ = MakeTower("class_tower", width);
    box_tower_ = MakeTower("box_tower", width);
    const auto output = [&](const std::string& name, std::int64_t outputs,
                            double bias) {
      return std::pair{
          maker_.Normal(name + ".weight", {outputs, width, 3, 3}, kStart),
          maker_.Constant(name + ".bias", {outputs}, bias)};
    };
    std::tie(class_weight_, class_bias_) =
        output("class", options.classes,
               -std::log((1 - options.prior) / options.prior));
    std::tie(box_weight_, box_bias_) = output("box", kSides, 0);
    std::tie(centre_weight_, centre_bias_) = output("centreness", 1, 0);
    const auto levels = static_cast<std::int64_t>(pyramid_.strides().size());
    scale_ = maker_.Constant("scale", {levels}, 1);
  }

  bool needs_nms() const override { return true; }

  std::vector<LossTerm> Losses(const std::vector<at::Tensor>& maps,
                               const std::vector<BoxTargets>& targets,
                               std::uint64_t /*draw*/) const override {
    const Outputs out = Forward(maps);
    EYECHART_CHECK(
        out.logits.size(0) == static_cast<std::int64_t>(targets.size()),
        "{} targets of {} pictures", targets.size(), out.logits.size(0));
    const DenseTargets wanted =
        AssignCells(out.grids, targets, options_.targets);
    for (const BoxTargets& picture : targets)
      EYECHART_CHECK(
          picture.classes.numel() == 0 ||
              picture.classes.max().item<std::int64_t>() < options_.classes,
          "a box of class {} of {}", picture.classes.max().item<std::int64_t>(),
          options_.classes);
    const double cells =
        std::max(1.0, static_cast<double>(wanted.cells.size(0)));
    const double weights =
        std::max(1e-6, wanted.centreness.sum().item<double>());
    const at::Device device = out.logits.device();
    const at::Tensor corners = OnDevice(wanted.corners, device);
    const at::Tensor centreness = OnDevice(wanted.centreness, device);
    const at::Tensor sides =
        out.sides.reshape({-1, kSides + 1})
            .index_select(0, OnDevice(wanted.cells, device));
    const at::Tensor boxes =
        BoxesOf(sides.narrow(1, 0, kSides),
                wanted.cells.remainder(CellCount(out.grids)), out.grids);
    const at::Tensor apart = 1 - GeneralizedIou(boxes, corners);
    return {{"class", FocalSum(out.logits.reshape({-1, options_.classes}),
                               wanted.classes, options_.focal) /
                          cells},
            {"box", (apart * centreness).sum() / weights},
            {"centreness",
             at::binary_cross_entropy_with_logits(
                 sides.select(1, kSides), centreness, {}, {}, kSumReduction) /
                 cells}};
  }

  std::vector<FoundBoxes> Detect(const std::vector<at::Tensor>& maps,
                                 const DetectOptions& options) const override {
    EYECHART_CHECK(options.most > 0, "{} boxes a picture", options.most);
    const at::NoGradGuard frozen;
    const Outputs out = Forward(maps);
    const at::Tensor scores =
        (at::sigmoid(out.logits) * at::sigmoid(out.sides.narrow(2, kSides, 1)))
            .sqrt_();
    const int stride = options_.pyramid.maps[0].stride;
    const auto height = static_cast<double>(maps[0].size(2) * stride);
    const auto width = static_cast<double>(maps[0].size(3) * stride);
    const at::Device device = scores.device();
    const at::Tensor limit = OnDevice(
        at::tensor({width, height, width, height}, at::kFloat), device);
    std::vector<FoundBoxes> found;
    for (std::int64_t i = 0; i < scores.size(0); ++i) {
      const at::Tensor said = scores[i].reshape({-1});
      const at::Tensor best =
          HighestScores(said, options.min_score, options.most);
      const at::Tensor cells = best.floor_divide(options_.classes);
      const at::Tensor boxes =
          BoxesOf(out.sides[i]
                      .narrow(1, 0, kSides)
                      .index_select(0, OnDevice(cells, device)),
                  cells, out.grids);
      found.push_back({boxes.clamp_min(0).minimum(limit),
                       said.index_select(0, OnDevice(best, device)),
                       OnDevice(best.remainder(options_.classes), device)});
    }
    return found;
  }

  NamedTensors Parameters() const override {
    NamedTensors all = pyramid_.Parameters();
    all.insert(all.end(), maker_.made().begin(), maker_.made().end());
    return all;
  }

 private:
  static constexpr std::int64_t kSumReduction = 2;  // at::Reduction::Sum

  Tower MakeTower(const std::string& name, std::int64_t width) {
    Tower tower;
    for (std::int64_t i = 0; i < options_.tower; ++i) {
      const std::string part = fmt::format("{}.{}.", name, i);
      TowerLayer layer;
      layer.weight =
          maker_.Normal(part + "weight", {width, width, 3, 3}, kStart);
      layer.bias = maker_.Constant(part + "bias", {width}, 0);
      layer.norm_weight = maker_.Constant(part + "norm.weight", {width}, 1);
      layer.norm_bias = maker_.Constant(part + "norm.bias", {width}, 0);
      tower.push_back(std::move(layer));
    }
    return tower;
  }

  at::Tensor Through(const Tower& tower, at::Tensor map) const {
    for (const TowerLayer& layer : tower)
      map = at::group_norm(Conv3x3(map, layer.weight, layer.bias),
                           options_.groups, layer.norm_weight, layer.norm_bias,
                           kGroupNormEpsilon)
                .relu_();
    return map;
  }

  Outputs Forward(const std::vector<at::Tensor>& maps) const {
    const std::vector<at::Tensor> levels = pyramid_.Forward(maps);
    // One convolution for both, as five outputs cost no more than four.
    const at::Tensor side_weight = at::cat({box_weight_, centre_weight_});
    const at::Tensor side_bias = at::cat({box_bias_, centre_bias_});
    const auto rows = [](const at::Tensor& map) {  // (B, C, h, w): (B, h w, C)
      return map.permute({0, 2, 3, 1}).flatten(1, 2);
    };
    std::vector<at::Tensor> logits;
    std::vector<at::Tensor> sides;
    Outputs out;
    for (std::size_t i = 0; i < levels.size(); ++i) {
      logits.push_back(rows(Conv3x3(Through(class_tower_, levels[i]),
                                    class_weight_, class_bias_)));
      sides.push_back(rows(
          Conv3x3(Through(box_tower_, levels[i]), side_weight, side_bias)));
      out.grids.push_back(
          {levels[i].size(2), levels[i].size(3), pyramid_.strides()[i]});
    }
    out.logits = at::cat(logits, 1);
    out.sides = at::cat(sides, 1);
    return out;
  }

  // Corners of `cells` (P), 0 ... L - 1, on the CPU, from their outputs (P, 4):
  // left, top, right, bottom.
  at::Tensor BoxesOf(const at::Tensor& sides,
                     const at::Tensor& cells,
                     const std::vector<CellGrid>& grids) const {
    std::vector<float> pixels;
    for (const CellGrid& grid : grids)
      pixels.push_back(static_cast<float>(grid.stride));
    const at::Tensor levels = CellLevels(grids).index_select(0, cells);
    const at::Device device = sides.device();
    const at::Tensor stride = OnDevice(
        at::tensor(pixels, at::kFloat).index_select(0, levels).unsqueeze(1),
        device);
    const at::Tensor points =
        OnDevice(CellPoints(grids).index_select(0, cells), device);
    const at::Tensor scale =
        scale_.index_select(0, OnDevice(levels, device)).unsqueeze(1);
    const at::Tensor away =
        (sides * scale).clamp_max(kMostExponent).exp() * stride;
    return at::cat(
        {points - away.narrow(1, 0, 2), points + away.narrow(1, 2, 2)}, 1);
  }

  DenseHeadOptions options_;
  FeaturePyramid pyramid_;
  ParameterMaker maker_;
  Tower class_tower_;
  Tower box_tower_;
  at::Tensor class_weight_, class_bias_;
  at::Tensor box_weight_, box_bias_;
  at::Tensor centre_weight_, centre_bias_;
  at::Tensor scale_;  // (levels)
};

}  // namespace

std::unique_ptr<DetectionHead> CreateDenseHead(
    const DenseHeadOptions& options) {
  return std::make_unique<DenseHead>(options);
}

}  // namespace eyechart::detection
