// GPT-2's byte-level tokenizer, as BART and Florence-2 have it, equal to the
// Hugging Face fast one of the same folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "encoders/added_tokens.h"
#include "encoders/byte_pair_encoding.h"
#include "encoders/tokenizer_files.h"

namespace eyechart::encoders {

class ByteLevelTokenizer {
 public:
  /// `extra` are special tokens that the folder may lack: those that do are
  /// appended to the vocabulary, in their order. Throws InputError as
  /// ReadTokenizerFiles, and for a normaliser, which none of the family has.
  explicit ByteLevelTokenizer(const std::filesystem::path& folder,
                              const std::vector<std::string>& extra = {});

  /// The ids of `text`, added tokens in it found; no start and end around it.
  std::vector<std::int64_t> Encode(std::string_view text) const;

  /// The text of `ids`, ill-formed UTF-8 replaced by U+FFFD; ids that the
  /// vocabulary lacks give nothing. Special tokens are left out on request.
  std::string Decode(std::span<const std::int64_t> ids,
                     bool skip_special) const;

  /// The id of a whole token, if there is one.
  std::optional<std::int64_t> IdOf(std::string_view token) const;

  std::int64_t start_id() const { return start_id_; }
  std::int64_t end_id() const { return end_id_; }

 private:
  ByteLevelTokenizer(TokenizerFiles files,
                     const std::filesystem::path& folder,
                     const std::vector<std::string>& extra);

  struct Piece {
    std::string bytes;
    bool special = false;
  };

  std::int64_t RequiredId(const std::string& token,
                          const std::string& source) const;

  BytePairEncoding model_;
  std::vector<WantedToken> added_;
  std::unordered_map<std::int64_t, Piece> pieces_;  // by id
  bool prefix_space_ = false;
  std::int64_t start_id_ = 0;
  std::int64_t end_id_ = 0;
};

/// The words of a text: contractions, runs of letters, of numbers, of anything
/// else, each with the blank before it; white space besides. Every character is
/// in one of them. Source: the split pattern of GPT-2's tokenizer.
std::vector<std::u32string_view> SplitForByteLevel(std::u32string_view text);

}  // namespace eyechart::encoders
