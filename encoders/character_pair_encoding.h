// Byte-pair encoding over characters, as SentencePiece's BPE models have it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "encoders/byte_pair_encoding.h"

namespace eyechart::encoders {

struct CharacterPairOptions {
  /// The token of what the vocabulary lacks; none: it is left out.
  std::optional<std::string> unknown;
  /// Neighbours that are unknown count as one.
  bool fuse_unknown = false;
  /// Spells a character that the vocabulary lacks out in <0xXX> tokens, where
  /// all of its bytes have one.
  bool byte_fallback = false;
  /// A word that is a token is that token, whatever the merges say.
  bool ignore_merges = false;
};

/// A vocabulary of characters, their merges and perhaps bytes. Source: the BPE
/// model of Hugging Face tokenizers.
class CharacterPairEncoding {
 public:
  /// Throws InputError naming `source` as PairMerges, and where the unknown
  /// token is not in the vocabulary.
  CharacterPairEncoding(
      PairVocabulary vocabulary,
      const std::vector<std::pair<std::string, std::string>>& merges,
      const CharacterPairOptions& options,
      const std::string& source);

  /// Appends the ids of `word` (UTF-8, well formed).
  void Encode(std::string_view word, std::vector<std::int64_t>& ids) const;

  /// The id of `token`, if it is in the vocabulary.
  std::optional<std::int64_t> IdOf(const std::string& token) const;
  std::int64_t size() const {
    return static_cast<std::int64_t>(vocabulary_.size());
  }

 private:
  // The ids of a character's bytes, if all have one.
  bool AppendBytes(std::string_view character,
                   std::vector<std::int64_t>& ids) const;

  PairVocabulary vocabulary_;
  PairMerges merges_;
  CharacterPairOptions options_;
  std::optional<std::int64_t> unknown_id_;
  std::array<std::optional<std::int64_t>, 256> byte_id_;
};

}  // namespace eyechart::encoders
