// A bound that is cheaper than the cosine, so that most pairs need no more.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "mining/feature_rows.h"

namespace eyechart::mining {

/// Rows of unit length are split by an orthonormal basis Q of k directions into
/// p = Q'a and what is left of them, of length r = sqrt(1 - |p|^2). By Cauchy
/// and Schwarz
///     a.b  <=  p_a.p_b + r_a r_b ,
/// which is the dot product of the rows (p, r) of k + 1 values. A pair whose
/// bound is not above the threshold cannot be near; where that settles all but
/// a few pairs, k + 1 values instead of all do the work of an exact search.
/// The bound holds for every basis; a good one (the leading directions of a
/// sample) only makes it tight.
class Screen {
 public:
  /// The cheapest screen for `near_min`, by a sample's estimate of how many
  /// pairs each width lets through; none where the full product is cheaper.
  static std::optional<Screen> Plan(const FeatureRows& rows, double near_min);

  /// k + 1.
  std::int64_t width() const { return width_; }

  /// A pair whose product of loaded rows, in float32, is not above this has a
  /// cosine not above `near_min`.
  double Threshold(double near_min) const;

  /// Fills `out` (n x width, row-major) with (p, r) of rows [begin, begin + n).
  void Load(const FeatureRows& rows,
            std::int64_t begin,
            std::int64_t n,
            float* out) const;

 private:
  static std::optional<Screen> PlanSerially(const FeatureRows& rows,
                                            double near_min);
  Screen(std::int64_t dim, std::int64_t width, std::vector<double> basis)
      : dim_(dim), width_(width), basis_(std::move(basis)) {}

  void Finish(const double* p, float* out) const;

  std::int64_t dim_;
  std::int64_t width_;
  std::vector<double> basis_;  // (dim, width - 1), row-major
};

}  // namespace eyechart::mining
