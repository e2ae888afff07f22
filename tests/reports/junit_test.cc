#include "reports/junit.h"

#include <gtest/gtest.h>

#include "reports/exporter.h"
#include "tests/reports/sample_runs.h"

namespace eyechart::reports {
namespace {

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(JunitTest, IsATestAResult) {
  const std::string text =
      Exporter::Create("junit")->Export(std::array{testing::SampleRun()});
  EXPECT_TRUE(Contains(text,
                       "<testsuites name=\"eyechart\" tests=\"8\" "
                       "failures=\"0\" errors=\"1\" "))
      << text;
  EXPECT_TRUE(Contains(
      text,
      "<testcase classname=\"encode.clip\" "
      "name=\"clip/encode/photos/batch=32,dtype=fp32 encode_throughput\">"))
      << text;
  EXPECT_TRUE(Contains(text, "value = 41.23456&#10;unit = images/s&#10;"));
  EXPECT_TRUE(Contains(text, "timestamp=\"2026-11-23T20:44:00Z\""));
  // Skipped, and without a value.
  EXPECT_EQ(testing::CountOf(text, "<skipped "), 2u);
  EXPECT_TRUE(Contains(text, "message=\"the value is nan"));
}

TEST(JunitTest, ACellsTimeCountsOnce) {
  const std::string text =
      Exporter::Create("junit")->Export(std::array{testing::SampleRun()});
  // Four cells of 61 s, of eight records.
  EXPECT_EQ(testing::CountOf(text, " time=\"61.000\""), 4u);
  EXPECT_EQ(testing::CountOf(text, " time=\"244.000\""), 2u);
}

TEST(JunitTest, EscapesTextAndAttributes) {
  JunitCase test;
  test.class_name = "a";
  test.name = std::string("<\"&'>\t\x01", 7);
  test.outcome = JunitCase::Outcome::kFailure;
  test.message = "one\r\ntwo ]]>";
  const JunitSuite suite{"s", "", {}, {test}, ""};
  const std::string text = JunitDocument({&suite, 1});
  EXPECT_TRUE(Contains(text, "name=\"&lt;&quot;&amp;'&gt;&#9;\\u0001\""))
      << text;
  EXPECT_TRUE(Contains(text, "message=\"one&#13;\">one&#13;&#10;two ]]&gt;<"))
      << text;
}

TEST(JunitTest, AClassIsTheTaskAndTheEncoder) {
  EXPECT_EQ(JunitClass("clip/knn/photos/k=10"), "knn.clip");
  EXPECT_EQ(JunitClass("v1.5/knn/photos/k=0.5"), "knn.v1_5");
  EXPECT_EQ(JunitClass("clip"), "clip");
  EXPECT_EQ(JunitClass("clip/knn"), "knn.clip");
}

}  // namespace
}  // namespace eyechart::reports
