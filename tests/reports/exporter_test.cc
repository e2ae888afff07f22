// The table of exporters, and the two formats for machines.
#include "reports/exporter.h"

#include <gtest/gtest.h>

#include <set>

#include "core/csv.h"
#include "core/text.h"
#include "tests/fixture.h"
#include "tests/reports/sample_runs.h"

namespace eyechart::reports {
namespace {

using eyechart::testing::InputErrorOf;
using eyechart::testing::TempFolder;
using eyechart::testing::WriteText;

std::string ExportSample(const std::string& format) {
  const std::vector<RunFolder> runs = {testing::SampleRun()};
  return Exporter::Create(format)->Export(runs);
}

TEST(ExportersTest, EveryRowHasANameOfItsOwnAndAnExporter) {
  std::set<std::string_view> names;
  for (const ExporterRow& row : Exporters()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_NE(row.make(), nullptr) << row.name;
    EXPECT_FALSE(row.what.empty()) << row.name;
  }
  EXPECT_EQ(names, (std::set<std::string_view>{
                       "markdown", "html", "jsonl", "csv", "junit", "github",
                       "github-summary", "openmetrics", "sarif", "badge"}));
}

TEST(ExportersTest, UnknownNamesAreErrorsThatListTheKnown) {
  const std::string error = InputErrorOf([] { Exporter::Create("markdwon"); });
  EXPECT_NE(error.find("markdown, html, jsonl, csv"), std::string::npos)
      << error;
  EXPECT_NE(error.find("did you mean \"markdown\"?"), std::string::npos)
      << error;
}

TEST(JsonlTest, ReadsBackAsTheSameRecords) {
  const TempFolder folder;
  WriteText(folder / "records.jsonl", ExportSample("jsonl"));
  const std::vector<Record> read = ReadRecords(folder / "records.jsonl");
  const RunFolder run = testing::SampleRun();
  ASSERT_EQ(read.size(), run.records.size());
  for (std::size_t i = 0; i < read.size(); ++i)
    for (const RecordField& field : RecordFields())
      EXPECT_EQ(field.to_json(read[i]), field.to_json(run.records[i]))
          << field.name;
}

TEST(CsvTest, HasOneColumnAFieldAndRawValues) {
  const CsvTable table = CsvTable::Parse(ExportSample("csv"), "sample");
  const RunFolder run = testing::SampleRun();
  ASSERT_EQ(table.rows(), run.records.size());
  for (const RecordField& field : RecordFields())
    EXPECT_EQ(table.FindColumn(field.name).has_value(), field.name != "ci")
        << field.name;
  EXPECT_EQ(table.header().size(), RecordFields().size() + 3);
  for (std::size_t i = 0; i < table.rows(); ++i) {
    const Record& record = run.records[i];
    EXPECT_EQ(table.at(i, table.Column("encoder")), record.encoder);
    EXPECT_EQ(table.at(i, table.Column("message")), record.message);
    EXPECT_EQ(ParseDouble(table.at(i, table.Column("value"))), record.value);
    EXPECT_EQ(Json::parse(table.at(i, table.Column("setting"))),
              Json(record.setting));
  }
}

TEST(CsvTest, AnIntervalHasFourColumns) {
  const CsvTable table = CsvTable::Parse(ExportSample("csv"), "sample");
  const std::size_t row = 5;  // blind_share
  EXPECT_EQ(table.at(row, table.Column("ci_low")), "0.02");
  EXPECT_EQ(table.at(row, table.Column("ci_high")), "0.05");
  EXPECT_EQ(table.at(row, table.Column("ci_level")), "0.95");
  EXPECT_EQ(table.at(row, table.Column("ci_method")), "jackknife over images");
  EXPECT_EQ(table.at(0, table.Column("ci_low")), "");
}

TEST(CsvTest, QuotesAsRfc4180Asks) {
  const std::string text = ExportSample("csv");
  EXPECT_NE(text.find("\"say \"\"hi\"\", a|b\nnext"), std::string::npos);
  EXPECT_EQ(text.find('\r'), std::string::npos);
  // A value that is not finite is an empty field with its reason.
  EXPECT_NE(text.find("the value is nan"), std::string::npos);
}

}  // namespace
}  // namespace eyechart::reports
