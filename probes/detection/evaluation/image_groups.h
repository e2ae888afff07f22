// Truths and detections by image, for what looks across classes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "probes/detection/evaluation/boxes.h"

namespace eyechart::detection {

/// Indices by image, in their order within it.
struct ByImage {
  std::vector<std::uint32_t> items;
  std::vector<std::size_t> begin;  // [images + 1]

  std::span<const std::uint32_t> of(std::size_t image) const {
    return std::span(items).subspan(begin[image],
                                    begin[image + 1] - begin[image]);
  }
};

/// Of what has an image and a category. Detections by descending score, ties
/// as they stand, the best `most` of each image.
ByImage TruthsByImage(const Truth& truth);
ByImage DetectionsByImage(const Detections& detections,
                          std::size_t images,
                          std::size_t most);

}  // namespace eyechart::detection
