// Every exporter of both tables on the golden records: a new exporter is
// covered by its line in the table. What a format's own reader says of the
// documents is in tests/oracle/test_exporters.py.
#include <gtest/gtest.h>

#include <set>

#include "reports/exporter.h"
#include "reports/gate/gate_exporter.h"
#include "tests/reports/golden_records.h"

namespace eyechart::reports {
namespace {

bool IsUtf8(const std::string& text) {
  try {
    static_cast<void>(Json(text).dump());
    return true;
  } catch (const Json::exception&) {
    return false;
  }
}

// Controls that no document for people, a log or a parser may hold. CSV keeps
// the text of records as it is.
bool HasControls(const std::string& text) {
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t')
      return true;
  return false;
}

void ExpectSound(const std::string& text, const std::string& what) {
  EXPECT_TRUE(text.empty() || text.ends_with('\n')) << what;
  EXPECT_TRUE(IsUtf8(text)) << what;
}

TEST(GoldenTest, EveryExporterMakesASoundDocumentOfEveryCase) {
  for (const auto& [name, runs] : testing::GoldenCases()) {
    for (const ExporterRow& row : Exporters()) {
      const std::string what = fmt::format("{} of {}", row.name, name);
      const std::string text = row.make()->Export(runs);
      ExpectSound(text, what);
      // Readers of HTML take any line break.
      if (row.name != "csv" && row.name != "html") {
        EXPECT_FALSE(HasControls(text)) << what;
      }
      EXPECT_EQ(text, row.make()->Export(runs)) << what;
    }
  }
}

TEST(GoldenTest, NothingFailsOnNoRunAtAll) {
  for (const ExporterRow& row : Exporters())
    EXPECT_NO_THROW(static_cast<void>(row.make()->Export({}))) << row.name;
}

TEST(GoldenTest, WhatListsResultsHasEachAndTheRestHasWhatFailed) {
  const std::set<std::string_view> failures = {"github", "sarif"};
  const std::set<std::string_view> counts = {"badge"};
  for (const auto& [name, runs] : testing::GoldenCases()) {
    if (name != "night" && name != "two") continue;
    for (const ExporterRow& row : Exporters()) {
      const std::string text = row.make()->Export(runs);
      const auto has = [&](const char* part) {
        return text.find(part) != std::string::npos;
      };
      if (counts.contains(row.name)) {
        EXPECT_TRUE(has("failed")) << row.name;
        continue;
      }
      EXPECT_TRUE(has("odd")) << row.name << name;
      EXPECT_EQ(has("1234567") || has("1\u202f234\u202f567"),
                !failures.contains(row.name))
          << row.name;
    }
  }
}

TEST(GoldenTest, EveryGateExporterMakesASoundDocumentOfEveryCase) {
  for (const auto& [name, report] : testing::GoldenGates()) {
    for (const GateExporterRow& row : GateExporters()) {
      const std::string what = fmt::format("{} of {}", row.name, name);
      const std::string text = row.make()->Export(report);
      ExpectSound(text, what);
      // The terminal's table shows names as they are.
      if (row.name != "text") {
        EXPECT_FALSE(HasControls(text)) << what;
      }
      EXPECT_EQ(text, row.make()->Export(report)) << what;
    }
  }
}

TEST(GoldenTest, TablesHaveDistinctNamesAndExtensions) {
  std::set<std::string> seen;
  for (const GateExporterRow& row : GateExporters()) {
    EXPECT_TRUE(seen.insert(std::string(row.name)).second) << row.name;
    EXPECT_FALSE(row.what.empty()) << row.name;
    if (!row.extensions.empty()) {
      EXPECT_TRUE(seen.insert(std::string(row.extensions)).second) << row.name;
    }
  }
  // A format of both tables has the same name and extensions in both.
  for (const ExporterRow& row : Exporters())
    for (const GateExporterRow& other : GateExporters())
      if (row.name == other.name) {
        EXPECT_EQ(row.extensions, other.extensions) << row.name;
      }
}

}  // namespace
}  // namespace eyechart::reports
