// How near a measured time is to what the machine can do: the roofline model
// (Williams, Waterman and Patterson 2009, "Roofline: an insightful visual
// performance model for multicore architectures", CACM 52(4)). Arithmetic on
// numbers that were measured elsewhere (measure_ceiling.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "benchmarks/load/finding.h"
#include "core/json.h"

namespace eyechart::benchmarks {

/// The two roofs of a machine, for one type of number.
struct Ceiling {
  double gflops = 0;  // 10^9 operations a second of a matrix product
  double gbps = 0;    // 10^9 bytes a second, read and written, of a copy
};

enum class Bound {
  kCompute,  // the product's roof is the lower one
  kMemory,   // the copy's is
};

/// "compute" or "memory".
std::string_view BoundName(Bound bound);

struct Utilisation {
  double gflops = 0;      // achieved
  double gbps = 0;        // achieved
  double intensity = 0;   // operations a byte; infinite where no byte moves
  double attainable = 0;  // GFLOP/s under the lower roof at that intensity
  double share = 0;       // of what is attainable; above 1 where the bytes are
                          // those of a cache, or the ceiling was disturbed
  Bound bound = Bound::kCompute;
};

/// Operations a byte from which on compute binds.
double RidgePoint(const Ceiling& ceiling);

/// GFLOP/s under the lower roof.
double AttainableGflops(double intensity, const Ceiling& ceiling);

/// `flops` counts a multiply-add as two, as the ceilings do; `bytes` is what
/// has to move between memory and processor at least: inputs, weights and
/// outputs once. At the ridge itself compute binds. Throws std::logic_error
/// for flops, seconds or a ceiling that are not above 0, and negative bytes.
Utilisation Utilise(double flops,
                    double bytes,
                    double seconds,
                    const Ceiling& ceiling);

/// What was measured of one encoder.
struct RooflinePoint {
  std::string name;   // of the encoder
  std::string dtype;  // which of the roofs it stands under
  std::int64_t batch = 1;
  double flops = 0;          // of the batch
  double bytes = 0;          // of the batch
  double seconds = 0;        // median of the batch
  std::string setting = {};  // as BatchCurve::setting
};

/// A roof of products.
struct ProductRoof {
  std::string dtype;
  double gflops = 0;         // the best that was seen
  double median_gflops = 0;  // of the same shape and kernel
  std::string kernel;        // who multiplied
  std::int64_t rows = 0, inner = 0, columns = 0;
};

/// The roof of copies.
struct CopyRoof {
  double gbps = 0;         // the best that was seen
  double median_gbps = 0;  // of all
  std::int64_t bytes = 0;  // of each of the two arrays
};

/// All that was measured of a machine in one run.
struct MachineCeilings {
  std::string device = "cpu";
  int threads = 1;  // of the processor; of another device they say nothing
  int repetitions = 0;
  std::vector<ProductRoof> products;  // one a dtype
  CopyRoof copy;
  // Of the machine while they were measured, by who watched it.
  std::vector<Finding> findings;
  Json meanwhile;  // clocks and loads before and after; null: not watched

  /// Throws InputError naming the dtypes there are for another.
  Ceiling Of(const std::string& dtype) const;
};

/// artifacts/**/roofline.json: {"schema": 1, "device", "threads" (of the CPU's
/// roofs alone), "repetitions", "copy": {"gbps", "median_gbps", "bytes"},
/// "products":
/// [{"dtype", "gflops", "median_gflops", "kernel", "shape": [rows, inner,
/// columns], "ridge"}], "valid", "reasons", "advice", "warnings", "meanwhile",
/// "points": [{"encoder", "dtype", "batch", "setting" (left out where empty),
/// "flops", "bytes", "seconds", "gflops", "gbps", "intensity",
/// "attainable_gflops", "share", "bound"}]}. An intensity without bytes is
/// null.
Json RooflineJson(const MachineCeilings& ceilings,
                  const std::vector<RooflinePoint>& points);

}  // namespace eyechart::benchmarks
