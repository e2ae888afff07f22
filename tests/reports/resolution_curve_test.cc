#include "reports/resolution_curve.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "reports/exporter.h"
#include "tests/fixture.h"
#include "tests/reports/sample_runs.h"

namespace eyechart::reports {
namespace {

using eyechart::testing::InputErrorOf;
using testing::CountOf;

using Setting = std::map<std::string, std::string>;

// As `bench` writes it.
Record Timed(const std::string& encoder, double ms, const Setting& setting) {
  Record record;
  record.encoder = encoder;
  record.task = "bench";
  record.dataset = "photos";
  record.setting = setting;
  record.cell = encoder + "/bench/photos/";
  for (const auto& [key, value] : setting)
    record.cell += key + "=" + value + ",";
  SetMetric(record, "latency_median", ms);
  record.ci = Interval{0.9 * ms, 1.1 * ms, 0.95, "order statistics"};
  return record;
}

RunFolder RunOf(const std::string& name, std::vector<Record> records) {
  RunFolder run;
  run.name = name;
  run.path = "runs/" + name;
  run.records = std::move(records);
  return run;
}

// Two precisions at two sizes, and one encoder at its processor's own.
RunFolder SizesRun() {
  return RunOf(
      "night",
      {Timed("vit<b>", 40, {{"resolution", "448"}}),
       Timed("vit<b>", 12, {{"resolution", "96x384"}}),
       Timed("vit<b>", 10, {{"resolution", "96"}}),
       Timed("vit<b>", 6, {{"dtype", "bf16"}, {"resolution", "224"}}),
       Timed("vit<b>", 20, {{"dtype", "bf16"}, {"resolution", "448"}}),
       Timed("vit<b>", 60, {{"batch", "8"}, {"resolution", "224"}}),
       Timed("plain", 9, {}), Timed("once", 9, {{"resolution", "224"}})});
}

TEST(ResolutionSide, IsOfPixels) {
  EXPECT_DOUBLE_EQ(ResolutionSide("224").value(), 224);
  EXPECT_DOUBLE_EQ(ResolutionSide("96x384").value(), 192);
  for (const char* text :
       {"", "x", "224x", "x224", "-4", "0", "224x0", "big", "224.5", "1x2x3"})
    EXPECT_FALSE(ResolutionSide(text).has_value()) << text;
}

TEST(MakeResolutionCurves, ALineAPrecisionInOrderOfSize) {
  const RunFolder run = SizesRun();
  const std::vector<ResolutionCurve> curves = MakeResolutionCurves({&run, 1});
  ASSERT_EQ(curves.size(), 1u);  // with a batch of 8 there is one size alone
  EXPECT_EQ(curves[0].timed, "photos");
  ASSERT_EQ(curves[0].lines.size(), 2u);
  const ResolutionLine& line = curves[0].lines[0];
  EXPECT_EQ(ResolutionLineName(line), "vit<b>");
  ASSERT_EQ(line.points.size(), 3u);
  EXPECT_EQ(line.points[0].resolution, "96");
  EXPECT_EQ(line.points[1].resolution, "96x384");
  EXPECT_EQ(line.points[2].resolution, "448");
  EXPECT_DOUBLE_EQ(line.points[2].median_ms, 40);
  EXPECT_DOUBLE_EQ(line.points[2].ci->high, 1.1 * 40);
  EXPECT_EQ(ResolutionLineName(curves[0].lines[1]), "vit<b> (dtype=bf16)");
}

// Each resolution of a suite has a head of its own; where two heads were timed
// they are two lines.
TEST(MakeResolutionCurves, AHeadIsALine) {
  const auto with = [](const std::string& size, const std::string& cell) {
    return Setting{{"resolution", size},
                   {"detector_cell", cell},
                   {"min_score", "0.001"},
                   {"nms_iou", "0.6"}};
  };
  const std::string dense = "{encoder}/detect/boxes/steps=80";
  const std::string set = "vit/detect/boxes/head=set,resolution=";
  RunFolder run = RunOf("night", {Timed("vit", 10, with("224", dense)),
                                  Timed("vit", 30, with("448", dense)),
                                  Timed("vit", 12, with("224", set + "224")),
                                  Timed("vit", 33, with("448", set + "448"))});
  std::vector<ResolutionCurve> curves = MakeResolutionCurves({&run, 1});
  ASSERT_EQ(curves.size(), 1u);
  ASSERT_EQ(curves[0].lines.size(), 2u);
  EXPECT_EQ(curves[0].lines[0].model, "head of detect/boxes/steps=80");
  EXPECT_EQ(curves[0].lines[1].model, "head of detect/boxes/head=set");
  // Thresholds make another latency, and are named where they tell apart.
  for (const char* size : {"224", "448"}) {
    Setting setting = with(size, dense);
    setting["min_score"] = "0.05";
    run.records.push_back(Timed("vit", 9, setting));
  }
  curves = MakeResolutionCurves({&run, 1});
  ASSERT_EQ(curves[0].lines.size(), 3u);
  EXPECT_EQ(curves[0].lines[0].model,
            "head of detect/boxes/steps=80, min_score=0.001, nms_iou=0.6");
  EXPECT_EQ(curves[0].lines[1].model, "head of detect/boxes/head=set");
}

// A command's records: a folder's head, its flags beside what came of them.
TEST(MakeResolutionCurves, AFoldersHeadIsKnownByItsWeights) {
  const auto with = [](const char* size, char digit) {
    Setting setting{{"resolution", size},
                    {"detector", "yes"},
                    {"min-score", "0.05"},
                    {"min_score", "0.05"}};
    if (digit != 0) setting["detector_sha256"] = std::string(64, digit);
    return setting;
  };
  RunFolder run = RunOf("night", {Timed("vit", 10, with("224", 'a')),
                                  Timed("vit", 30, with("448", 'b'))});
  // Two heads, of one size each.
  EXPECT_TRUE(MakeResolutionCurves({&run, 1}).empty());
  run.records.push_back(Timed("vit", 31, with("448", 'a')));
  run.records.push_back(Timed("vit", 11, with("224", 'b')));
  const std::vector<ResolutionCurve> curves = MakeResolutionCurves({&run, 1});
  ASSERT_EQ(curves.size(), 1u);
  EXPECT_EQ(curves[0].timed, "photos");  // neither head nor thresholds
  ASSERT_EQ(curves[0].lines.size(), 2u);
  EXPECT_EQ(curves[0].lines[0].model, "head aaaaaaaa");
  EXPECT_DOUBLE_EQ(curves[0].lines[0].points[1].median_ms, 31);
  EXPECT_EQ(curves[0].lines[1].model, "head bbbbbbbb");
  EXPECT_DOUBLE_EQ(curves[0].lines[1].points[1].median_ms, 30);
  // Records of before it was written.
  run.records = {Timed("vit", 10, with("224", 0)),
                 Timed("vit", 30, with("448", 0))};
  EXPECT_EQ(MakeResolutionCurves({&run, 1}).at(0).lines.at(0).model,
            "with a detector");
}

// Each resolution's head of a cell has weights of its own.
TEST(MakeResolutionCurves, ACellsHeadsAreOneLineWhateverTheirWeights) {
  const auto with = [](const char* size, char digit) {
    return Setting{{"resolution", size},
                   {"detector_cell", "{encoder}/detect/boxes/steps=80"},
                   {"detector_sha256", std::string(64, digit)}};
  };
  const RunFolder run = RunOf("night", {Timed("vit", 10, with("224", 'a')),
                                        Timed("vit", 30, with("448", 'b'))});
  const std::vector<ResolutionCurve> curves = MakeResolutionCurves({&run, 1});
  ASSERT_EQ(curves.size(), 1u);
  ASSERT_EQ(curves[0].lines.size(), 1u);
  EXPECT_EQ(curves[0].lines[0].model, "head of detect/boxes/steps=80");
}

TEST(MakeResolutionCurves, WhatStandsTwiceAtASizeBeginsALine) {
  RunFolder run = RunOf("night", {Timed("vit", 30, {{"resolution", "448"}}),
                                  Timed("vit", 10, {{"resolution", "224"}}),
                                  Timed("vit", 11, {{"resolution", "224"}}),
                                  Timed("vit", 33, {{"resolution", "448"}}),
                                  Timed("vit", 12, {{"resolution", "224"}})});
  std::vector<ResolutionCurve> curves = MakeResolutionCurves({&run, 1});
  ASSERT_EQ(curves.size(), 1u);
  std::vector<std::string> lines;
  for (const ResolutionLine& line : curves[0].lines) {
    lines.push_back(ResolutionLineName(line) + ":");
    for (const ResolutionPoint& point : line.points)
      lines.back() += " " + std::to_string(static_cast<int>(point.median_ms));
  }
  EXPECT_EQ(lines,
            (std::vector<std::string>{"vit: 10 30", "vit (2nd time): 11 33",
                                      "vit (3rd time): 12"}));
  // A size timed twice, and no other, is no curve.
  run.records = {Timed("vit", 10, {{"resolution", "224"}}),
                 Timed("vit", 11, {{"resolution", "224"}})};
  EXPECT_TRUE(MakeResolutionCurves({&run, 1}).empty());
}

TEST(MakeResolutionCurves, ThresholdsCountInBothSpellings) {
  for (const char* key :
       {"min-score", "min_score", "nms-iou", "nms_iou", "before-nms",
        "before_nms", "max-boxes", "max_boxes", "nms", "nms-classes",
        "nms_classes", "nms-sigma", "nms_sigma"}) {
    RunFolder run = RunOf("night", {});
    for (const char* value : {"0.2", "0.3"})
      for (const char* size : {"224", "448"})
        run.records.push_back(
            Timed("vit", 10, {{"resolution", size}, {key, value}}));
    const std::vector<ResolutionCurve> curves = MakeResolutionCurves({&run, 1});
    ASSERT_EQ(curves.size(), 1u) << key;
    EXPECT_EQ(curves[0].timed, "photos") << key;
    ASSERT_EQ(curves[0].lines.size(), 2u) << key;
    std::string suite = key;
    std::replace(suite.begin(), suite.end(), '-', '_');
    EXPECT_EQ(curves[0].lines[0].model, suite + "=0.2");
    EXPECT_EQ(curves[0].lines[1].model, suite + "=0.3");
  }
}

TEST(MakeResolutionCurves, RunsOfOneMachineMakeALineTogether) {
  std::vector<RunFolder> runs = {
      RunOf("small", {Timed("vit", 10, {{"resolution", "224"}})}),
      RunOf("large", {Timed("vit", 30, {{"resolution", "448"}})})};
  EXPECT_TRUE(MakeResolutionCurves(runs).empty());  // of which machine?
  runs[0].environment = {{"cpu", "A"}, {"threads", 2}, {"command", "one"}};
  runs[1].environment = {{"cpu", "A"}, {"threads", 2}, {"command", "two"}};
  std::vector<ResolutionCurve> curves = MakeResolutionCurves(runs);
  ASSERT_EQ(curves.size(), 1u);
  ASSERT_EQ(curves[0].lines.size(), 1u);
  EXPECT_FALSE(curves[0].lines[0].run.has_value());
  EXPECT_EQ(curves[0].lines[0].points[1].run, 1u);
  runs[1].environment["threads"] = 4;
  EXPECT_TRUE(MakeResolutionCurves(runs).empty());
  runs[1].environment["threads"] = 2;
  runs[0].records[0].weights_sha256 = std::string(64, 'a');
  runs[1].records[0].weights_sha256 = std::string(64, 'b');
  EXPECT_TRUE(MakeResolutionCurves(runs).empty());
  // A run with several has a line of its own.
  runs = {SizesRun(), SizesRun()};
  curves = MakeResolutionCurves(runs);
  ASSERT_EQ(curves[0].lines.size(), 4u);
  for (const ResolutionLine& line : curves[0].lines)
    for (const ResolutionPoint& point : line.points)
      EXPECT_EQ(line.run, point.run);
}

TEST(MakeResolutionCurves, WhatHasNoTimeIsNoPoint) {
  RunFolder run = SizesRun();
  run.records[3].status = RecordStatus::kError;
  run.records[0].value.reset();
  run.records[1].metric = "latency_p90";
  EXPECT_TRUE(MakeResolutionCurves({&run, 1}).empty());
  run = SizesRun();
  run.records[0].unit = "images/s";
  EXPECT_NE(InputErrorOf([&] {
              MakeResolutionCurves({&run, 1});
            }).find("images/s"),
            std::string::npos);
}

std::string ResolutionSection(const RunFolder& run) {
  const std::string html = Exporter::Create("html")->Export({&run, 1});
  const std::size_t from = html.find("<section id=\"resolution\"");
  if (from == std::string::npos) return "";
  EXPECT_NE(html.find("href=\"#resolution\""), std::string::npos);
  EXPECT_NE(html.find(".plots{"), std::string::npos);
  return html.substr(from, html.find("</section>", from) - from);
}

TEST(ResolutionSection, DrawsTheLinesAndSaysThemInATable) {
  RunFolder run = SizesRun();
  std::string section = ResolutionSection(run);
  const std::size_t from = section.find("<svg class=\"plot\"");
  ASSERT_NE(from, std::string::npos);
  const std::string svg =
      section.substr(from, section.find("</svg>", from) - from);
  EXPECT_EQ(CountOf(svg, "<polyline"), 2u);
  EXPECT_EQ(CountOf(svg, "class=\"bar\""), 5u);  // intervals
  EXPECT_NE(svg.find("resolution, pixels a side"), std::string::npos);
  EXPECT_NE(section.find("vit&lt;b&gt; (dtype=bf16)"), std::string::npos);
  EXPECT_EQ(section.find("vit<b>"), std::string::npos);
  EXPECT_NE(section.find("<td class=\"num\">96x384</td>"
                         "<td class=\"num\">12<small>[10.80, 13.20]</small>"),
            std::string::npos)
      << section;
  EXPECT_EQ(section.find("plain"), std::string::npos);
  EXPECT_EQ(section.find("not valid: "), std::string::npos);
  // What is not valid stands beside its line.
  run.records[1].message = "not valid: others used 20 %";
  section = ResolutionSection(run);
  EXPECT_NE(section.find("vit&lt;b&gt;, not valid</li>"), std::string::npos);
  EXPECT_NE(section.find("<small>not valid: others used 20 %</small>"),
            std::string::npos);
  EXPECT_EQ(CountOf(section, "<small>not valid"), 1u);
}

TEST(ResolutionSection, MarkdownHasTheSameRows) {
  RunFolder run = SizesRun();
  run.records[1].message = "not valid: busy";
  const std::string text = Exporter::Create("markdown")->Export({&run, 1});
  EXPECT_NE(text.find("## Latency against resolution\n\nphotos\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("| vit\\<b\\> | yes | 96 | 10 [9, 11] |"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("| vit\\<b\\> | no: busy | 96x384 | 12 "),
            std::string::npos);
}

TEST(ResolutionSection, IsSilentWithoutSeveralSizes) {
  const RunFolder run =
      RunOf("night", {Timed("vit", 10, {{"resolution", "224"}})});
  EXPECT_EQ(ResolutionSection(run), "");
  EXPECT_EQ(ResolutionMarkdown({&run, 1}, {"night"}), "");
}

}  // namespace
}  // namespace eyechart::reports
