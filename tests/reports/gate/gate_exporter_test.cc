#include "reports/gate/gate_exporter.h"

#include <gtest/gtest.h>

#include "reports/gate/gate_findings.h"
#include "tests/fixture.h"
#include "tests/reports/gate/gate_runs.h"
#include "tests/reports/golden_records.h"
#include "tests/reports/sample_runs.h"

namespace eyechart::reports {
namespace {

using testing::Contains;

GateReport Golden(const std::string& name) {
  for (auto& [known, report] : testing::GoldenGates())
    if (known == name) return report;
  throw std::logic_error("no golden gate " + name);
}

std::string Export(const std::string& format, const std::string& name) {
  return GateExporter::Create(format)->Export(Golden(name));
}

TEST(GateExporterTest, AnUnknownFormatIsAnErrorThatListsTheKnown) {
  const std::string error =
      eyechart::testing::InputErrorOf([] { GateExporter::Create("jnuit"); });
  EXPECT_TRUE(Contains(error, "did you mean \"junit\"?")) << error;
  EXPECT_TRUE(Contains(error, "text, json, markdown")) << error;
}

TEST(GateExporterTest, ASentenceHasTheNumbers) {
  const GateReport report = Golden("everything");
  EXPECT_EQ(CellSentence(report.result.cells[2]),
            "regressed: 0.9000 in the baseline, 0.6000 now, difference "
            "-0.3000 [-0.4000, -0.2000] at 95.00%, margin 0.009000, adjusted p "
            "1e-06 (exact McNemar, n 100)");
  EXPECT_EQ(CellSentence(report.result.cells[5]),
            "missing: 0.9000 in the baseline, no value now; the candidate has "
            "no such record");
}

TEST(GateExporterTest, FindingsHaveLevelsByWhatFails) {
  std::map<FindingLevel, std::size_t> counts;
  for (const Finding& finding : FindingsOf(Golden("everything")))
    ++counts[finding.level];
  // Required: regressed, incomparable, missing, error, and five awkward names.
  EXPECT_EQ(counts[FindingLevel::kError], 9u);
  // The same four, not required; and what is inconclusive, both.
  EXPECT_EQ(counts[FindingLevel::kWarning], 4u);
  EXPECT_EQ(counts[FindingLevel::kNotice], 2u);
  EXPECT_EQ(FindingsOf(Golden("strict")).front().level, FindingLevel::kError);
  EXPECT_TRUE(FindingsOf(Golden("pass")).empty());
}

TEST(GateExporterTest, MarkdownLeavesOutColumnsWithoutAValue) {
  const std::string pass = Export("markdown", "pass");
  EXPECT_TRUE(Contains(pass, "# eyechart gate: improved\n")) << pass;
  EXPECT_TRUE(Contains(pass, "| verdict | cell | metric | test | baseline |"))
      << pass;
  EXPECT_TRUE(Contains(Export("markdown", "everything"),
                       "| verdict | cell | metric | reason | test |"));
  EXPECT_TRUE(Contains(Export("markdown", "everything"),
                       "- environment cpu: A \\| B in the baseline, null now"));
}

TEST(GateExporterTest, ABadgeCountsWhatDecides) {
  EXPECT_EQ(Export("badge", "pass"),
            "{\"color\":\"brightgreen\",\"label\":\"eyechart gate\","
            "\"message\":\"1 improved\",\"schemaVersion\":1}\n");
  // The twelfth is not required.
  EXPECT_TRUE(
      Contains(Export("badge", "many"), "\"message\":\"11 regressed\""));
  EXPECT_TRUE(Contains(Export("badge", "empty"), "\"message\":\"pass\""));
}

TEST(GateExporterTest, TextShowsWhatPassedWhereAllIsAsked) {
  GateReport report = Golden("pass");
  EXPECT_TRUE(Contains(GateExporter::Create("text")->Export(report),
                       "clip/knn/photos/ top1"));
  report.all = false;
  EXPECT_FALSE(Contains(GateExporter::Create("text")->Export(report),
                        "clip/knn/photos/ top1"));
}

}  // namespace
}  // namespace eyechart::reports
