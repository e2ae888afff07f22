// Boxes as a detector gives them, from a seed.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "core/random.h"

namespace eyechart::benchmarks {

/// n boxes x1, y1, x2, y2 with a score and a class each.
struct MadeBoxes {
  std::vector<float> boxes;
  std::vector<float> scores;
  std::vector<std::int64_t> classes;
};

/// A dozen boxes around each object of 80 classes, COCO's number, in a picture
/// of 1024 a side for 1,000 boxes and larger for more, so that a place holds as
/// many. Sides are 60 pixels, within a factor of 3.
inline MadeBoxes MakeBoxes(std::int64_t count, std::uint64_t seed) {
  constexpr std::int64_t kAround = 12;
  Random random(seed, static_cast<std::uint64_t>(count));
  const double spread = 1024 * std::sqrt(static_cast<double>(count) / 1000);
  MadeBoxes made;
  double x = 0, y = 0, side = 0;
  std::int64_t its_class = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    if (i % kAround == 0) {
      x = spread * random.Uniform();
      y = spread * random.Uniform();
      side = 60 * std::pow(3, 2 * random.Uniform() - 1);
      its_class = static_cast<std::int64_t>(random.Below(80));
    }
    const auto near = [&] { return side * 0.2 * (random.Uniform() - 0.5); };
    const double left = x + near(), top = y + near();
    const double width = side + near(), height = side + near();
    for (const double corner : {left, top, left + width, top + height})
      made.boxes.push_back(static_cast<float>(std::clamp(corner, 0.0, spread)));
    made.scores.push_back(static_cast<float>(random.Uniform()));
    made.classes.push_back(its_class);
  }
  return made;
}

}  // namespace eyechart::benchmarks
