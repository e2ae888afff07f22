#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "core/csv.h"
#include "core/files.h"
#include "core/record.h"
#include "tests/cli/pictures.h"
#include "tests/cli/process.h"
#include "tests/fixture.h"

namespace eyechart {
namespace {

namespace fs = std::filesystem;
using testing::DemoCheckpoint;
using testing::Eyechart;
using testing::EyechartJson;
using testing::WriteText;

// `pairs` pairs in MMVP-VLM's released layout, half of each of two categories.
class AskCommand : public ::testing::Test {
 protected:
  AskCommand() {
    std::string csv = "Question ID,Type,Statement\n";
    for (int id = 1; id <= 8; ++id) {
      const std::string type = id <= 4 ? "Orientation" : "Camera Perspective";
      csv += std::to_string(id) + "," + type + ",a shirt of kind " +
             std::to_string(id) + "\n";
      testing::WritePicture(
          vlm_ / "MLLM_VLM Images" / type / (std::to_string(id) + ".jpg"),
          static_cast<unsigned>(id));
    }
    WriteText(vlm_ / "Questions.csv", csv);
    std::string questions = "lndex,Question,Options,Correct Answer\n";
    for (int id = 1; id <= 4; ++id) {
      questions += std::to_string(id) + ",Open?,(a) Open (b) Shut," +
                   (id % 2 == 1 ? "(a)" : "(b)") + "\n";
      testing::WritePicture(
          mmvp_ / "MMVP Images" / (std::to_string(id) + ".jpg"),
          static_cast<unsigned>(id));
    }
    WriteText(mmvp_ / "Questions.csv", questions);
  }

  std::string Answers(const std::string& csv) {
    WriteText(folder_ / "answers.csv", csv);
    return (folder_ / "answers.csv").string();
  }

  // The error of a command that should end with exit code 2.
  std::string Error(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "ask");
    const auto result = Eyechart(arguments);
    EXPECT_EQ(result.exit_code, 2) << result.out << result.err;
    EXPECT_EQ(result.out, "");
    return result.err;
  }

  static bool Has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  }

  const testing::TempFolder folder_;
  const fs::path vlm_ = folder_ / "MMVP_VLM";
  const fs::path mmvp_ = folder_ / "MMVP";
  const std::string clip_ = DemoCheckpoint("clip");
};

TEST_F(AskCommand, ScoresPairsOfStatements) {
  const fs::path out = folder_ / "out";
  const Json json =
      EyechartJson({"ask", clip_, vlm_.string(), "-o", out.string()});
  for (const char* key :
       {"schema", "command", "warnings", "benchmark", "items", "pairs",
        "correct_pairs", "pair_accuracy", "item_accuracy", "ci", "chance",
        "abstained", "labels", "patterns", "text_score", "group_score",
        "diagonal_accuracy"})
    EXPECT_TRUE(json.contains(key)) << key;
  EXPECT_EQ(json["benchmark"], "mmvp-vlm");
  EXPECT_EQ(json["items"], 8);
  EXPECT_EQ(json["pairs"], 4);
  EXPECT_EQ(json["chance"], 0.25);
  EXPECT_EQ(json["ci"]["method"], "wilson");
  EXPECT_EQ(json["setting"]["prompt"], "a photo of ");
  EXPECT_EQ(json["patterns"].size(), 2u);
  EXPECT_EQ(json["patterns"][0]["name"], "Orientation");
  EXPECT_EQ(json["patterns"][0]["pairs"], 2);
  const CsvTable outcomes = CsvTable::ReadFile(out / "outcomes.csv");
  EXPECT_EQ(outcomes.rows(), 8u);
  int correct = 0;
  for (std::size_t i = 0; i < outcomes.rows(); ++i)
    correct += outcomes.at(i, outcomes.Column("correct")) == "1" ? 1 : 0;
  EXPECT_EQ(json["item_accuracy"].get<double>(), correct / 8.0);
  EXPECT_EQ(ReadJsonFile(out / "ask.json"), json);
  // Against itself nothing differs.
  const Json again = EyechartJson({"ask", clip_, vlm_.string(), "--compare",
                                   (out / "outcomes.csv").string()});
  EXPECT_EQ(again["comparison"][0]["unit"], "pairs");
  EXPECT_EQ(again["comparison"][0]["p"], 1.0);
  EXPECT_EQ(again["correct_pairs"], json["correct_pairs"]);
}

