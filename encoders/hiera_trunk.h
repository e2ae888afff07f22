// Hiera's forward pass: tokens kept by mask unit, pooled from stage to stage.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "encoders/convolution.h"
#include "encoders/hiera_block.h"
#include "encoders/image_encoder.h"

namespace eyechart::encoders {

/// The parts of a Hiera, in the order that they are applied.
struct HieraParts {
  std::string source;     // what errors about pictures begin with
  Convolution embedding;  // of the pixels
  /// (N, C) float32 on the CPU, N a square; resampled bicubically, without
  /// antialias, for pictures of another size.
  at::Tensor positions;
  std::vector<std::vector<HieraBlock>> stages;
  std::int64_t query_stride = 2;  // cells a side that pooling makes one of
  std::int64_t pools = 3;         // stages after the first that pool
  std::optional<Norm> pooler;     // of the mean, for `head`; in float32
};

/// Runs `parts` as an ImageEncoder; `info` is given complete. Tokens are in the
/// reference's order, which is row-major where every stage but the first pools.
class HieraTrunk : public ImageEncoder {
 public:
  HieraTrunk(HieraParts parts, EncoderInfo info, const Placement& placement);

  const EncoderInfo& info() const override { return info_; }
  Features Encode(const at::Tensor& pixels,
                  const EncodeRequest& request) override;
  std::int64_t TokenCount(int height, int width) const override;
  double Flops(int height, int width) const override;

 private:
  // Cells of the embedding. Throws InputError for a picture that does not
  // divide into mask units as the stages need it.
  struct Grid {
    std::int64_t rows = 0;
    std::int64_t columns = 0;
  };
  Grid GridOf(std::int64_t height, std::int64_t width) const;
  at::Tensor Embed(const at::Tensor& pixels);
  const at::Tensor& Positions(std::int64_t height, std::int64_t width);
  // The output of stage `stage` as (B, C, h, w).
  at::Tensor Map(const at::Tensor& x,
                 std::size_t stage,
                 const Grid& grid) const;

  HieraParts parts_;
  EncoderInfo info_;
  Placement placement_;
  at::Tensor positions_;  // (h w, C) for the size below
  std::int64_t cached_height_ = 0;
  std::int64_t cached_width_ = 0;
};

}  // namespace eyechart::encoders
