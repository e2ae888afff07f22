// Task kind `ask` in a suite, of a model that answers in words: each way of
// scoring is a cell of its own, and its records say which.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "core/files.h"
#include "core/record.h"
#include "suite/run.h"
#include "suite/suite_spec.h"
#include "tests/encoders/fake_pictures.h"
#include "tests/fixture.h"

namespace eyechart::suite {
namespace {

using testing::TempFolder;
using testing::WriteText;

class AskTask : public ::testing::Test {
 protected:
  AskTask() {
    WriteText(folder_ / "lamps/dark.bmp", testing::PlainBmp(96, 96, 0));
    WriteText(folder_ / "lamps/light.bmp", testing::PlainBmp(96, 96, 255));
    WriteText(folder_ / "lamps/questions.csv",
              "id,path,pair,question,option_a,option_b,answer\n"
              "1,dark.bmp,lamp,Is the lamp on or off?,on,switched off,b\n"
              "2,light.bmp,lamp,Is the lamp on or off?,on,switched off,a\n");
  }

  SuiteSpec Suite(const std::string& scoring) const {
    WriteText(folder_ / "suite.toml",
              "[suite]\nname = \"words\"\n"
              "[[encoder]]\nname = \"florence2\"\nmodel = \"" EYECHART_DEMO
              "/checkpoints/florence2\"\n"
              "[[dataset]]\nname = \"lamps\"\nkind = \"questions\"\n"
              "root = \"lamps\"\n"
              "[[task]]\nkind = \"ask\"\nencoder = \"florence2\"\n"
              "dataset = \"lamps\"\nscoring = " +
                  scoring + "\n");
    return ReadSuite(folder_ / "suite.toml");
  }

  RunSummary Run(const std::string& scoring) const {
    RunOptions options;
    options.out = folder_ / "run";
    options.environment = {{"cpu", "a"}};
    options.command = "eyechart run";
    return RunSuite(Suite(scoring), options, Progress::None());
  }

  const TempFolder folder_;
};

TEST_F(AskTask, EachScoringIsACellOfItsOwn) {
  const RunSummary summary =
      Run("[\"likelihood\", \"likelihood-mean\", \"generate\"]");
  EXPECT_EQ(summary.failed, std::vector<std::string>{});
  EXPECT_EQ(summary.ok, 3);
  std::map<std::string, std::map<std::string, std::string>> settings;
  std::map<std::string, std::set<std::string>> metrics;
  for (const Record& record : ReadRecords(folder_ / "run/records.jsonl")) {
    EXPECT_EQ(record.status, RecordStatus::kOk) << record.message;
    settings[record.cell] = record.setting;
    metrics[record.cell].insert(record.metric);
  }
  ASSERT_EQ(settings.size(), 3u);
  std::set<std::map<std::string, std::string>> different;
  std::set<std::string> scorings;
  for (const auto& [cell, setting] : settings) {
    different.insert(setting);
    const std::string& scoring = setting.at("scoring");
    const bool generated = scoring == "generated";
    scorings.insert(generated ? scoring
                              : scoring + " " + setting.at("per_token"));
    EXPECT_EQ(setting.contains("num_beams"), generated) << cell;
    EXPECT_EQ(metrics[cell].contains("unanswered"), generated) << cell;
    EXPECT_EQ(metrics[cell].contains("undecided"), !generated) << cell;
    EXPECT_TRUE(metrics[cell].contains("pair_accuracy")) << cell;
    EXPECT_TRUE(std::filesystem::exists(folder_ / "run/outcomes" /
                                        (CellSlug(cell) + ".csv")))
        << cell;
  }
  EXPECT_EQ(different.size(), 3u);
  EXPECT_EQ(scorings, (std::set<std::string>{"generated", "likelihood no",
                                             "likelihood yes"}));
  // All of them stand in the run: nothing is asked again.
  EXPECT_EQ(Run("[\"likelihood\", \"likelihood-mean\", \"generate\"]").done, 3);
}

TEST_F(AskTask, ScoringsThatItDoesNotKnowEndItBeforeAnythingRuns) {
  const std::string error = testing::InputErrorOf(
      [this] { Run("[\"likelihood\", \"likelihoods\"]"); });
  EXPECT_NE(error.find("suite.toml:10: [[task]]: scoring \"likelihoods\""),
            std::string::npos)
      << error;
  EXPECT_FALSE(std::filesystem::exists(folder_ / "run"));
}

}  // namespace
}  // namespace eyechart::suite
