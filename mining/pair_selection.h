// Which of the blind pairs are kept: by their classes, and so that no picture
// fills the list.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "data/store_manifest.h"
#include "mining/mine.h"

namespace eyechart::mining {

struct PairSelectionOptions {
  /// all; within: both pictures have one label; across: their labels differ. A
  /// picture without a label is in no class: its pairs are neither.
  std::string classes = "all";
  /// At most so many kept pairs a picture; 0: any number. In spaces of many
  /// dimensions a few pictures (hubs) are near to everything (Radovanovic,
  /// Nanopoulos and Ivanovic 2010) and would be on every page of a gallery.
  std::int64_t max_per_image = 0;
};

struct PairSelection {
  std::vector<std::size_t> kept;     // indices of the pairs, rising
  std::int64_t other_class = 0;      // left out: across, or within, classes
  std::int64_t unlabelled = 0;       // left out: a picture has no label
  std::int64_t over_max_images = 0;  // pictures that reached max_per_image ...
  std::int64_t over_max = 0;         // ... and the pairs left out for that

  std::int64_t left_out() const { return other_class + unlabelled + over_max; }
};

/// Walks `pairs` in their order; the rule of classes comes first, so that pairs
/// it leaves out do not count towards max_per_image. Throws InputError for
/// another name of classes, a max_per_image below 0, and classes asked for
/// where no item has a label.
PairSelection SelectPairs(std::span<const BlindPair> pairs,
                          const std::vector<data::StoreItem>& items,
                          const PairSelectionOptions& options);

/// The kept pairs themselves, in their order.
std::vector<BlindPair> KeptPairs(std::span<const BlindPair> pairs,
                                 const PairSelection& selection);

/// What SelectPairs throws for options, to be said before hours of work.
void RequireSelection(const PairSelectionOptions& options);

}  // namespace eyechart::mining
