#include "reports/low_data.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "core/student.h"
#include "reports/exporter.h"
#include "tests/fixture.h"
#include "tests/reports/sample_runs.h"

namespace eyechart::reports {
namespace {

using testing::CountOf;

// As the task `detect` of a suite writes it: the cell says what was asked for,
// the setting what became of it.
void AddTraining(RunFolder& run,
                 const std::string& encoder,
                 const std::string& cell,
                 std::int64_t train,
                 double ap,
                 const std::vector<double>& seeds = {}) {
  Record record;
  record.encoder = encoder;
  record.task = "detect";
  record.dataset = "boxes";
  record.cell = encoder + "/detect/boxes/" + cell;
  record.setting = {
      {"head", cell.find("head=set") == std::string::npos ? "dense" : "set"},
      {"train", std::to_string(train)},
      {"steps", std::to_string(10 * train)},
      {"selected_step", std::to_string(train)}};
  record.n = 40;
  SetMetric(record, "ap", ap);
  record.ci = Interval{ap - 0.05, ap + 0.05, 0.95, "bootstrap over images"};
  run.records.push_back(record);
  SetMetric(record, "ap50", 2 * ap);
  run.records.push_back(record);
  if (seeds.size() < 2) return;
  double mean = 0, squares = 0;
  const auto n = static_cast<double>(seeds.size());
  for (const double score : seeds) mean += score / n;
  for (const double score : seeds) squares += (score - mean) * (score - mean);
  record.n = static_cast<std::int64_t>(seeds.size());
  record.ci.reset();
  SetMetric(record, "probe_seed_mean", mean);
  run.records.push_back(record);
  SetMetric(record, "probe_seed_deviation", std::sqrt(squares / (n - 1)));
  run.records.push_back(record);
}

// One head on 10, 30 and all 90 pictures, another on two, a third once.
RunFolder GridRun() {
  RunFolder run;
  run.name = "night";
  AddTraining(run, "vit<b>", "epochs=9", 90, 0.4);
  AddTraining(run, "vit<b>", "epochs=9,images=10", 10, 0.1);
  AddTraining(run, "vit<b>", "epochs=9,images=30", 30, 0.25);
  AddTraining(run, "vit<b>", "epochs=9,head=set,images=10", 10, 0.05);
  AddTraining(run, "vit<b>", "epochs=9,head=set", 90, 0.5);
  AddTraining(run, "once", "epochs=9", 90, 0.45);
  return run;
}

TEST(MakeLowDataCurves, ALineAHeadInOrderOfPictures) {
  const RunFolder run = GridRun();
  const std::vector<LowDataCurve> curves = MakeLowDataCurves({&run, 1});
  ASSERT_EQ(curves.size(), 1u);
  EXPECT_EQ(LowDataTitle(curves[0]), "boxes");
  ASSERT_EQ(curves[0].lines.size(), 2u);
  const LowDataLine& dense = curves[0].lines[0];
  EXPECT_EQ(LowDataName(dense), "vit<b>, dense head (epochs=9)");
  ASSERT_EQ(dense.points.size(), 3u);
  for (const auto& [place, images, ap] :
       {std::tuple(0, 10, 0.1), {1, 30, 0.25}, {2, 90, 0.4}}) {
    const LowDataPoint& point = dense.points[static_cast<std::size_t>(place)];
    EXPECT_EQ(point.amount, images);
    EXPECT_DOUBLE_EQ(point.ap, ap);
    EXPECT_DOUBLE_EQ(point.ci->low, ap - 0.05);
    EXPECT_EQ(LowDataOver(point), "pictures");
  }
  EXPECT_EQ(LowDataName(curves[0].lines[1]), "vit<b>, set head (epochs=9)");
}

TEST(MakeLowDataCurves, SeedsGiveMeanAndInterval) {
  RunFolder run;
  const std::vector<double> seeds = {0.1, 0.16, 0.13};
  AddTraining(run, "vit", "images=10,runs=3", 10, 0.1, seeds);
  AddTraining(run, "vit", "default", 90, 0.3);  // one seed is enough here
  const std::vector<LowDataCurve> curves = MakeLowDataCurves({&run, 1});
  ASSERT_EQ(curves.size(), 1u);
  const LowDataPoint& point = curves[0].lines.at(0).points.at(0);
  EXPECT_NEAR(point.ap, 0.13, 1e-12);
  const Interval expected = StudentInterval(seeds);
  EXPECT_NEAR(point.ci->low, expected.low, 1e-12);
  EXPECT_NEAR(point.ci->high, expected.high, 1e-12);
  EXPECT_EQ(LowDataOver(point), "3 seeds");
  EXPECT_EQ(LowDataName(curves[0].lines[0]), "vit, dense head");
  EXPECT_EQ(LowDataOver(curves[0].lines[0].points.at(1)), "pictures");
}

TEST(MakeLowDataCurves, OfTwoCellsOnTheSamePicturesOneIsThePoint) {
  // 100 pictures were asked for, of which there are 90.
  RunFolder run;
  AddTraining(run, "vit", "images=100", 90, 0.3);
  AddTraining(run, "vit", "images=10", 10, 0.1);
  AddTraining(run, "vit", "default", 90, 0.31);
  std::vector<LowDataCurve> curves = MakeLowDataCurves({&run, 1});
  ASSERT_EQ(curves.size(), 1u);
  const LowDataLine& line = curves[0].lines.at(0);
  ASSERT_EQ(line.points.size(), 2u);
  EXPECT_EQ(line.points[1].amount, 90);
  EXPECT_EQ(line.points[1].cell, "vit/detect/boxes/images=100");
  ASSERT_EQ(line.left_out.size(), 1u);
  EXPECT_EQ(line.left_out[0],
            "vit/detect/boxes/default (AP 31.0) has no point: "
            "vit/detect/boxes/images=100 is trained on 90 pictures too");

  // Of a grid of runs the one with the most seeds, whichever comes first.
  run = {};
  AddTraining(run, "vit", "images=10", 10, 0.1);
  AddTraining(run, "vit", "images=10,runs=3", 10, 0.1, {0.1, 0.16, 0.13});
  AddTraining(run, "vit", "default", 90, 0.3);
  curves = MakeLowDataCurves({&run, 1});
  ASSERT_EQ(curves.size(), 1u);
  ASSERT_EQ(curves[0].lines.at(0).points.size(), 2u);
  EXPECT_EQ(curves[0].lines[0].points[0].seeds, 3);
  ASSERT_EQ(curves[0].lines[0].left_out.size(), 1u);
  EXPECT_NE(curves[0].lines[0].left_out[0].find("with more seeds"),
            std::string::npos);

  // Two cells at one number alone are no curve.
  run = {};
  AddTraining(run, "vit", "images=100", 90, 0.3);
  AddTraining(run, "vit", "default", 90, 0.3);
  EXPECT_TRUE(MakeLowDataCurves({&run, 1}).empty());
}

// A grid of shots, whose numbers of pictures differ too.
RunFolder ShotsRun() {
  RunFolder run;
  run.name = "night";
  AddTraining(run, "vit", "default", 90, 0.4);
  AddTraining(run, "vit", "shots=5", 14, 0.2);
  AddTraining(run, "vit", "shots=1", 3, 0.1);
  AddTraining(run, "vit", "runs=2,shots=10", 25, 0.3, {0.3, 0.28});
  for (Record& record : run.records) {
    const std::size_t at = record.cell.find("shots=");
    record.setting["shots"] =
        at == std::string::npos ? "0" : record.cell.substr(at + 6);
  }
  return run;
}

TEST(MakeLowDataCurves, ShotsAreJoinedByBoxesAClass) {
  const RunFolder run = ShotsRun();
  const std::vector<LowDataCurve> curves = MakeLowDataCurves({&run, 1});
  ASSERT_EQ(curves.size(), 1u);  // and none over pictures
  EXPECT_EQ(curves[0].axis, LowDataAxis::kShots);
  ASSERT_EQ(curves[0].lines.size(), 1u);
  const LowDataLine& line = curves[0].lines[0];
  EXPECT_EQ(LowDataName(line), "vit, dense head");
  std::vector<std::int64_t> shots;
  for (const LowDataPoint& point : line.points) shots.push_back(point.amount);
  EXPECT_EQ(shots, (std::vector<std::int64_t>{1, 5, 10}));
  EXPECT_EQ(line.points[2].seeds, 2);
  ASSERT_TRUE(line.all.has_value());
  EXPECT_DOUBLE_EQ(line.all->ap, 0.4);
  EXPECT_TRUE(line.left_out.empty());
}

TEST(MakeLowDataCurves, ShotsAndPicturesAreCurvesOfTheirOwn) {
  RunFolder run = ShotsRun();
  AddTraining(run, "vit", "images=30", 30, 0.25);
  std::vector<LowDataCurve> curves = MakeLowDataCurves({&run, 1});
  ASSERT_EQ(curves.size(), 2u);
  EXPECT_EQ(curves[0].axis, LowDataAxis::kImages);
  ASSERT_EQ(curves[0].lines.size(), 1u);
  EXPECT_EQ(curves[0].lines[0].points.size(), 2u);  // 30 and 90
  EXPECT_EQ(curves[1].axis, LowDataAxis::kShots);
  EXPECT_EQ(curves[1].lines.size(), 1u);
  // One number and all is none.
  std::erase_if(run.records, [](const Record& record) {
    return record.setting.contains("shots") &&
           record.setting.at("shots") != "5" &&
           record.setting.at("shots") != "0";
  });
  curves = MakeLowDataCurves({&run, 1});
  ASSERT_EQ(curves.size(), 1u);
  EXPECT_EQ(curves[0].axis, LowDataAxis::kImages);
}

TEST(MakeLowDataCurves, OtherTrainingsAndTestsAreNotJoined) {
  RunFolder run;
  AddTraining(run, "vit", "images=10,steps=80", 10, 0.1);
  AddTraining(run, "vit", "steps=90", 90, 0.3);
  EXPECT_TRUE(MakeLowDataCurves({&run, 1}).empty());
  run = {};
  AddTraining(run, "vit", "images=10", 10, 0.1);
  AddTraining(run, "vit", "part=valid", 90, 0.3);
  for (Record& record : run.records)
    if (record.cell.ends_with("part=valid")) record.setting["part"] = "valid";
  EXPECT_TRUE(MakeLowDataCurves({&run, 1}).empty());
  // Of two runs each has its own.
  RunFolder first, second;
  AddTraining(first, "vit", "images=10", 10, 0.1);
  AddTraining(second, "vit", "default", 90, 0.3);
  EXPECT_TRUE(MakeLowDataCurves(std::array{first, second}).empty());
}

TEST(MakeLowDataCurves, WhatWasNotTrainedOrFailedIsNoPoint) {
  for (const bool exported : {true, false}) {
    RunFolder run;
    AddTraining(run, "vit", "images=10", 10, 0.1);
    AddTraining(run, "vit", "default", 90, 0.3);
    ASSERT_EQ(MakeLowDataCurves({&run, 1}).size(), 1u);
    for (Record& record : run.records)
      if (exported)
        record.setting["head"] = "exported";
      else if (record.cell.ends_with("default"))
        record.status = RecordStatus::kError;
    EXPECT_TRUE(MakeLowDataCurves({&run, 1}).empty());
  }
  // Without `train`, `images` says it where it is a number of pictures.
  RunFolder run;
  AddTraining(run, "vit", "images=10", 10, 0.1);
  AddTraining(run, "vit", "images=20", 20, 0.2);
  AddTraining(run, "vit", "default", 90, 0.3);
  for (Record& record : run.records) {
    record.setting["images"] =
        record.setting["train"] == "90" ? "0" : record.setting["train"];
    record.setting.erase("train");
  }
  const std::vector<LowDataCurve> curves = MakeLowDataCurves({&run, 1});
  ASSERT_EQ(curves.size(), 1u);
  EXPECT_EQ(curves[0].lines[0].points.size(), 2u);
}

std::string LowDataSection(const RunFolder& run) {
  const std::string html = Exporter::Create("html")->Export({&run, 1});
  const std::size_t from = html.find("<section id=\"low-data\"");
  if (from == std::string::npos) return "";
  EXPECT_NE(html.find("href=\"#low-data\""), std::string::npos);
  EXPECT_NE(html.find(".plots{"), std::string::npos);
  return html.substr(from, html.find("</section>", from) - from);
}

TEST(LowDataSection, DrawsTheLinesOnALogarithmicAxis) {
  const std::string section = LowDataSection(GridRun());
  const std::size_t from = section.find("<svg class=\"plot\"");
  ASSERT_NE(from, std::string::npos);
  const std::string svg =
      section.substr(from, section.find("</svg>", from) - from);
  EXPECT_EQ(CountOf(svg, "<polyline"), 2u);
  EXPECT_EQ(CountOf(svg, "class=\"bar\""), 5u);
  // 30 stands in the middle of 10 and 90.
  std::vector<double> xs;
  for (std::size_t at = svg.find("cx=\""); at != std::string::npos;
       at = svg.find("cx=\"", at + 1))
    xs.push_back(std::stod(svg.substr(at + 4)));
  ASSERT_EQ(xs.size(), 3u);
  EXPECT_NEAR(xs[1] - xs[0], xs[2] - xs[1], 0.2);
  EXPECT_NE(section.find("vit&lt;b&gt;, set head (epochs=9)"),
            std::string::npos);
  EXPECT_EQ(section.find("vit<b>"), std::string::npos);
  EXPECT_NE(section.find("<td class=\"num\">30</td><td class=\"num\">25.0"
                         "<small>[20.0, 30.0]</small></td><td>pictures</td>"),
            std::string::npos)
      << section;
  EXPECT_EQ(section.find("once"), std::string::npos);
}

TEST(LowDataSection, MarkdownHasTheSameRows) {
  const RunFolder run = GridRun();
  const std::string text = Exporter::Create("markdown")->Export({&run, 1});
  EXPECT_NE(text.find("## AP against training pictures\n\nboxes\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("| vit\\<b\\>, dense head (epochs=9) | pictures | 30 | "
                      "25.0 [20.0, 30.0] |"),
            std::string::npos)
      << text;
}

TEST(LowDataSection, ShotsHaveAPictureAndATableOfTheirOwn) {
  const RunFolder run = ShotsRun();
  const std::string section = LowDataSection(run);
  EXPECT_NE(section.find("AP against shots: boxes"), std::string::npos);
  EXPECT_NE(section.find("boxes a class trained on"), std::string::npos);
  EXPECT_EQ(section.find("AP against training pictures"), std::string::npos);
  EXPECT_EQ(CountOf(section, "class=\"rule\""), 1u);
  EXPECT_NE(section.find("<td class=\"num\">all</td><td class=\"num\">40.0"),
            std::string::npos)
      << section;
  const std::string text = Exporter::Create("markdown")->Export({&run, 1});
  EXPECT_NE(text.find("## AP against shots\n\nboxes\n"), std::string::npos);
  EXPECT_NE(text.find("| vit, dense head | pictures | 5 | 20.0 [15.0, 25.0] |"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("| vit, dense head | pictures | all | 40.0 "),
            std::string::npos);
}

TEST(LowDataSection, SaysWhichCellHasNoPoint) {
  RunFolder run = GridRun();
  AddTraining(run, "vit<b>", "epochs=9,images=100", 90, 0.41);
  EXPECT_NE(LowDataSection(run).find(
                "vit&lt;b&gt;/detect/boxes/epochs=9,images=100 (AP 41.0) has "
                "no point"),
            std::string::npos);
  EXPECT_NE(Exporter::Create("markdown")
                ->Export({&run, 1})
                .find("images=100 (AP 41.0) has no point"),
            std::string::npos);
}

TEST(LowDataSection, IsSilentWithoutSeveralNumbers) {
  RunFolder run;
  AddTraining(run, "vit", "images=10", 10, 0.1);
  EXPECT_EQ(LowDataSection(run), "");
  EXPECT_EQ(LowDataMarkdown({&run, 1}, {"night"}), "");
}

}  // namespace
}  // namespace eyechart::reports
