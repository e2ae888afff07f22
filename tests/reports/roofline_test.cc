#include "reports/roofline.h"

#include <gtest/gtest.h>

#include "reports/exporter.h"
#include "tests/fixture.h"
#include "tests/reports/sample_runs.h"

namespace eyechart::reports {
namespace {

using eyechart::testing::InputErrorOf;
using eyechart::testing::TempFolder;
using eyechart::testing::WriteText;

// As benchmarks::RooflineJson writes it.
Json Roofline() {
  return {{"schema", 1},
          {"device", "cpu"},
          {"threads", 2},
          {"repetitions", 7},
          {"copy", {{"gbps", 10.0}, {"median_gbps", 9.0}, {"bytes", 1 << 26}}},
          {"products",
           {{{"dtype", "fp32"},
             {"gflops", 200.0},
             {"median_gflops", 190.0},
             {"kernel", "onednn, packed"},
             {"shape", {8, 16, 32}},
             {"ridge", 20.0}}}},
          {"points",
           {{{"encoder", "clip <b>"},
             {"dtype", "fp32"},
             {"batch", 8},
             {"flops", 1e11},
             {"bytes", 1e9},
             {"seconds", 1.0},
             {"gflops", 100.0},
             {"gbps", 1.0},
             {"intensity", 100.0},
             {"attainable_gflops", 200.0},
             {"share", 0.5},
             {"bound", "compute"}}}}};
}

// As benchmarks::BatchCurveJson writes it.
Json Curve() {
  const auto point = [](int batch, double throughput) {
    return Json{{"batch", batch},
                {"throughput", throughput},
                {"low", throughput - 1},
                {"high", throughput + 1},
                {"level", 0.95}};
  };
  return {{"schema", 1},
          {"encoder", "clip"},
          {"dtype", "fp32"},
          {"device", "cpu"},
          {"unit", "images/s"},
          {"share", 0.95},
          {"points", {point(1, 50), point(4, 97), point(16, 100)}},
          {"best", {{"batch", 16}, {"throughput", 100.0}}},
          {"knee", {{"batch", 4}, {"from", 4}, {"to", 16}}}};
}

class RooflineTest : public ::testing::Test {
 protected:
  std::vector<RunFolder> Runs() {
    RunFolder run;
    run.path = temp_.path();
    run.name = "a";
    run.records = {testing::EncodeRecord("clip", "images", 3)};
    return {run};
  }
  void Write(const std::string& file, const Json& json) {
    WriteText(temp_ / file, json.dump());
  }

