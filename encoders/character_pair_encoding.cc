#include "encoders/character_pair_encoding.h"

#include <algorithm>

#include "core/error.h"

namespace eyechart::encoders {
namespace {

bool ContinuesCharacter(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

}  // namespace

CharacterPairEncoding::CharacterPairEncoding(
    PairVocabulary vocabulary,
    const std::vector<std::pair<std::string, std::string>>& merges,
    const CharacterPairOptions& options,
    const std::string& source)
    : vocabulary_(std::move(vocabulary)),
      merges_(vocabulary_, merges, source),
      options_(options) {
  if (options_.unknown) {
    unknown_id_ = IdOf(*options_.unknown);
    EYECHART_REQUIRE(unknown_id_.has_value(),
                     "{}: the unknown token \"{}\" is not in the vocabulary",
                     source, *options_.unknown);
  }
  for (std::size_t byte = 0; byte < byte_id_.size(); ++byte)
    byte_id_[byte] = IdOf(fmt::format("<0x{:02X}>", byte));
}

std::optional<std::int64_t> CharacterPairEncoding::IdOf(
    const std::string& token) const {
  const auto it = vocabulary_.find(token);
  if (it == vocabulary_.end()) return std::nullopt;
  return it->second;
}

bool CharacterPairEncoding::AppendBytes(std::string_view character,
                                        std::vector<std::int64_t>& ids) const {
  const auto id_of = [this](char c) {
    return byte_id_[static_cast<unsigned char>(c)];
  };
  if (!std::all_of(character.begin(), character.end(),
                   [&](char c) { return id_of(c).has_value(); }))
    return false;
  for (const char c : character) ids.push_back(*id_of(c));
  return true;
}

void CharacterPairEncoding::Encode(std::string_view word,
                                   std::vector<std::int64_t>& ids) const {
  if (options_.ignore_merges) {
    if (const auto id = IdOf(std::string(word))) {
      ids.push_back(*id);
      return;
    }
  }
  std::vector<std::int64_t> tokens;
  tokens.reserve(word.size());
  // An unknown token waits for the next known one: the reference puts what is
  // spelled out in bytes between them before it.
  bool unknown_waits = false;
  for (std::size_t begin = 0; begin < word.size();) {
    std::size_t end = begin + 1;
    while (end < word.size() && ContinuesCharacter(word[end])) ++end;
    const std::string_view character = word.substr(begin, end - begin);
    begin = end;
    if (const auto id = IdOf(std::string(character))) {
      if (unknown_waits) tokens.push_back(*unknown_id_);
      unknown_waits = false;
      tokens.push_back(*id);
      continue;
    }
    if (options_.byte_fallback && AppendBytes(character, tokens)) continue;
    if (!unknown_id_) continue;
    if (unknown_waits && !options_.fuse_unknown) tokens.push_back(*unknown_id_);
    unknown_waits = true;
  }
  if (unknown_waits) tokens.push_back(*unknown_id_);
  merges_.Apply(tokens, ids);
}

}  // namespace eyechart::encoders
