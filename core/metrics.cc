#include "core/metrics.h"

#include <array>

#include "core/error.h"

namespace eyechart {
namespace {

constexpr std::string_view kMmvp = "Tong et al. 2024, arXiv 2401.06209";

constexpr std::array kMetrics = {
    Metric{"images", "1", Direction::kNone, "pictures in the data set",
           "eyechart"},
    Metric{"unreadable", "1", Direction::kLower,
           "pictures that could not be decoded", "eyechart"},
    Metric{"encode_throughput", "images/s", Direction::kHigher,
           "pictures decoded, resized and encoded a second of wall time",
           "eyechart"},
    Metric{"near_pairs", "1", Direction::kNone,
           "pairs whose cosine in the near space is above near_min", kMmvp},
    Metric{"blind_pairs", "1", Direction::kLower,
           "near pairs whose cosine in the far space is below far_max", kMmvp},
    Metric{"blind_share", "1", Direction::kLower,
           "blind pairs as a share of the near pairs", "eyechart"},
    Metric{"blind_per_1e9", "1e-9", Direction::kLower,
           "blind pairs in 10^9 candidate pairs", "eyechart"},
};

}  // namespace

std::string_view DirectionName(Direction direction) {
  switch (direction) {
    case Direction::kHigher:
      return "higher";
    case Direction::kLower:
      return "lower";
    case Direction::kNone:
      return "none";
  }
  return "none";
}

std::span<const Metric> Metrics() { return kMetrics; }

const Metric& FindMetric(std::string_view name) {
  for (const Metric& metric : kMetrics)
    if (metric.name == name) return metric;
  EYECHART_CHECK(false, "no metric {} in the table", name);
  throw std::logic_error("unreachable");
}

}  // namespace eyechart
