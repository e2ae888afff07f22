#include "reports/methods.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <stdexcept>

#include "core/files.h"
#include "core/interval_methods.h"
#include "tests/reports/sample_runs.h"

namespace eyechart::reports {
namespace {

// A run with an interval of `method`.
RunFolder RunWith(const std::string& method, double level = 0.95) {
  RunFolder run;
  Record record = testing::MineRecord("blind_share", 0.5);
  record.ci = Interval{0.4, 0.6, level, method};
  run.records = {record};
  return run;
}

TEST(EstimatorsUsed, ExplainsEveryIntervalOfTheTable) {
  std::set<std::string_view> names;
  for (const IntervalMethod& method : IntervalMethods()) {
    EXPECT_TRUE(names.insert(method.name).second) << method.name;
    EXPECT_FALSE(method.what.empty()) << method.name;
    const auto notes =
        EstimatorsUsed(std::array{RunWith(std::string(method.name))});
    ASSERT_EQ(notes.size(), 1u);
    EXPECT_EQ(notes[0].name, method.name);
    EXPECT_EQ(notes[0].what, method.what);
  }
  EXPECT_TRUE(names.contains("order statistics"));
}

TEST(EstimatorsUsed, NamesThoseOfANewerEyechart) {
  const auto notes = EstimatorsUsed(
      std::array{RunWith("oracle"), RunWith("wilson"), RunWith("wilson", 0.9)});
  ASSERT_EQ(notes.size(), 2u);
  EXPECT_EQ(notes[0].name, "oracle");
  EXPECT_EQ(notes[0].what, "");
  EXPECT_EQ(notes[1].levels, "90%, 95%");
}

TEST(IntervalMethods, KnowsNoOther) {
  ASSERT_NE(FindIntervalMethod("wilson"), nullptr);
  EXPECT_EQ(FindIntervalMethod("wilson")->name, "wilson");
  EXPECT_EQ(FindIntervalMethod("oracle"), nullptr);
  EXPECT_EQ(FindIntervalMethod(""), nullptr);
}

TEST(IntervalMethods, StandInTheDocumentation) {
  const std::string page = ReadFile(EYECHART_DOCS "/methods.md");
  for (const IntervalMethod& method : IntervalMethods())
    EXPECT_NE(page.find("`" + std::string(method.name) + "`"),
              std::string::npos)
        << method.name;
}

}  // namespace
}  // namespace eyechart::reports
