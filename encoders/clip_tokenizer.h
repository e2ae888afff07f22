// CLIP's tokenizer, equal to the Hugging Face fast one of the same folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "encoders/added_tokens.h"
#include "encoders/byte_pair_encoding.h"
#include "encoders/tokenizer_files.h"

namespace eyechart::encoders {

class ClipTokenizer {
 public:
  /// Throws InputError as ReadTokenizerFiles.
  explicit ClipTokenizer(const std::filesystem::path& folder);

  /// Start token, text, end token; a text that would be longer than
  /// `max_length` ids (at least 2) loses its end, never the end token.
  std::vector<std::int64_t> Encode(std::string_view text,
                                   std::int64_t max_length) const;

  std::int64_t end_id() const { return end_id_; }

 private:
  explicit ClipTokenizer(TokenizerFiles files);
  // `text` is a piece without raw tokens, not normalised yet.
  void EncodePiece(std::u32string_view text,
                   std::vector<std::int64_t>& ids) const;

  BytePairEncoding model_;
  std::vector<WantedToken> raw_tokens_;  // looked for in the text as given
  std::vector<WantedToken> normalized_tokens_;  // after normalisation
  std::int64_t start_id_ = 0;
  std::int64_t end_id_ = 0;
};

}  // namespace eyechart::encoders
