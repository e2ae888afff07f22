// The pictures of mined pairs with their patterns, and how many pairs each is
// in: for data sets whose pictures are pairs that differ in one known property.
// Two mined pairs may share a picture, so that what is said of the pairs needs
// an interval over the pictures.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "mining/mine.h"
#include "probes/multiple_choice/benchmark.h"

namespace eyechart::suite {

/// Each pair counts at both of its pictures.
struct MinedPicture {
  std::string id;
  std::string pattern;            // of its question; "" for none
  std::int64_t blind_pairs = 0;   // that it is in, at least one
  std::int64_t same_pattern = 0;  // of these, the other one is of the pattern
  std::int64_t own_pair = 0;      // of these, it is the other of its pair
};

/// The pictures that are in at least one of the blind pairs, by row; `items`
/// are the rows that the pairs count in.
std::vector<MinedPicture> CountMinedPictures(
    const multiple_choice::Benchmark& benchmark,
    std::span<const mining::BlindPair> blind,
    const std::vector<data::StoreItem>& items);

/// id,pattern,blind_pairs,same_pattern,own_pair.
std::string MinedPicturesCsv(std::span<const MinedPicture> pictures);

/// Of the share of blind pairs that are one of the benchmark's pairs: jackknife
/// over the pictures, 95 %.
Interval OwnPairInterval(std::span<const MinedPicture> pictures);

}  // namespace eyechart::suite
