// The rows that may be among the k nearest of one query.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace eyechart::probes {

/// A row that was found, with its cosine in float32.
using FoundRow = std::pair<float, std::int64_t>;

/// Looks at cosines as they come and keeps those that rounding could lift among
/// the k greatest.
class CosineCandidates {
 public:
  /// Forgets all. `slack` is what two cosines may be off by together.
  void Reset(std::int64_t k, float slack);

  /// Cosines (n) of rows first_row ... first_row + n - 1.
  void Look(const float* cosines, std::int64_t n, std::int64_t first_row);

  /// Every row at most `slack` behind the k-th, in no order; good until Reset.
  std::vector<FoundRow>& Finish();

 private:
  void Take(float cosine, std::int64_t row);
  void Narrow();

  std::size_t k_ = 1;
  float slack_ = 0;
  float least_ = 0;        // cosines below this are of no use any more
  std::size_t limit_ = 0;  // found before the next Narrow
  std::vector<FoundRow> found_;
};

}  // namespace eyechart::probes
