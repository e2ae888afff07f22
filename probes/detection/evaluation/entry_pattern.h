// How one file writes its results.
//
// A program writes every entry in the same way: the same keys, the same order,
// the same blanks. What stands between the numbers is learned from the first
// entry; the others are then compared and their numbers read, in one pass.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "probes/detection/evaluation/raw_ids.h"

namespace eyechart::detection {

/// An entry of a results file.
struct RawDetection {
  RawId image;
  std::int64_t category;
  double x, y, width, height, score;
};

class EntryPattern {
 public:
  /// Of the object at the beginning of `text`, followed by another. Nothing
  /// where a value other than a number or the box stands in it.
  static std::optional<EntryPattern> Learn(std::string_view text);

  /// Appends the entries that are the whole of `text`. False, with any number
  /// of them appended, where one is written otherwise. 64 bytes behind `text`
  /// must be readable, and the first no part of a number.
  bool Read(std::string_view text, std::vector<RawDetection>& entries) const;

 private:
  enum class Slot {
    kImage,
    kCategory,
    kX,
    kY,
    kWidth,
    kHeight,
    kScore,
    kOther
  };

  // Text to be compared in words.
  class Literal {
   public:
    static constexpr std::size_t kMost = 64;
    explicit Literal(std::string_view text);
    bool Matches(const char* at) const;
    std::size_t size() const { return size_; }

   private:
    std::size_t size_;
    std::size_t words_;
    std::array<std::uint64_t, kMost / 8> word_{}, mask_{};
  };

  struct Piece {
    Literal before;
    Slot slot;
  };

  EntryPattern(std::vector<Piece> pieces, Literal end, Literal between);

  std::vector<Piece> pieces_;
  Literal end_;            // from the last number to the brace
  Literal between_;        // to the next brace, exclusive
  std::size_t least_ = 0;  // bytes an entry
};

}  // namespace eyechart::detection
