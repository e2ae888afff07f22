#include "probes/acuity/acuity_records.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace eyechart::probes {
namespace {

ChartOutcome Outcome(const Threshold& threshold) {
  ChartOutcome outcome;
  outcome.patch_size = 14;
  outcome.acuity.chart = &FindChart("landolt-c");
  outcome.acuity.points = {{16, 190, 192, {}}, {0.5, 50, 192, {}}};
  outcome.acuity.fit.threshold = threshold;
  outcome.acuity.accuracy = 0.625;
  outcome.acuity.accuracy_ci = {0.6, 0.65, 0.95, "bootstrap over groups"};
  return outcome;
}

std::map<std::string, Record> ByMetric(const Threshold& threshold) {
  std::map<std::string, Record> records;
  for (Record& record : AcuityRecords(Outcome(threshold)))
    records[record.metric] = std::move(record);
  return records;
}

TEST(AcuityRecords, StateTheThresholdInPixelsAndInPatches) {
  const auto records = ByMetric({ThresholdPlace::kWithin, 7.0, 5.6, 8.4, 0.95});
  ASSERT_EQ(records.size(), 3u);
  const Record& pixels = records.at("chart_threshold");
  EXPECT_EQ(pixels.unit, "px");
  EXPECT_EQ(pixels.value, 7.0);
  EXPECT_EQ(pixels.n, 384);
  ASSERT_TRUE(pixels.ci);
  EXPECT_EQ(pixels.ci->low, 5.6);
  const Record& patches = records.at("chart_threshold_patches");
  EXPECT_DOUBLE_EQ(*patches.value, 0.5);
  EXPECT_DOUBLE_EQ(patches.ci->high, 0.6);
  EXPECT_EQ(records.at("chart_accuracy").value, 0.625);
}

TEST(AcuityRecords, ThresholdsBeyondTheChartAreNoNumbers) {
  for (const auto& [place, word] :
       {std::pair{ThresholdPlace::kAboveAll, "above 16 px"},
        std::pair{ThresholdPlace::kBelowAll, "below 0.5 px"}}) {
    const auto records = ByMetric({place, {}, {}, {}, 0.95});
    const Record& record = records.at("chart_threshold");
    EXPECT_FALSE(record.value);
    EXPECT_FALSE(record.ci);
    EXPECT_EQ(record.status, RecordStatus::kOk);
    EXPECT_EQ(record.message.rfind(word, 0), 0u) << record.message;
  }
}

TEST(AcuityRecords, AnOpenIntervalIsSaidToBeOpen) {
  const auto records = ByMetric({ThresholdPlace::kWithin, 7.0, 5.6, {}, 0.95});
  const Record& record = records.at("chart_threshold");
  EXPECT_EQ(record.value, 7.0);
  EXPECT_FALSE(record.ci);
  EXPECT_NE(record.message.find("reaches above 16 px"), std::string::npos);
}

}  // namespace
}  // namespace eyechart::probes
