#include "suite/rf100.h"

#include <gtest/gtest.h>

namespace eyechart::suite {
namespace {

Rf100Row Row(const char* slug, const char* domain, double ap, double ap50) {
  Rf100Row row;
  row.slug = slug;
  row.domain = domain;
  row.ap = ap;
  row.ap50 = ap50;
  return row;
}

TEST(Rf100, DomainsWeighTheSame) {
  Rf100Row failed = Row("d", "games", 0.9, 0.9);
  failed.error = "no picture";
  const Rf100Result result = SummarizeRf100(
      {Row("a", "aerial", 0.2, 0.4), Row("b", "games", 0.4, 0.6),
       Row("c", "games", 0.8, 0.8), failed, Row("e", "aerial", -1, -1)});
  ASSERT_EQ(result.domains.size(), 2u);
  EXPECT_EQ(result.domains[0].domain, "aerial");
  EXPECT_EQ(result.domains[0].sets, 1);  // a set without truth has no score
  EXPECT_DOUBLE_EQ(result.domains[1].ap, 0.6);
  ASSERT_TRUE(result.sets && result.means);
  EXPECT_EQ(result.sets->sets, 3);
  EXPECT_DOUBLE_EQ(result.sets->ap, (0.2 + 0.4 + 0.8) / 3);
  EXPECT_DOUBLE_EQ(result.means->ap, (0.2 + 0.6) / 2);
  EXPECT_DOUBLE_EQ(result.means->ap50, (0.4 + 0.7) / 2);
}

TEST(Rf100, WarningsStandWithTheirSet) {
  Rf100Row odd = Row("a", "aerial", 0.2, 0.4);
  odd.warnings = {"a, part train: annotations without a box: 1, left out"};
  const Json json =
      Rf100ToJson(SummarizeRf100({odd, Row("b", "aerial", 0.3, 0.5)}));
  EXPECT_EQ(json["sets"][0]["warnings"], Json(odd.warnings));
  EXPECT_TRUE(json["sets"][1]["warnings"].empty());
}

TEST(Rf100, PublishedColumnsStandBeside) {
  const Json json =
      Rf100ToJson(SummarizeRf100({Row("bccd-ouzjz", "microscopic", 0.5, 0.8),
                                  Row("mine", "unknown", 0.1, 0.2)}));
  // detection.md: bccd-ouzjz v5 .912, v7 .922, v8 .927, GLIP .191.
  EXPECT_DOUBLE_EQ(json["sets"][0]["published_AP50"]["yolov8s"], 0.927);
  EXPECT_TRUE(json["sets"][1]["published_AP50"].is_null());
  EXPECT_DOUBLE_EQ(json["domains"][0]["published_AP50"]["yolov5s"], 0.651);
  EXPECT_DOUBLE_EQ(json["mean_of_domains"]["published_AP50"]["yolov8s"],
                   0.7811);
  EXPECT_DOUBLE_EQ(json["mean_of_domains"]["AP50"], 0.5);
  EXPECT_TRUE(Rf100ToJson(SummarizeRf100({}))["mean_of_sets"].is_null());
}

}  // namespace
}  // namespace eyechart::suite
