#include "reports/openmetrics.h"

#include <gtest/gtest.h>

#include "reports/exporter.h"
#include "tests/reports/sample_runs.h"

namespace eyechart::reports {
namespace {

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(OpenMetricsTest, AFamilyStandsTogetherAndHasItsUnitInItsName) {
  const std::string text =
      Exporter::Create("openmetrics")->Export(std::array{testing::SampleRun()});
  EXPECT_TRUE(Contains(
      text,
      "# TYPE eyechart_encode_throughput_images_per_second gauge\n"
      "# UNIT eyechart_encode_throughput_images_per_second images_per_second\n"
      "# HELP eyechart_encode_throughput_images_per_second pictures decoded, "
      "resized and encoded a second of wall time\n"
      "eyechart_encode_throughput_images_per_second{cell=\"clip/encode/photos/"
      "batch=32,dtype=fp32\",encoder=\"clip\",task=\"encode\",dataset=\"photos"
      "\"} 41.23456\n#"))
      << text;
  EXPECT_TRUE(Contains(text,
                       "\neyechart_run_started_timestamp_seconds "
                       "1795466640\n"))
      << text;
  EXPECT_TRUE(Contains(text, "eyechart_blind_share_ci_low{"));
  EXPECT_TRUE(text.ends_with("# EOF\n"));
}

TEST(OpenMetricsTest, SeveralRunsAreToldApart) {
  const std::string text =
      Exporter::Create("openmetrics")
          ->Export(std::array{testing::SampleRun(), testing::SampleRun()});
  EXPECT_EQ(testing::CountOf(text, "# TYPE eyechart_images gauge\n"), 1u);
  EXPECT_EQ(testing::CountOf(text, "eyechart_images{run=\"runs/nightly #2\","),
            2u)
      << text;
}

TEST(OpenMetricsTest, EscapesLabelsAndHelp) {
  const GaugeFamily family{
      "a", "", "say \"x\"\n\\", {{{{"l", "say \"x\"\n\\"}}, 1}}};
  EXPECT_EQ(OpenMetricsDocument({&family, 1}),
            "# TYPE a gauge\n# HELP a say 'x'\\n\\\\\n"
            "a{l=\"say \\\"x\\\"\\n\\\\\"} 1\n# EOF\n");
  EXPECT_EQ(OpenMetricsDocument({}), "# EOF\n");
}

TEST(OpenMetricsTest, UnitsAreWords) {
  EXPECT_EQ(UnitName("1"), "");
  EXPECT_EQ(UnitName("images/s"), "images_per_second");
  EXPECT_EQ(UnitName("%"), "percent");
  EXPECT_EQ(UnitName("furlong/fort night"), "furlong_per_fort_night");
}

TEST(OpenMetricsTest, TimesAreSecondsOfUtc) {
  EXPECT_EQ(UnixSeconds("1970-01-02T00:00:01Z"), 86401);
  EXPECT_LT(UnixSeconds(""), 0);
  EXPECT_LT(UnixSeconds("2026-11-23"), 0);
}

}  // namespace
}  // namespace eyechart::reports
