// The post-norm layers of BART's encoder and decoder.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>

#include "encoders/linear.h"
#include "encoders/norm.h"
#include "encoders/transformer.h"
#include "encoders/weights.h"

namespace eyechart::encoders {

/// Sizes of one side.
struct BartSide {
  std::int64_t width = 0;  // C
  std::int64_t inner = 0;  // of the MLP
  std::int64_t layers = 0;
  std::int64_t heads = 0;
  Activation activation = Activation::kGelu;
};

/// norm(x + attention(x)), then norm(y + mlp(y)). Source: Lewis et al. 2019,
/// and BartEncoderLayer of transformers.
class BartEncoderLayer {
 public:
  BartEncoderLayer(WeightStore& weights,
                   const std::string& prefix,
                   const BartSide& side,
                   const Placement& placement);

  /// x: (B, T, C). `mask`, bool (B, 1, 1, T), is false where a token is not to
  /// be seen.
  at::Tensor Forward(const at::Tensor& x,
                     const std::optional<at::Tensor>& mask) const;

 private:
  std::int64_t heads_;
  Linear qkv_;
  Linear out_;
  Norm attention_norm_;
  Mlp mlp_;
  Norm final_norm_;
};

/// What one decoder layer remembers of B contexts, each read by the same number
/// of rows (beams, or answers): R rows in all.
struct BartLayerCache {
  at::Tensor key, value;              // (R, heads, capacity, C / heads)
  at::Tensor cross_key, cross_value;  // (B, heads, S, C / heads)
};

/// The same with attention to the context between. Source: BartDecoderLayer of
/// transformers.
class BartDecoderLayer {
 public:
  BartDecoderLayer(WeightStore& weights,
                   const std::string& prefix,
                   const BartSide& side,
                   const Placement& placement);

  /// Sets the cross keys and values for `context` (B, S, C).
  void Look(const at::Tensor& context, BartLayerCache& cache) const;

  /// x: (R, L, C), of which `past` tokens are in the cache; L is 1 where there
  /// are some. The new ones see themselves and those before them, and are put
  /// into the cache where `keep`. `mask`, bool (B, 1, 1, S), is false where the
  /// context is not to be seen.
  at::Tensor Forward(const at::Tensor& x,
                     std::int64_t past,
                     bool keep,
                     const std::optional<at::Tensor>& mask,
                     BartLayerCache& cache) const;

 private:
  at::Tensor Self(const at::Tensor& x,
                  std::int64_t past,
                  bool keep,
                  BartLayerCache& cache) const;
  at::Tensor Cross(const at::Tensor& x,
                   const std::optional<at::Tensor>& mask,
                   const BartLayerCache& cache) const;

  std::int64_t heads_;
  Linear qkv_;
  Linear out_;
  Norm self_norm_;
  Linear cross_query_;
  Linear cross_key_value_;
  Linear cross_out_;
  Norm cross_norm_;
  Mlp mlp_;
  Norm final_norm_;
};

}  // namespace eyechart::encoders
