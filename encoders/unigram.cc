#include "encoders/unigram.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/error.h"

namespace eyechart::encoders {
namespace {

// What an unknown character costs below the least likely piece.
constexpr double kUnknownPenalty = 10;

// Bytes of the character that begins with `lead`.
std::size_t CharacterLength(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  if (byte < 0xC0) return 1;
  if (byte < 0xE0) return 2;
  return byte < 0xF0 ? 3 : 4;
}

}  // namespace

Unigram::Unigram(std::vector<UnigramPiece> pieces,
                 const UnigramOptions& options,
                 std::string source)
    : options_(options), source_(std::move(source)) {
  EYECHART_REQUIRE(!pieces.empty(), "{}: the vocabulary is empty", source_);
  const auto count = static_cast<std::int64_t>(pieces.size());
  const std::int64_t unknown = options.unknown.value_or(0);
  EYECHART_REQUIRE(unknown >= 0 && unknown < count,
                   "{}: the unknown piece's id is {}; there are {} pieces",
                   source_, unknown, count);
  double lowest = std::numeric_limits<double>::infinity();
  for (UnigramPiece& piece : pieces) {
    EYECHART_REQUIRE(std::isfinite(piece.score),
                     "{}: the score of piece \"{}\" is not finite", source_,
                     piece.text);
    const auto id = static_cast<std::int64_t>(scores_.size());
    scores_.push_back(piece.score);
    if (piece.kind == UnigramPiece::Kind::kNormal)
      lowest = std::min(lowest, piece.score);
    if (piece.kind != UnigramPiece::Kind::kNotInText && !piece.text.empty())
      Insert(piece.text, id);
    ids_.insert_or_assign(std::move(piece.text), id);
  }
  unknown_score_ = Sum(lowest, -kUnknownPenalty);
}

double Unigram::Sum(double a, double b) const {
  if (!options_.single_precision) return a + b;
  return static_cast<double>(static_cast<float>(a) + static_cast<float>(b));
}

void Unigram::Insert(std::string_view piece, std::int64_t id) {
  std::uint64_t node = 0;
  for (const char c : piece) {
    const std::uint64_t key = node << 8 | static_cast<unsigned char>(c);
    const auto [edge, added] = edges_.try_emplace(key, piece_at_.size());
    if (added) piece_at_.push_back(-1);
    node = edge->second;
  }
  piece_at_[node] = id;
}

std::optional<std::int64_t> Unigram::IdOf(const std::string& piece) const {
  const auto it = ids_.find(piece);
  if (it == ids_.end()) return std::nullopt;
  return it->second;
}

std::vector<Unigram::Step> Unigram::BestSteps(std::string_view text) const {
  std::vector<Step> steps(text.size() + 1);
  const auto offer = [&](std::size_t begin, std::size_t end, double score,
                         std::int64_t id) {
    if (!steps[end].reached || score > steps[end].score)
      steps[end] = {score, begin, id, true};
  };
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t next =
        std::min(begin + CharacterLength(text[begin]), text.size());
    const double here = steps[begin].score;
    bool covered = false;  // by a piece of one character
    std::uint64_t node = 0;
    for (std::size_t i = begin; i < text.size(); ++i) {
      const auto edge =
          edges_.find(node << 8 | static_cast<unsigned char>(text[i]));
      if (edge == edges_.end()) break;
      node = edge->second;
      const std::int64_t id = piece_at_[node];
      if (id < 0) continue;
      offer(begin, i + 1, Sum(here, scores_[static_cast<std::size_t>(id)]), id);
      covered = covered || i + 1 == next;
    }
    if (!covered) {
      EYECHART_REQUIRE(options_.unknown,
                       "{}: \"{}\" is in no piece of the vocabulary and there "
                       "is no unknown piece",
                       source_, text.substr(begin, next - begin));
      offer(begin, next, Sum(here, unknown_score_), *options_.unknown);
    }
    begin = next;
  }
  return steps;
}

void Unigram::AppendUnknown(std::string_view text,
                            std::vector<std::int64_t>& ids) const {
  // A run may spell a piece that its characters alone do not.
  if (const auto id = IdOf(std::string(text))) {
    ids.push_back(*id);
    return;
  }
  if (options_.byte_fallback) {
    std::vector<std::int64_t> bytes;
    for (const char c : text)
      if (const auto id =
              IdOf(fmt::format("<0x{:02X}>", static_cast<unsigned char>(c))))
        bytes.push_back(*id);
    if (bytes.size() == text.size()) {
      ids.insert(ids.end(), bytes.begin(), bytes.end());
      return;
    }
  }
  ids.push_back(*options_.unknown);
}

std::vector<Unigram::Segment> Unigram::Cut(std::string_view text) const {
  const std::vector<Step> steps = BestSteps(text);
  std::vector<Segment> segments;
  for (std::size_t end = text.size(); end > 0; end = steps[end].begin) {
    const Step& step = steps[end];
    segments.push_back({text.substr(step.begin, end - step.begin), step.id});
  }
  std::reverse(segments.begin(), segments.end());
  return segments;
}

void Unigram::Encode(std::string_view text,
                     std::vector<std::int64_t>& ids) const {
  std::string_view run;  // of unknown segments
  for (const Segment& segment : Cut(text)) {
    if (segment.id == options_.unknown) {
      const char* begin = run.empty() ? segment.text.data() : run.data();
      run = {begin, run.size() + segment.text.size()};
      continue;
    }
    if (!run.empty()) AppendUnknown(std::exchange(run, {}), ids);
    ids.push_back(segment.id);
  }
  if (!run.empty()) AppendUnknown(run, ids);
}

}  // namespace eyechart::encoders