TEST_F(AskCommand, TellsEncodersWithoutWordsHowAlikePairsAre) {
  const Json json =
      EyechartJson({"ask", DemoCheckpoint("dinov2"), mmvp_.string()});
  EXPECT_TRUE(json["pair_accuracy"].is_null());
  EXPECT_EQ(json["scoring"], "features");
  EXPECT_EQ(json["pair_cosine"]["n"], 2);
  EXPECT_TRUE(Has(json["warnings"].dump(), "read-out"));
  EXPECT_TRUE(Has(Error({DemoCheckpoint("dinov2"), vlm_.string(), "--scoring",
                         "statements"}),
                  "no text tower"));
}

TEST_F(AskCommand, ScoresAnswersWithoutAModel) {
  const std::string answers =
      Answers("id,answer\n1,(a)\n2,It is shut.\n3,A door\n4,b\n");
  fs::remove_all(mmvp_ / "MMVP Images");
  const Json json = EyechartJson(
      {"ask", "some-system", mmvp_.string(), "--answers", answers});
  EXPECT_EQ(json["model"], "some-system");
  EXPECT_EQ(json["item_accuracy"], 0.75);
  EXPECT_EQ(json["pair_accuracy"], 0.5);
  EXPECT_EQ(json["abstained"], 1);
  EXPECT_EQ(json["labels"], "corrected");
  EXPECT_EQ(json["setting"]["option_order"], "original");
  const auto people = Eyechart(
      {"ask", mmvp_.string(), "--answers", answers, "--labels", "original"});
  EXPECT_EQ(people.exit_code, 0);
  EXPECT_TRUE(Has(people.out, "pair accuracy"));
  EXPECT_TRUE(Has(people.out, "item accuracy"));
  EXPECT_TRUE(Has(people.out, "labels original"));
}

TEST_F(AskCommand, RefusesBadInput) {
  const std::string vlm = vlm_.string();
  EXPECT_TRUE(Has(Error({vlm}), "BENCHMARK is missing"));
  EXPECT_TRUE(Has(Error({clip_, (folder_ / "none").string()}), "no such"));
  EXPECT_TRUE(Has(Error({clip_, vlm, "--scoring", "statement"}), "statements"));
  EXPECT_TRUE(Has(Error({clip_, vlm, "--kind", "mmvp-vml"}), "mmvp-vlm"));
  EXPECT_TRUE(Has(Error({clip_, mmvp_.string(), "--labels", "fixed"}),
                  "corrected or original"));
  EXPECT_TRUE(Has(Error({clip_, vlm, "--notation", "numbers"}), "--answers"));
  EXPECT_TRUE(Has(Error({vlm, "--answers", Answers("id,answer\n1,a\n")}),
                  "no options"));
  const std::string mmvp = mmvp_.string();
  EXPECT_TRUE(
      Has(Error({mmvp, "--answers", Answers("id,answer\n9,a\n")}), "\"9\""));
  EXPECT_TRUE(Has(Error({mmvp, "--answers", Answers("id,reply\n1,a\n")}),
                  "no column \"answer\""));
  EXPECT_TRUE(Has(Error({mmvp, "--answers", Answers("id,answer\n1,a\n1,b\n")}),
                  "row 3"));
  WriteText(folder_ / "other.csv", "id,correct\n1,1\n");
  EXPECT_TRUE(Has(Error({mmvp, "--answers", Answers("id,answer\n1,a\n"),
                         "--compare", (folder_ / "other.csv").string()}),
                  "no item \"2\""));
  const std::string header = "Question ID,Type,Statement\n";
  WriteText(vlm_ / "Questions.csv", header + "1,Orientation,x\n");
  EXPECT_TRUE(Has(Error({clip_, vlm}), "odd number"));
  WriteText(vlm_ / "Questions.csv", header + "1,Orient,x\n2,Orient,y\n");
  EXPECT_TRUE(Has(Error({clip_, vlm}), "no such category"));
}

