#include "encoders/aimv2_text.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/error.h"
#include "encoders/aimv2_layers.h"
#include "encoders/aimv2_layouts.h"
#include "encoders/causal_text.h"
#include "encoders/clip_tokenizer.h"
#include "encoders/vit.h"

namespace eyechart::encoders {

std::unique_ptr<TextEncoder> MakeAimv2TextEncoder(
    const Checkpoint& checkpoint, const EncoderOptions& options) {
  const Placement placement = PlacementOf(options);
  const ConfigReader outer(checkpoint.config, checkpoint.config_source);
  EYECHART_REQUIRE(Aimv2HasBothTowers(checkpoint),
                   "{}: an image tower alone, as \"vision_config\" and "
                   "\"text_config\" are missing; AIMv2's one with a text tower "
                   "is lit",
                   outer.source());
  const ConfigReader config = Aimv2TowerConfig(checkpoint, "text");
  const Aimv2Tower tower = ReadAimv2Tower(config, {.width = 768,
                                                   .inner = 2048,
                                                   .layers = 12,  //
                                                   .heads = 6});
  // Apple's name for it, and the reference's.
  const char* length_key = config.object().contains("max_context_length")
                               ? "max_context_length"
                               : "max_position_embeddings";
  const double most = outer.Number("max_logit_scale", 100);
  EYECHART_REQUIRE(most > 0,
                   "{}: \"max_logit_scale\" is {}; it should be above"
                   " 0",
                   outer.source(), most);

  WeightStore weights(checkpoint, Aimv2Layouts());
  CausalTextParts parts;
  parts.token_table =
      weights.Take("text_model.embeddings.token_embedding.weight",
                   {config.Size("vocab_size", 49408), tower.width});
  parts.position_table =
      weights.Take("text_model.embeddings.position_embedding.weight",
                   {config.Size(length_key, 77), tower.width});
  parts.blocks = LoadAimv2Blocks(weights, "text_model.encoder.", tower,
                                 /*causal=*/true, placement);
  parts.final_norm =
      LoadAimv2Norm(weights, "text_model.rms_norm", tower, placement);
  parts.projection =
      Linear(weights.Take("text_projection.weight",
                          {outer.Size("projection_dim", 512), tower.width}),
             at::Tensor(), placement);
  parts.end_id = JsonGetOr<std::int64_t>(config.object(), "eos_token_id", 49407,
                                         config.source());
  const double scale = weights.Take("logit_scale", {}).item<double>();
  // Infinite ones are capped like any other.
  EYECHART_REQUIRE(!std::isnan(scale),
                   "{}: tensor logit_scale is {}; it is the logarithm of what "
                   "cosines are multiplied by, and should be a number",
                   checkpoint.name, scale);
  parts.logit_scale = std::exp(std::min(std::max(scale, 0.0), std::log(most)));
  weights.Finish({.prefixes = {"vision_model.", "visual_projection."},
                  .suffixes = {"position_ids"}},
                 options);
  return std::make_unique<CausalTextEncoder>(std::move(parts),
                                             ClipTokenizer(checkpoint.folder),
                                             config.source(), placement);
}

}  // namespace eyechart::encoders
