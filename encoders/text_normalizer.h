// The "normalizer" of a tokenizer.json.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/json.h"

namespace eyechart::encoders {

/// A chain of text transformations, as Hugging Face tokenizers apply them:
/// Sequence, Lowercase, NFC, NFD, NFKC, NFKD, Nmt, Prepend, Precompiled,
/// Replace, Strip and StripAccents.
class TextNormalizer {
 public:
  TextNormalizer() = default;
  /// `json` may be null: no change. Throws InputError naming `source` for a
  /// kind that is not listed above, or a damaged one.
  TextNormalizer(const Json& json, const std::string& source);

  /// UTF-8 to UTF-8. Throws InputError naming `source` where the text becomes
  /// longer than 4 MiB: a chain of replacements could make any length of one
  /// letter.
  std::string Normalize(std::string text) const;

 private:
  void Add(const Json& json, const std::string& source);

  std::string source_;  // with the key, for errors
  std::vector<std::function<std::string(const std::string&)>> steps_;
};

}  // namespace eyechart::encoders
