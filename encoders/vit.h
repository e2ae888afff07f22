// A ViT, whatever its family: the forward pass and what is asked of it.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "encoders/image_encoder.h"
#include "encoders/patch_embedding.h"
#include "encoders/pool_head.h"
#include "encoders/transformer.h"

namespace eyechart::encoders {

/// The parts of a ViT, in the order that they are applied.
struct VitParts {
  PatchEmbedding embedding;
  std::optional<Norm> pre_norm;  // CLIP's, before the blocks
  /// With a class token the last has split_query.
  std::vector<Block> blocks;
  Norm post_norm;
  /// Whether `tokens` and the patches' mean are taken after post_norm (all but
  /// CLIP) or before it (CLIP). The class token is always normed.
  bool normed_tokens = false;
  /// What makes the `head` pool: the normed class token, passed through
  /// `projection` where there is one; or `pool_head` of all tokens, passed
  /// through `projection` likewise.
  std::unique_ptr<PoolHead> pool_head;
  std::optional<Linear> projection;
};

/// Runs `parts` as an ImageEncoder; `info` is given complete.
class Vit : public ImageEncoder {
 public:
  Vit(VitParts parts, EncoderInfo info, const Placement& placement);

  const EncoderInfo& info() const override { return info_; }
  Features Encode(const at::Tensor& pixels,
                  const EncodeRequest& request) override;
  std::int64_t TokenCount(int height, int width) const override;
  double Flops(int height, int width) const override;
  /// Floating-point operations that Encode of `request` does for one picture of
  /// height x width pixels (2 a multiply-add). Below Flops, which counts the
  /// model as published, where only the class token is read: the last block
  /// then makes its keys and values of all tokens and the rest of one.
  double FlopsDone(int height, int width, const EncodeRequest& request) const;

 private:
  // What of the last tokens a request reads.
  struct Reads {
    bool head_of_all = false;  // `pool_head`, of all tokens
    bool of_blocks = false;    // the pool kBlocks
    bool first = false;        // the class token
    bool all = false;          // all tokens
    bool any() const { return first || all; }
  };
  Reads ReadsOf(const EncodeRequest& request) const;
  at::Tensor Project(const at::Tensor& pooled) const;
  // The tokens after each of the last `blocks` to the pool kBlocks.
  at::Tensor PoolBlocks(const std::vector<at::Tensor>& blocks) const;

  VitParts parts_;
  EncoderInfo info_;
  Placement placement_;
};

}  // namespace eyechart::encoders
