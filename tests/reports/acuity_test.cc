#include "reports/acuity.h"

#include <gtest/gtest.h>

#include "reports/exporter.h"
#include "tests/fixture.h"
#include "tests/reports/sample_runs.h"

namespace eyechart::reports {
namespace {

using eyechart::testing::InputErrorOf;

Json Sample() {
  return {
      {"schema", 1},
      {"chart", "landolt-c"},
      {"unit", "px"},
      {"read_out", "linear"},
      {"target", 0.75},
      {"points",
       {{{"strength", 8.0},
         {"correct", 190},
         {"trials", 192},
         {"low", 0.96},
         {"high", 1.0}},
        {{"strength", 1.0},
         {"correct", 48},
         {"trials", 192},
         {"low", 0.19},
         {"high", 0.32}}}},
      {"function",
       {{"guess", 0.25}, {"lapse", 0.01}, {"location", 3.0}, {"slope", 4.0}}},
      {"threshold",
       {{"place", "within"},
        {"strength", 3.5},
        {"low", 3.25},
        {"high", nullptr},
        {"level", 0.95}}},
      {"threshold_patches", 0.25},
      {"accuracy", 0.62}};
}

RunFolder RunWith(const Json& json) {
  RunFolder run;
  run.path = "runs/a";
  run.name = "a";
  run.records = {testing::EncodeRecord("clip", "images", 3)};
  run.acuities[run.records[0].cell] = json;
  return run;
}

TEST(ReadAcuities, ReadsACurve) {
  const std::vector<RunFolder> runs = {RunWith(Sample())};
  const std::vector<AcuityCurve> curves = ReadAcuities(runs);
  ASSERT_EQ(curves.size(), 1u);
  EXPECT_EQ(curves[0].encoder, "clip");
  EXPECT_DOUBLE_EQ(curves[0].points[1].share, 0.25);
  EXPECT_EQ(ThresholdText(curves[0]), "3.5 px [3.25, >8], 0.25 patches");
}

TEST(ReadAcuities, NamesWhatIsWrong) {
  for (const char* key :
       {"chart", "points", "function", "threshold", "threshold_patches"}) {
    Json json = Sample();
    json.erase(key);
    const std::vector<RunFolder> runs = {RunWith(json)};
    const std::string error = InputErrorOf([&] { ReadAcuities(runs); });
    EXPECT_NE(error.find("runs/a: acuity of clip/encode"), std::string::npos);
    EXPECT_NE(error.find(key), std::string::npos) << error;
  }
  Json json = Sample();
  json["points"][0]["trials"] = 0;
  const std::vector<RunFolder> runs = {RunWith(json)};
  EXPECT_NE(InputErrorOf([&] { ReadAcuities(runs); }).find("above 0"),
            std::string::npos);
}

TEST(ThresholdText, SaysWhichEndOfTheChart) {
  AcuityCurve curve;
  curve.unit = "px";
  curve.points = {{8, 1, 1, 1}, {2, 1, 1, 1}};
  curve.place = "below all";
  EXPECT_EQ(ThresholdText(curve), "below 2 px");
  curve.place = "above all";
  EXPECT_EQ(ThresholdText(curve), "above 8 px");
}

TEST(HtmlExporter, DrawsTheEyeChart) {
  const std::string html = Exporter::Create("html")->Export(
      std::vector<RunFolder>{RunWith(Sample())});
  EXPECT_NE(html.find("<section id=\"eye-chart\""), std::string::npos);
  EXPECT_NE(html.find("<svg class=\"plot\""), std::string::npos);
  EXPECT_NE(html.find("clip 3.5 px [3.25, &gt;8]"), std::string::npos);
  RunFolder without = RunWith(Sample());
  without.acuities.clear();
  EXPECT_EQ(Exporter::Create("html")
                ->Export(std::vector<RunFolder>{without})
                .find("eye-chart"),
            std::string::npos);
}

}  // namespace
}  // namespace eyechart::reports
