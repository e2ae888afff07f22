// `eyechart probe` through the built binary: what it prints, what it refuses,
// what an interruption leaves.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <filesystem>

#include "core/csv.h"
#include "core/files.h"
#include "tests/cli/pictures.h"
#include "tests/cli/process.h"
#include "tests/fixture.h"
#include "tests/probes/pipeline/probe_fixture.h"

namespace eyechart {
namespace {

namespace fs = std::filesystem;
using testing::Clusters;
using testing::Eyechart;
using testing::EyechartJson;
using testing::Halves;
using testing::MadeStore;
using testing::Refused;
using testing::TempFolder;
using testing::WriteStore;
using testing::WriteText;

class ProbeCommand : public ::testing::Test {
 protected:
  // Stores train and test of 3 classes, with tokens.
  void WriteStores(std::int64_t train = 120) {
    MadeStore made = Clusters(train + 60, 3, 12);
    made.tokens = made.pooled.unsqueeze(1).repeat({1, 16, 1}) +
                  at::randn({train + 60, 16, 12});
    const auto [first, second] = Halves(made, train);
    WriteStore(folder_ / "train", first);
    WriteStore(folder_ / "test", second);
  }

  std::vector<std::string> Probe(const std::string& kind,
                                 std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {
        "probe",         kind,
        "--train-store", (folder_ / "train").string(),
        "--test-store",  (folder_ / "test").string(),
        "--threads",     "1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  // The message of a run that should end with exit 2.
  TempFolder folder_;
};

TEST_F(ProbeCommand, PrintsTheContractsKeys) {
  WriteStores();
  const std::string out = (folder_ / "out").string();
  const Json json = EyechartJson(
      Probe("knn", {"--k", "5,20", "--temperature", "0.1", "-o", out}));
  EXPECT_EQ(json["schema"], 1);
  EXPECT_EQ(json["command"], "probe");
  EXPECT_EQ(json["kind"], "knn");
  EXPECT_EQ(json["train"], 120);
  EXPECT_EQ(json["test"], 60);
  EXPECT_EQ(json["classes"], 3);
  EXPECT_GT(json["top1"].get<double>(), 0.9);
  EXPECT_EQ(json["top5"], 1.0);
  EXPECT_EQ(json["ci"]["method"], "wilson");
  ASSERT_EQ(json["grid"].size(), 2u);
  EXPECT_EQ(json["grid"][1]["k"], 20);
  EXPECT_TRUE(json["grid"][1]["test_top1"].is_number());
  EXPECT_EQ(CsvTable::ReadFile(fs::path(out) / "outcomes.csv").rows(), 60u);
  EXPECT_EQ(ReadJsonFile(fs::path(out) / "probe.json")["top1"], json["top1"]);
  // For people too.
  const auto text = Eyechart(Probe("knn"));
  EXPECT_EQ(text.exit_code, 0);
  EXPECT_NE(text.out.find("top1"), std::string::npos);
}

TEST_F(ProbeCommand, ATrainedHeadIsAppliedAgain) {
  WriteStores();
  for (const char* kind : {"linear", "attentive"}) {
    const std::string out = (folder_ / kind).string();
    const Json trained =
        EyechartJson(Probe(kind, {"--steps", "40", "-o", out}));
    EXPECT_EQ(trained["kind"], kind);
    EXPECT_FALSE(fs::exists(fs::path(out) / "state"));
    const Json applied = EyechartJson(
        {"probe", "apply", (fs::path(out) / "head").string(), "--test-store",
         (folder_ / "test").string(), "-o", out + "-again"});
    EXPECT_EQ(applied["kind"], "apply");
    EXPECT_EQ(applied["top1"], trained["top1"]) << kind;
    EXPECT_EQ(ReadFile(fs::path(out) / "outcomes.csv"),
              ReadFile(out + "-again/outcomes.csv"));
  }
}

TEST_F(ProbeCommand, SeedsAreComparedInPairs) {
  WriteStores();
  const std::string one = (folder_ / "one").string();
  EyechartJson(Probe("linear", {"--steps", "3", "--runs", "3", "-o", one}));
  const Json two =
      EyechartJson(Probe("linear", {"--steps", "30", "--runs", "2", "--compare",
                                    one + "/probe.json"}));
  EXPECT_EQ(two["runs"]["scores"].size(), 2u);
  EXPECT_EQ(two["comparison"]["seeds"], Json({0, 1}));
  EXPECT_EQ(two["comparison"]["ci"]["method"], "student-t");
  EXPECT_NE(Refused(Probe("knn", {"--compare", one + "/probe.json"}))
                .find("of protocol \"dinov2-linear\""),
            std::string::npos);
}

TEST_F(ProbeCommand, AnInterruptedTrainingGoesOnToTheSameBits) {
  WriteStores(600);
  const std::vector<std::string> train = {"--steps", "120", "--train-batch",
                                          "128", "-o"};
  const auto with = [&](const std::string& out) {
    std::vector<std::string> more = train;
    more.push_back((folder_ / out).string());
    return Probe("attentive", more);
  };
  const auto begin = std::chrono::steady_clock::now();
  EyechartJson(with("whole"));
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - begin);
  int interrupted = 0;
  for (int i = 1; i <= 3; ++i) {
    const auto result =
        testing::EyechartWithSignal(with("stopped"), SIGTERM, took * i / 4);
    interrupted += result.exit_code == 128 + SIGTERM;
    // Nothing is said where the signal came before the handlers stood.
    if (result.err.find("interrupted") != std::string::npos) {
      EXPECT_NE(result.err.find("goes on from what is in -o's folder"),
                std::string::npos)
          << result.err;
    }
  }
  EXPECT_GT(interrupted, 0);
  EyechartJson(with("stopped"));
  for (const char* file : {"head/head.safetensors", "outcomes.csv"})
    EXPECT_EQ(ReadFile(folder_ / "whole" / file),
              ReadFile(folder_ / "stopped" / file))
        << file;
  EXPECT_FALSE(fs::exists(folder_ / "stopped" / "state"));
}

TEST_F(ProbeCommand, BadInputIsExit2AndNamed) {
  WriteStores();
  EXPECT_NE(Refused({"probe", "svm", "m", "d"}).find("knn, linear"),
            std::string::npos);
  EXPECT_NE(Refused({"probe", "knn"}).find("--test-store is missing"),
            std::string::npos);
  EXPECT_NE(Refused(Probe("linear", {"--protocol", "sgd"})).find("clip-logreg"),
            std::string::npos);
  EXPECT_NE(Refused(Probe("knn", {"--k", "0"})).find("--k 0"),
            std::string::npos);
  EXPECT_NE(Refused(Probe("knn", {"--temperature", "0"})).find("--temperature"),
            std::string::npos);
  EXPECT_NE(Refused(Probe("knn", {"--select", "train"}))
                .find("validation or "
                      "test"),
            std::string::npos);
  EXPECT_NE(Refused(Probe("knn", {"--targets", "numbers"}))
                .find("knows classes only"),
            std::string::npos);
  EXPECT_NE(Refused(Probe("linear", {"--augment"})).find("MODEL and DATASET"),
            std::string::npos);
  EXPECT_NE(Refused(Probe("linear", {"--steps", "5", "--epochs", "5"}))
                .find("--steps and --epochs"),
            std::string::npos);
  EXPECT_NE(
      Refused(Probe("linear", {"--validation", "0"})).find("--select test"),
      std::string::npos);
  EXPECT_NE(Refused(Probe("mixture")).find("--second"), std::string::npos);
  EXPECT_NE(Refused({"probe", "apply", (folder_ / "none").string(),
                     "--test-store", (folder_ / "test").string()})
                .find("no head of a probe"),
            std::string::npos);
  WriteText(folder_ / "t.txt", "a photo of a {}.\na photo\n");
  EXPECT_NE(Refused({"probe", "zero-shot", testing::DemoCheckpoint("clip"),
                     folder_.path().string(), "--prompts",
                     (folder_ / "t.txt").string()})
                .find("line 2: template \"a photo\""),
            std::string::npos);
}

// The features lie in a folder that is gone when the message is read.
TEST_F(ProbeCommand, MessagesNameTheUsersFiles) {
  testing::WritePictures(folder_ / "photos", 6);
  const auto csv = [this](const char* name, bool labels) {
    std::string text = labels ? "path,kind,label\n" : "path,kind\n";
    for (int i = 0; i < 6; ++i) {
      const std::string file = fmt::format("{:03d}.jpg", i);
      const std::string half = file < "003" ? ",a" : ",b";
      text += file + half + (labels ? half : "") + "\n";
    }
    WriteText(folder_ / "photos" / name, text);
    return (folder_ / "photos" / name).string();
  };
  const std::string bare = csv("bare.csv", false);
  const std::string model = testing::DemoCheckpoint("dinov2");
  const std::string unlabelled =
      Refused({"probe", "knn", model, "--train", bare, "--test", bare});
  EXPECT_NE(unlabelled.find(bare + ": no picture has a label"),
            std::string::npos)
      << unlabelled;
  EXPECT_NE(unlabelled.find("--label-column"), std::string::npos);
  const std::string whole = csv("whole.csv", true);
  const std::string out = (folder_ / "out").string();
  EyechartJson({"probe", "linear", model, "--train", whole, "--test", whole,
                "--steps", "3", "--validation", "0.4", "-o", out});
  const std::string other = testing::DemoCheckpoint("clip");
  const std::string unfit =
      Refused({"probe", "apply", out + "/head", other, "--test", whole});
  EXPECT_NE(unfit.find("those of " + other + " have"), std::string::npos)
      << unfit;
}

TEST_F(ProbeCommand, PicturesAreEncodedOnTheWay) {
  const auto made =
      Eyechart({"generate", "patterns", "-o", (folder_ / "patterns").string(),
                "--pairs", "6", "--size", "64", "--pattern", "color", "--png"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  // The two answers of the pattern are the classes.
  const CsvTable table =
      CsvTable::ReadFile(folder_ / "patterns" / "questions.csv");
  std::string csv = "path,label\n";
  for (std::size_t row = 0; row < table.rows(); ++row)
    csv += table.at(row, table.Column("path")) + "," +
           table.at(row, table.Column("answer")) + "\n";
  WriteText(folder_ / "patterns" / "train.csv", csv);
  WriteText(folder_ / "patterns" / "test.csv", csv);
  const std::string clip = testing::DemoCheckpoint("clip");
  const std::string data = (folder_ / "patterns").string();
  const Json knn = EyechartJson({"probe", "knn", clip, data, "--k", "1"});
  EXPECT_EQ(knn["top1"], 1.0);  // each picture is its own neighbour
  const Json live = EyechartJson({"probe", "attentive", clip, data, "--augment",
                                  "--steps", "2", "--select", "test"});
  EXPECT_EQ(live["augment"], true);
  EXPECT_EQ(live["setting"]["augmentation"]["rand_augment"],
            "rand-m9-mstd0.5-inc1");
  EXPECT_EQ(live["train"], 12);
  const Json zero = EyechartJson({"probe", "zero-shot", clip, data});
  EXPECT_EQ(zero["train"], 0);
  EXPECT_EQ(zero["classes"], 2);
  EXPECT_EQ(zero["setting"]["templates"], 1);
  const Json mixture =
      EyechartJson({"probe", "mixture", clip, data, "--second",
                    testing::DemoCheckpoint("dinov2"), "--steps", "2",
                    "--select", "test", "--mix-alpha", "0,1"});
  EXPECT_EQ(mixture["mixture"].size(), 6u);
}

}  // namespace
}  // namespace eyechart
