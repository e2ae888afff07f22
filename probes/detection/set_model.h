// The set head behind its pyramid: levels to sets of boxes.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "probes/detection/decoder_layer.h"
#include "probes/detection/denoising.h"
#include "probes/detection/query_selection.h"

namespace eyechart::detection {

struct SetModelOptions {
  DecoderOptions decoder;
  std::int64_t classes = 0;  // K
  /// Boxes a picture at most: published with 300, which is also as many as
  /// average precision looks at three times over.
  std::int64_t queries = 300;
  /// Decoder layers. Published with 6 and, for speed, 3.
  std::int64_t layers = 3;
  /// What every class's score starts from, as there are far more queries than
  /// objects (Lin et al. 2017).
  double prior = 0.01;
  /// Whether noisy queries are trained beside the others.
  bool denoising = true;
  std::uint64_t seed = 0;        // of the start values
  at::Device device = at::kCPU;  // of the parameters
};

/// What the cells said that became queries, then what each layer says.
struct SetPredictions {
  SetPrediction selection;
  std::vector<SetPrediction> layers;
  /// Of the noisy queries, where there were some.
  std::vector<SetPrediction> noisy;
};

/// Levels (B, D, h, w), finest first -> a linear layer with a norm for each,
/// query selection, decoder layers. Each layer moves the boxes of the one
/// before; no gradient flows from a layer to those.
class SetModel {
 public:
  explicit SetModel(const SetModelOptions& options);

  /// Queries that the levels have cells for, at most those of the options.
  std::int64_t Queries(const std::vector<at::Tensor>& levels) const;

  /// `noisy`, made for as many queries as Queries says, go before the others;
  /// null: there are none.
  SetPredictions Forward(const std::vector<at::Tensor>& levels,
                         const NoisyQueries* noisy = nullptr) const;

  const NamedTensors& Parameters() const { return maker_.made(); }
  /// What only training reads: "denoise.class" (K, D), the content of a noisy
  /// query by its class; zeros stand for no class. Empty without denoising.
  const NamedTensors& TrainingParameters() const {
    return training_maker_.made();
  }

 private:
  struct Input {
    LinearLayer linear;  // without bias: a norm follows
    NormLayer norm;
  };

  std::vector<at::Tensor> Values(const at::Tensor& cells) const;

  SetModelOptions options_;
  ParameterMaker maker_;
  ParameterMaker training_maker_;
  QuerySelection selection_;
  std::vector<Input> inputs_;
  Mlp places_;
  std::vector<DecoderLayer> layers_;
  std::vector<LinearLayer> class_;  // one a layer
  std::vector<Mlp> box_;
  at::Tensor noisy_content_;  // (K, D); undefined without denoising
};

}  // namespace eyechart::detection
