// A tokenizer.json whose model is Unigram.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "encoders/added_tokens.h"
#include "encoders/pre_tokenizer.h"
#include "encoders/text_normalizer.h"
#include "encoders/unigram.h"

namespace eyechart::encoders {

/// What transformers' PreTrainedTokenizerFast makes of a folder: added tokens,
/// normaliser, pre-tokenizer, Unigram model and the template around a text.
class UnigramTokenizer {
 public:
  /// Reads `folder`/tokenizer.json and what tokenizer_config.json and
  /// special_tokens_map.json say of special tokens. Throws InputError for files
  /// that are damaged or ask for what is not supported.
  explicit UnigramTokenizer(const std::filesystem::path& folder);

  /// The ids of `text` with those of the template around it; what would make
  /// more than `max_length` of them is cut off the text's end.
  std::vector<std::int64_t> Encode(std::string_view text,
                                   std::int64_t max_length) const;

  /// The id of a token of the vocabulary or an added one. Throws InputError
  /// where there is no such token.
  std::int64_t IdOf(const std::string& token) const;

 private:
  struct Files;
  explicit UnigramTokenizer(const Files& files);
  void AddToken(AddedToken token);
  void ReadAddedTokens(const Files& files);
  void ReadTemplate(const Files& files);
  void EncodePiece(std::u32string_view text,
                   bool at_start,
                   std::vector<std::int64_t>& ids) const;

  std::string source_;
  Unigram model_;
  TextNormalizer normalizer_;
  PreTokenizer pre_tokenizer_;
  std::vector<WantedToken> raw_tokens_;         // looked for in the text
  std::vector<WantedToken> normalized_tokens_;  // after normalisation
  std::int64_t next_id_ = 0;                    // of a token that is new
  std::vector<std::int64_t> before_;            // the template around a text
  std::vector<std::int64_t> after_;
};

}  // namespace eyechart::encoders
