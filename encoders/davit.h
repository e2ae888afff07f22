// DaViT: stages of convolutional downsampling and dual-attention blocks.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "encoders/davit_block.h"
#include "encoders/image_encoder.h"

namespace eyechart::encoders {

/// One stage: from the map before it, or the pixels, to a coarser map.
struct DavitStage {
  Convolution embedding;
  Norm norm;              // of the embedding's input or output
  bool pre_norm = false;  // input
  std::vector<DavitBlock> blocks;
};

/// Runs `stages` as an ImageEncoder; `info` is given complete, and errors about
/// pictures begin with `source`.
class Davit : public ImageEncoder {
 public:
  Davit(std::vector<DavitStage> stages,
        std::string source,
        EncoderInfo info,
        const Placement& placement);

  const EncoderInfo& info() const override { return info_; }
  Features Encode(const at::Tensor& pixels,
                  const EncodeRequest& request) override;
  std::int64_t TokenCount(int height, int width) const override;
  double Flops(int height, int width) const override;

 private:
  struct Extent {
    std::int64_t height = 0;
    std::int64_t width = 0;
  };
  // The cells of each stage's map. Throws InputError for a picture that a
  // stage's kernel is too large for.
  std::vector<Extent> Extents(std::int64_t height, std::int64_t width) const;

  std::vector<DavitStage> stages_;
  std::string source_;
  EncoderInfo info_;
  Placement placement_;
};

}  // namespace eyechart::encoders
