#include "encoders/captioner.h"

#include <fmt/ranges.h>

#include <filesystem>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "encoders/registry.h"

namespace eyechart::encoders {

std::unique_ptr<Captioner> Captioner::Create(const Checkpoint& checkpoint,
                                             const EncoderOptions& options) {
  const Family& family = FindFamily(checkpoint);
  std::vector<std::string_view> writers;
  for (const Family& other : Families())
    if (other.make_captioner != nullptr) writers.push_back(other.model_type);
  EYECHART_REQUIRE(family.make_captioner != nullptr,
                   "{}: {} does not write; these do: {}", checkpoint.name,
                   family.model_type, fmt::join(writers, ", "));
  return family.make_captioner(checkpoint, options);
}

bool CanWrite(const Checkpoint& checkpoint) {
  if (FindFamily(checkpoint).make_captioner == nullptr) return false;
  return std::filesystem::exists(checkpoint.folder / "tokenizer.json") ||
         std::filesystem::exists(checkpoint.folder / "vocab.json");
}

}  // namespace eyechart::encoders
