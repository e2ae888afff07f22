#include "encoders/text_encoder.h"

#include <fmt/ranges.h>

#include <string_view>
#include <vector>

#include "core/error.h"
#include "encoders/registry.h"

namespace eyechart::encoders {

std::unique_ptr<TextEncoder> TextEncoder::Create(
    const Checkpoint& checkpoint, const EncoderOptions& options) {
  if (!checkpoint.text_problem.empty())
    ThrowInput("{}", checkpoint.text_problem);
  const Family& family = FindFamily(checkpoint);
  std::vector<std::string_view> with_text;
  for (const Family& other : Families())
    if (other.make_text != nullptr) with_text.push_back(other.model_type);
  EYECHART_REQUIRE(family.make_text != nullptr,
                   "{}: {} has no text tower; these have one: {}",
                   checkpoint.name, family.model_type,
                   fmt::join(with_text, ", "));
  return family.make_text(checkpoint, options);
}

}  // namespace eyechart::encoders
