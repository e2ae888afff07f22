#include "encoders/text_encoder.h"

#include "core/error.h"
#include "encoders/registry.h"

namespace eyechart::encoders {

std::unique_ptr<TextEncoder> TextEncoder::Create(
    const Checkpoint& checkpoint, const EncoderOptions& options) {
  const Family& family = FindFamily(checkpoint);
  EYECHART_REQUIRE(family.make_text != nullptr,
                   "{}: {} has no text tower; clip has one", checkpoint.name,
                   family.model_type);
  return family.make_text(checkpoint, options);
}

}  // namespace eyechart::encoders
