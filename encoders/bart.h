// BART: an encoder-decoder that reads embeddings and writes tokens.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "encoders/bart_layers.h"
#include "encoders/config_reader.h"
#include "encoders/token_head.h"

namespace eyechart::encoders {

/// Frozen weights; what is under way lies in Memory. Source: Lewis et al. 2019,
/// and BartModel of transformers.
class Bart {
 public:
  /// What was read, and what has been written of it so far, in R rows.
  struct Memory {
    std::vector<BartLayerCache> layers;
    std::optional<at::Tensor> mask;  // see Read
    std::int64_t length = 0;         // tokens in the caches
  };

  /// Reads a `bart` config and the tensors below `prefix`; `head` names the
  /// tensor of the output layer, in whose stead the tied table stands where it
  /// is absent. Throws InputError.
  Bart(WeightStore& weights,
       const ConfigReader& config,
       const std::string& prefix,
       const std::string& head,
       const Placement& placement);

  /// (..., L) int64 on any device -> (..., L, C), scaled as the config says.
  at::Tensor Embed(const at::Tensor& ids) const;

  /// embeddings: (B, S, C), S at most positions() -> the encoder's output, the
  /// same shape. `mask`, bool (B, 1, 1, S) on the device, is false for padding;
  /// none: there is none.
  at::Tensor Read(const at::Tensor& embeddings,
                  const std::optional<at::Tensor>& mask) const;

  /// A memory of `context`, which is Read's output for `mask`.
  Memory Begin(const at::Tensor& context,
               const std::optional<at::Tensor>& mask) const;

  /// ids: (R, L) int64, R a multiple of B; L is 1 where the memory has tokens.
  /// -> the decoder's output (R, L, C). With `keep` they are remembered.
  at::Tensor Write(const at::Tensor& ids, bool keep, Memory& memory) const;

  /// (..., C) -> (..., V) float32.
  at::Tensor Logits(const at::Tensor& hidden) const;

  /// The index of the largest logit of each row of `hidden` (R, C), those of
  /// `banned[r]` left out; nothing where there is no way but Logits.
  std::optional<std::vector<std::int64_t>> Best(
      const at::Tensor& hidden,
      const std::vector<std::vector<std::int64_t>>& banned) const;

  /// Makes row `rows[i]` of the caches row i.
  static void Reorder(const at::Tensor& rows, Memory& memory);

  std::int64_t width() const { return width_; }
  std::int64_t vocabulary() const { return token_table_.size(0); }
  /// Tokens at most, on either side.
  std::int64_t positions() const { return positions_; }

 private:
  at::Tensor token_table_;  // (V, C)
  double scale_ = 1;        // of its rows
  struct Side {
    at::Tensor position_table;  // (positions, C)
    Norm norm;                  // of the embeddings
  };
  Side encoder_side_;
  Side decoder_side_;
  std::vector<BartEncoderLayer> encoder_;
  std::vector<BartDecoderLayer> decoder_;
  Linear head_;
  std::optional<TokenHead> token_head_;
  std::int64_t width_ = 0;
  std::int64_t positions_ = 0;
  c10::Device device_ = c10::kCPU;
};

}  // namespace eyechart::encoders
