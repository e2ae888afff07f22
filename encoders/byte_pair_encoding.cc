#include "encoders/byte_pair_encoding.h"

#include <queue>
#include <tuple>

#include "core/error.h"
#include "encoders/clip_text_rules.h"

namespace eyechart::encoders {
namespace {

std::uint64_t PairKey(std::int64_t left, std::int64_t right) {
  return (static_cast<std::uint64_t>(left) << 32) |
         static_cast<std::uint64_t>(right);
}

bool Prints(unsigned byte) {
  return (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) ||
         byte >= 174;
}

// A token of the word in work: a doubly linked list, so that a merge costs the
// same however long the word is.
struct Symbol {
  std::int64_t id;
  int previous;  // -1: none
  int next;      // -1: none
  bool alive = true;
};

// What could be merged: lowest rank first, then leftmost.
struct Candidate {
  std::size_t rank;
  int left;
  std::int64_t left_id, right_id, merged_id;
  friend bool operator>(const Candidate& a, const Candidate& b) {
    return std::tie(a.rank, a.left) > std::tie(b.rank, b.left);
  }
};

}  // namespace

std::string ByteLevelCharacter(std::uint8_t byte) {
  if (Prints(byte)) return EncodeUtf8(std::u32string(1, char32_t{byte}));
  char32_t code = 256;
  for (unsigned other = 0; other < byte; ++other)
    if (!Prints(other)) ++code;
  return EncodeUtf8(std::u32string(1, code));
}

PairMerges::PairMerges(
    const PairVocabulary& vocabulary,
    const std::vector<std::pair<std::string, std::string>>& merges,
    const std::string& source) {
  for (const auto& [token, id] : vocabulary)
    EYECHART_REQUIRE(id >= 0 && id < (std::int64_t{1} << 31),
                     "{}: token \"{}\" has id {}, which is out of range",
                     source, token, id);
  const auto id_of = [&](const std::string& token) {
    const auto it = vocabulary.find(token);
    EYECHART_REQUIRE(it != vocabulary.end(),
                     "{}: the merges use \"{}\", which is not in the "
                     "vocabulary",
                     source, token);
    return it->second;
  };
  for (std::size_t rank = 0; rank < merges.size(); ++rank) {
    const auto& [left, right] = merges[rank];
    merges_[PairKey(id_of(left), id_of(right))] = {rank, id_of(left + right)};
  }
}

void PairMerges::Apply(const std::vector<std::int64_t>& tokens,
                       std::vector<std::int64_t>& ids) const {
  if (tokens.empty()) return;
  const int size = static_cast<int>(tokens.size());
  std::vector<Symbol> symbols;
  symbols.reserve(tokens.size());
  for (int i = 0; i < size; ++i)
    symbols.push_back({tokens[i], i - 1, i + 1 == size ? -1 : i + 1});
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> queue;
  const auto consider = [&](int left) {
    if (left < 0 || symbols[left].next < 0) return;
    const std::int64_t left_id = symbols[left].id;
    const std::int64_t right_id = symbols[symbols[left].next].id;
    const auto it = merges_.find(PairKey(left_id, right_id));
    if (it != merges_.end())
      queue.push({it->second.rank, left, left_id, right_id, it->second.id});
  };
  for (int i = 0; i < size; ++i) consider(i);
  while (!queue.empty()) {
    const Candidate best = queue.top();
    queue.pop();
    Symbol& left = symbols[best.left];
    // Older entries of symbols that have changed since are skipped here.
    if (!left.alive || left.next < 0 || left.id != best.left_id ||
        symbols[left.next].id != best.right_id)
      continue;
    Symbol& right = symbols[left.next];
    right.alive = false;
    left.id = best.merged_id;
    left.next = right.next;
    if (left.next >= 0) symbols[left.next].previous = best.left;
    consider(left.previous);
    consider(best.left);
  }
  for (int i = 0; i >= 0; i = symbols[i].next) ids.push_back(symbols[i].id);
}

BytePairEncoding::BytePairEncoding(
    Vocabulary vocabulary,
    const std::vector<std::pair<std::string, std::string>>& merges,
    const std::string& unknown,
    std::string_view end_of_word,
    const std::string& source)
    : vocabulary_(std::move(vocabulary)), merges_(vocabulary_, merges, source) {
  const auto unknown_it = vocabulary_.find(unknown);
  EYECHART_REQUIRE(unknown_it != vocabulary_.end(),
                   "{}: the unknown token \"{}\" is not in the vocabulary",
                   source, unknown);
  for (std::size_t byte = 0; byte < 256; ++byte) {
    const std::string character =
        ByteLevelCharacter(static_cast<std::uint8_t>(byte));
    const auto inside = vocabulary_.find(character);
    const auto last = vocabulary_.find(character + std::string(end_of_word));
    byte_id_[byte] =
        (inside == vocabulary_.end() ? unknown_it : inside)->second;
    last_byte_id_[byte] =
        (last == vocabulary_.end() ? unknown_it : last)->second;
  }
}

void BytePairEncoding::Encode(std::string_view word,
                              std::vector<std::int64_t>& ids) const {
  EYECHART_CHECK(!word.empty(), "an empty word");
  std::vector<std::int64_t> tokens;
  tokens.reserve(word.size());
  for (std::size_t i = 0; i < word.size(); ++i) {
    const auto byte = static_cast<unsigned char>(word[i]);
    tokens.push_back(i + 1 == word.size() ? last_byte_id_[byte]
                                          : byte_id_[byte]);
  }
  merges_.Apply(tokens, ids);
}

}  // namespace eyechart::encoders
