#include "probes/detection/set_model.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/sigmoid.h>

#include <cmath>

#include "core/error.h"

namespace eyechart::detection {
namespace {

// Streams of start values: the pyramid's begin at 1000.
constexpr std::uint64_t kModelStream = 0;
// Anchors of one more level would be larger than the picture.
constexpr std::int64_t kMostLevels = 5;

double PriorLogit(double prior) { return std::log(prior / (1 - prior)); }

}  // namespace

SetModel::SetModel(const SetModelOptions& options)
    : options_(options),
      maker_(options.seed, kModelStream, options.device),
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
}

SetPredictions SetModel::Forward(const std::vector<at::Tensor>& levels) const {
  EYECHART_CHECK(levels.size() == inputs_.size(), "{} levels for {}",
                 levels.size(), inputs_.size());
  std::vector<at::Tensor> rows;
  std::vector<LevelSize> sizes;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const at::Tensor row = levels[i].permute({0, 2, 3, 1}).flatten(1, 2);
    rows.push_back(inputs_[i].norm(inputs_[i].linear(row)));
    sizes.push_back({levels[i].size(2), levels[i].size(3)});
  }
  const at::Tensor cells = at::cat(rows, 1);
  const SelectedQueries selected =
      selection_.Forward(cells, sizes, options_.queries);
  const std::vector<at::Tensor> values = Values(cells);
  SetPredictions said;
  said.selection = selected.prediction;
  at::Tensor x = selected.content;
  at::Tensor boxes = selected.boxes;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    x = layers_[i].Forward(x, places_(boxes), boxes, values[i], sizes);
    SetPrediction prediction;
    prediction.logits = class_[i](x);
    prediction.boxes = at::sigmoid(box_[i](x) + InverseSigmoid(boxes));
    boxes = prediction.boxes.detach();
    said.layers.push_back(prediction);
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
