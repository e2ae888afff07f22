#include "reports/latency.h"

#include <gtest/gtest.h>

#include "reports/exporter.h"
#include "tests/reports/sample_runs.h"

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

TEST(MakeLatencyRows, StagesThatOverlapAreSaidTo) {
  RunFolder run = WithRest(-0.5);  // of stages of 4 ms
  std::vector<LatencyRow> rows = MakeLatencyRows({&run, 1});
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_DOUBLE_EQ(rows[0].overlap, 0.125);
  EXPECT_EQ(StageShares(rows[0], false),
            "decode 25.00%, to device 75.00%; stages overlap by 12.50%");
  EXPECT_NE(Exporter::Create("markdown")
                ->Export({&run, 1})
                .find("to device 75.00%; stages overlap by 12.50% |"),
            std::string::npos);
  // Beside the bar, and to who cannot see it.
  EXPECT_EQ(testing::CountOf(Exporter::Create("html")->Export({&run, 1}),
                             "(binds); stages overlap by 12.50%"),
            2u);
  for (const double ms : {-0.003, 0.0, 4.0}) {
    run = WithRest(ms);
    EXPECT_EQ(MakeLatencyRows({&run, 1})[0].overlap, 0) << ms;
  }
}

TEST(LatencySection, MemoryIsAColumnWhereAnyRowHasIt) {
  RunFolder run = SomeRun();
  run.records.push_back(Of("b", "latency_median", 2));
  for (const char* format : {"html", "markdown"})
    EXPECT_EQ(Exporter::Create(format)->Export({&run, 1}).find("memory, MiB"),
              std::string::npos);
  run.records.push_back(Of("a", "peak_memory", 1.5 * (1 << 20)));
  run.records.push_back(Of("a", "device_peak_memory", 3 << 20));
  const std::vector<LatencyRow> rows = MakeLatencyRows({&run, 1});
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(MemoryText(rows[0].memory), "1.500, GPU 3");
  EXPECT_EQ(MemoryText(rows[1].memory), "");
  EXPECT_EQ(MemoryText({std::nullopt, 3 << 20}), "GPU 3");
  const std::string markdown = LatencyMarkdown({&run, 1}, {"a"});
  EXPECT_NE(markdown.find("| samples/s | memory, MiB | binds |"),
            std::string::npos)
      << markdown;
  EXPECT_NE(markdown.find("| 250 | 1.500, GPU 3 | to device |"),
            std::string::npos)
      << markdown;
  const std::string html = Exporter::Create("html")->Export({&run, 1});
  EXPECT_NE(html.find("<th scope=\"col\" class=\"num\">memory, MiB</th>"),
            std::string::npos);
  EXPECT_NE(html.find("<td class=\"num\">1.500, GPU 3</td>"),
            std::string::npos);
}

TEST(LatencySection, TheAuditOfCachesStandsBelow) {
  RunFolder run = SomeRun();
  EXPECT_EQ(CacheText(MakeLatencyRows({&run, 1})[0]), "");
  run.records.push_back(Of("a", "cache_again_ratio", 0.98));
  run.records.back().ci = Interval{0.96, 1.01, 0.95, "order statistics"};
  run.records.push_back(Of("a", "cache_right_after_ratio", 0.5));
  const std::string text =
      "asked again: 0.9800 [0.9600, 1.010] of the first time; "
      "right after: 0.5000";
  EXPECT_EQ(CacheText(MakeLatencyRows({&run, 1})[0]), text);
  const std::string markdown = LatencyMarkdown({&run, 1}, {"a"});
  EXPECT_NE(
      markdown.find(" |\n\n- clip\\<b\\>, photos, batch 8: asked again: "),
      std::string::npos)
      << markdown;
  EXPECT_NE(Exporter::Create("html")->Export({&run, 1}).find(
                "<li>clip&lt;b&gt;, photos, batch 8: " + text + "</li>"),
            std::string::npos);
  // Not to be had, and not to be trusted.
  Record& again = run.records[run.records.size() - 2];
  again.value.reset();
  again.message = "too few pictures";
  run.records.back().message = "not valid: others used 20 %";
  EXPECT_EQ(CacheText(MakeLatencyRows({&run, 1})[0]),
            "asked again: \u2014 (too few pictures); right after: 0.5000 of "
            "the first time; not valid: others used 20 %");
}

TEST(MakeLatencyRows, AHeadIsNamedByTheFirstDigitsOfItsWeights) {
  RunFolder run = SomeRun();
  run.records[0].setting["detector_sha256"] =
      "0123456789" + std::string(54, 'a');
  EXPECT_EQ(MakeLatencyRows({&run, 1})[0].of,
            "photos, batch 8, detector_sha256 01234567");
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
