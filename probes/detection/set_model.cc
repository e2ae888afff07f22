#include "probes/detection/set_model.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "probes/detection/device_copy.h"

namespace eyechart::detection {
namespace {

// Streams of start values: the pyramid's begin at 1000.
constexpr std::uint64_t kModelStream = 0;
constexpr std::uint64_t kDenoisingStream = 2000;
// Anchors of one more level would be larger than the picture.
constexpr std::int64_t kMostLevels = 5;

double PriorLogit(double prior) { return std::log(prior / (1 - prior)); }

std::vector<LevelSize> SizesOf(const std::vector<at::Tensor>& levels) {
  std::vector<LevelSize> sizes;
  for (const at::Tensor& level : levels)
    sizes.push_back({level.size(2), level.size(3)});
  return sizes;
}

}  // namespace

SetModel::SetModel(const SetModelOptions& options)
    : options_(options),
      maker_(options.seed, kModelStream, options.device),
      training_maker_(options.seed, kDenoisingStream, options.device),
      selection_(options.decoder.width,
                 options.classes,
                 PriorLogit(options.prior),
                 maker_) {
  const std::int64_t d = options.decoder.width;
  EYECHART_CHECK(options.classes > 0 && options.queries > 0 &&
                     options.layers > 0 && options.prior > 0 &&
                     options.prior < 1 && options.decoder.levels <= kMostLevels,
                 "{} classes, {} queries, {} layers, prior {}, {} levels",
                 options.classes, options.queries, options.layers,
                 options.prior, options.decoder.levels);
  for (std::int64_t i = 0; i < options.decoder.levels; ++i) {
    const std::string name = fmt::format("input.{}", i);
    Input input;
    input.linear.weight =
        maker_.Normal(name + ".linear.weight", {d, d},
                      std::sqrt(1.0 / static_cast<double>(d)));
    input.norm = MakeNorm(maker_, name + ".norm", d);
    inputs_.push_back(input);
  }
  places_ = MakeMlp(maker_, "places", {4, 2 * d, d});
  for (std::int64_t i = 0; i < options.layers; ++i) {
    const std::string name = fmt::format("layer.{}", i);
    layers_.emplace_back(options.decoder, name, maker_);
    class_.push_back(MakeLinear(maker_, name + ".class", d, options.classes,
                                PriorLogit(options.prior)));
    box_.push_back(MakeMlp(maker_, name + ".box", {d, d, d, 4}, true));
  }
  if (options.denoising) {
    noisy_content_ = training_maker_.Normal(
        "denoise.class", {options.classes, d},
        std::sqrt(2.0 / static_cast<double>(options.classes + d)));
  }
}

std::int64_t SetModel::Queries(const std::vector<at::Tensor>& levels) const {
  return std::min(options_.queries, MakeAnchors(SizesOf(levels)).count);
}

SetPredictions SetModel::Forward(const std::vector<at::Tensor>& levels,
                                 const NoisyQueries* noisy) const {
  EYECHART_CHECK(levels.size() == inputs_.size(), "{} levels for {}",
                 levels.size(), inputs_.size());
  std::vector<at::Tensor> rows;
  const std::vector<LevelSize> sizes = SizesOf(levels);
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const at::Tensor row = levels[i].permute({0, 2, 3, 1}).flatten(1, 2);
    rows.push_back(inputs_[i].norm(inputs_[i].linear(row)));
  }
  const at::Tensor cells = at::cat(rows, 1);
  const SelectedQueries selected =
      selection_.Forward(cells, sizes, options_.queries);
  const std::vector<at::Tensor> values = Values(cells);
  SetPredictions said;
  said.selection = selected.prediction;
  at::Tensor x = selected.content;
  at::Tensor boxes = selected.boxes;
  at::Tensor visible;
  std::int64_t before = 0;  // noisy queries
  if (noisy != nullptr) {
    EYECHART_CHECK(noisy_content_.defined(), "denoising is off");
    before = noisy->classes.size(1);
    const at::Device device = cells.device();
    const at::Tensor contents =
        at::cat({noisy_content_, at::zeros({1, x.size(2)}, x.options())});
    const at::Tensor named = OnDevice(noisy->classes.reshape({-1}), device);
    x = at::cat(
        {contents.index_select(0, named).view({x.size(0), before, x.size(2)}),
         x},
        1);
    // As boxes come out of a layer: never quite at 0 or 1.
    boxes = at::cat(
        {at::sigmoid(InverseSigmoid(OnDevice(noisy->boxes, device))), boxes},
        1);
    visible = OnDevice(noisy->visible, device);
  }
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    x = layers_[i].Forward(x, places_(boxes), boxes, values[i], sizes, visible);
    const at::Tensor logits = class_[i](x);
    const at::Tensor moved = at::sigmoid(box_[i](x) + InverseSigmoid(boxes));
    boxes = moved.detach();
    const std::int64_t rest = x.size(1) - before;
    said.layers.push_back(
        {logits.narrow(1, before, rest), moved.narrow(1, before, rest)});
    if (before > 0)
      said.noisy.push_back(
          {logits.narrow(1, 0, before), moved.narrow(1, 0, before)});
  }
  return said;
}

// Of all layers in one product: they read the same cells.
std::vector<at::Tensor> SetModel::Values(const at::Tensor& cells) const {
  std::vector<at::Tensor> weights;
  std::vector<at::Tensor> biases;
  for (const DecoderLayer& layer : layers_) {
    weights.push_back(layer.value().weight);
    biases.push_back(layer.value().bias);
  }
  return at::linear(cells, at::cat(weights), at::cat(biases))
      .split(options_.decoder.width, 2);
}

}  // namespace eyechart::detection
