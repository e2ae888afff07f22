// SentencePiece's compiled table of character replacements.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace eyechart::encoders {

/// The `precompiled_charsmap` of a SentencePiece model, as tokenizer.json
/// carries it: a double-array trie of texts and what each becomes.
class Charsmap {
 public:
  /// Throws InputError naming `source` for bytes that are not such a table, or
  /// one that points outside itself.
  Charsmap(const std::string& bytes, const std::string& source);

  /// A cluster of under six bytes by the shortest entry that it begins with,
  /// all else a character at a time. Source: the Precompiled normaliser of
  /// Hugging Face tokenizers.
  std::string Normalize(const std::string& text) const;

 private:
  bool IsSafe() const;
  std::optional<std::string_view> Replacement(std::string_view text) const;

  std::vector<std::uint32_t> trie_;
  std::string texts_;  // each ends with NUL
};

}  // namespace eyechart::encoders
