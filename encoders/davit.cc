#include "encoders/davit.h"

#include <c10/core/InferenceMode.h>

#include <utility>

#include "core/error.h"

namespace eyechart::encoders {
namespace {

// Channels first, as features are handed out.
at::Tensor ChannelsFirst(const at::Tensor& map) {
  return map.permute({0, 3, 1, 2}).contiguous();
}

}  // namespace

Davit::Davit(std::vector<DavitStage> stages,
             std::string source,
             EncoderInfo info,
             const Placement& placement)
    : stages_(std::move(stages)),
      source_(std::move(source)),
      info_(std::move(info)),
      placement_(placement) {}

std::vector<Davit::Extent> Davit::Extents(std::int64_t height,
                                          std::int64_t width) const {
  std::vector<Extent> extents;
  Extent extent{height, width};
  for (const DavitStage& stage : stages_) {
    const Extent next{stage.embedding.OutputSide(extent.height),
                      stage.embedding.OutputSide(extent.width)};
    EYECHART_REQUIRE(next.height > 0 && next.width > 0,
                     "{}: a picture of {} x {} pixels is too small: stage {} "
                     "gets {} x {} cells for a kernel of {} x {} with padding "
                     "{}",
                     source_, height, width, extents.size() + 1, extent.height,
                     extent.width, stage.embedding.kernel(),
                     stage.embedding.kernel(), stage.embedding.shape().padding);
    extents.push_back(extent = next);
  }
  return extents;
}

Features Davit::Encode(const at::Tensor& pixels, const EncodeRequest& request) {
  EYECHART_CHECK(pixels.dim() == 4 && pixels.size(1) == 3, "pixels");
  EYECHART_CHECK(!request.pool || info_.pools.contains(*request.pool),
                 "{} has no such pool", info_.family);
  Extents(pixels.size(2), pixels.size(3));
  const c10::InferenceMode inference;
  Features features;
  at::Tensor x = pixels.to(placement_.device, placement_.dtype)
                     .permute({0, 2, 3, 1})
                     .contiguous();
  for (const DavitStage& stage : stages_) {
    if (stage.pre_norm) x = stage.norm.Forward(x);
    x = stage.embedding.Forward(x);
    if (!stage.pre_norm) x = stage.norm.Forward(x);
    for (const DavitBlock& block : stage.blocks) x = block.Forward(x);
    if (request.pyramid) features.pyramid.push_back(ChannelsFirst(x));
  }
  if (request.pool)
    features.pooled = x.mean({1, 2}, /*keepdim=*/false, c10::kFloat);
  if (request.tokens) features.tokens = x.flatten(1, 2);
  if (request.feature_map)
    features.feature_map =
        request.pyramid ? features.pyramid.back() : ChannelsFirst(x);
  return features;
}

std::int64_t Davit::TokenCount(int height, int width) const {
  const Extent last = Extents(height, width).back();
  return last.height * last.width;
}

double Davit::Flops(int height, int width) const {
  const std::vector<Extent> extents = Extents(height, width);
  double sum = 0;
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    const auto [rows, columns] = extents[i];
    sum += static_cast<double>(rows * columns) *
           static_cast<double>(stages_[i].embedding.multiply_adds());
    for (const DavitBlock& block : stages_[i].blocks)
      sum += block.multiply_adds(rows, columns);
  }
  return 2 * sum;
}

}  // namespace eyechart::encoders
