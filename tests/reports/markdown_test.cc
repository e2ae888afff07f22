#include <gtest/gtest.h>

#include <sstream>

#include "reports/exporter.h"
#include "tests/reports/sample_runs.h"

namespace eyechart::reports {
namespace {

using testing::CountOf;

std::string Export(const std::vector<RunFolder>& runs) {
  return Exporter::Create("markdown")->Export(runs);
}

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Bars that part columns: those without a backslash before them.
std::size_t Bars(const std::string& line) {
  std::size_t bars = 0;
  for (std::size_t i = 0; i < line.size(); ++i)
    bars += line[i] == '|' && (i == 0 || line[i - 1] != '\\');
  return bars;
}

TEST(MarkdownTest, ShowsTheTaskTables) {
  const std::string text = Export({testing::SampleRun()});
  EXPECT_TRUE(text.starts_with(
      "# eyechart report: nightly\n\n- **nightly**: 4 cells: 3 ok, 1 failed; "
      "unreadable pictures: 2; started 2026-11-23T20:44:00Z; 4 min 4 s of "
      "measuring\n"))
      << text;
  EXPECT_TRUE(Contains(
      text,
      "## encode\n\nAll cells: dataset photos, batch 32, dtype fp32.\n\n"
      "| encoder | images | unreadable \u2193 | encode_throughput (images/s) "
      "\u2191 |\n| --- | ---: | ---: | ---: |\n"
      "| clip | 12\u202f345 | 2 | 41.23 |\n"
      "| a\\|\\<b\\>\"c\" | 7 | \u2014 | skipped |\n"
      "| odd | failed | failed | failed |\n"))
      << text;
  EXPECT_TRUE(Contains(text,
                       "| clip\\~dinov2 | 3.142% [2.000%, 5.000%] | no value "
                       "|\n"))
      << text;
}

TEST(MarkdownTest, FailuresStandBeforeTheTablesOnOneLine) {
  const std::string text = Export({testing::SampleRun()});
  const std::size_t failed = text.find("## Failed cells");
  ASSERT_NE(failed, std::string::npos);
  EXPECT_LT(failed, text.find("## encode"));
  EXPECT_TRUE(Contains(
      text,
      "- odd/encode/photos/batch=32,dtype=fp32: say \"hi\", a\\|b next "
      "\\</script\\>\\<b\\>\\&amp; \\`x\\` \\*y\\*\n"))
      << text;
}

TEST(MarkdownTest, EveryRowOfATableHasAsManyCellsAsItsHeader) {
  std::vector<RunFolder> runs = {testing::SampleRun(), testing::SampleRun()};
  runs[0].galleries[testing::kMineCell] = testing::SampleGallery();
  for (const std::size_t count : {1, 2}) {
    std::istringstream lines(Export({runs.begin(), runs.begin() + count}));
    std::size_t bars = 0;
    std::size_t rows = 0;
    for (std::string line; std::getline(lines, line);) {
      if (!line.starts_with('|')) {
        bars = 0;
        continue;
      }
      if (bars == 0) bars = Bars(line);
      EXPECT_EQ(Bars(line), bars) << line;
      ++rows;
    }
    EXPECT_GT(rows, 10u);
  }
}

TEST(MarkdownTest, RunsStandSideBySideWithoutAVerdict) {
  std::vector<RunFolder> runs = {testing::SampleRun(), testing::SampleRun()};
  runs[1].name = "main";
  runs[1].records[2].value = 50;
  std::erase_if(runs[1].records,
                [](const Record& record) { return record.task == "mine"; });
  const std::string text = Export(runs);
  EXPECT_TRUE(Contains(text, "| encoder | metric | nightly | main |\n"));
  EXPECT_TRUE(Contains(text,
                       "| clip | encode_throughput (images/s) \u2191 | 41.23 | "
                       "50 |\n"))
      << text;
  EXPECT_TRUE(Contains(text, "| 3.142% [2.000%, 5.000%] | \u2014 |\n"));
  EXPECT_TRUE(Contains(text, "- main: no record of clip\\~dinov2/mine/"));
  EXPECT_FALSE(Contains(text, "significan"));
}

TEST(MarkdownTest, ListsThePairsWithTheWidestGap) {
  RunFolder run = testing::SampleRun();
  run.galleries[testing::kMineCell] = testing::SampleGallery();
  const std::string text = Export({run});
  EXPECT_TRUE(Contains(text,
                       "| 1 | a/1.jpg (ankle \\<boot\\>) | b/2.jpg | 0.9712 | "
                       "-0.2500 | 1.2212 |\n"))
      << text;
  EXPECT_TRUE(Contains(text, "above 0.95"));
  EXPECT_FALSE(Contains(text, "data:image"));
}

TEST(MarkdownTest, NamesEstimatorsEnvironmentAndCommand) {
  const std::string text = Export({testing::SampleRun()});
  EXPECT_TRUE(Contains(text, "| cpu | A \\<CPU\\> \\| B |\n"));
  EXPECT_TRUE(Contains(text, "```\neyechart run a.toml --out 'x & y'\n```\n"));
  EXPECT_TRUE(Contains(text, "- Interval **jackknife over images** (95%): "));
  for (const char* metric : {"images", "unreadable", "encode_throughput",
                             "blind_share", "blind_per_1e9"})
    EXPECT_EQ(CountOf(text, std::string("- **") + metric + "**: "), 1u)
        << metric;
}

TEST(MarkdownTest, AFenceIsLongerThanAnyInTheCommand) {
  RunFolder run = testing::SampleRun();
  run.environment["command"] = "a ```` b";
  EXPECT_TRUE(Contains(Export({run}), "\n`````\na ```` b\n`````\n"));
}

TEST(MarkdownTest, ARunWithoutRecordsIsADocument) {
  RunFolder run;
  run.name = "empty";
  const std::string text = Export({run});
  EXPECT_TRUE(Contains(text, "0 cells: 0 ok, 0 failed"));
  EXPECT_TRUE(Contains(text, "has no environment.json"));
}

}  // namespace
}  // namespace eyechart::reports
