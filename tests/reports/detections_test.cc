#include "reports/detections.h"

#include <gtest/gtest.h>

#include <array>

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
  // Two heads, which are not two encoders.
  EXPECT_FALSE(tables[0].rows[1].difference.has_value());
  EXPECT_EQ(tables[0].rows[1].not_compared, "other width, shots");
  const std::string html = Exporter::Create("html")->Export({&run, 1});
  EXPECT_NE(html.find("clip (width 64, shots 5)"), std::string::npos);
  EXPECT_NE(html.find("dinov2 (width 128, shots all)"), std::string::npos);

  for (Record& record : run.records)
    record.setting = {
        {"nms", record.encoder == "clip" ? "soft-gaussian" : "torchvision"}};
  EXPECT_EQ(MakeDetectionTables({&run, 1})[0].rows[1].differs,
            "NMS soft-gaussian");
}

// Setting, value for clip, value for dinov2, what the row is called by.
TEST(MakeDetectionTables, AnySettingOfTheHeadForbidsADifference) {
  const std::vector<std::array<std::string, 4>> cases = {
      {"keep_aspect", "true", "false", "keep aspect"},
      {"before_nms", "1000", "2000", "boxes before NMS"},
      {"patience", "3", "0", "patience"},
      {"scale_min", "0.6", "1.0", "least scale"},
      {"scale_max", "1.5", "1.0", "greatest scale"},
      {"nms", "opencv", "torchvision", "NMS"},
      {"nms_classes", "agnostic", "aware", "NMS classes"},
      {"nms_sigma", "0.5", "0.7", "NMS sigma"},
      {"of_tomorrow", "1", "2", "of_tomorrow"}};
  for (const auto& [key, clip, dinov2, name] : cases) {
    RunFolder run = SampleRun();
    for (Record& record : run.records)
      record.setting[key] = record.encoder == "clip" ? clip : dinov2;
    const auto tables = MakeDetectionTables({&run, 1});
    const DetectionRow& row = tables.at(0).rows.at(1);
    EXPECT_EQ(row.differs, name + " " + clip);
    EXPECT_FALSE(row.difference.has_value()) << key;
    EXPECT_EQ(row.not_compared, "other " + name);
  }
  RunFolder run = SampleRun();
  run.detections["clip/detect/boxes/default"]["stages"] = "own";
  EXPECT_EQ(MakeDetectionTables({&run, 1})[0].rows[1].not_compared,
            "other stages");
  run = SampleRun();
  for (Record& record : run.records)
    record.dataset_sha256 = record.encoder;  // the set was changed between
  EXPECT_EQ(MakeDetectionTables({&run, 1})[0].rows[1].not_compared,
            "other test pictures");
  const std::string html = Exporter::Create("html")->Export({&run, 1});
  EXPECT_NE(html.find(">other test pictures</small>"), std::string::npos);
}

TEST(MakeDetectionTables, WhatIsTheEncodersOrFollowsFromItForbidsNone) {
  RunFolder run = SampleRun();
  for (Record& record : run.records) {
    const bool clip = record.encoder == "clip";
    record.setting = {{"dtype", clip ? "bf16" : "fp32"},
                      {"resolution", clip ? "96" : "224"},
                      {"selected_step", clip ? "10" : "20"},
                      {"seed", clip ? "1" : "2"}};
    if (clip) record.setting["nms_sigma"] = "0.5";  // the other has no sigma
  }
  const auto tables = MakeDetectionTables({&run, 1});
  EXPECT_EQ(tables.at(0).rows.at(1).differs, "resolution 96, dtype bf16");
  EXPECT_TRUE(tables[0].rows[1].difference.has_value());
  EXPECT_EQ(tables[0].rows[1].not_compared, "");
}

TEST(MakeDetectionTables, WhatTheRecordLacksIsInTheFile) {
  RunFolder run = SampleRun();
  Json& clip = run.detections["clip/detect/boxes/default"];
  Json& dinov2 = run.detections["dinov2/detect/boxes/default"];
  for (Json* one : {&clip, &dinov2}) {
    (*one)["input"] = {{"keep_aspect", one == &clip}};
    (*one)["training"] = {{"clip", 10.0}, {"rate", one == &clip ? 0.1 : 0.2}};
    (*one)["head_shape"] = {{"kind", "dense"}, {"width", 64}, {"layers", 2}};
  }
  EXPECT_EQ(MakeDetectionTables({&run, 1})[0].rows[1].differs,
            "keep aspect true, rate 0.1");
  // A file of before does not say the scale: not known is not the same.
  clip["input"]["keep_aspect"] = false;
  clip["training"] = {{"clip", 10.0}, {"rate", 0.2}, {"scale_min", 0.6}};
  const auto tables = MakeDetectionTables({&run, 1});
  EXPECT_EQ(tables[0].rows[0].differs, "least scale not known");
  EXPECT_EQ(tables[0].rows[1].not_compared, "other least scale");
}

TEST(MakeDetectionTables, SeedsOfOneEncoderAreTwoNames) {
  RunFolder run = SampleRun();
  for (Record& record : run.records) {
    record.cell = "clip/detect/boxes/seed=" +
                  std::string(record.encoder == "clip" ? "3" : "9");
    record.encoder = "clip";
  }
  run.detections = {{"clip/detect/boxes/seed=3", Detect(0.2, {0.2})},
                    {"clip/detect/boxes/seed=9", Detect(0.25, {0.25})}};
  run.detections["clip/detect/boxes/seed=9"]["runs"]["seeds"] = {9};
  const auto tables = MakeDetectionTables({&run, 1});
  EXPECT_EQ(DetectionName(tables.at(0).rows.at(0)), "clip (seed 9)");
  EXPECT_EQ(DetectionName(tables[0].rows.at(1)), "clip (seed 3)");
  EXPECT_EQ(tables[0].rows[1].not_compared, "no seed in common");
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
  for (const char* key : {"errors", "pr_curve", "confusions"}) {
    RunFolder run = SampleRun();
    for (const Json& damaged : {Json("none"), Json::array({1}),
                                Json::array({{{"kind", 1}, {"iou", "0.5"}}})}) {
      run.detections["clip/detect/boxes/default"][key] = damaged;
      EXPECT_NE(InputErrorOf([&] {
                  MakeDetectionTables({&run, 1});
                }).find("night: detect.json of clip/detect/boxes/default"),
                std::string::npos)
          << key << " " << damaged;
    }
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
