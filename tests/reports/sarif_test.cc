#include "reports/sarif.h"

#include <gtest/gtest.h>

namespace eyechart::reports {
namespace {

Json ResultsOf(const std::vector<Finding>& findings) {
  const SarifRun run{"eyechart/gate", "1.2", findings};
  return Json::parse(SarifDocument({&run, 1}))["runs"][0]["results"];
}

TEST(SarifTest, HasNoResultWhereAllIsWell) {
  EXPECT_TRUE(ResultsOf({}).empty());
}

TEST(SarifTest, ARuleIsAMetricOfTheTable) {
  const SarifRun run{
      "eyechart/gate",
      "1.2",
      {{FindingLevel::kError, "regressed", "a/b", "top1", "0.9, was 1"},
       {FindingLevel::kError, "regressed", "c/d", "top1", ""},
       {FindingLevel::kNotice, "missing", "a/b", "", ""}}};
  const Json json = Json::parse(SarifDocument({&run, 1}))["runs"][0];
  const Json& driver = json["tool"]["driver"];
  EXPECT_EQ(driver["version"], "1.2");
  ASSERT_EQ(driver["rules"].size(), 2u);
  EXPECT_EQ(driver["rules"][0]["id"], "top1");
  EXPECT_EQ(driver["rules"][0]["properties"]["direction"], "higher");
  EXPECT_EQ(json["results"][0]["message"]["text"],
            "regressed: a/b top1: 0.9, was 1");
  EXPECT_EQ(json["results"][2]["ruleId"], "cell");
  EXPECT_EQ(json["results"][2]["level"], "note");
}

TEST(SarifTest, AFingerprintIsOfTheCellAndNotOfItsNumbers) {
  const Json results =
      ResultsOf({{FindingLevel::kError, "regressed", "a/b", "top1", "0.9"},
                 {FindingLevel::kWarning, "regressed", "a/b", "top1", "0.8"},
                 {FindingLevel::kError, "missing", "a/b", "top1", "0.9"},
                 {FindingLevel::kError, "regressed", "a/c", "top1", "0.9"},
                 {FindingLevel::kError, "regressed", "a/b", "top5", "0.9"}});
  const auto print = [&](int i) { return results[i]["partialFingerprints"]; };
  EXPECT_EQ(print(0), print(1));
  for (int i = 2; i < 5; ++i) EXPECT_NE(print(0), print(i)) << i;
}

}  // namespace
}  // namespace eyechart::reports
