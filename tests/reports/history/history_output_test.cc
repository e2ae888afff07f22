// The history as CSV, JSON lines, SVG and a section of the HTML report.
#include <gtest/gtest.h>

#include <pugixml.hpp>

#include "core/csv.h"
#include "core/files.h"
#include "core/text.h"
#include "reports/history/history_export.h"
#include "reports/history/history_plot.h"
#include "tests/reports/history/history_runs.h"
#include "tests/reports/sample_runs.h"

namespace eyechart::reports {
namespace {

using eyechart::testing::InputErrorOf;
using eyechart::testing::TempFolder;
using testing::Contains;
using testing::CountOf;
using testing::Lines;
using testing::NightRun;

class HistoryOutputTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (int night = 1; night <= 24; ++night) {
      const double value = (night < 13 ? 0.7 : 0.5) + night % 3 / 100.0;
      store_.Add(NightRun(night, {value, 0.4 + night % 2 / 100.0}));
    }
  }
  std::vector<Trend> Trends() const {
    const SeriesSet set = ReadSeries(store_);
    return TrendsOf(set, FindChanges(set));
  }
  TempFolder folder_;
  HistoryStore store_ = HistoryStore::OpenOrCreate(folder_ / "h.sqlite");
};

TEST_F(HistoryOutputTest, JsonLinesReadBackTheSame) {
  store_.Add(testing::SampleRun());
  const std::filesystem::path file = folder_ / "x.jsonl";
  WriteFileAtomic(file, ExportHistory(store_, "jsonl"));
  std::vector<Record> all;
  for (const HistoryRun& run : store_.Runs())
    for (const Record& record : store_.Records(run)) all.push_back(record);
  EXPECT_EQ(all.size(), 48 + testing::SampleRun().records.size());
  EXPECT_EQ(Lines(ReadRecords(file)), Lines(all));
}

TEST_F(HistoryOutputTest, CsvHasTheRunBeforeTheRecord) {
  store_.Add(testing::SampleRun(), {"", "a \"note\", with\nlines"});
  const CsvTable table = CsvTable::Parse(ExportHistory(store_, "csv"), "x.csv");
  ASSERT_EQ(table.rows(), 48 + testing::SampleRun().records.size());
  EXPECT_EQ(table.at(0, table.Column("history_name")), "night1");
  EXPECT_EQ(table.at(0, table.Column("history_commit")), "c001");
  EXPECT_EQ(table.at(2, table.Column("cell")), "c0");
  EXPECT_EQ(ParseDouble(table.at(0, table.Column("value"))), 0.7 + 0.01);
  EXPECT_EQ(table.at(table.rows() - 1, table.Column("history_note")),
            "a \"note\", with\nlines");
}

TEST_F(HistoryOutputTest, ExportsAChoice) {
  HistoryExportOptions options;
  options.cell = "c1";
  options.last = 2;
  const CsvTable table =
      CsvTable::Parse(ExportHistory(store_, "csv", options), "x.csv");
  ASSERT_EQ(table.rows(), 2u);
  EXPECT_EQ(table.at(0, table.Column("history_name")), "night23");
  EXPECT_EQ(table.at(1, table.Column("cell")), "c1");
  EXPECT_TRUE(Contains(InputErrorOf([&] { ExportHistory(store_, "html"); }),
                       "csv or jsonl, not as html"));
}

TEST_F(HistoryOutputTest, TrendsHavePointsMeansAndWords) {
  const std::vector<Trend> trends = Trends();
  ASSERT_EQ(trends.size(), 2u);
  const Trend& changed = trends[0];
  EXPECT_EQ(changed.cell, "c0");
  ASSERT_EQ(changed.changes.size(), 1u);
  EXPECT_TRUE(
      Contains(changed.changes[0], "2026-01-13 worse: 0.7100 to 0.5100"))
      << changed.changes[0];
  EXPECT_TRUE(Contains(changed.changes[0], "commit c013"));
  ASSERT_EQ(changed.lines.size(), 1u);
  ASSERT_EQ(changed.lines[0].points.size(), 24u);
  EXPECT_EQ(changed.lines[0].points[12].x, 13);
  ASSERT_EQ(changed.lines[0].means.size(), 2u);
  EXPECT_EQ(changed.lines[0].means[1].first, 13);
  EXPECT_NEAR(changed.lines[0].means[1].second, 0.51, 1e-9);
  EXPECT_TRUE(trends[1].changes.empty());
  EXPECT_TRUE(trends[1].lines[0].means.empty());
}

TEST_F(HistoryOutputTest, TheSvgIsAFileOfItsOwn) {
  store_.Add(NightRun(25, {0.6}, "top1", "B & <C>"));
  const std::string svg = TrendsSvg(Trends());
  pugi::xml_document document;
  ASSERT_TRUE(document.load_string(svg.c_str())) << svg;
  const pugi::xml_node root = document.child("svg");
  EXPECT_STREQ(root.attribute("xmlns").value(), "http://www.w3.org/2000/svg");
  EXPECT_EQ(
      std::distance(root.children("svg").begin(), root.children("svg").end()),
      2);
  // Nothing from elsewhere.
  EXPECT_EQ(CountOf(svg, "http"), 1u);
  EXPECT_EQ(CountOf(svg, "class=\"drop\""), 1u);
  EXPECT_TRUE(Contains(svg, "B &amp; &lt;C&gt; ("));
  EXPECT_TRUE(Contains(InputErrorOf([] { TrendsSvg({}); }), "no values"));
}

// A printed page is light, whatever the screen: the HTML report's rule.
TEST_F(HistoryOutputTest, TheSvgIsDarkOnScreensAlone) {
  const std::string svg = TrendsSvg(Trends());
  EXPECT_TRUE(
      Contains(svg, "@media screen and (prefers-color-scheme:dark){svg{"));
  EXPECT_EQ(CountOf(svg, "prefers-color-scheme:dark"),
            CountOf(svg, "@media screen and (prefers-color-scheme:dark)"));
}

TEST_F(HistoryOutputTest, TheReportHasASection) {
  std::vector<Trend> trends = Trends();
  const std::string html = TrendSection(trends);
  EXPECT_EQ(CountOf(html, "<figure>"), 2u);
  EXPECT_TRUE(Contains(html, "id=\"history\""));
  EXPECT_EQ(TrendSection({}), "");
  const Trend one = trends[1];
  while (trends.size() < 70) trends.push_back(one);
  EXPECT_EQ(CountOf(TrendSection(trends), "<figure>"), 60u);
  EXPECT_TRUE(Contains(TrendSection(trends), "10 more trends"));
}

}  // namespace
}  // namespace eyechart::reports
