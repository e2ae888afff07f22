// How the pairs of a data set lie in both spaces.
#pragma once

#include <cstdint>
#include <vector>

namespace eyechart::mining {

/// Pairs by their cosines. A bin holds its lower edge and not its upper one,
/// the last bin both. Fewer than two edges on either side: nothing counted.
struct CosineHistogram {
  std::vector<double> near_edges;  // rising; one more than bins
  std::vector<double> far_edges;
  /// Pairs, (near bins) x (far bins) row-major: estimates where sampled, so not
  /// whole numbers.
  std::vector<double> counts;
  double exact_from = -1;    // near cosine from which counts are exact
  std::int64_t sampled = 0;  // pairs that the others were estimated from
};

}  // namespace eyechart::mining
