#include "reports/nms_sweep.h"

#include <gtest/gtest.h>

#include "reports/exporter.h"
#include "tests/fixture.h"
#include "tests/reports/sample_runs.h"

namespace eyechart::reports {
namespace {

using eyechart::testing::InputErrorOf;

Json Time(double ms) {
  return {{"median",
           {{"value", ms * 1e6},
            {"ci",
             {{"low", ms * 0.9e6},
              {"high", ms * 1.1e6},
              {"level", 0.95},
              {"method", "order statistics"}}},
            {"reason", nullptr}}},
          {"mean", ms * 1e6}};
}

Json Row(double confidence, const Json& iou, double nms_ms, double ap) {
  return {{"confidence", confidence},
          {"iou", iou},
          {"boxes_before", {{"mean", 120.5}, {"most", 300}}},
          {"boxes_after", {{"mean", 20.25}, {"most", 40}}},
          {"nms_ns", Time(nms_ms)},
          {"total_ns", Time(10 + nms_ms)},
          {"nms_share", nms_ms / (10 + nms_ms)},
          {"AP", ap < 0 ? Json() : Json(ap)},
          {"AP50", ap < 0 ? Json() : Json(1.5 * ap)},
          {"ap_ci", nullptr}};
}

Json Figure(double value) { return {{"value", value}, {"ci", nullptr}}; }

Json Sweep() {
  Json stage = Time(4);
  stage["name"] = "encode<i>";
  return {{"schema", 1},
          {"head", "dense"},
          {"needs_nms", true},
          {"pictures", 50},
          {"options", {{"margin", 0.005}}},
          {"stages_ns", {stage}},
          {"rest_ns", Time(10)},
          {"rows",
           {Row(0.001, 0.6, 2, 0.4), Row(0.001, 0.7, 2.5, 0.41),
            Row(0.05, 0.6, 0.5, 0.407)}},
          {"best", 1},
          {"fastest", 2},
          {"cost",
           {{"constant_ns", Figure(1000)},
            {"linear_ns", Figure(50)},
            {"quadratic_ns", Figure(-0.25)},
            {"residual_ns", 200.0},
            {"most_boxes", 1000.0},
            {"as_long_as_head",
             {{"value", 4000.0},
              {"ci",
               {{"low", 3000.0},
                {"high", nullptr},
                {"level", 0.95},
                {"method", "bootstrap over pictures"}}}}}}}};
}

Json SetSweep() {
  Json json = Sweep();
  json["head"] = "set";
  json["needs_nms"] = false;
  json["rows"] = {Row(0.001, nullptr, 0, 0.39)};
  json["best"] = json["fastest"] = 0;
  json["cost"] = nullptr;
  return json;
}

RunFolder SampleRun() {
  RunFolder run;
  run.name = "night";
  for (const char* encoder : {"clip</th><b>", "dinov2"}) {
    Record record;
    record.encoder = encoder;
    record.task = "bench";
    record.dataset = "boxes & more";
    record.cell = std::string(encoder) + "/bench/boxes/default";
    record.value = 0.4;
    record.unit = "1";
    for (const char* metric : {"ap", "ap50"}) {
      record.metric = metric;
      run.records.push_back(record);
    }
  }
  run.nms_sweeps["clip</th><b>/bench/boxes/default"] = Sweep();
  run.nms_sweeps["dinov2/bench/boxes/default"] = SetSweep();
  return run;
}

TEST(MakeNmsSweeps, OneTableACellOneGroupASet) {
  const RunFolder run = SampleRun();
  const std::vector<NmsSweepGroup> groups = MakeNmsSweeps({&run, 1});
  ASSERT_EQ(groups.size(), 1u);
  ASSERT_EQ(groups[0].tables.size(), 2u);
  const NmsSweepTable& table = groups[0].tables[0];
  ASSERT_EQ(table.rows.size(), 3u);
  EXPECT_DOUBLE_EQ(*table.rows[1].nms.median_ms, 2.5);
  EXPECT_DOUBLE_EQ(table.rows[1].total.ci->high, 12.5 * 1.1);
  EXPECT_EQ(SweepMark(table, 0), "");
  EXPECT_EQ(SweepMark(table, 1), "best AP");
  EXPECT_EQ(SweepMark(table, 2), "fastest within 0.5 AP");
  EXPECT_EQ(SweepThresholds(table.rows[2]), "0.05, 0.6");
  const std::string cost = SweepCostSentence(table);
  EXPECT_NE(cost.find("1 + 0.05 n \u2212 0.00025 n\u00b2"), std::string::npos)
      << cost;
  EXPECT_NE(cost.find("4000 boxes [3000, no end], beyond"), std::string::npos)
      << cost;
  const NmsSweepTable& set = groups[0].tables[1];
  EXPECT_FALSE(set.rows[0].iou.has_value());
  EXPECT_EQ(SweepMark(set, 0), "best AP, fastest within 0.5 AP");
  EXPECT_EQ(SweepCostSentence(set), "");
}

TEST(MakeNmsSweeps, DamageIsNamed) {
  const std::string cell = "dinov2/bench/boxes/default";
  for (const char* key : {"head", "rows", "best", "rest_ns", "stages_ns",
                          "options", "cost", "pictures"}) {
    for (const bool gone : {true, false}) {
      RunFolder run = SampleRun();
      if (gone)
        run.nms_sweeps[cell].erase(key);
      else
        run.nms_sweeps[cell][key] = Json::array({1});
      const std::string error = InputErrorOf([&] { MakeNmsSweeps({&run, 1}); });
      EXPECT_NE(error.find(key), std::string::npos) << key << ": " << error;
      EXPECT_NE(error.find(cell), std::string::npos) << error;
    }
  }
  for (const Json& reasons : {Json("busy"), Json({1})}) {
    RunFolder run = SampleRun();
    run.nms_sweeps[cell]["reasons"] = reasons;
    const std::string error = InputErrorOf([&] { MakeNmsSweeps({&run, 1}); });
    EXPECT_NE(error.find("reasons"), std::string::npos) << error;
  }
  RunFolder run = SampleRun();
  run.nms_sweeps[cell]["best"] = 1;
  EXPECT_NE(InputErrorOf([&] {
              MakeNmsSweeps({&run, 1});
            }).find("there are 1 rows"),
            std::string::npos);
}

TEST(NmsSweepSection, EscapesNamesAndMarksRows) {
  const RunFolder run = SampleRun();
  const std::string html = Exporter::Create("html")->Export({&run, 1});
  const std::size_t from = html.find("id=\"nms\"");
  ASSERT_NE(from, std::string::npos);
  const std::string section =
      html.substr(from, html.find("</section>", from) - from);
  const auto has = [&](const char* text) {
    return section.find(text) != std::string::npos;
  };
  EXPECT_NE(html.find("href=\"#nms\""), std::string::npos);
  EXPECT_TRUE(has("clip&lt;/th&gt;&lt;b&gt;, dense head"));
  EXPECT_FALSE(has("clip</th>"));
  EXPECT_TRUE(has("encode&lt;i&gt;"));
  EXPECT_FALSE(has("encode<i>"));
  EXPECT_TRUE(has("boxes &amp; more"));
  EXPECT_TRUE(has("0.001, 0.7<br><small>best AP</small>"));
  EXPECT_TRUE(has("0.05, 0.6<br><small>fastest within 0.5 AP</small>"));
  EXPECT_TRUE(has("0.001, no NMS"));
  EXPECT_TRUE(has("<svg class=\"plot\""));
  EXPECT_TRUE(has("end to end, ms a picture"));
  // A line for each of two confidences, and the mark without one.
  EXPECT_TRUE(has("dense head, confidence 0.001"));
  EXPECT_TRUE(has("dense head, confidence 0.05"));
  EXPECT_TRUE(has("dinov2, set head, no NMS"));
}

TEST(NmsSweepSection, SaysWhatIsNotValid) {
  RunFolder run = SampleRun();
  for (const char* format : {"html", "markdown"})
    EXPECT_EQ(Exporter::Create(format)->Export({&run, 1}).find("not valid"),
              std::string::npos);
  Json& sweep = run.nms_sweeps["dinov2/bench/boxes/default"];
  sweep["valid"] = false;
  sweep["reasons"] = {"others used 40 %", "the <clock> moved"};
  const std::string html = Exporter::Create("html")->Export({&run, 1});
  EXPECT_NE(html.find("<p>The times are not valid: others used 40 %; the "
                      "&lt;clock&gt; moved.</p>"),
            std::string::npos);
  EXPECT_NE(Exporter::Create("markdown")
                ->Export({&run, 1})
                .find("The times are not valid: others used 40 %"),
            std::string::npos);
}

TEST(NmsSweepSection, MarkdownHasTheSameRows) {
  const RunFolder run = SampleRun();
  const std::string text = Exporter::Create("markdown")->Export({&run, 1});
  EXPECT_NE(text.find("## NMS included"), std::string::npos);
  EXPECT_NE(text.find("clip\\</th\\>\\<b\\>, dense head, on boxes \\& more"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("| 0.001 | 0.7 | best AP | 120.5 (300) | 20.2 (40) | "
                      "2.5 [2.25, 2.75] | 12.5 [11.25, 13.75] | 20.0% | 41.0 | "
                      "61.5 |"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("| 0.001 | no NMS | best AP, fastest within 0.5 AP |"),
            std::string::npos);
}

// The first two lie near the curve of Sweep(), which is below 0 at the third.
Json CostPoints() { return {{10, 1500.0}, {100, 3500.0}, {1000, 51000.0}}; }

TEST(NmsSweepCost, ReadsThePointsAndSaysWhatTheFitSays) {
  RunFolder run = SampleRun();
  const std::string cell = "clip</th><b>/bench/boxes/default";
  EXPECT_TRUE(
      MakeNmsSweeps({&run, 1})[0].tables[0].cost.value().points.empty());
  run.nms_sweeps[cell]["cost"]["points"] = CostPoints();
  const NmsSweepTable table = MakeNmsSweeps({&run, 1})[0].tables[0];
  ASSERT_EQ(table.cost->points.size(), 3u);
  EXPECT_EQ(table.cost->points[1], std::pair(100.0, 3500.0));
  // 1000 + 50 * 40 - 0.25 * 1600 ns.
  EXPECT_NEAR(SweepCostMs(*table.cost, 40), 2600e-6, 1e-15);
  EXPECT_DOUBLE_EQ(SweepHeadMs(table).value(), 4);
  EXPECT_STREQ(SweepHeadName(table), "head");
  for (const Json& points : {Json("none"), Json({{1, 2, 3}}), Json({{1, "2"}}),
                             Json(Json::array({5}))}) {
    run.nms_sweeps[cell]["cost"]["points"] = points;
    const std::string error = InputErrorOf([&] { MakeNmsSweeps({&run, 1}); });
    EXPECT_NE(error.find("\"points\""), std::string::npos) << error;
    EXPECT_NE(error.find(cell), std::string::npos) << error;
  }
}

TEST(NmsSweepCost, ThePageDrawsPointsFitAndHead) {
  RunFolder run = SampleRun();
  const std::string cell = "clip</th><b>/bench/boxes/default";
  const auto page = [&] { return Exporter::Create("html")->Export({&run, 1}); };
  EXPECT_EQ(page().find("What suppression costs:"), std::string::npos);
  Json& cost = run.nms_sweeps[cell]["cost"];
  cost["points"] = CostPoints();
  cost["as_long_as_head"]["value"] = 500.0;
  const std::string html = page();
  const std::string title =
      "<title>What suppression costs: clip&lt;/th&gt;&lt;b&gt;, dense head";
  const std::size_t from = html.find(title);
  ASSERT_NE(from, std::string::npos);
  const std::string svg = html.substr(from, html.find("</svg>", from) - from);
  EXPECT_EQ(eyechart::reports::testing::CountOf(svg, "<circle "), 3u);
  // The fit is a curve, not a line through three points.
  const std::size_t line = svg.find("<polyline points=\"") + 18;
  const std::string fit = svg.substr(line, svg.find('"', line) - line);
  EXPECT_GT(eyechart::reports::testing::CountOf(fit, ","), 20u);
  EXPECT_NE(svg.find("class=\"rule\""), std::string::npos);
  EXPECT_NE(svg.find(">head, 4 ms</text>"), std::string::npos);
  EXPECT_NE(svg.find("class=\"drop\""), std::string::npos);
  // What lies beyond the points is not drawn.
  cost["as_long_as_head"]["value"] = 4000.0;
  EXPECT_EQ(page().find("class=\"drop\""), std::string::npos);
  // A fit that is below 0 throughout leaves the points.
  cost["constant_ns"] = Figure(-1e9);
  EXPECT_EQ(eyechart::reports::testing::CountOf(page(), title), 1u);
}

// Between 0 and 1000 boxes the fit falls below the axis and comes back: no line
// joins the ends across the gap.
TEST(NmsSweepCost, AFitThatLeavesTheAxisIsDrawnInPieces) {
  RunFolder run = SampleRun();
  Json& cost = run.nms_sweeps["clip</th><b>/bench/boxes/default"]["cost"];
  cost["points"] = {{0, 4000.0}, {500, 2000.0}, {1000, 4000.0}};
  // (n - 300) (n - 700) / 50 ns: 4200 at both ends, below 0 between.
  cost["constant_ns"] = Figure(4200);
  cost["linear_ns"] = Figure(-20);
  cost["quadratic_ns"] = Figure(0.02);
  const std::string html = Exporter::Create("html")->Export({&run, 1});
  const std::size_t from = html.find("<title>What suppression costs:");
  ASSERT_NE(from, std::string::npos);
  const std::string svg = html.substr(from, html.find("</svg>", from) - from);
  using eyechart::reports::testing::CountOf;
  ASSERT_EQ(CountOf(svg, "<polyline"), 2u) << svg;
  const auto x_of = [&](const std::string& text) { return std::stod(text); };
  const std::size_t first = svg.find("<polyline points=\"") + 18;
  const std::string one = svg.substr(first, svg.find('"', first) - first);
  const std::size_t second = svg.find("<polyline points=\"", first) + 18;
  const std::string two = svg.substr(second, svg.find('"', second) - second);
  // As far from the left end as from the right, and nothing between.
  EXPECT_EQ(CountOf(one, ","), CountOf(two, ","));
  const std::string last = one.substr(0, one.find_last_not_of(' ') + 1);
  EXPECT_LT(x_of(last.substr(last.rfind(' ') + 1)) + 50, x_of(two));
  // A legend names the picture's one kind of marks once.
  const std::size_t legend = html.find("<ul class=\"legend\">", from);
  EXPECT_EQ(
      CountOf(html.substr(legend, html.find("</ul>", legend) - legend), "<li>"),
      1u);
}

TEST(NmsSweepSection, ARunWithoutASweepHasNone) {
  RunFolder run = SampleRun();
  run.nms_sweeps.clear();
  EXPECT_EQ(Exporter::Create("html")->Export({&run, 1}).find("NMS included"),
            std::string::npos);
  EXPECT_EQ(NmsSweepMarkdown({&run, 1}, {"night"}), "");
}

}  // namespace
}  // namespace eyechart::reports
