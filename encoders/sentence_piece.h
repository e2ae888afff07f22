// spiece.model, as SigLIP's own tokenizer uses it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "encoders/added_tokens.h"
#include "encoders/unigram.h"

namespace sentencepiece {
class SentencePieceProcessor;
}

namespace eyechart::encoders {

/// Lower case of the whole text (final sigma included), no ASCII punctuation,
/// white space (Python's) collapsed and stripped. Source: the text
/// canonicalisation of big_vision, in transformers' SiglipTokenizer.
std::string CanonicalizeForSiglip(std::string_view text, bool lower_case);

/// transformers' SiglipTokenizer on a folder's spiece.model, which
/// libsentencepiece reads, normalises by and segments. Of a Unigram model the
/// segmentation is done again: versions of the library before 0.2 decide ties
/// otherwise ("ooooo" into "o", "oo", "oo" or "oo", "oo", "o").
class SentencePieceTokenizer {
 public:
  /// Reads `folder`/spiece.model, the special tokens and "do_lower_case" of
  /// tokenizer_config.json (or special_tokens_map.json). Throws InputError for
  /// damaged files or special tokens that cannot be.
  explicit SentencePieceTokenizer(const std::filesystem::path& folder);
  ~SentencePieceTokenizer();
  SentencePieceTokenizer(SentencePieceTokenizer&&) noexcept;

  /// The ids of `text` and the end token, which is not added to a text that
  /// ends with it; a text that would be longer than `max_length` (at least 1)
  /// loses its end first.
  std::vector<std::int64_t> Encode(std::string_view text,
                                   std::int64_t max_length) const;

  std::int64_t pad_id() const { return pad_id_; }

 private:
  void AddToken(AddedToken token, std::optional<std::int64_t> id);
  void ReadTokens(const std::filesystem::path& folder);
  std::int64_t IdOf(const std::string& token) const;
  const AddedToken* FindAdded(std::string_view content) const;
  std::vector<std::string> Segment(const std::string& text) const;
  void EncodePiece(std::u32string_view text,
                   std::vector<std::string>& pieces) const;

  std::unique_ptr<sentencepiece::SentencePieceProcessor> model_;
  std::string source_;
  std::optional<Unigram> unigram_;  // unless it is another kind of model
  bool byte_fallback_ = false;
  std::vector<WantedToken> added_;
  std::int64_t next_id_ = 0;  // of a token that is new
  std::string end_ = "</s>";
  std::string unknown_ = "<unk>";
  std::string pad_ = "</s>";
  std::size_t unknown_length_ = 0;  // pieces of `unknown_`, spelt out
  std::int64_t end_id_ = 0;
  std::int64_t pad_id_ = 0;
  bool lower_case_ = true;
};

}  // namespace eyechart::encoders
