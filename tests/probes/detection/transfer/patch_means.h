// A model whose map is the mean colour of each patch.
#pragma once

#include <ATen/ops/avg_pool2d.h>

#include <memory>

#include "encoders/loaded_model.h"
#include "tests/probes/detection/transfer/coloured_boxes.h"

namespace eyechart::detection::testing {

class PatchMeans final : public encoders::ImageEncoder {
 public:
  PatchMeans() {
    info_.family = "patch-means";
    info_.image_height = info_.image_width = kSide;
    info_.patch_size = 8;
  }
  const encoders::EncoderInfo& info() const override { return info_; }
  encoders::Features Encode(const at::Tensor& pixels,
                            const encoders::EncodeRequest&) override {
    ++pictures_;
    encoders::Features made;
    made.feature_map = at::avg_pool2d(pixels, {8, 8});
    return made;
  }
  std::int64_t TokenCount(int, int) const override { return 64; }
  double Flops(int, int) const override { return 1; }
  int batches() const { return pictures_; }

 private:
  encoders::EncoderInfo info_;
  int pictures_ = 0;
};

inline encoders::LoadedModel FakeModel() {
  encoders::LoadedModel model;
  model.encoder = std::make_unique<PatchMeans>();
  model.preprocess.size_height = model.preprocess.size_width = kSide;
  model.preprocess.crop_height = model.preprocess.crop_width = kSide;
  model.weights_sha256 = "0123456789abcdef";
  model.dtype = "fp32";
  return model;
}

}  // namespace eyechart::detection::testing
