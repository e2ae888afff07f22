#include "encoders/florence2_projector.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/tensor.h>

#include "core/error.h"

namespace eyechart::encoders {
namespace {

// transformers' key, or the remote code's, which is within an object.
std::int64_t Positions(const ConfigReader& vision) {
  const auto it = vision.object().find("image_pos_embed");
  if (it == vision.object().end() || it->is_null())
    return vision.Size("max_position_embeddings", 50);
  return ConfigReader(*it, vision.source() + ": \"image_pos_embed\"")
      .Size("max_pos_embeddings", 50);
}

std::int64_t Frames(const ConfigReader& vision) {
  const auto it = vision.object().find("visual_temporal_embedding");
  if (it == vision.object().end() || it->is_null())
    return vision.Size("max_temporal_embeddings", 100);
  return ConfigReader(*it, vision.source() + ": \"visual_temporal_embedding\"")
      .Size("max_temporal_embeddings", 100);
}

// Sine and cosine of 0 in turn: the first frame's row of the reference's table.
at::Tensor FirstFrame(std::int64_t width) {
  at::Tensor row = at::zeros({width}, at::kFloat);
  row.slice(0, 1, width, 2).fill_(1);
  return row;
}

}  // namespace

Florence2Projector::Florence2Projector(WeightStore& weights,
                                       const ConfigReader& vision,
                                       const std::string& prefix,
                                       std::int64_t width,
                                       const Placement& placement)
    : outputs_(vision.Size("projection_dim", 1024)) {
  const std::int64_t positions = Positions(vision);
  const std::string embed = prefix + "image_position_embed.";
  rows_ = placement.Put(
      weights.Take(embed + "row_embeddings.weight", {positions, width / 2}));
  columns_ = placement.Put(weights.Take(embed + "column_embeddings.weight",
                                        {positions, width - width / 2}));
  // Read whether it is needed or not, so that what is wrong is said.
  const std::int64_t frame_count = Frames(vision);
  const std::string frames = prefix + "visual_temporal_embed.pos_idx_to_embed";
  temporal_ = placement.Put(weights.Has(frames)
                                ? weights.Take(frames, {frame_count, width})[0]
                                : FirstFrame(width));
  const at::Tensor projection =
      weights.Take(prefix + "image_projection.weight", {outputs_, width});
  projection_ = Linear(projection, at::Tensor(), placement);
  const at::Tensor norm =
      weights.Take(prefix + "image_proj_norm.weight", {outputs_});
  norm_ = Norm(NormKind::kLayer, norm,
               weights.Take(prefix + "image_proj_norm.bias", {outputs_}),
               /*epsilon=*/1e-5, placement);
}

at::Tensor Florence2Projector::Forward(const at::Tensor& map) const {
  const std::int64_t height = map.size(2);
  const std::int64_t width = map.size(3);
  EYECHART_REQUIRE(height <= rows_.size(0) && width <= columns_.size(0),
                   "a map of {} x {} cells: the projector has positions for "
                   "{} x {}; a smaller resolution is wanted",
                   height, width, rows_.size(0), columns_.size(0));
  const auto expand = [&](const at::Tensor& table) {
    return table.expand({height, width, table.size(-1)});
  };
  const at::Tensor positions =
      at::cat({expand(columns_.narrow(0, 0, width).unsqueeze(0)),
               expand(rows_.narrow(0, 0, height).unsqueeze(1))},
              -1)
          .flatten(0, 1);
  const at::Tensor cells = map.flatten(2)
                               .transpose(1, 2)
                               .add(positions)
                               .add_(temporal_)
                               .contiguous();
  const at::Tensor tokens =
      at::cat({cells.mean(1, /*keepdim=*/true), cells}, 1);
  return norm_.Forward(projection_.Forward(tokens));
}

}  // namespace eyechart::encoders
