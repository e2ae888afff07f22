#include "encoders/clip_tokenizer.h"

#include <utility>

#include "core/error.h"
#include "encoders/clip_text_rules.h"

namespace eyechart::encoders {
namespace {

std::int64_t IdOf(const BytePairEncoding::Vocabulary& vocabulary,
                  const std::vector<AddedToken>& added,
                  const std::string& token,
                  const std::string& source) {
  if (const auto it = vocabulary.find(token); it != vocabulary.end())
    return it->second;
  for (const AddedToken& candidate : added)
    if (candidate.content == token) return candidate.id;
  ThrowInput("{}: the special token \"{}\" is not in the vocabulary", source,
             token);
}

}  // namespace

ClipTokenizer::ClipTokenizer(const std::filesystem::path& folder)
    : ClipTokenizer(ReadTokenizerFiles(folder)) {}

ClipTokenizer::ClipTokenizer(TokenizerFiles files)
    : model_(std::move(files.vocabulary),
             files.merges,
             files.unknown,
             /*end_of_word=*/"</w>",
             files.source) {
  for (const AddedToken& token : files.added) {
    const std::u32string text = DecodeUtf8(token.content);
    if (text.empty()) continue;
    if (token.normalized)
      normalized_tokens_.push_back({NormalizeForClip(text), token});
    else
      raw_tokens_.push_back({text, token});
  }
  start_id_ = IdOf(model_.vocabulary(), files.added, files.start, files.source);
  end_id_ = IdOf(model_.vocabulary(), files.added, files.end, files.source);
}

void ClipTokenizer::EncodePiece(std::u32string_view text,
                                std::vector<std::int64_t>& ids) const {
  const std::u32string normal = NormalizeForClip(text);
  for (const TextPiece& piece : CutAtTokens(normal, normalized_tokens_)) {
    if (piece.token != nullptr) {
      ids.push_back(piece.token->id);
      continue;
    }
    for (const std::u32string_view word : SplitForClip(piece.text))
      model_.Encode(EncodeUtf8(word), ids);
  }
}

std::vector<std::int64_t> ClipTokenizer::Encode(std::string_view text,
                                                std::int64_t max_length) const {
  EYECHART_CHECK(max_length >= 2, "no room for start and end");
  std::vector<std::int64_t> ids = {start_id_};
  const std::u32string points = DecodeUtf8(text);
  for (const TextPiece& piece : CutAtTokens(points, raw_tokens_)) {
    if (piece.token != nullptr)
      ids.push_back(piece.token->id);
    else
      EncodePiece(piece.text, ids);
  }
  if (static_cast<std::int64_t>(ids.size()) > max_length - 1)
    ids.resize(static_cast<std::size_t>(max_length - 1));
  ids.push_back(end_id_);
  return ids;
}

}  // namespace eyechart::encoders
