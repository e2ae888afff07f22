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

}  // namespace
}  // namespace eyechart::reports
