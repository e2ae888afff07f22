#include "encoders/image_encoder.h"

#include "core/error.h"
#include "encoders/registry.h"

namespace eyechart::encoders {

std::string_view PoolName(Pool pool) {
  switch (pool) {
    case Pool::kHead:
      return "head";
    case Pool::kCls:
      return "cls";
    case Pool::kMean:
      return "mean";
    case Pool::kBlocks:
      return "blocks";
  }
  return "";
}

Pool ParsePool(std::string_view name) {
  for (const Pool pool : {Pool::kHead, Pool::kCls, Pool::kMean, Pool::kBlocks})
    if (PoolName(pool) == name) return pool;
  ThrowInput("pool \"{}\" is not known; there are head, cls, mean and blocks",
             name);
}

std::int64_t EncoderInfo::PoolWidth(Pool pool) const {
  if (pool == Pool::kBlocks)
    return static_cast<std::int64_t>(block_parts.size()) * token_width;
  const auto found = pools.find(pool);
  return found == pools.end() ? 0 : found->second;
}

Placement PlacementOf(const EncoderOptions& options) {
  // LibTorch's device of tensors without values.
  if (options.describe) return {c10::kFloat, c10::kMeta, c10::kFloat};
  return MakePlacement(options.dtype, options.device, options.half);
}

std::unique_ptr<ImageEncoder> ImageEncoder::Create(
    const Checkpoint& checkpoint, const EncoderOptions& options) {
  return FindFamily(checkpoint).make_image(checkpoint, options);
}

}  // namespace eyechart::encoders
