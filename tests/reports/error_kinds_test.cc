#include "reports/error_kinds.h"

#include <gtest/gtest.h>

#include <utility>

#include "reports/exporter.h"
#include "tests/fixture.h"
#include "tests/reports/sample_runs.h"

namespace eyechart::reports {
namespace {

using testing::CountOf;

void AddDetector(RunFolder& run,
                 const std::string& encoder,
                 double ap,
                 double missed,
                 double badly_placed) {
  Record record;
  record.encoder = encoder;
  record.cell = encoder + "/detect/boxes/default";
  record.task = "detect";
  record.dataset = "boxes";
  SetMetric(record, "ap", ap);
  run.records.push_back(record);
  run.detections[record.cell] = {
      {"head", "dense"},
      {"stages", "last"},
      {"train", 90},
      {"test", 40},
      {"parameters", 1000},
      {"stats", {{"AP", ap}, {"AP50", 2 * ap}}},
      {"ci", Json::object()},
      {"runs", {{"seeds", {0}}, {"scores", {ap}}}},
      {"log", Json::array()},
      {"errors",
       {{{"kind", "class"}, {"count", 3}, {"gain", 0.01}},
        {{"kind", "localisation"}, {"count", 70}, {"gain", badly_placed}},
        {{"kind", "missed"}, {"count", 36}, {"gain", missed}}}}};
}

// One encoder misses as little as the other, but places worse.
RunFolder TwoEncoders() {
  RunFolder run;
  run.name = "night";
  AddDetector(run, "dino", 0.25, 0.04, 0.02);
  AddDetector(run, "clip<b>", 0.2, 0.05, 0.2);
  return run;
}

std::string DetectionSection(const RunFolder& run) {
  const std::string html = Exporter::Create("html")->Export({&run, 1});
  const std::size_t from = html.find("<section id=\"detection\"");
  return html.substr(from, html.find("</section>", from) - from);
}

TEST(ErrorSentences, NameTheKindThatPartsTwo) {
  const RunFolder run = TwoEncoders();
  std::vector<DetectionTable> tables = MakeDetectionTables({&run, 1});
  ASSERT_EQ(tables.size(), 1u);
  EXPECT_EQ(KindsOfErrors(tables[0]),
            (std::vector<std::string>{"class", "localisation", "missed"}));
  std::vector<std::string> sentences = ErrorSentences(tables[0], {"a: "});
  ASSERT_EQ(sentences.size(), 1u);
  EXPECT_EQ(sentences[0],
            "a: clip<b> is 5.0 points of AP below a: dino; what parts them "
            "most at IoU 0.5 is \u201clocalisation\u201d, which costs it 20.0 "
            "points of AP50 where it costs a: dino 2.0.");
  // Alike in all kinds: nothing is made up.
  tables[0].rows[1].errors = tables[0].rows[0].errors;
  sentences = ErrorSentences(tables[0], {""});
  ASSERT_EQ(sentences.size(), 1u);
  EXPECT_NE(sentences[0].find("no kind of error costs it more"),
            std::string::npos);
  // Of another head there is nothing to be said of the encoder.
  tables[0].rows[1].not_compared = "other width";
  EXPECT_TRUE(ErrorSentences(tables[0], {""}).empty());
}

TEST(ErrorKindsHtml, HasCountsGainsAndBars) {
  const std::string section = DetectionSection(TwoEncoders());
  EXPECT_NE(section.find("<th scope=\"col\" class=\"num\">localisation</th>"),
            std::string::npos);
  // The greatest gain fills its cell, a tenth of it a tenth.
  EXPECT_NE(section.find("var(--track) 100%,transparent 100%)\">20.0"
                         "<small>70</small>"),
            std::string::npos)
      << section;
  EXPECT_NE(section.find("var(--track) 10%,transparent 10%)\">2.0"
                         "<small>70</small>"),
            std::string::npos);
  EXPECT_NE(section.find("clip&lt;b&gt; is 5.0 points of AP below dino"),
            std::string::npos);
  EXPECT_NE(section.find("TIDE"), std::string::npos);
  EXPECT_EQ(section.find("<b>"), std::string::npos);
}

TEST(ErrorKindsHtml, ARowWithoutKindsHasDashes) {
  RunFolder run = TwoEncoders();
  run.detections["clip<b>/detect/boxes/default"].erase("errors");
  EXPECT_EQ(
      CountOf(DetectionSection(run), "<td class=\"num missing\">\u2014</td>"),
      3u);
  run.detections["dino/detect/boxes/default"]["errors"] = Json::array();
  const std::string section = DetectionSection(run);
  EXPECT_EQ(section.find("Kinds of error"), std::string::npos);
  EXPECT_EQ(section.find("TIDE"), std::string::npos);
}

TEST(ErrorKindsHtml, DrawsPrecisionAgainstRecallAnIou) {
  RunFolder run = TwoEncoders();
  EXPECT_EQ(DetectionSection(run).find("Precision against recall"),
            std::string::npos);
  for (auto& [cell, detect] : run.detections) {
    std::vector<double> precision(101, 0.0);
    for (std::size_t r = 0; r < 50; ++r) precision[r] = 1.0;
    detect["pr_curve"] = {{{"iou", 0.5}, {"precision", precision}},
                          {{"iou", 0.75}, {"precision", precision}}};
  }
  const std::string section = DetectionSection(run);
  for (const char* title : {"Precision against recall at IoU 0.5, boxes",
                            "Precision against recall at IoU 0.75, boxes"})
    EXPECT_NE(section.find(title), std::string::npos) << title;
  // Two lines in each of two pictures, and two in the legend.
  EXPECT_EQ(CountOf(section, "<polyline"), 6u);
  EXPECT_EQ(section.find("no measured point"), std::string::npos);
}

TEST(ErrorKindsHtml, ListsWhatWasTakenForWhat) {
  RunFolder run = TwoEncoders();
  run.detections["dino/detect/boxes/default"]["confusions"] = {
      {{"truth", "cat"}, {"found", "dog & fox"}, {"count", 7}}};
  EXPECT_NE(DetectionSection(run).find("cat taken for dog &amp; fox: 7"),
            std::string::npos);
}

TEST(ErrorKindsMarkdown, HasTheSameTable) {
  const RunFolder run = TwoEncoders();
  const std::string text = ErrorKindsMarkdown({&run, 1}, {"night"});
  EXPECT_NE(text.find("## Kinds of detection error\n"), std::string::npos);
  EXPECT_NE(text.find("| encoder | AP | AP50 | class | localisation | missed "
                      "|\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("| clip\\<b\\> | 20.0 | 40.0 | 1.0 (3) | 20.0 (70) | "
                      "5.0 (36) |\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("- clip\\<b\\> is 5.0 points"), std::string::npos);
  EXPECT_EQ(ErrorKindsMarkdown({}, {}), "");
}

TEST(PrecisionMarkdown, HasATableAnOverlapAndARowAnEncoder) {
  RunFolder run = TwoEncoders();
  EXPECT_EQ(PrecisionMarkdown({&run, 1}, {"night"}), "");
  std::vector<double> precision(101);
  for (std::size_t r = 0; r < precision.size(); ++r)
    precision[r] = 1 - static_cast<double>(r) / 200;
  run.detections["dino/detect/boxes/default"]["pr_curve"] = {
      {{"iou", 0.5}, {"precision", precision}},
      {{"iou", 0.75}, {"precision", std::vector<double>(101, 0.25)}}};
  // A point at a recall of 0, 0.5 and 1: the next one counts.
  run.detections["clip<b>/detect/boxes/default"]["pr_curve"] = {
      {{"iou", 0.5}, {"precision", {1.0, 0.5, 0.25}}}};
  const std::string text = PrecisionMarkdown({&run, 1}, {"night"});
  EXPECT_NE(text.find("## Precision against recall\n"), std::string::npos);
  EXPECT_NE(
      text.find("boxes: dense head (detect-dense), IoU 0.5\n\n"
                "| encoder | 0.1 | 0.2 | 0.3 | 0.4 | 0.5 | 0.6 | 0.7 | 0.8 | "
                "0.9 |\n"
                "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: "
                "| ---: |\n"
                "| dino | 95.0 | 90.0 | 85.0 | 80.0 | 75.0 | 70.0 | 65.0 | "
                "60.0 | 55.0 |\n"
                "| clip\\<b\\> | 50.0 | 50.0 | 50.0 | 50.0 | 50.0 | 25.0 | "
                "25.0 | 25.0 | 25.0 |\n"),
      std::string::npos)
      << text;
  const std::size_t second = text.find("IoU 0.75\n");
  ASSERT_NE(second, std::string::npos);
  EXPECT_NE(text.find("| dino | 25.0 |", second), std::string::npos);
  EXPECT_NE(text.find("| clip\\<b\\> | \u2014 |", second), std::string::npos);
  EXPECT_NE(Exporter::Create("markdown")->Export({&run, 1}).find(text),
            std::string::npos);
}

}  // namespace
}  // namespace eyechart::reports
