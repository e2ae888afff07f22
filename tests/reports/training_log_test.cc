#include "reports/training_log.h"

#include <gtest/gtest.h>

#include "reports/exporter.h"
#include "reports/html_parts.h"
#include "tests/fixture.h"
#include "tests/reports/sample_runs.h"

namespace eyechart::reports {
namespace {

using testing::CountOf;

RunFolder TrainedRun() {
  RunFolder run;
  run.name = "night";
  for (const char* encoder : {"clip", "dino"}) {
    Record record;
    record.encoder = encoder;
    record.cell = std::string(encoder) + "/detect/boxes/default";
    record.task = "detect";
    record.dataset = "boxes";
    SetMetric(record, "ap", 0.2);
    run.records.push_back(record);
    run.detections[record.cell] = {
        {"head", "dense"},
        {"stages", "last"},
        {"train", 90},
        {"test", 40},
        {"parameters", 1000},
        {"stats", {{"AP", 0.2}}},
        {"ci", Json::object()},
        {"runs", {{"seeds", {0}}, {"scores", {0.2}}}},
        {"selected", {{"step", 20}, {"split", "validation"}}},
        {"log",
         {{{"step", 10}, {"loss", 2.0}, {"validation_ap", 0.1}},
          {{"step", 20}, {"loss", 1.0}, {"validation_ap", 0.2}},
          {{"step", 30}, {"loss", nullptr}, {"validation_ap", 0.15}}}}};
  }
  return run;
}

std::string LogOf(const RunFolder& run) {
  const HtmlPage page({&run, 1});
  return TrainingLogHtml(page, page.detections.at(0));
}

TEST(TrainingLogHtml, DrawsLooksAndLossWithTheStepThatWasKept) {
  const RunFolder run = TrainedRun();
  const std::string html = LogOf(run);
  EXPECT_EQ(CountOf(html, "<svg class=\"plot\""), 2u);
  EXPECT_NE(html.find("AP on the validation pictures"), std::string::npos);
  EXPECT_NE(html.find(">loss</text>"), std::string::npos);
  // A line a row in both pictures, and one legend.
  EXPECT_EQ(CountOf(html, "<polyline"), 6u);
  EXPECT_EQ(CountOf(html, "class=\"legend\""), 1u);
  EXPECT_EQ(CountOf(html, "class=\"drop\""), 2u);
  EXPECT_NE(html.find("whose head was kept"), std::string::npos);
  EXPECT_NE(Exporter::Create("html")->Export({&run, 1}).find(html),
            std::string::npos);
}

TEST(TrainingLogHtml, WithoutValidationTheLossAlone) {
  RunFolder run = TrainedRun();
  for (auto& [cell, detect] : run.detections) {
    detect["selected"] = {{"step", 30}, {"split", "none"}};
    for (Json& row : detect["log"]) row.erase("validation_ap");
  }
  const std::string html = LogOf(run);
  EXPECT_EQ(CountOf(html, "<svg class=\"plot\""), 1u);
  EXPECT_EQ(CountOf(html, "<polyline"), 4u);
  EXPECT_EQ(CountOf(html, "class=\"drop\""), 0u);
  EXPECT_EQ(html.find("whose head was kept"), std::string::npos);
}

TEST(TrainingLogHtml, NoLogIsNoPicture) {
  RunFolder run = TrainedRun();
  for (auto& [cell, detect] : run.detections) detect["log"] = Json::array();
  EXPECT_EQ(LogOf(run), "");
}

TEST(TrainingLogHtml, ASteepLossIsOnALogarithmicAxis) {
  RunFolder run = TrainedRun();
  for (auto& [cell, detect] : run.detections)
    detect["log"] = {{{"step", 10}, {"loss", 1000.0}},
                     {{"step", 20}, {"loss", 10.0}},
                     {{"step", 30}, {"loss", 1.0}}};
  const std::string html = LogOf(run);
  // 10 stands a third of the way from 1 to 1000, where a linear axis has it at
  // the bottom.
  std::vector<double> ys;
  for (std::size_t at = html.find("cy=\""); at != std::string::npos;
       at = html.find("cy=\"", at + 1))
    ys.push_back(std::stod(html.substr(at + 4)));
  ASSERT_GE(ys.size(), 3u);
  EXPECT_NEAR((ys[2] - ys[1]) / (ys[2] - ys[0]), 1.0 / 3, 0.02);
}

TEST(TrainingLogMarkdown, HasFirstBestLastAndTheStepThatWasKept) {
  RunFolder run = TrainedRun();
  run.detections["clip/detect/boxes/default"]["steps"] = 30;
  Json& dino = run.detections["dino/detect/boxes/default"];
  dino["selected"] = {{"step", 30}, {"split", "none"}};
  dino["log"] = {{{"step", 5}, {"loss", 0.5}},
                 {{"step", 15}, {"loss", 0.125}},
                 {{"step", 30}, {"loss", 3.0}}};
  const std::string text = TrainingLogMarkdown({&run, 1}, {"night"});
  EXPECT_NE(text.find("## Training of detection heads\n"), std::string::npos);
  EXPECT_NE(text.find("boxes: dense head (detect-dense)\n\n"
                      "| encoder | steps | first loss | least loss | last loss "
                      "| first AP | best AP | last AP | step kept |\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("| clip | 30 | 2 (10) | 1 (20) | 1 (20) | 10 (10) | 20 "
                      "(20) | 15 (30) | 20 |\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("| dino | 30 | 0.5 (5) | 0.125 (15) | 3 (30) | \u2014 | "
                      "\u2014 | \u2014 | the last |\n"),
            std::string::npos)
      << text;
  EXPECT_NE(Exporter::Create("markdown")->Export({&run, 1}).find(text),
            std::string::npos);
  for (auto& [cell, detect] : run.detections) detect["log"] = Json::array();
  EXPECT_EQ(TrainingLogMarkdown({&run, 1}, {"night"}), "");
}

// What is said of clip, at `ap` and with looks at 10, 20, ... of a loss that
// falls from 4; of a file that says the steps.
std::vector<std::string> SaidOf(double ap, const std::vector<double>& looks) {
  RunFolder run = TrainedRun();
  Json& clip = run.detections["clip/detect/boxes/default"];
  clip["stats"]["AP"] = ap;
  clip["steps"] = 60;
  clip["log"] = Json::array();
  for (std::size_t i = 0; i < looks.size(); ++i)
    clip["log"].push_back({{"step", 10 * (i + 1)},
                           {"loss", 4.0 / static_cast<double>(i + 1)},
                           {"validation_ap", looks[i]}});
  return WeakRowSentences(MakeDetectionTables({&run, 1}).at(0), {"a: "});
}

TEST(WeakRowSentences, SayWhatTheFileKnows) {
  using Said = std::vector<std::string>;
  EXPECT_EQ(SaidOf(0, {0, 0}),
            Said{"a: clip: AP is 0% after 60 steps of training; the last loss "
                 "is 2, at step 20, the first was 4, at step 10; AP on the "
                 "validation pictures was 0 at all 2 looks."});
  EXPECT_EQ(SaidOf(0.004, {0.002, 0.005, 0.001}),
            Said{"a: clip: AP is 0.4% after 60 steps of training; the last "
                 "loss is 1.33, at step 30, the first was 4, at step 10; AP on "
                 "the validation pictures was 0.5% at step 20, its best, and "
                 "0.1% at step 30, the last look."});
  EXPECT_EQ(SaidOf(0.01, {0, 0, 0.001, 0.002, 0.008}),
            Said{"a: clip: AP is 1% after 60 steps of training; the last loss "
                 "is 0.8, at step 50, the first was 4, at step 10; training "
                 "ended while AP on the validation pictures was still rising "
                 "(0%, 0.1%, 0.2%, 0.8% at the last 4 looks)."});
  // More than a per cent, or without truth: nothing to be said.
  EXPECT_EQ(SaidOf(0.0101, {0, 0}), Said{});
  EXPECT_EQ(SaidOf(-1, {0, 0}), Said{});
}

TEST(WeakRowSentences, RisingIsThreeTimesBetterAndBestAtTheEnd) {
  const auto rises = [](const std::vector<double>& looks) {
    return SaidOf(0, looks).at(0).find("still rising") != std::string::npos;
  };
  EXPECT_TRUE(rises({0.001, 0.002, 0.003, 0.004}));
  EXPECT_TRUE(rises({0.003, 0.001, 0.002, 0.003, 0.004}));
  EXPECT_FALSE(rises({0.002, 0.003, 0.004}));
  EXPECT_FALSE(rises({0.001, 0.003, 0.003, 0.004}));         // once it stood
  EXPECT_FALSE(rises({0.002, 0.001, 0.003, 0.004}));         // twice alone
  EXPECT_FALSE(rises({0.009, 0.001, 0.002, 0.003, 0.004}));  // was better
  EXPECT_NE(SaidOf(0, {0.002, 0.001, 0.003, 0.004})
                .at(0)
                .find("0.4% at step 40, its best and last look"),
            std::string::npos);
}

TEST(WeakRowSentences, OfADetectorThatWasNotTrainedHere) {
  RunFolder run = TrainedRun();
  Json& clip = run.detections["clip/detect/boxes/default"];
  clip["stats"]["AP"] = 0.0;
  clip["log"] = Json::array();
  clip["detections"] = 0;
  EXPECT_EQ(WeakRowSentences(MakeDetectionTables({&run, 1}).at(0), {""}),
            std::vector<std::string>{
                "clip: AP is 0%; no box was found on the test pictures; its "
                "file tells of no training."});
}

TEST(WeakRowSentences, StandInBothReports) {
  RunFolder run = TrainedRun();
  const char* said = "clip: AP is 0% after 30 steps of training; ";
  for (const char* format : {"html", "markdown"})
    EXPECT_EQ(CountOf(Exporter::Create(format)->Export({&run, 1}), said), 0u);
  run.detections["clip/detect/boxes/default"]["stats"]["AP"] = 0.0;
  for (const char* format : {"html", "markdown"})
    EXPECT_EQ(CountOf(Exporter::Create(format)->Export({&run, 1}), said), 1u)
        << format;
}

}  // namespace
}  // namespace eyechart::reports
