// CLIP's tokenizer, equal to the Hugging Face fast one of the same folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

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
  // An added token as it is looked for.
  struct Wanted {
    std::u32string text;
    AddedToken token;
  };
  struct Piece {
    std::u32string_view text;
    const AddedToken* token;  // null: text between tokens
  };
  explicit ClipTokenizer(TokenizerFiles files);
  static std::vector<Piece> Cut(std::u32string_view text,
                                const std::vector<Wanted>& wanted);
  // `text` is a piece without raw tokens, not normalised yet.
  void EncodePiece(std::u32string_view text,
                   std::vector<std::int64_t>& ids) const;

  BytePairEncoding model_;
  std::vector<Wanted> raw_tokens_;         // looked for in the text as given
  std::vector<Wanted> normalized_tokens_;  // after normalisation
  std::int64_t start_id_ = 0;
  std::int64_t end_id_ = 0;
};

}  // namespace eyechart::encoders
