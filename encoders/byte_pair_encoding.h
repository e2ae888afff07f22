// Byte-pair encoding of one word: the merges, and the byte-level alphabet.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace eyechart::encoders {

/// Tokens (UTF-8) and their ids.
using PairVocabulary = std::unordered_map<std::string, std::int64_t>;

/// The pairs of tokens that become one, by rank.
class PairMerges {
 public:
  PairMerges() = default;
  /// `merges` are in order of rank. Throws InputError naming `source` where an
  /// id is out of range, or a merge makes or takes a token that `vocabulary`
  /// lacks.
  PairMerges(const PairVocabulary& vocabulary,
             const std::vector<std::pair<std::string, std::string>>& merges,
             const std::string& source);

  /// Appends to `ids` what `tokens` become: pairs are merged lowest rank first,
  /// then leftmost.
  void Apply(const std::vector<std::int64_t>& tokens,
             std::vector<std::int64_t>& ids) const;

 private:
  struct Merge {
    std::size_t rank;
    std::int64_t id;  // of what the pair becomes
  };

  std::unordered_map<std::uint64_t, Merge> merges_;  // by pair of ids
};

/// A vocabulary of the byte-level alphabet and its merges.
class BytePairEncoding {
 public:
  using Vocabulary = PairVocabulary;

  /// `merges` are in order of rank; the last character of a word stands in the
  /// vocabulary with `end_of_word` behind it ("</w>" for CLIP's, "" for
  /// GPT-2's). Throws InputError naming `source` where a merge makes or takes a
  /// token that the vocabulary lacks, or the vocabulary lacks `unknown`.
  BytePairEncoding(
      Vocabulary vocabulary,
      const std::vector<std::pair<std::string, std::string>>& merges,
      const std::string& unknown,
      std::string_view end_of_word,
      const std::string& source);

  /// Appends the ids of `word` (UTF-8, not empty).
  void Encode(std::string_view word, std::vector<std::int64_t>& ids) const;

  const Vocabulary& vocabulary() const { return vocabulary_; }

 private:
  Vocabulary vocabulary_;
  PairMerges merges_;
  std::array<std::int64_t, 256> byte_id_;       // inside a word
  std::array<std::int64_t, 256> last_byte_id_;  // at its end
};

/// The character (UTF-8) that stands for `byte` in byte-level vocabularies:
/// itself where Latin-1 prints it, else one from U+0100 on. Source: GPT-2's
/// byte encoder.
std::string ByteLevelCharacter(std::uint8_t byte);

}  // namespace eyechart::encoders
