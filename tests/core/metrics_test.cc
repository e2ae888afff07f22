#include "core/metrics.h"

#include <gtest/gtest.h>

#include <set>
#include <stdexcept>
#include <string>

namespace eyechart {
namespace {

TEST(Metrics, AreNamedOnceAndExplained) {
  std::set<std::string_view> names;
  for (const Metric& metric : Metrics()) {
    EXPECT_TRUE(names.insert(metric.name).second) << metric.name;
    EXPECT_FALSE(metric.unit.empty()) << metric.name;
    EXPECT_FALSE(metric.what.empty()) << metric.name;
    EXPECT_FALSE(metric.source.empty()) << metric.name;
  }
}

TEST(Metrics, AreFoundByName) {
  EXPECT_EQ(FindMetric("blind_pairs").direction, Direction::kLower);
  EXPECT_EQ(DirectionName(FindMetric("encode_throughput").direction), "higher");
  EXPECT_THROW(FindMetric("blind_pear"), std::logic_error);
}

}  // namespace
}  // namespace eyechart
