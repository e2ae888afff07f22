#include "reports/detections.h"

#include <gtest/gtest.h>

#include "core/student.h"
#include "reports/exporter.h"
#include "tests/fixture.h"

namespace eyechart::reports {
namespace {

using testing::InputErrorOf;

Json Detect(double ap, std::vector<double> scores) {
  Json seeds = Json::array();
  for (std::size_t i = 0; i < scores.size(); ++i) seeds.push_back(i + 3);
  return {{"head", "dense"},
          {"stages", "last"},
          {"train", 90},
          {"test", 40},
          {"parameters", 1000},
          {"stats", {{"AP", ap}, {"AP50", 0.5}, {"APs", -1.0}}},
          {"ci",
           {{"AP",
             {{"low", 0.1},
              {"high", 0.3},
              {"level", 0.95},
              {"method", "bootstrap"}}}}},
          {"runs", {{"seeds", seeds}, {"scores", scores}}},
          {"log",
           {{{"step", 10}, {"loss", 2.0}},
            {{"step", 20}, {"loss", 1.0}, {"validation_ap", 0.15}}}}};
}

Json Errors() {
  return {{{"id", "a<b>.jpg"},
           {"src", "data:image/jpeg;base64,AAAA"},
           {"width", 100},
           {"height", 50},
           {"misses", 1},
           {"false_alarms", 1},
           {"matched", 0},
           {"truths",
            {{{"box", {0.1, 0.2, 0.3, 0.4}},
              {"label", "cat & dog"},
              {"missed", true}}}},
           {"found",
            {{{"box", {0.5, 0.5, 0.25, 0.5}},
              {"label", "bird"},
              {"score", 0.75},
              {"false_alarm", true}}}}}};
}

RunFolder SampleRun() {
  RunFolder run;
  run.name = "night";
  for (const char* encoder : {"clip", "dinov2"}) {
    Record record;
    record.encoder = encoder;
    record.cell = std::string(encoder) + "/detect/boxes/default";
    record.task = "detect";
    record.dataset = "boxes";
    SetMetric(record, "ap", 0.2);
    run.records.push_back(record);
    SetMetric(record, "ap50", 0.5);
    run.records.push_back(record);
  }
  run.detections["clip/detect/boxes/default"] = Detect(0.2, {0.2, 0.22});
  run.detections["dinov2/detect/boxes/default"] = Detect(0.25, {0.25, 0.28});
  run.detection_errors["clip/detect/boxes/default"] = Errors();
  return run;
}

TEST(MakeDetectionTables, BestFirstAndPairedBySeed) {
  const RunFolder run = SampleRun();
  const std::vector<DetectionTable> tables = MakeDetectionTables({&run, 1});
  ASSERT_EQ(tables.size(), 1u);
  const std::vector<DetectionRow>& rows = tables[0].rows;
  ASSERT_EQ(rows.size(), 2u);  // a row a cell, not a metric
  EXPECT_EQ(rows[0].encoder, "dinov2");
  EXPECT_FALSE(rows[0].difference.has_value());
  ASSERT_TRUE(rows[1].difference.has_value());
  EXPECT_NEAR(rows[1].difference->mean, -0.055, 1e-12);
  const std::vector<double> differences = {-0.05, -0.06};
  EXPECT_NEAR(rows[1].difference->ci->low, StudentInterval(differences).low,
              1e-12);
  ASSERT_EQ(rows[1].curve.size(), 1u);
  EXPECT_EQ(rows[1].curve[0].first, 20);
  ASSERT_EQ(rows[1].worst.size(), 1u);
  ASSERT_EQ(rows[1].worst[0].boxes.size(), 2u);
  EXPECT_FALSE(rows[1].worst[0].boxes[0].score.has_value());
  EXPECT_EQ(rows[1].worst[0].boxes[1].score, 0.75);
}

TEST(MakeDetectionTables, ProtocolsAreKeptApart) {
  RunFolder run = SampleRun();
  // The best of all, but its encoder's blocks were trained.
  run.detections["dinov2/detect/boxes/default"]["protocol"] =
      "detect-dense-unfreeze-2";
  run.detections["clip/detect/boxes/default"]["protocol"] = "detect-dense";
  const std::vector<DetectionTable> tables = MakeDetectionTables({&run, 1});
  ASSERT_EQ(tables.size(), 2u);
  EXPECT_EQ(tables[0].protocol, "detect-dense");
  EXPECT_EQ(tables[1].protocol, "detect-dense-unfreeze-2");
  for (const DetectionTable& table : tables) {
    ASSERT_EQ(table.rows.size(), 1u);
    EXPECT_FALSE(table.rows[0].difference.has_value());
    EXPECT_EQ(table.rows[0].differs, "");
  }
  const std::string html = Exporter::Create("html")->Export({&run, 1});
  EXPECT_NE(html.find("boxes: dense head (detect-dense)"), std::string::npos);
  EXPECT_NE(html.find("boxes: dense head (detect-dense-unfreeze-2)"),
            std::string::npos);
}

TEST(MakeDetectionTables, WithoutAProtocolItIsTheHeads) {
  const RunFolder run = SampleRun();
  EXPECT_EQ(MakeDetectionTables({&run, 1})[0].protocol, "detect-dense");
}

TEST(MakeDetectionTables, RowsNameWhatTheyDoNotShare) {
  RunFolder run = SampleRun();
  for (Record& record : run.records) {
    const bool clip = record.encoder == "clip";
    record.setting = {{"head_width", clip ? "64" : "128"},
                      {"steps", "300"},
                      {"shots", clip ? "5" : "0"},
                      {"seed", clip ? "1" : "2"}};
    // An older run does not say whose suppression it was: torchvision's.
    if (!clip) record.setting["nms"] = "torchvision";
  }
  const std::vector<DetectionTable> tables = MakeDetectionTables({&run, 1});
  ASSERT_EQ(tables.size(), 1u);
  EXPECT_EQ(tables[0].rows[0].differs, "width 128, shots all");
  EXPECT_EQ(tables[0].rows[1].differs, "width 64, shots 5");
  const std::string html = Exporter::Create("html")->Export({&run, 1});
  EXPECT_NE(html.find("clip (width 64, shots 5)"), std::string::npos);
  EXPECT_NE(html.find("dinov2 (width 128, shots all)"), std::string::npos);

  for (Record& record : run.records)
    record.setting = {
        {"nms", record.encoder == "clip" ? "soft-gaussian" : "torchvision"}};
  EXPECT_EQ(MakeDetectionTables({&run, 1})[0].rows[1].differs,
            "NMS soft-gaussian");
}

TEST(MakeDetectionTables, DamageIsNamed) {
  for (const char* key : {"head", "stats", "runs", "log", "parameters"}) {
    RunFolder run = SampleRun();
    run.detections["clip/detect/boxes/default"].erase(key);
    EXPECT_NE(InputErrorOf([&] {
                MakeDetectionTables({&run, 1});
              }).find(key),
              std::string::npos)
        << key;
  }
  RunFolder run = SampleRun();
  run.detection_errors["clip/detect/boxes/default"][0]["src"] =
      "https://example.org/a.png";
  EXPECT_NE(InputErrorOf([&] {
              MakeDetectionTables({&run, 1});
            }).find("src"),
            std::string::npos);
  run = SampleRun();
  run.detection_errors["clip/detect/boxes/default"][0]["found"][0]["box"] = {1};
  EXPECT_NE(InputErrorOf([&] {
              MakeDetectionTables({&run, 1});
            }).find("four numbers"),
            std::string::npos);
}

TEST(MakeDetectionTables, ThePageShowsFiguresAndPictures) {
  const RunFolder run = SampleRun();
  const std::string html = Exporter::Create("html")->Export({&run, 1});
  const auto has = [&](const char* text) {
    return html.find(text) != std::string::npos;
  };
  EXPECT_TRUE(has("Detection transfer"));
  EXPECT_TRUE(has("href=\"#detection\""));
  EXPECT_TRUE(has("20.0<small>[10.0, 30.0]</small>"));
  EXPECT_TRUE(has("AP on the validation pictures"));
  EXPECT_TRUE(has("a&lt;b&gt;.jpg"));
  EXPECT_FALSE(has("a<b>.jpg"));
  EXPECT_TRUE(has("missed: cat &amp; dog"));
  EXPECT_TRUE(has("made up: bird 0.75"));
  // 0.5 of 100 and 50 pixels.
  EXPECT_TRUE(has("class=\"box-alarm\" x=\"50.0\" y=\"25.0\""));
}

}  // namespace
}  // namespace eyechart::reports