TEST_F(AskCommand, NamesAMissingPictureAndCountsABrokenOne) {
  const fs::path picture = vlm_ / "MLLM_VLM Images/Orientation/2.jpg";
  WriteText(picture, "no picture");
  const Json json = EyechartJson({"ask", clip_, vlm_.string()});
  EXPECT_EQ(json["pairs"], 4);
  EXPECT_EQ(json["items"], 8);
  EXPECT_EQ(json["unreadable"], 2);  // neither statement can be decided
  EXPECT_TRUE(Has(json["warnings"].dump(), "could not be read"));
  fs::remove(picture);
  EXPECT_TRUE(Has(Error({clip_, vlm_.string()}), "Orientation/2.jpg"));
}

TEST_F(AskCommand, ScoresGeneratedPairsByStepOfDifficulty) {
  const fs::path made = folder_ / "made";
  std::string csv =
      "id,path,pair,pattern,question,option_a,option_b,option_c,option_d,"
      "answer,statement,difficulty,unit,step,value,tolerance\n";
  for (int i = 0; i < 8; ++i) {
    const std::string id = "images/state/" + std::to_string(i);
    testing::WritePicture(made / (id + ".png"), static_cast<unsigned>(i));
    csv += fmt::format(
        "{0},{0}.png,{1},state,Open?,Yes,No,,,{2},{3} door,{4},"
        "degrees,{5},,\n",
        id, i / 2 + 1, i % 2 == 0 ? "a" : "b",
        i % 2 == 0 ? "an open" : "a shut", i < 4 ? 60 : 30, i / 4);
  }
  WriteText(made / "questions.csv", csv);
  WriteText(made / "manifest.json", R"({"schema":1,"kind":"patterns"})");
  const Json json = EyechartJson({"ask", clip_, made.string()});
  EXPECT_EQ(json["benchmark"], "generated");
  EXPECT_EQ(json["scoring"], "text-to-image");
  ASSERT_EQ(json["steps"].size(), 2u);
  EXPECT_EQ(json["steps"][1]["difficulty"], "30 degrees");
  EXPECT_EQ(json["steps"][1]["pairs"], 2);
  EXPECT_TRUE(json["steps"][1]["ci"].is_object());
  EXPECT_EQ(json["steps"][0]["correct_pairs"].get<int>() +
                json["steps"][1]["correct_pairs"].get<int>(),
            json["correct_pairs"].get<int>());
  EXPECT_EQ(EyechartJson({"ask", clip_, made.string(), "--scoring",
                          "options"})["scoring"],
            "image-to-text");
  const Json answered = EyechartJson(
      {"ask", made.string(), "--answers",
       Answers("id,answer\nimages/state/0,Yes\nimages/state/1,(b)\n")});
  EXPECT_EQ(answered["correct_pairs"], 1);
  EXPECT_EQ(answered["unanswered"], 6);
}

// What generate writes, ask reads: the folder needs no hand between them.
TEST_F(AskCommand, AsksWhatGenerateMade) {
  const std::string patterns = (folder_ / "patterns").string();
  ASSERT_EQ(Eyechart({"generate", "patterns", "--pairs", "2", "--size", "64",
                      "-o", patterns})
                .exit_code,
            0);
  const Json json = EyechartJson({"ask", clip_, patterns});
  EXPECT_EQ(json["pairs"], 18);
  ASSERT_EQ(json["patterns"].size(), 9u);
  EXPECT_EQ(json["patterns"][0]["name"], "orientation");
  EXPECT_EQ(json["patterns"][8]["name"], "viewpoint");
}

TEST_F(AskCommand, GaugeErrorsAreInPerCentOfTheScale) {
  const fs::path gauges = folder_ / "gauges";
  ASSERT_EQ(Eyechart({"generate", "gauges", "--pairs", "6", "--size", "64",
                      "-o", gauges.string()})
                .exit_code,
            0);
  const CsvTable table = CsvTable::ReadFile(gauges / "questions.csv");
  std::string answers = "id,answer\n";
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const auto number = [&](const char* column) {
      return std::stod(table.at(row, table.Column(column)));
    };
    const double off = 0.1 * (number("high") - number("low"));
    answers += table.at(row, table.Column("id")) + "," +
               std::to_string(number("value") + off) + "\n";
  }
  const Json json =
      EyechartJson({"ask", gauges.string(), "--answers", Answers(answers)});
  EXPECT_EQ(json["reading"]["read"], 6);
  EXPECT_NEAR(json["reading"]["median_error"].get<double>(), 10, 0.01);
}

