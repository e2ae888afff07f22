#include "reports/published/published.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "core/metrics.h"

namespace eyechart::reports {
namespace {

TEST(Published, EveryTableReadsAndNamesItsSource) {
  for (const PublishedTable& row : PublishedTables()) {
    const std::optional<RunFolder> table = ReadPublished(std::string(row.name));
    ASSERT_TRUE(table) << row.name;
    EXPECT_EQ(table->name, row.name);
    EXPECT_FALSE(table->records.empty()) << row.name;
    EXPECT_FALSE(table->environment.at("source").get<std::string>().empty());
    for (const Record& record : table->records) {
      ASSERT_TRUE(record.value) << record.cell;
      EXPECT_GE(*record.value, 0);
      EXPECT_LE(*record.value, 1);
      EXPECT_FALSE(record.ci);
      EXPECT_EQ(record.direction,
                DirectionName(FindMetric(record.metric).direction));
    }
  }
  EXPECT_FALSE(ReadPublished("none"));
}

// A share of 15 pairs, and the nine of a model sum to its average of 135: what
// a slip of a digit would break.
TEST(Published, MmvpVlmAddsUp) {
  const RunFolder table = *ReadPublished("mmvp-vlm");
  std::map<std::string, double> average;
  std::map<std::string, double> pairs;
  for (const Record& record : table.records) {
    const std::string model =
        record.encoder + " " + record.setting.at("img_size");
    if (!record.setting.contains("pattern")) {
      average[model] = *record.value;
      continue;
    }
    const double of_pattern = *record.value * 15;
    EXPECT_NEAR(of_pattern, std::round(of_pattern), 0.0075 + 1e-9) << model;
    pairs[model] += std::round(of_pattern);
  }
  EXPECT_EQ(average.size(), 10u);
  for (const auto& [model, share] : average)
    EXPECT_NEAR(pairs.at(model) / 135, share, 0.0005 + 1e-9) << model;
  EXPECT_EQ(pairs.at("OpenAI ViT-L-14 224"), 26);
  EXPECT_EQ(pairs.at("DFN ViT-H-14 224"), 53);
}

TEST(Published, Aimv2HasFourteenModelsAndDataSets) {
  const RunFolder table = *ReadPublished("aimv2");
  EXPECT_EQ(table.records.size(), 14u * 14u);
}

}  // namespace
}  // namespace eyechart::reports
