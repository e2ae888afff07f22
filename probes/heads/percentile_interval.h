// Percentile bootstrap (Efron 1979) of any figure.
#pragma once

#include <string>
#include <vector>

#include "core/statistics.h"

namespace eyechart::probes {

/// How figures are resampled.
struct BootstrapOptions {
  std::uint64_t seed = 0;
  int resamples = 2000;
  double level = 0.95;
};

/// The middle `level` of a figure's `draws`, between neighbours linearly, as
/// NumPy's quantile; draws that are not finite are left out, and without any
/// other it is [NaN, NaN].
Interval PercentileInterval(std::vector<double> draws,
                            double level,
                            const std::string& method);

}  // namespace eyechart::probes