TEST_F(AskCommand, PutsAnEncoderBeforeTheEyeChart) {
  const fs::path out = folder_ / "chart";
  const std::vector<std::string> command = {
      "ask",       DemoCheckpoint("dinov2"),
      "chart",     "--resolution",
      "48",        "--chart",
      "color",     "--train",
      "16",        "--test",
      "16",        "-o",
      out.string()};
  const Json json = EyechartJson(command);
  EXPECT_EQ(json["benchmark"], "chart");
  EXPECT_EQ(json["size"], 48);
  ASSERT_EQ(json["charts"].size(), 2u);  // linear and k-NN
  EXPECT_EQ(json["charts"][0]["read_out"], "linear");
  EXPECT_EQ(json["charts"][0]["points"].size(), 8u);
  EXPECT_EQ(json["charts"][0]["points"][0]["trials"], 16);
  const CsvTable outcomes =
      CsvTable::ReadFile(out / "outcomes-color-linear.csv");
  EXPECT_EQ(outcomes.rows(), 8u * 16);
  std::int64_t right = 0;
  for (std::size_t row = 0; row < outcomes.rows(); ++row)
    right += outcomes.at(row, outcomes.Column("correct")) == "1" ? 1 : 0;
  EXPECT_DOUBLE_EQ(static_cast<double>(right) / (8 * 16),
                   json["charts"][0]["accuracy"].get<double>());
  // The same again, from the features that are there.
  EXPECT_EQ(EyechartJson(command)["charts"], json["charts"]);
  EXPECT_TRUE(
      Has(Error({DemoCheckpoint("dinov2"), "chart", "--chart", "snellen"}),
          "landolt-c"));
  EXPECT_TRUE(
      Has(Error({DemoCheckpoint("dinov2"), "chart", "--read-out", "svm"}),
          "linear and knn"));
  EXPECT_TRUE(Has(Error({DemoCheckpoint("dinov2"), "chart", "--compare",
                         (out / "outcomes-color-linear.csv").string()}),
                  "share their scenes"));
}

// Charts take whole groups: one picture of each answer.
TEST_F(AskCommand, TheEyeChartTellsHowManyPicturesItTook) {
  const auto ask = [](std::vector<std::string> charts) {
    std::vector<std::string> command = {"ask",   DemoCheckpoint("dinov2"),
                                        "chart", "--resolution",
                                        "48",    "--train",
                                        "3",     "--test",
                                        "1",     "--read-out",
                                        "knn",   "--chart"};
    command.insert(command.end(), charts.begin(), charts.end());
    return EyechartJson(command);
  };
  const Json one = ask({"color"});
  EXPECT_EQ(one["train"], 4);
  EXPECT_EQ(one["test"], 2);
  EXPECT_EQ(one["items"], 2 * one["charts"][0]["points"].size());
  const Json two = ask({"color", "tumbling-e"});
  EXPECT_EQ(two["charts"][0]["test"], 2);
  EXPECT_EQ(two["charts"][1]["test"], 4);
  EXPECT_TRUE(two["test"].is_null());
  EXPECT_EQ(two["train"], 4);
}

// Both read-outs in one suite, and their curves in its report.
TEST_F(AskCommand, TheEyeChartIsATask) {
  const fs::path suite = folder_ / "chart.toml";
  WriteText(suite,
            "[suite]\nname = \"c\"\n[[encoder]]\nname = \"d\"\n"
            "model = \"" +
                DemoCheckpoint("dinov2") +
                "\"\n"
                "resolution = 48\n[[task]]\nkind = \"chart\"\n"
                "chart = \"color\"\nread_out = [\"linear\", \"knn\"]\n"
                "train = 15\ntest = 16\n");
  const fs::path out = folder_ / "run";
  const auto run = Eyechart({"run", suite.string(), "--out", out.string()});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  std::vector<std::string> read_outs;
  for (const Record& record : ReadRecords(out / "records.jsonl")) {
    if (record.metric != "chart_accuracy") continue;
    read_outs.push_back(record.setting.at("read_out"));
    EXPECT_EQ(record.setting.at("size"), "48");
    EXPECT_EQ(record.setting.at("train"), "16");  // whole groups
    EXPECT_EQ(record.setting.at("seed"), "0");
    EXPECT_TRUE(record.ci.has_value());
  }
  EXPECT_EQ(read_outs, (std::vector<std::string>{"linear", "knn"}));
  const std::string page = (folder_ / "report.html").string();
  ASSERT_EQ(Eyechart({"report", out.string(), "-o", page}).exit_code, 0);
  const std::string html = ReadFile(page);
  EXPECT_TRUE(Has(html, "id=\"eye-chart\""));
  EXPECT_TRUE(Has(html, "knn read-out"));
}

