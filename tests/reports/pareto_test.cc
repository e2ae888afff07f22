#include "reports/pareto.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <regex>

#include "reports/exporter.h"
#include "tests/fixture.h"

namespace eyechart::reports {
namespace {

using eyechart::testing::InputErrorOf;
using Places = std::vector<std::pair<double, double>>;

// The definition, all pairs.
std::vector<bool> BruteFront(const Places& points, bool higher) {
  std::vector<bool> front;
  for (const auto& [latency, score] : points) {
    bool beaten = false;
    for (const auto& [other_latency, other_score] : points) {
      const double gain = higher ? other_score - score : score - other_score;
      beaten = beaten || (other_latency <= latency && gain >= 0 &&
                          (other_latency < latency || gain > 0));
    }
    front.push_back(!beaten);
  }
  return front;
}

TEST(ParetoFront, IsWhatNoOtherBeats) {
  for (int round = 0; round < 400; ++round) {
    // Few values, so that many points tie in one or in both.
    std::uniform_int_distribution<int> few(0, 4 + round % 9);
    Places points(static_cast<std::size_t>(round % 23));
    for (auto& [latency, score] : points) {
      latency = few(testing::Rng());
      score = few(testing::Rng());
    }
    for (const bool higher : {true, false})
      EXPECT_EQ(ParetoFront(points, higher), BruteFront(points, higher))
          << "round " << round;
  }
}

Record Row(const std::string& encoder,
           const std::string& task,
           const std::string& dataset,
           const std::string& setting,
           const std::string& metric,
           double value) {
  Record record;
  record.encoder = encoder;
  record.task = task;
  record.dataset = dataset;
  record.cell = encoder + "/" + task + "/" + dataset + "/" + setting;
  record.metric = metric;
  record.value = value;
  record.unit = "1";
  record.direction = "higher";
  return record;
}

Record Latency(const std::string& encoder,
               const std::string& setting,
               double value,
               const std::string& unit) {
  Record record =
      Row(encoder, "bench", "photos", setting, "latency_median", value);
  record.unit = unit;
  record.direction = "lower";
  record.ci = Interval{0.9 * value, 1.2 * value, 0.95, "order statistics"};
  return record;
}

// Three encoders, one of them in two precisions; `odd` is beaten by `fast`.
RunFolder SampleRun() {
  RunFolder run;
  run.name = "night";
  run.records = {Latency("fast", "default", 2e6, "ns"),
                 Latency("slow<b>", "default", 8, "ms"),
                 Latency("odd", "default", 0.004, "s"),
                 Latency("fast", "dtype=bf16", 1000, "us"),
                 Latency("alone", "default", 3, "ms"),
                 Row("fast", "knn", "digits", "default", "top1", 0.7),
                 Row("slow<b>", "knn", "digits", "default", "top1", 0.9),
                 Row("odd", "knn", "digits", "default", "top1", 0.6),
                 Row("fast", "knn", "digits", "dtype=bf16", "top1", 0.65),
                 Row("fast", "detect", "boxes", "default", "ap", 0.3)};
  run.records[3].setting["dtype"] = "bf16";
  run.records[8].setting["dtype"] = "bf16";
  // The default by name is the default.
  run.records[5].setting["dtype"] = "fp32";
  run.records[6].ci = Interval{0.85, 0.95, 0.95, "Wilson"};
  return run;
}

TEST(MakeParetoPictures, PairsByEncoderAndPrecision) {
  const RunFolder run = SampleRun();
  const std::vector<ParetoPicture> pictures = MakeParetoPictures({&run, 1});
  ASSERT_EQ(pictures.size(), 1u);  // one encoder alone has an AP
  const ParetoPicture& picture = pictures[0];
  EXPECT_EQ(picture.metric, "top1");
  EXPECT_EQ(picture.scored, "knn/digits/default");
  EXPECT_EQ(picture.timed, "bench/photos/default");
  ASSERT_EQ(picture.points.size(), 4u);
  EXPECT_EQ(picture.points[0].setting, "dtype=bf16");
  EXPECT_NEAR(picture.points[0].latency_ms, 1, 1e-12);
  EXPECT_EQ(picture.points[0].score, 0.65);
  EXPECT_NEAR(picture.points[1].latency_ms, 2, 1e-12);
  EXPECT_EQ(picture.points[1].score, 0.7);
  EXPECT_EQ(picture.points[2].encoder, "odd");
  EXPECT_NEAR(picture.points[2].latency_ms, 4, 1e-12);
  EXPECT_NEAR(picture.points[2].latency_ci->high, 4.8, 1e-12);
  EXPECT_EQ(picture.points[3].score_ci->low, 0.85);
  EXPECT_TRUE(picture.points[0].front);
  EXPECT_TRUE(picture.points[1].front);
  EXPECT_FALSE(picture.points[2].front);
  EXPECT_TRUE(picture.points[3].front);
}

TEST(MakeParetoPictures, ConditionsOfTheTimingArePicturesOfTheirOwn) {
  RunFolder run = SampleRun();
  run.records.push_back(Latency("fast", "batch=8,dtype=bf16", 5, "ms"));
  run.records.back().setting = {{"batch", "8"}, {"dtype", "bf16"}};
  run.records.push_back(Latency("slow<b>", "batch=8", 40, "ms"));
  run.records.back().setting = {{"batch", "8"}};
  const std::vector<ParetoPicture> pictures = MakeParetoPictures({&run, 1});
  ASSERT_EQ(pictures.size(), 2u);
  const std::size_t batched = pictures[0].points.size() == 2 ? 0 : 1;
  EXPECT_EQ(pictures[batched].timed, "bench/photos/batch=8");
  EXPECT_EQ(pictures[1 - batched].points.size(), 4u);
}

// The thresholds of boxes, as `bench` and `detect` record them.
void AtThresholds(Record& record,
                  const std::string& min_score = "0.001",
                  const std::string& nms_iou = "0.6") {
  record.setting["min_score"] = min_score;
  record.setting["nms_iou"] = nms_iou;
  if (record.task != "bench") return;
  record.setting["before_nms"] = "1000";
  record.setting["max_boxes"] = "100";
}

// Two heads on one encoder, one of them in two precisions, and an exported
// detector.
RunFolder DetectorRun() {
  const std::string set = "{encoder}/detect/boxes/head=set,steps=90";
  RunFolder run;
  run.records = {
      Latency("vit", "detector_cell={encoder}/detect/boxes/steps=80", 6, "ms"),
      Latency("vit", "detector_cell=" + set, 9, "ms"),
      Latency("vit", "detector_cell=" + set + ",dtype=bf16", 5, "ms"),
      Latency("vit", "default", 3, "ms"),
      Latency("yolo", "default", 4, "ms"),
      Row("vit", "detect", "boxes", "steps=80", "ap", 0.3),
      Row("vit", "detect", "boxes", "head=set,steps=90", "ap", 0.4),
      Row("yolo", "detect", "boxes", "default", "ap", 0.5)};
  run.records[0].setting["detector_cell"] = "{encoder}/detect/boxes/steps=80";
  run.records[1].setting["detector_cell"] = set;
  run.records[2].setting = {{"detector_cell", set}, {"dtype", "bf16"}};
  run.records[5].setting["head"] = "dense";
  run.records[6].setting["head"] = "set";
  run.records[7].setting["head"] = "exported";
  for (const std::size_t i : {0, 1, 2, 4, 5, 6, 7})
    AtThresholds(run.records[i]);
  // A set head has no suppression.
  for (const std::size_t i : {1, 2, 6}) run.records[i].setting.erase("nms_iou");
  return run;
}

TEST(MakeParetoPictures, WholeDetectorsStandTogether) {
  const RunFolder run = DetectorRun();
  const std::vector<ParetoPicture> pictures = MakeParetoPictures({&run, 1});
  // The encoder's latency alone is with one score each: no picture.
  ASSERT_EQ(pictures.size(), 1u);
  const ParetoPicture& picture = pictures[0];
  EXPECT_EQ(picture.metric, "ap");
  EXPECT_EQ(picture.scored, "detectors on boxes");
  EXPECT_EQ(picture.timed, "bench/photos/default to boxes");
  // Each head has its own latency, in the precision that it was scored in.
  ASSERT_EQ(picture.points.size(), 3u);
  EXPECT_EQ(picture.points[0].encoder, "yolo");
  EXPECT_EQ(picture.points[0].setting, "exported");
  EXPECT_EQ(picture.points[1].setting, "dense head, steps=80");
  EXPECT_NEAR(picture.points[1].latency_ms, 6, 1e-12);
  EXPECT_EQ(picture.points[1].score, 0.3);
  EXPECT_EQ(picture.points[2].setting, "set head, steps=90");
  EXPECT_NEAR(picture.points[2].latency_ms, 9, 1e-12);
  EXPECT_EQ(picture.points[2].score, 0.4);
  EXPECT_TRUE(picture.points[0].front);
  EXPECT_FALSE(picture.points[2].front);
  EXPECT_TRUE(MakeParetoPairs({&run, 1}).left_out.empty());
}

TEST(MakeParetoPairs, ThresholdsOfBothAreTheSameOrSaid) {
  RunFolder run = DetectorRun();
  AtThresholds(run.records[0], "0.05", "0.7");
  // The same number, written in another way.
  run.records[4].setting["min_score"] = "1e-3";
  ParetoPairs pairs = MakeParetoPairs({&run, 1});
  ASSERT_EQ(pairs.pictures.size(), 1u);
  ASSERT_EQ(pairs.pictures[0].points.size(), 2u);
  EXPECT_EQ(pairs.pictures[0].points[0].encoder, "yolo");
  EXPECT_EQ(pairs.pictures[0].points[1].setting, "set head, steps=90");
  ASSERT_EQ(pairs.left_out.size(), 1u);
  EXPECT_EQ(LeftOutText(pairs.left_out[0], {"night"}),
            "ap of detectors on boxes, latency of bench/photos/default to "
            "boxes: vit (dense head, steps=80): timed at min_score 0.05, "
            "nms_iou 0.7, scored at min_score 0.001, nms_iou 0.6");
  // Fewer boxes before suppression than the 1000 of `detect`.
  AtThresholds(run.records[0]);
  run.records[0].setting["before_nms"] = "300";
  pairs = MakeParetoPairs({&run, 1});
  ASSERT_EQ(pairs.left_out.size(), 1u);
  EXPECT_EQ(pairs.left_out[0].why,
            "timed at before_nms 300, scored at before_nms 1000");
  run.records[5].setting["before_nms"] = "300";
  EXPECT_TRUE(MakeParetoPairs({&run, 1}).left_out.empty());
  // Another suppression is another latency; what says none had the default.
  run.records[5].setting["nms"] = "soft-linear";
  pairs = MakeParetoPairs({&run, 1});
  ASSERT_EQ(pairs.left_out.size(), 1u);
  EXPECT_EQ(pairs.left_out[0].why,
            "timed at nms torchvision, scored at nms soft-linear");
}

TEST(MakeParetoPairs, OldRecordsWithoutThresholdsAreLeftOut) {
  RunFolder run = DetectorRun();
  for (Record& record : run.records)
    if (record.task == "bench")
      for (const char* key :
           {"min_score", "nms_iou", "before_nms", "max_boxes"})
        record.setting.erase(key);
  const ParetoPairs pairs = MakeParetoPairs({&run, 1});
  EXPECT_TRUE(pairs.pictures.empty());
  ASSERT_EQ(pairs.left_out.size(), 1u);
  EXPECT_EQ(pairs.left_out[0].who.size(), 3u);
  EXPECT_NE(pairs.left_out[0].why.find("of the latency are unknown"),
            std::string::npos);
  // Nothing is drawn, and both documents say why.
  const std::string markdown = Exporter::Create("markdown")->Export({&run, 1});
  EXPECT_NE(markdown.find("Left out:\n\n- ap of detectors on boxes"),
            std::string::npos)
      << markdown;
  const std::string html = Exporter::Create("html")->Export({&run, 1});
  EXPECT_NE(html.find("<li>ap of detectors on boxes, latency of"),
            std::string::npos);
}

// Features are timed for scores of features, boxes for those of boxes.
TEST(MakeParetoPairs, ALatencyIsOfTheAnswerThatIsScored) {
  RunFolder run = DetectorRun();
  run.records.push_back(Row("vit", "knn", "digits", "default", "top1", 0.8));
  ParetoPairs pairs = MakeParetoPairs({&run, 1});
  EXPECT_TRUE(pairs.left_out.empty());  // it has a latency of features
  std::erase_if(run.records, [](const Record& record) {
    return record.cell == "vit/bench/photos/default";
  });
  pairs = MakeParetoPairs({&run, 1});
  ASSERT_EQ(pairs.left_out.size(), 1u);
  EXPECT_EQ(pairs.left_out[0].scored, "knn/digits/default");
  EXPECT_NE(pairs.left_out[0].why.find("to boxes"), std::string::npos);
  run = SampleRun();
  pairs = MakeParetoPairs({&run, 1});
  ASSERT_EQ(pairs.left_out.size(), 1u);
  EXPECT_EQ(pairs.left_out[0].metric, "ap");
  EXPECT_NE(pairs.left_out[0].why.find("of features"), std::string::npos);
  EXPECT_EQ(pairs.left_out[0].who.size(), 1u);
}

TEST(MakeParetoPictures, WhatIsNotValidIsMarkedAndBeatsNobody) {
  RunFolder run = SampleRun();
  // The fastest, with the best score.
  run.records[3].message = "not valid: others used 20 % of the machine";
  run.records[8].value = 0.99;
  const std::vector<ParetoPicture> pictures = MakeParetoPictures({&run, 1});
  ASSERT_EQ(pictures.size(), 1u);
  const std::vector<ParetoPoint>& points = pictures[0].points;
  ASSERT_EQ(points.size(), 4u);
  EXPECT_EQ(points[0].invalid, "others used 20 % of the machine");
  EXPECT_FALSE(points[0].front);
  EXPECT_TRUE(points[1].front);
  EXPECT_TRUE(points[3].front);
  const std::string html = Exporter::Create("html")->Export({&run, 1});
  EXPECT_NE(html.find("fast (dtype=bf16), not valid"), std::string::npos);
  EXPECT_NE(html.find("<td>not valid: others used 20 % of the machine</td>"),
            std::string::npos);
  const std::string markdown = Exporter::Create("markdown")->Export({&run, 1});
  EXPECT_NE(
      markdown.find("| fast (dtype=bf16) | not valid: others used 20 % of "
                    "the machine | 1 "),
      std::string::npos)
      << markdown;
  // With none that is valid there is no front to draw.
  for (Record& record : run.records) record.message = "not valid: cut short";
  for (const ParetoPoint& point : MakeParetoPictures({&run, 1}).front().points)
    EXPECT_FALSE(point.front);
  EXPECT_EQ(
      Exporter::Create("html")->Export({&run, 1}).find("on the front</td>"),
      std::string::npos);
}

// In a suite "{encoder}/detect/boxes/steps=80" is the head that the same point
// of the encoder's grid got.
TEST(MakeParetoPictures, AGridsPointsAreDetectorsOfTheirOwn) {
  RunFolder run;
  const std::string dense = "{encoder}/detect/boxes/steps=80";
  for (const std::string size : {"224", "448"}) {
    const std::string own = "device=cuda,resolution=" + size;
    const std::map<std::string, std::string> setting = {{"device", "cuda"},
                                                        {"resolution", size}};
    run.records.push_back(
        Latency("vit", "detector_cell=" + dense + "," + own, 6, "ms"));
    run.records.back().setting = setting;
    run.records.back().setting["detector_cell"] = dense;
    AtThresholds(run.records.back());
    run.records.push_back(
        Row("vit", "detect", "boxes", own + ",steps=80", "ap", 0.3));
    run.records.back().setting = setting;
    run.records.back().setting["head"] = "dense";
    AtThresholds(run.records.back());
  }
  const std::vector<ParetoPicture> pictures = MakeParetoPictures({&run, 1});
  ASSERT_EQ(pictures.size(), 1u);
  EXPECT_EQ(pictures[0].timed, "bench/photos/device=cuda to boxes");
  ASSERT_EQ(pictures[0].points.size(), 2u);
  EXPECT_EQ(pictures[0].points[0].setting,
            "resolution=224, dense head, steps=80");
  EXPECT_EQ(pictures[0].points[1].setting,
            "resolution=448, dense head, steps=80");
}

TEST(MakeParetoPictures, HowADetectorWasTestedIsThePictures) {
  RunFolder run = DetectorRun();
  run.records.push_back(
      Row("yolo", "detect", "boxes", "part=valid", "ap", 0.6));
  run.records.back().setting = {{"head", "exported"}, {"part", "valid"}};
  AtThresholds(run.records.back());
  run.records.push_back(
      Row("vit", "detect", "boxes", "part=valid,steps=80", "ap", 0.2));
  run.records.back().setting = {{"head", "dense"}, {"part", "valid"}};
  AtThresholds(run.records.back());
  run.records.push_back(
      Latency("vit", "detector_cell={encoder}/detect/boxes/part=valid,steps=80",
              7, "ms"));
  run.records.back().setting["detector_cell"] =
      "{encoder}/detect/boxes/part=valid,steps=80";
  AtThresholds(run.records.back());
  const std::vector<ParetoPicture> pictures = MakeParetoPictures({&run, 1});
  ASSERT_EQ(pictures.size(), 2u);
  EXPECT_EQ(pictures[0].points.size(), 3u);
  EXPECT_EQ(pictures[1].scored, "detectors on boxes, part=valid");
  ASSERT_EQ(pictures[1].points.size(), 2u);
  EXPECT_EQ(pictures[1].points[1].setting, "dense head, steps=80");
}

TEST(MakeParetoPictures, ErrorsAndPatternsAreNoPoints) {
  RunFolder run = SampleRun();
  run.records[0].status = RecordStatus::kError;
  run.records[1].value.reset();
  run.records[7].setting["pattern"] = "color";
  // What is left: the bf16 pair alone.
  EXPECT_TRUE(MakeParetoPictures({&run, 1}).empty());
  run = SampleRun();
  run.records[0].unit = "images/s";
  EXPECT_NE(InputErrorOf([&] {
              MakeParetoPictures({&run, 1});
            }).find("images/s"),
            std::string::npos);
}

TEST(MakeParetoPictures, EachRunIsPairedWithItself) {
  RunFolder first = SampleRun(), second;
  second.name = "day";
  second.records = {first.records[6]};  // a score whose latency is elsewhere
  const std::vector<RunFolder> runs = {first, second};
  const std::vector<ParetoPicture> pictures = MakeParetoPictures(runs);
  ASSERT_EQ(pictures.size(), 1u);
  for (const ParetoPoint& point : pictures[0].points) EXPECT_EQ(point.run, 0u);
}

// One encoder at three resolutions, of which the middle one is the slowest,
// beside one that was never asked for another; a second precision has one.
RunFolder ResolutionRun() {
  RunFolder run;
  const auto add = [&](const std::string& encoder, const std::string& text,
                       const std::map<std::string, std::string>& setting,
                       double ms, double top1) {
    run.records.push_back(Latency(encoder, text, ms, "ms"));
    run.records.back().setting = setting;
    run.records.push_back(Row(encoder, "knn", "digits", text, "top1", top1));
    run.records.back().setting = setting;
  };
  // As text, "96" is after "224".
  add("vit<b>", "resolution=448", {{"resolution", "448"}}, 6, 0.8);
  add("vit<b>", "resolution=96", {{"resolution", "96"}}, 2, 0.5);
  add("vit<b>", "resolution=224", {{"resolution", "224"}}, 7, 0.7);
  add("vit<b>", "dtype=bf16,resolution=224",
      {{"dtype", "bf16"}, {"resolution", "224"}}, 3, 0.69);
  add("plain", "default", {}, 4, 0.6);
  return run;
}

TEST(ResolutionLines, JoinWhatDiffersInResolutionAlone) {
  RunFolder run = ResolutionRun();
  std::vector<ParetoPicture> pictures = MakeParetoPictures({&run, 1});
  ASSERT_EQ(pictures.size(), 1u);
  ASSERT_EQ(pictures[0].points.size(), 5u);
  std::vector<std::vector<std::size_t>> lines = ResolutionLines(pictures[0]);
  ASSERT_EQ(lines.size(), 1u);
  std::vector<std::string> resolutions;
  for (const std::size_t place : lines[0]) {
    EXPECT_EQ(pictures[0].points[place].encoder, "vit<b>");
    EXPECT_EQ(pictures[0].points[place].besides, "");
    resolutions.push_back(pictures[0].points[place].resolution);
  }
  EXPECT_EQ(resolutions, (std::vector<std::string>{"96", "224", "448"}));
  // What is not valid is in no line; one resolution is none.
  run.records[0].message = "not valid: busy";
  pictures = MakeParetoPictures({&run, 1});
  EXPECT_EQ(ResolutionLines(pictures[0]).at(0).size(), 2u);
  run.records[2].message = "not valid: busy";
  pictures = MakeParetoPictures({&run, 1});
  EXPECT_TRUE(ResolutionLines(pictures[0]).empty());
}

TEST(ParetoSection, DrawsTheLineInOrderOfResolution) {
  const RunFolder run = ResolutionRun();
  const std::string html = Exporter::Create("html")->Export({&run, 1});
  const std::size_t section = html.find("<section id=\"pareto\"");
  ASSERT_NE(section, std::string::npos);
  const std::size_t from = html.find("<svg class=\"plot\"", section);
  const std::string svg = html.substr(from, html.find("</svg>", from) - from);
  // Marks by name, then a segment from each resolution to the next.
  const std::size_t legend = html.find("<ul class=\"legend\">", from);
  const std::string names =
      html.substr(legend, html.find("</ul>", legend) - legend);
  EXPECT_NE(names.find("vit&lt;b&gt;, resolution 96, 224, 448</li>"),
            std::string::npos)
      << names;
  EXPECT_NE(names.find("vit&lt;b&gt; (dtype=bf16, resolution=224)</li>"),
            std::string::npos);
  EXPECT_NE(names.find("plain</li>"), std::string::npos);
  std::vector<std::string> segments;  // polylines of two points
  for (std::size_t at = svg.find("<polyline points=\"");
       at != std::string::npos; at = svg.find("<polyline points=\"", at + 1)) {
    const std::string line =
        svg.substr(at + 18, svg.find('"', at + 18) - at - 18);
    if (std::count(line.begin(), line.end(), ',') == 2)
      segments.push_back(line);
  }
  ASSERT_EQ(segments.size(), 2u) << svg;
  // The slowest, 224, is in both, at their right ends.
  const auto right_end = [](const std::string& line) {
    const std::string both = line.substr(0, line.find_last_not_of(' ') + 1);
    return both.substr(both.rfind(' ') + 1);
  };
  EXPECT_EQ(right_end(segments[0]), right_end(segments[1]));
}

TEST(ParetoSection, NumbersArePictureLegendAndTable) {
  const RunFolder run = ResolutionRun();
  const std::string html = Exporter::Create("html")->Export({&run, 1});
  const std::size_t from = html.find("<section id=\"pareto\"");
  ASSERT_NE(from, std::string::npos);
  const std::string section =
      html.substr(from, html.find("</section>", from) - from);
  const auto has = [&](const std::string& text) {
    return section.find(text) != std::string::npos;
  };
  for (const char* number : {"1", "2", "3", "4", "5"})
    EXPECT_TRUE(std::regex_search(
        section, std::regex(std::string("class=\"marklabel\"[^>]*>") + number +
                            "</text>")))
        << number;
  // The fastest first: 96, bf16, plain, 448, 224.
  EXPECT_TRUE(
      has("</svg> 1, 5, 4: vit&lt;b&gt;, resolution 96, 224, 448</li>"));
  EXPECT_TRUE(has("</svg> 3: plain</li>"));
  EXPECT_TRUE(has("<td class=\"num\">3</td><th scope=\"row\">plain</th>"));
  EXPECT_TRUE(
      has("<td class=\"num\">5</td><th scope=\"row\">vit&lt;b&gt; "
          "(resolution=224)</th>"));
  // A joined mark says which it is.
  EXPECT_TRUE(has("<title>vit&lt;b&gt; (resolution=224): "));
}

TEST(ParetoSection, MemoryIsAColumnWhereAnyPointHasIt) {
  RunFolder run = SampleRun();
  for (const char* format : {"html", "markdown"})
    EXPECT_EQ(Exporter::Create(format)->Export({&run, 1}).find("memory, MiB"),
              std::string::npos);
  // Of the cell that was timed, not of the encoder's other one.
  run.records.push_back(run.records[3]);
  run.records.back().metric = "peak_memory";
  run.records.back().value = 5 << 20;
  run.records.back().ci.reset();
  const std::vector<ParetoPicture> pictures = MakeParetoPictures({&run, 1});
  ASSERT_EQ(pictures.size(), 1u);
  EXPECT_EQ(pictures[0].points[0].setting, "dtype=bf16");
  EXPECT_EQ(MemoryText(pictures[0].points[0].memory), "5");
  EXPECT_EQ(MemoryText(pictures[0].points[1].memory), "");
  const std::string markdown = ParetoMarkdown({&run, 1}, {"night"});
  EXPECT_NE(markdown.find("| top1 | memory, MiB |"), std::string::npos)
      << markdown;
  EXPECT_NE(markdown.find("| 65.00% | 5 |"), std::string::npos) << markdown;
  const std::string html = Exporter::Create("html")->Export({&run, 1});
  const std::size_t from = html.find("<section id=\"pareto\"");
  EXPECT_NE(html.find("memory, MiB</th></tr>", from), std::string::npos);
  EXPECT_NE(html.find("<td class=\"num\">5</td></tr>", from),
            std::string::npos);
}

TEST(ParetoSection, EscapesNamesAndMarksTheFront) {
  const RunFolder run = SampleRun();
  const std::string html = Exporter::Create("html")->Export({&run, 1});
  const std::size_t from = html.find("id=\"pareto\"");
  ASSERT_NE(from, std::string::npos);
  const std::string section =
      html.substr(from, html.find("</section>", from) - from);
  EXPECT_NE(html.find("href=\"#pareto\""), std::string::npos);
  EXPECT_NE(section.find("slow&lt;b&gt;"), std::string::npos);
  EXPECT_EQ(section.find("slow<b>"), std::string::npos);
  EXPECT_NE(section.find("<svg class=\"plot\""), std::string::npos);
  std::size_t marked = 0;
  for (std::size_t at = section.find("<td>on the front</td>");
       at != std::string::npos;
       at = section.find("<td>on the front</td>", at + 1))
    ++marked;
  EXPECT_EQ(marked, 3u);
  const std::string markdown = Exporter::Create("markdown")->Export({&run, 1});
  EXPECT_NE(markdown.find("## Accuracy against latency"), std::string::npos);
  EXPECT_NE(markdown.find("| slow\\<b\\> | yes | 8 [7.200, 9.600] |"),
            std::string::npos)
      << markdown;
}

}  // namespace
}  // namespace eyechart::reports
