// Pairs of pictures that differ in one property alone, after the nine visual
// patterns of MMVP (Tong et al. 2024, arXiv 2401.06209).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "data/image.h"
#include "data/scenes/render_options.h"

namespace eyechart::scenes {

/// One of the nine patterns.
struct PatternInfo {
  std::string_view name;       // "orientation"; names streams and folders
  std::string_view mmvp_name;  // "Orientation and Direction"
  std::string_view unit;       // of the difficulty
  /// Difficulties from easy to hard: positive and falling. Lengths in pixels
  /// are those at size 224.
  std::span<const double> steps;
  bool pixels;                // the unit is a length: it grows with the size
  std::string_view class_a;   // what every picture a shows
  std::string_view class_b;   // what every picture b shows
  std::string_view measures;  // what the difficulty is
};

/// The nine, in MMVP's order.
std::span<const PatternInfo> Patterns();

/// The pattern called `name`; throws InputError with the nearest name.
const PatternInfo& FindPattern(std::string_view name);

/// Two pictures and what is true of each. Picture a shows class 0 and picture b
/// class 1, which mean the same at every index of a pattern and step.
struct PatternPair {
  data::Image a;
  data::Image b;
  std::string object;       // what is shown: "dog"
  std::string question;     // asked of both pictures
  std::string option_a;     // (a); in an order drawn from the seed
  std::string option_b;     // (b)
  char answer_a = 'a';      // the right option of picture a: 'a' or 'b'
  char answer_b = 'b';      // of picture b, always the other one
  std::string statement_a;  // true of picture a alone: "A dog facing left"
  std::string statement_b;
  double difficulty = 0;  // in the pattern's unit, > 0, harder is smaller
  data::Box region;       // pixels outside are the same in both (before
                          // JPEG); whole pixels
  int jpeg_quality = 90;  // drawn; the same for both
};

/// Pair `index` of a pattern at `step` (0: the easiest). Everything but the
/// property itself depends on (seed, pattern, index) alone: at another step the
/// same dog stands in the same meadow. Throws InputError for a step or a size
/// out of range. Safe to call from many threads.
PatternPair RenderPair(const PatternInfo& pattern,
                       int step,
                       std::uint64_t seed,
                       std::int64_t index,
                       const RenderOptions& options = {});

}  // namespace eyechart::scenes