TEST_F(AskCommand, ReadsClocksAsChoiceAndAsNumber) {
  const fs::path clocks = folder_ / "clocks";
  WriteText(clocks / "questions.csv",
            "id,path,pattern,question,option_a,option_b,option_c,option_d,"
            "answer,value,tolerance\n"
            "1,1.png,clocks,Time?,3:45,9:15,4:45,3:50,a,225,2\n"
            "2,2.png,clocks,Time?,12:05,1:00,11:55,6:00,a,5,2\n");
  WriteText(clocks / "manifest.json", R"({"kind":"clocks"})");
  for (const unsigned i : {1u, 2u})
    testing::WritePicture(clocks / (std::to_string(i) + ".png"), i);
  const Json json =
      EyechartJson({"ask", clocks.string(), "--answers",
                    Answers("id,answer\n1,It is 3:45.\n2,11:55\n")});
  EXPECT_EQ(json["item_accuracy"], 0.5);
  EXPECT_EQ(json["chance"], 0.25);
  EXPECT_TRUE(json["pair_accuracy"].is_null());
  EXPECT_EQ(json["reading"]["median_error"], 5.0);  // of 0 and 10 minutes
  EXPECT_EQ(json["reading"]["within_tolerance"], 0.5);
  const Json seen = EyechartJson({"ask", clip_, clocks.string()});
  EXPECT_EQ(seen["scoring"], "image-to-text");
  EXPECT_EQ(seen["chance"], 0.25);
  // Nothing to be told of clocks by an encoder without words.
  EXPECT_TRUE(
      Has(Error({DemoCheckpoint("dinov2"), clocks.string()}), "no text tower"));
}

TEST_F(AskCommand, RunsInASuite) {
  const fs::path suite = folder_ / "s.toml";
  WriteText(suite,
            "[suite]\nname = \"s\"\n[[encoder]]\nname = \"clip\"\n"
            "model = \"" +
                clip_ + "\"\n[[encoder]]\nname = \"dino\"\nmodel = \"" +
                DemoCheckpoint("dinov2") +
                "\"\n[[dataset]]\nname = \"vlm\"\nkind = \"mmvp-vlm\"\n"
                "root = \"MMVP_VLM\"\n[[dataset]]\nname = \"mmvp\"\n"
                "kind = \"mmvp\"\nroot = \"MMVP\"\n[[task]]\n"
                "kind = \"ask\"\n");
  const fs::path out = folder_ / "run";
  const std::vector<std::string> run = {"run", suite.string(), "--out",
                                        out.string()};
  const Json json = EyechartJson(run);
  EXPECT_EQ(json["ok"], 4);
  bool overall = false;
  bool pattern = false;
  for (const Record& record : ReadRecords(out / "records.jsonl")) {
    EXPECT_EQ(record.status, RecordStatus::kOk) << record.message;
    EXPECT_FALSE(record.setting.at("questions_sha256").empty());
    EXPECT_FALSE(record.weights_sha256.empty());
    if (record.metric != "pair_accuracy") continue;
    ASSERT_TRUE(record.ci.has_value());
    overall |= record.cell == "clip/ask/vlm/default" && record.n == 4;
    pattern |= record.cell == "clip/ask/vlm/pattern=Camera_Perspective" &&
               record.n == 2;
  }
  EXPECT_TRUE(overall);
  EXPECT_TRUE(pattern);
  int files = 0;
  for (const auto& entry : fs::directory_iterator(out / "outcomes"))
    files += entry.path().extension() == ".csv" ? 1 : 0;
  EXPECT_EQ(files, 4);
  EXPECT_EQ(EyechartJson(run)["done_before"], 4);
  // Before anything runs.
  WriteText(suite, ReadFile(suite) + "scoring = \"statement\"\n");
  const std::string error = testing::Refused(
      {"run", suite.string(), "--out", (folder_ / "bad").string()});
  EXPECT_TRUE(Has(error, "did you mean \"statements\"?")) << error;
  EXPECT_FALSE(fs::exists(folder_ / "bad"));
}

}  // namespace
}  // namespace eyechart
