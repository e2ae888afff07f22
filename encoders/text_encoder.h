// The seam for text towers.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

#include "encoders/checkpoint.h"
#include "encoders/image_encoder.h"

namespace eyechart::encoders {

/// A frozen text tower with its tokenizer.
class TextEncoder {
 public:
  virtual ~TextEncoder() = default;
  /// (B, D) float32 text embeddings, not normalised, in the space of the image
  /// tower's `head` pool.
  virtual at::Tensor Encode(const std::vector<std::string>& texts) = 0;
  /// exp(logit_scale) of the checkpoint: what cosines are multiplied by.
  virtual double logit_scale() const = 0;
  /// What is added to scaled cosines before a sigmoid: SigLIP's logit_bias, 0
  /// for families trained with a softmax.
  virtual double logit_bias() const { return 0; }

  /// Throws InputError where the family has no text tower, the checkpoint one
  /// that cannot be built, or the folder no tokenizer.
  static std::unique_ptr<TextEncoder> Create(const Checkpoint& checkpoint,
                                             const EncoderOptions& options);
};

}  // namespace eyechart::encoders
