// What the harness itself costs.
#pragma once

#include <cstddef>

#include "benchmarks/load/clock.h"

namespace eyechart::benchmarks {

struct Overhead {
  double inside_ns = 0;   // of a query's latency: clock reads and spans
  double between_ns = 0;  // of the time from one query to the next
  double total_ns() const { return inside_ns + between_ns; }
};

/// Runs a device that does nothing but enter `stages` stages once, with the
/// code that times real ones; medians over `queries`. 0 in simulated time.
Overhead MeasureOverhead(Clock& clock, std::size_t stages, int queries = 1000);

}  // namespace eyechart::benchmarks
