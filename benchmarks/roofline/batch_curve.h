// Throughput against batch, and where more pictures at once stop to pay.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/statistics.h"

namespace eyechart::benchmarks {

/// One batch size, measured.
struct BatchPoint {
  std::int64_t batch = 1;
  double throughput = 0;       // pictures a second, above 0
  std::optional<Interval> ci;  // of it
};

struct KneeOptions {
  // Share of the best throughput that will do. Hockney and Jesshope (1988,
  // "Parallel Computers 2", n_1/2) ask for one half of it; a batch is memory
  // and waiting, so one that loses less than the noise of a busy machine is
  // the one to take.
  double share = 0.95;
};

/// The knee: the smallest batch with at least that share of the best
/// throughput.
struct Knee {
  std::int64_t batch = 0;
  std::int64_t best_batch = 0;  // of the best throughput; the smallest of them
  double best = 0;              // that throughput
  /// The smallest batch that the intervals do not exclude: its upper end
  /// reaches the share of the best one's lower end. At most `batch`.
  std::int64_t from = 0;
  /// The smallest that is sure: its lower end reaches the share of the best
  /// one's upper end; at the latest the best one itself. At least `batch`.
  std::int64_t to = 0;
};

/// Points in any order. One without an interval counts as exact. Throws
/// std::logic_error without points, for a batch that is there twice or is below
/// 1, a throughput that is not above 0 or outside of its interval, and a share
/// that is not in (0, 1].
Knee FindKnee(const std::vector<BatchPoint>& points,
              const KneeOptions& options = {});

/// What a curve was measured of.
struct BatchCurve {
  std::string encoder;
  std::string dtype;
  std::string device;
  std::string unit = "images/s";
  std::vector<BatchPoint> points;
  // What tells it from others of its encoder, for people: "resolution 448,
  // dense head"; empty: nothing.
  std::string setting = {};
};

/// artifacts/**/batch_curve.json: {"schema": 1, "encoder", "dtype", "device",
/// "unit", "setting" (left out where empty), "share", "points": [{"batch",
/// "throughput", "low", "high", "level"}] by batch, low, high and level null
/// without an interval, "best":
/// {"batch", "throughput"}, "knee": {"batch", "from", "to"}}. Throws as
/// FindKnee does.
Json BatchCurveJson(const BatchCurve& curve, const KneeOptions& options = {});

}  // namespace eyechart::benchmarks