  TempFolder temp_;
};

TEST_F(RooflineTest, ReadsEveryArtifact) {
  EXPECT_TRUE(ReadRooflines(Runs()).empty());
  Write("artifacts/b/roofline.json", Roofline());
  Write("artifacts/a/deeper/roofline.json", Roofline());
  Write("artifacts/b/batch_curve.json", Curve());
  Write("artifacts/b/other.json", Json());
  const std::vector<RunFolder> runs = Runs();
  const std::vector<RooflineChart> charts = ReadRooflines(runs);
  ASSERT_EQ(charts.size(), 2u);
  EXPECT_DOUBLE_EQ(charts[0].gbps, 10);
  EXPECT_DOUBLE_EQ(charts[0].roofs.at(0).gflops, 200);
  EXPECT_EQ(charts[0].marks.at(0).encoder, "clip <b>");
  EXPECT_DOUBLE_EQ(charts[0].marks.at(0).intensity.value(), 100);
  const std::vector<BatchCurveChart> curves = ReadBatchCurves(runs);
  ASSERT_EQ(curves.size(), 1u);
  EXPECT_DOUBLE_EQ(curves[0].points.at(1).low.value(), 96);
  EXPECT_EQ(KneeText(curves[0]), "batch 4 (4 to 16)");
}

// The host's threads are no setting of a GPU's roofs.
TEST_F(RooflineTest, NamesThreadsWhereTheyAreTold) {
  Json json = Roofline();
  Write("artifacts/a/roofline.json", json);
  json["device"] = "cuda:0";
  json.erase("threads");
  Write("artifacts/b/roofline.json", json);
  const std::vector<RooflineChart> charts = ReadRooflines(Runs());
  ASSERT_EQ(charts.size(), 2u);
  EXPECT_EQ(RooflineName(charts[0]), "cpu, 2 threads");
  EXPECT_EQ(RooflineName(charts[1]), "cuda:0");
}

TEST_F(RooflineTest, NamesFileAndKey) {
  for (const char* key : {"schema", "device", "copy", "products", "points"}) {
    Json json = Roofline();
    json.erase(key);
    Write("artifacts/a/roofline.json", json);
    const std::string error = InputErrorOf([&] { ReadRooflines(Runs()); });
    EXPECT_NE(error.find("artifacts/a/roofline.json"), std::string::npos);
    EXPECT_NE(error.find("\"" + std::string(key) + "\""), std::string::npos)
        << error;
  }
  Json json = Roofline();
  json["points"][0]["dtype"] = "bf16";
  Write("artifacts/a/roofline.json", json);
  EXPECT_NE(InputErrorOf([&] { ReadRooflines(Runs()); }).find("no roof"),
            std::string::npos);
  json = Roofline();
  json["points"][0]["gflops"] = 0;
  Write("artifacts/a/roofline.json", json);
  EXPECT_NE(InputErrorOf([&] { ReadRooflines(Runs()); }).find("above 0"),
            std::string::npos);
  for (const char* key : {"encoder", "points", "best", "knee", "share"}) {
    Json curve = Curve();
    curve.erase(key);
    Write("artifacts/a/batch_curve.json", curve);
    EXPECT_NE(InputErrorOf([&] {
                ReadBatchCurves(Runs());
              }).find("\"" + std::string(key) + "\""),
              std::string::npos);
  }
}

TEST(KneeText, IsShortWhereNothingIsOpen) {
  BatchCurveChart curve;
  curve.knee = curve.from = curve.to = 8;
  EXPECT_EQ(KneeText(curve), "batch 8");
}

TEST_F(RooflineTest, ThePageDrawsBoth) {
  Write("artifacts/a/roofline.json", Roofline());
  Write("artifacts/a/batch_curve.json", Curve());
  const std::string html = Exporter::Create("html")->Export(Runs());
  const auto has = [&](const char* text) {
    return html.find(text) != std::string::npos;
  };
  EXPECT_TRUE(has("<section id=\"roofline\""));
  EXPECT_TRUE(has("href=\"#roofline\""));
  EXPECT_TRUE(has("the ridge at 20 operations a byte"));
  EXPECT_TRUE(has("clip &lt;b&gt;, fp32, batch 8"));
  EXPECT_FALSE(has("clip <b>"));
  EXPECT_TRUE(has("50.00%<small>of 200 GFLOP/s</small>"));
  EXPECT_TRUE(has("knee at batch 4 (4 to 16)"));
  EXPECT_TRUE(has("class=\"drop\""));
}

TEST_F(RooflineTest, SettingsTellCurvesAndMarksApart) {
  Json roofline = Roofline(), curve = Curve();
  Write("artifacts/a/roofline.json", roofline);
  Write("artifacts/a/batch_curve.json", curve);
  EXPECT_EQ(BatchCurveName(ReadBatchCurves(Runs()).at(0)), "clip, fp32, cpu");
  EXPECT_EQ(RooflineMarkName(ReadRooflines(Runs()).at(0).marks.at(0)),
            "clip <b>, fp32, batch 8");
  roofline["points"][0]["setting"] = curve["setting"] =
      "resolution 448, dense <head>";
  Write("artifacts/a/roofline.json", roofline);
  Write("artifacts/a/batch_curve.json", curve);
  const std::string html = Exporter::Create("html")->Export(Runs());
  const std::string markdown = Exporter::Create("markdown")->Export(Runs());
  // The picture's title, its caption and its mark's name.
  EXPECT_NE(html.find("<title>clip, resolution 448, dense &lt;head&gt;, fp32, "
                      "cpu</title>"),
            std::string::npos);
  EXPECT_NE(html.find("<figcaption>clip, resolution 448, dense &lt;head&gt;, "
                      "fp32, cpu<small>"),
            std::string::npos);
  EXPECT_NE(html.find("<th scope=\"row\">clip &lt;b&gt;, resolution 448, dense "
                      "&lt;head&gt;, fp32, batch 8</th>"),
            std::string::npos);
  EXPECT_NE(markdown.find("batch of clip, resolution 448, dense \\<head\\>, "
                          "fp32, cpu: knee at batch 4"),
            std::string::npos)
      << markdown;
  curve["setting"] = 448;
  Write("artifacts/a/batch_curve.json", curve);
  EXPECT_NE(InputErrorOf([&] { ReadBatchCurves(Runs()); }).find("setting"),
            std::string::npos);
}

TEST_F(RooflineTest, WhatIsNotValidIsSaidToBe) {
  Json roofline = Roofline(), curve = Curve();
  roofline["valid"] = curve["valid"] = true;
  roofline["reasons"] = curve["reasons"] = Json::array();
  Write("artifacts/a/roofline.json", roofline);
  Write("artifacts/a/batch_curve.json", curve);
  for (const char* format : {"html", "markdown"})
    EXPECT_EQ(Exporter::Create(format)->Export(Runs()).find("not valid"),
              std::string::npos);
  roofline["valid"] = curve["valid"] = false;
  roofline["reasons"] = {"the roof <moved>"};
  curve["reasons"] = {"others used 40 %", "batch 4: 9 % drift"};
  Write("artifacts/a/roofline.json", roofline);
  Write("artifacts/a/batch_curve.json", curve);
  const std::string html = Exporter::Create("html")->Export(Runs());
  EXPECT_NE(html.find("<small>not valid: the roof &lt;moved&gt;</small>"
                      "</figcaption>"),
            std::string::npos);
  EXPECT_NE(html.find("<small>not valid: others used 40 %; batch 4: 9 % drift"
                      "</small></figcaption>"),
            std::string::npos);
  EXPECT_NE(html.find("<title>clip, fp32, cpu, not valid</title>"),
            std::string::npos);
  const std::string markdown = Exporter::Create("markdown")->Export(Runs());
  EXPECT_NE(markdown.find("The times are not valid: the roof \\<moved\\>."),
            std::string::npos)
      << markdown;
  EXPECT_NE(markdown.find("The times are not valid: others used 40 %; batch 4: "
                          "9 % drift."),
            std::string::npos);
  // Without a reason it is not valid none the less.
  curve.erase("reasons");
  Write("artifacts/a/batch_curve.json", curve);
  EXPECT_EQ(ReadBatchCurves(Runs()).at(0).invalid.size(), 1u);
  for (const auto& [key, wrong] :
       {std::pair<const char*, Json>("valid", "no"), {"reasons", {1}}}) {
    Json broken = Roofline();
    broken[key] = wrong;
    Write("artifacts/a/roofline.json", broken);
    EXPECT_NE(InputErrorOf([&] { ReadRooflines(Runs()); }).find(key),
              std::string::npos);
  }
}

TEST_F(RooflineTest, MarkdownHasTheSameNumbers) {
  EXPECT_EQ(RooflineMarkdown(Runs(), {"a"}), "");
  Write("artifacts/a/roofline.json", Roofline());
  Write("artifacts/a/batch_curve.json", Curve());
  const std::string text = RooflineMarkdown(Runs(), {"a"});
  EXPECT_EQ(text.find("## What the machine could do\n\n"), 0u) << text;
  EXPECT_NE(
      text.find("| clip \\<b\\>, fp32, batch 8 | compute | 100 | 50.00% | "
                "100 |"),
      std::string::npos)
      << text;
  EXPECT_NE(text.find("| 4 | 97 [96, 98] |"), std::string::npos) << text;
}

TEST_F(RooflineTest, ThePageIsSilentWithoutThem) {
  const std::string html = Exporter::Create("html")->Export(Runs());
  EXPECT_EQ(html.find("id=\"roofline\""), std::string::npos);
}

}  // namespace
}  // namespace eyechart::reports
