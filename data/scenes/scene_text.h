// What is said and asked about a scene.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/scenes/models.h"
#include "data/scenes/random.h"
#include "data/scenes/scene.h"

namespace eyechart::scenes::internal {

/// "no" for 0, "one" for 1, and so on to 12; others throw out_of_range.
std::string_view NumberWord(int number);

/// A thing as far as words go.
struct Seen {
  const Thing* thing = nullptr;
  std::string_view color;  // empty: not named
  bool faces_right = false;
  double x = 0;  // its middle, as a share of the picture's width
};

/// "A red car and a tree in a street"; with `detailed`, counts, headings and
/// places as well.
std::string Caption(Rng& rng,
                    std::span<const Seen> seen,
                    const std::string& setting,
                    bool detailed);

/// Up to four: a colour, whether something is there (of `possible` names), how
/// many, and which is further left.
std::vector<SceneQuestion> Questions(
    Rng& rng,
    std::span<const Seen> seen,
    std::span<const std::string_view> possible);

}  // namespace eyechart::scenes::internal
