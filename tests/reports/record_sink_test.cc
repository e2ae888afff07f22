#include "reports/record_sink.h"

#include <gtest/gtest.h>

#include "core/files.h"
#include "reports/exporter.h"
#include "tests/fixture.h"
#include "tests/reports/sample_runs.h"

namespace eyechart::reports {
namespace {

using eyechart::testing::InputErrorOf;
using eyechart::testing::TempFolder;
using eyechart::testing::WriteText;

class RecordSinkTest : public ::testing::Test {
 protected:
  RecordSinkTest() : run_(testing::SampleRun()) {
    WriteText(folder_ / "run" / "records.jsonl", "");
  }
  std::filesystem::path File() const { return folder_ / "sink"; }
  std::unique_ptr<RecordSink> Open(const std::string& format) {
    return RecordSink::Create({format, File(), nullptr, folder_ / "run"});
  }
  // As a run does: into the folder, then to the sink.
  void Add(RecordSink& sink, std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i)
      lines_ += RecordToLine(run_.records[i]) + "\n";
    WriteText(folder_ / "run" / "records.jsonl", lines_);
    sink.Add(std::span(run_.records).subspan(from, to - from));
  }

  TempFolder folder_;
  RunFolder run_;
  std::string lines_;
};

TEST_F(RecordSinkTest, EveryFormatEndsAsTheReportOfTheRun) {
  for (const ExporterRow& row : Exporters()) {
    lines_.clear();
    const auto sink = Open(std::string(row.name));
    Add(*sink, 0, 5);
    Add(*sink, 5, run_.records.size());
    sink->Finish();
    const RunFolder whole = ReadRunFolder(folder_ / "run");
    std::string expected = row.make()->Export(std::array{whole});
    std::string written = ReadFile(File());
    if (row.name == "github") {  // in the order of the run, not the worst first
      EXPECT_EQ(written.size(), expected.size());
      continue;
    }
    EXPECT_EQ(written, expected) << row.name;
  }
}

TEST_F(RecordSinkTest, RecordsAreInTheFileWhenAddReturns) {
  for (const char* format : {"csv", "jsonl", "openmetrics", "html"}) {
    lines_.clear();
    const auto sink = Open(format);
    const std::string before = ReadFile(File());
    Add(*sink, 0, 3);
    const std::string after = ReadFile(File());
    EXPECT_NE(after, before) << format;
    EXPECT_NE(after.find("clip"), std::string::npos) << format;
  }
}

TEST_F(RecordSinkTest, LinesGoToWhoTakesThem) {
  std::string taken;
  const auto sink = RecordSink::Create(
      {"csv", "-", [&](std::string_view lines) { taken += lines; }, ""});
  sink->Add(run_.records);
  EXPECT_EQ(taken, Exporter::Create("csv")->Export(std::array{run_}));
  EXPECT_NE(InputErrorOf([] {
              RecordSink::Create({"html", "-", [](std::string_view) {}, ""});
            }).find("csv, jsonl and github"),
            std::string::npos);
}

TEST_F(RecordSinkTest, MistakesAreFoundWhenItIsMade) {
  EXPECT_NE(InputErrorOf([&] { Open("jsnol"); }).find("jsonl"),
            std::string::npos);
  for (const char* format : {"csv", "github", "html"})
    EXPECT_NE(
        InputErrorOf([&] {
          RecordSink::Create({format, folder_ / "none" / "file", nullptr, ""});
        }).find("none"),
        std::string::npos)
        << format;
}

}  // namespace
}  // namespace eyechart::reports
