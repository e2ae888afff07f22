// eyechart-micro itself, at the least effort: every hot function is there and
// runs, and the file becomes a run that the report reads.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/files.h"
#include "core/record.h"
#include "reports/gate/child_run.h"
#include "tests/cli/process.h"
#include "tests/fixture.h"

namespace eyechart::benchmarks {
namespace {

namespace fs = std::filesystem;
using eyechart::testing::Eyechart;
using eyechart::testing::TempFolder;

// One call of each: a repetition ends once it has lasted a nanosecond.
Json RunMicro(const fs::path& folder, const fs::path& file) {
  const reports::ChildEnd end = reports::RunChild(
      {EYECHART_MICRO_BINARY,
       {"--benchmark_repetitions=1", "--benchmark_min_time=1e-9",
        "--benchmark_out=" + file.string(), "--benchmark_out_format=json"},
       folder / "out",
       folder / "err"});
  EXPECT_EQ(end.exit_code, 0) << end.Text() << ReadFile(folder / "err");
  return ReadJsonFile(file);
}

// What this processor cannot compute is left out, and nothing else.
bool LacksUnits(const Json& row) {
  return row.value("error_occurred", false) &&
         row.value("error_message", "").find("has no units") !=
             std::string::npos;
}

TEST(EyechartMicro, TimesEachHotFunctionAndIsImported) {
  const TempFolder folder;
  const fs::path file = folder / "micro.json";
  const Json json = RunMicro(folder.path(), file);

  std::map<std::string, int> timed;  // instances of a function
  std::map<std::string, int> listed;
  for (const Json& row : json.at("benchmarks")) {
    const auto name = row.at("name").get<std::string>();
    const std::string function = name.substr(0, name.find('/'));
    ++listed[function];
    if (LacksUnits(row)) continue;
    EXPECT_FALSE(row.value("error_occurred", false)) << row.dump();
    EXPECT_GT(row.value("real_time", 0.0), 0) << name;
    ++timed[function];
  }
  for (const char* function :
       {"Attention", "ClipTokenizer", "CocoEval", "DecodeJpeg", "DecodePng",
        "Nms", "Resize", "SafetensorsOpen", "SafetensorsRead", "SoftNms",
        "TileProduct"}) {
    EXPECT_GT(timed[function], 0) << function;
    listed.erase(function);
  }
  for (const auto& [function, count] : listed)
    ADD_FAILURE() << function << " is not expected here: add it above";

  const fs::path run = folder / "run";
  const auto imported = Eyechart({"import", file.string(), "-o", run.string()});
  ASSERT_EQ(imported.exit_code, 0) << imported.err;
  std::map<std::string, int> cells;  // with a time, by wall clock
  for (const Record& record : ReadRecords(run / "records.jsonl")) {
    EXPECT_EQ(record.task, "micro");
    if (!record.value || record.setting.contains("time")) continue;
    EXPECT_EQ(record.metric, "call_time_median");
    ++cells[record.dataset];
  }
  EXPECT_EQ(cells, timed);
  const auto report =
      Eyechart({"report", run.string(), "-o", (folder / "report.md").string()});
  ASSERT_EQ(report.exit_code, 0) << report.err;
  const std::string text = ReadFile(folder / "report.md");
  for (const auto& [function, count] : timed)
    EXPECT_NE(text.find(function), std::string::npos) << function;
}

}  // namespace
}  // namespace eyechart::benchmarks
