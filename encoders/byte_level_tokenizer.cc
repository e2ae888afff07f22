#include "encoders/byte_level_tokenizer.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "core/json.h"
#include "encoders/clip_text_rules.h"

namespace eyechart::encoders {
namespace {

namespace fs = std::filesystem;

// RoBERTa's names, which BART has too.
TokenizerFiles Defaults() {
  TokenizerFiles files;
  files.start = "<s>";
  files.end = "</s>";
  files.unknown = "<unk>";
  files.other_special = {"<pad>", "<mask>"};
  return files;
}

bool IsOther(char32_t c) {
  return !IsWhiteSpace(c) && !IsLetter(c) && !IsNumber(c);
}

// The word that begins `rest`, which is not empty.
std::size_t WordLength(std::u32string_view rest) {
  if (const std::size_t length = ContractionLength(rest)) return length;
  const std::size_t blank = rest.front() == U' ' && rest.size() > 1 ? 1 : 0;
  for (const auto& belongs : {&IsLetter, &IsNumber, &IsOther}) {
    if (!belongs(rest[blank])) continue;
    std::size_t length = blank + 1;
    while (length < rest.size() && belongs(rest[length])) ++length;
    return length;
  }
  // White space; its last character goes with the word behind it, if there is
  // one.
  std::size_t length = 1;
  while (length < rest.size() && IsWhiteSpace(rest[length])) ++length;
  return length == rest.size() || length == 1 ? length : length - 1;
}

// The bytes that a token of the vocabulary stands for; itself where it has
// characters that stand for none.
std::string BytesOf(const std::string& token,
                    const std::unordered_map<char32_t, char>& byte_of) {
  std::string bytes;
  for (const char32_t c : DecodeUtf8(token)) {
    const auto it = byte_of.find(c);
    if (it == byte_of.end()) return token;
    bytes.push_back(it->second);
  }
  return bytes;
}

void RequireNoNormalizer(const fs::path& folder) {
  const fs::path path = folder / "tokenizer.json";
  const std::optional<Json> json = ReadOptionalObject(path);
  if (!json) return;
  const auto it = json->find("normalizer");
  EYECHART_REQUIRE(it == json->end() || it->is_null(),
                   "{}: has a \"normalizer\", which the tokenizers of this "
                   "family do not; it should be null",
                   path.string());
}

}  // namespace

std::vector<std::u32string_view> SplitForByteLevel(std::u32string_view text) {
  std::vector<std::u32string_view> words;
  for (std::size_t i = 0; i < text.size(); i += words.back().size())
    words.push_back(text.substr(i, WordLength(text.substr(i))));
  return words;
}

ByteLevelTokenizer::ByteLevelTokenizer(const fs::path& folder,
                                       const std::vector<std::string>& extra)
    : ByteLevelTokenizer(
          ReadTokenizerFiles(folder, Defaults()), folder, extra) {}

ByteLevelTokenizer::ByteLevelTokenizer(TokenizerFiles files,
                                       const fs::path& folder,
                                       const std::vector<std::string>& extra)
    : model_(std::move(files.vocabulary),
             files.merges,
             files.unknown,
             /*end_of_word=*/"",
             files.source) {
  RequireNoNormalizer(folder);
  std::unordered_map<char32_t, char> byte_of;
  for (int byte = 0; byte < 256; ++byte)
    byte_of[DecodeUtf8(ByteLevelCharacter(static_cast<std::uint8_t>(byte)))
                .front()] = static_cast<char>(byte);
  std::int64_t next = 0;
  for (const auto& [token, id] : model_.vocabulary()) {
    pieces_[id] = {BytesOf(token, byte_of), false};
    next = std::max(next, id + 1);
  }
  const auto add = [&](const AddedToken& token) {
    const std::u32string text = DecodeUtf8(token.content);
    if (text.empty()) return;
    pieces_[token.id] = {BytesOf(token.content, byte_of), token.special};
    added_.push_back({text, token});
    next = std::max(next, token.id + 1);
  };
  for (const AddedToken& token : files.added) add(token);
  for (const std::string& content : extra) {
    if (IdOf(content)) continue;
    AddedToken token;
    token.content = content;
    token.id = next;
    token.special = true;
    add(token);
  }
  const fs::path config_path = folder / "tokenizer_config.json";
  if (const auto config = ReadOptionalObject(config_path)) {
    prefix_space_ = JsonGetOr<bool>(*config, "add_prefix_space", false,
                                    config_path.string());
  }
  start_id_ = RequiredId(files.start, files.source);
  end_id_ = RequiredId(files.end, files.source);
}

std::optional<std::int64_t> ByteLevelTokenizer::IdOf(
    std::string_view token) const {
  for (const WantedToken& wanted : added_)
    if (wanted.token.content == token) return wanted.token.id;
  const auto it = model_.vocabulary().find(std::string(token));
  if (it == model_.vocabulary().end()) return std::nullopt;
  return it->second;
}

std::int64_t ByteLevelTokenizer::RequiredId(const std::string& token,
                                            const std::string& source) const {
  const std::optional<std::int64_t> id = IdOf(token);
  EYECHART_REQUIRE(id.has_value(),
                   "{}: the special token \"{}\" is not in the vocabulary",
                   source, token);
  return *id;
}

std::vector<std::int64_t> ByteLevelTokenizer::Encode(
    std::string_view text) const {
  std::vector<std::int64_t> ids;
  const std::u32string points = DecodeUtf8(text);
  for (const TextPiece& piece : CutAtTokens(points, added_)) {
    if (piece.token != nullptr) {
      ids.push_back(piece.token->id);
      continue;
    }
    std::u32string words(piece.text);
    if (prefix_space_ && words.front() != U' ') words.insert(0, 1, U' ');
    for (const std::u32string_view word : SplitForByteLevel(words))
      model_.Encode(EncodeUtf8(word), ids);
  }
  return ids;
}

std::string ByteLevelTokenizer::Decode(std::span<const std::int64_t> ids,
                                       bool skip_special) const {
  std::string bytes;
  for (const std::int64_t id : ids) {
    const auto it = pieces_.find(id);
    if (it == pieces_.end() || (skip_special && it->second.special)) continue;
    bytes += it->second.bytes;
  }
  return EncodeUtf8(DecodeUtf8(bytes));
}

}  // namespace eyechart::encoders
