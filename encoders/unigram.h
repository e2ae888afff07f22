// The Unigram segmentation of a tokenizer.json.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace eyechart::encoders {

struct UnigramPiece {
  std::string text;  // UTF-8
  double score = 0;  // log probability
  enum class Kind {
    kNormal,
    kUserDefined,  // its score is no probability
    kNotInText,    // control, unknown, byte
  } kind = Kind::kNormal;
};

struct UnigramOptions {
  /// The id of what no piece covers.
  std::optional<std::int64_t> unknown;
  /// Spells the unknown out in <0xXX> pieces, where all of them are there.
  bool byte_fallback = false;
  /// Adds scores up in single precision, as SentencePiece does; Hugging Face
  /// tokenizers do so in double. It decides ties and near ties.
  bool single_precision = false;
};

/// The likeliest segmentation of a text into pieces. Sources: the Unigram
/// models of SentencePiece 0.2 and of Hugging Face tokenizers.
class Unigram {
 public:
  /// A stretch of a text and the id of its piece.
  struct Segment {
    std::string_view text;
    std::int64_t id;
  };

  /// `pieces` are by id. Throws InputError naming `source` for no pieces, an
  /// id outside, or a score that is not finite.
  Unigram(std::vector<UnigramPiece> pieces,
          const UnigramOptions& options,
          std::string source);

  /// The pieces of `text` (UTF-8), an unknown one a character. Throws
  /// InputError where `text` is not covered and there is no unknown piece.
  std::vector<Segment> Cut(std::string_view text) const;

  /// Appends the ids of `text`; neighbours that are unknown count as one.
  void Encode(std::string_view text, std::vector<std::int64_t>& ids) const;

  /// The id of `piece`, if it is in the vocabulary.
  std::optional<std::int64_t> IdOf(const std::string& piece) const;
  std::int64_t size() const {
    return static_cast<std::int64_t>(scores_.size());
  }

 private:
  // The best way to a byte of the text.
  struct Step {
    double score = 0;
    std::size_t begin = 0;  // of the piece that ends here
    std::int64_t id = 0;
    bool reached = false;
  };
  void Insert(std::string_view piece, std::int64_t id);
  double Sum(double a, double b) const;
  std::vector<Step> BestSteps(std::string_view text) const;
  void AppendUnknown(std::string_view text,
                     std::vector<std::int64_t>& ids) const;

  std::vector<double> scores_;
  std::unordered_map<std::string, std::int64_t> ids_;
  // A trie: (node << 8 | byte) -> node; a node's piece, or -1.
  std::unordered_map<std::uint64_t, std::uint64_t> edges_;
  std::vector<std::int64_t> piece_at_ = {-1};
  UnigramOptions options_;
  double unknown_score_ = 0;
  std::string source_;
};

}  // namespace eyechart::encoders
