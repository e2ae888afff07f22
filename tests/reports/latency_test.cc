#include "reports/latency.h"

#include <gtest/gtest.h>

#include "reports/exporter.h"

namespace eyechart::reports {
namespace {

Record Of(const std::string& cell, const std::string& metric, double value) {
  Record record;
  record.cell = cell;
  record.encoder = "clip<b>";
  record.task = "bench";
  record.dataset = "photos";
  record.metric = metric;
  record.unit = "ms";
  record.value = value;
  return record;
}

RunFolder SomeRun() {
  RunFolder run;
  run.records = {Of("a", "latency_median", 4), Of("a", "load_throughput", 250),
                 Of("a", "stage_decode", 1), Of("a", "stage_to_device", 3),
                 Of("b", "stage_decode", 1)};
  run.records.push_back(Of("a", "latency_p95", 5));
  run.records[0].ci = Interval{3.5, 4.5, 0.95, "order statistics"};
  run.records[0].setting = {{"batch", "8"}};
  run.records[0].message = "1 picture was left out; not valid: 9 % drift";
  Record other = Of("c", "latency_median", 7);
  other.task = "detect";
  run.records.push_back(other);
  return run;
}

TEST(MakeLatencyRows, TakesBenchCellsWithALatency) {
  const std::vector<RunFolder> runs = {SomeRun()};
  const std::vector<LatencyRow> rows = MakeLatencyRows(runs);
  ASSERT_EQ(rows.size(), 1u);
  const LatencyRow& row = rows[0];
  EXPECT_EQ(row.encoder, "clip<b>");
  EXPECT_EQ(row.of, "photos, batch 8");
  EXPECT_EQ(row.invalid, "9 % drift");
  EXPECT_EQ(*row.median->value, 4);
  EXPECT_EQ(*row.throughput->value, 250);
  EXPECT_EQ(*row.p95->value, 5);
  EXPECT_EQ(row.p99, nullptr);
  EXPECT_EQ(BindingStage(row), "to device");
  EXPECT_EQ(BindingStage({}), "");
  ASSERT_EQ(row.stages.size(), 2u);
  EXPECT_EQ(row.stages[1].name, "to device");
  EXPECT_DOUBLE_EQ(row.stages[0].share, 0.25);
  EXPECT_DOUBLE_EQ(row.stages[1].share, 0.75);
}

// 1 ms to decode, 3 to copy and `ms` in no stage.
RunFolder WithRest(double ms) {
  RunFolder run = SomeRun();
  run.records.push_back(Of("a", "stage_rest", ms));
  return run;
}

TEST(MakeLatencyRows, TheRestIsAPartOfItsOwn) {
  const RunFolder run = WithRest(4);
  const std::vector<LatencyRow> rows = MakeLatencyRows({&run, 1});
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].stages.size(), 2u);
  EXPECT_DOUBLE_EQ(rows[0].stages[0].share, 0.125);
  ASSERT_TRUE(rows[0].rest.has_value());
  EXPECT_DOUBLE_EQ(rows[0].rest->share, 0.5);
  // It is no stage, and so it does not bind.
  EXPECT_EQ(BindingStage(rows[0]), "to device");
  EXPECT_EQ(StageShares(rows[0], true),
            "decode 12.50%, to device 37.50% (binds), rest 50.00%");
  const std::string markdown = Exporter::Create("markdown")->Export({&run, 1});
  EXPECT_NE(markdown.find("to device 37.50%, rest 50.00% |"), std::string::npos)
      << markdown;
  const std::string html = Exporter::Create("html")->Export({&run, 1});
  EXPECT_NE(html.find("x=\"300.0\" y=\"0\" width=\"300.0\""),
            std::string::npos);
  EXPECT_NE(html.find("<title>rest: 4 ms in no stage</title>"),
            std::string::npos);
}

TEST(MakeLatencyRows, ARestThatIsNothingIsLeftOut) {
  for (const double ms : {-1.0, 0.0, 0.003}) {
    const RunFolder run = WithRest(ms);
    const std::vector<LatencyRow> rows = MakeLatencyRows({&run, 1});
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_FALSE(rows[0].rest.has_value()) << ms;
    EXPECT_DOUBLE_EQ(rows[0].stages[1].share, 0.75) << ms;
  }
}

TEST(LatencySection, IsInBothDocumentsAndEscaped) {
  const std::vector<RunFolder> runs = {SomeRun()};
  const std::string html = Exporter::Create("html")->Export(runs);
  const std::size_t at = html.find("<section id=\"latency\"");
  ASSERT_NE(at, std::string::npos);
  const std::string section = html.substr(at, html.find("</section>", at) - at);
  EXPECT_NE(section.find("clip&lt;b&gt;"), std::string::npos);
  EXPECT_EQ(section.find("clip<b>"), std::string::npos);
  EXPECT_NE(section.find("width=\"150.0\""), std::string::npos);
  EXPECT_NE(section.find("width=\"450.0\""), std::string::npos);
  EXPECT_NE(section.find("not valid: 9 % drift"), std::string::npos);
  EXPECT_NE(section.find("(binds)"), std::string::npos);
  EXPECT_NE(section.find("<td class=\"num\">5</td>"), std::string::npos);
  const std::string markdown = Exporter::Create("markdown")->Export(runs);
  EXPECT_NE(markdown.find("## Latency"), std::string::npos);
  EXPECT_NE(markdown.find("to device 75"), std::string::npos);
  EXPECT_NE(
      markdown.find("| photos, batch 8 | no: 9 % drift | 4 [3.500, 4.500] "
                    "|  | 5 |  | 250 | to device | decode 25"),
      std::string::npos)
      << markdown;
  RunFolder valid = SomeRun();
  valid.records[0].message = "1 picture was left out";
  const std::string good = LatencyMarkdown({&valid, 1}, {"a"});
  EXPECT_NE(good.find("| photos, batch 8 | yes | 4 "), std::string::npos)
      << good;
  EXPECT_EQ(LatencyMarkdown({}, {}), "");
}

}  // namespace
}  // namespace eyechart::reports
