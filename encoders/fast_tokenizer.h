// A tokenizer.json whose model is Unigram or byte-pair encoding of characters.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "encoders/added_tokens.h"
#include "encoders/character_pair_encoding.h"
#include "encoders/pre_tokenizer.h"
#include "encoders/text_normalizer.h"
#include "encoders/unigram.h"

namespace eyechart::encoders {

/// Which class of transformers reads a tokenizer.json.
enum class FastTokenizerClass {
  /// TokenizersBackend, once PreTrainedTokenizerFast: as the file stands.
  kAsItStands,
  /// These take the vocabulary, merges and added tokens from the file and have
  /// normaliser, pre-tokenizer and special tokens of their own.
  kGemma,
  kSiglip2,     // Gemma's, and lower case
  kXlmRoberta,  // with a template of its own too
};

/// The class called `name`, with or without "Fast" behind it; names that are
/// not listed above are taken for kAsItStands.
FastTokenizerClass FastTokenizerClassOf(std::string_view name);

/// What transformers makes of a folder's tokenizer.json: added tokens,
/// normaliser, pre-tokenizer, model and the template around a text.
class FastTokenizer {
 public:
  /// Reads `folder`/tokenizer.json and what tokenizer_config.json and
  /// special_tokens_map.json say of special tokens. Throws InputError for files
  /// that are damaged or ask for what is not supported.
  explicit FastTokenizer(
      const std::filesystem::path& folder,
      FastTokenizerClass as = FastTokenizerClass::kAsItStands);

  /// The ids of `text` with those of the template around it; what would make
  /// more than `max_length` of them is cut off the text's end. None where the
  /// normaliser leaves nothing and nothing is put around a text.
  std::vector<std::int64_t> Encode(std::string_view text,
                                   std::int64_t max_length) const;

  /// The file that it was read from.
  const std::string& source() const { return source_; }

  /// The id of a token of the vocabulary or an added one. Throws InputError
  /// where there is no such token.
  std::int64_t IdOf(const std::string& token) const;

 private:
  struct Files;
  using Model = std::variant<Unigram, CharacterPairEncoding>;
  explicit FastTokenizer(const Files& files);
  void AddToken(AddedToken token);
  void ReadAddedTokens(const Files& files);
  void ReadTemplate(const Files& files);
  void EncodePiece(std::u32string_view text,
                   bool at_start,
                   std::vector<std::int64_t>& ids) const;

  std::optional<std::int64_t> ModelIdOf(const std::string& token) const;

  std::string source_;
  Model model_;
  TextNormalizer normalizer_;
  PreTokenizer pre_tokenizer_;
  std::vector<WantedToken> raw_tokens_;         // looked for in the text
  std::vector<WantedToken> normalized_tokens_;  // after normalisation
  std::int64_t next_id_ = 0;                    // of a token that is new
  std::vector<std::int64_t> before_;            // the template around a text
  std::vector<std::int64_t> after_;
};

}  // namespace eyechart::encoders
