// Another program as an encoder of a suite: bench times it beside models, the
// other kinds say that they cannot take it.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/csv.h"
#include "core/files.h"
#include "tests/fixture.h"
#include "tests/suite/toy_suite.h"

namespace eyechart::suite {
namespace {

namespace fs = std::filesystem;
using eyechart::testing::InputErrorOf;
using eyechart::testing::TempFolder;
using testing::CellIds;
using testing::ReadSuiteText;
using testing::RunInto;
using testing::WritePhotos;
using testing::WriteToyModel;
using Names = std::vector<std::string>;

constexpr const char* kBenchBoth = R"(
[[task]]
kind = "bench"
min_seconds = 0
min_queries = 5
)";

class ProgramInSuite : public ::testing::Test {
 protected:
  ProgramInSuite() {
    WriteToyModel(folder_ / "model");
    WritePhotos(folder_ / "photos");
  }

  // `keys` are of the program.
  SuiteSpec Suite(const std::string& tasks, const std::string& keys) const {
    return ReadSuiteText(folder_, R"(
[suite]
name = "programs"
[[encoder]]
name = "toy"
model = "model"
[[dataset]]
name = "photos"
kind = "folder"
root = "photos"
[[encoder]]
name = "prog"
)" + keys + tasks);
  }

  RunSummary Run(const std::string& tasks, const std::string& keys) const {
    return RunInto(Suite(tasks, keys), folder_ / "run");
  }

  Names Cells(const std::string& tasks, const std::string& keys) const {
    return CellIds(Suite(tasks, keys));
  }

  const TempFolder folder_;
  const std::string test_ = "command = \"test -s {image}\"\n";
};

TEST_F(ProgramInSuite, StandsBesideAnEncoder) {
  const fs::path seen = folder_ / "seen";
  const std::string keys = "command = \"sh -c 'cat $0 >> " + seen.string() +
                           "; echo >> " + seen.string() + "' {image}\"\n";
  const RunSummary summary = Run(kBenchBoth, keys);
  EXPECT_EQ(summary.ok, 2);
  std::map<std::string, Record> medians;  // by cell
  for (const Record& record : ReadRecords(folder_ / "run/records.jsonl")) {
    EXPECT_EQ(record.status == RecordStatus::kError, false) << record.message;
    if (record.metric == "latency_median") medians[record.cell] = record;
  }
  const std::string cell = "prog/bench/photos/min_queries=5,min_seconds=0";
  ASSERT_EQ(medians.size(), 2u);
  ASSERT_TRUE(medians.contains(cell));
  const Record& median = medians[cell];
  EXPECT_EQ(median.encoder, "prog");
  EXPECT_EQ(median.weights_sha256, "");
  EXPECT_EQ(
      median.dataset_sha256,
      medians["toy/bench/photos/min_queries=5,min_seconds=0"].dataset_sha256);
  EXPECT_GT(median.value.value_or(0), 0);
  EXPECT_FALSE(median.setting.contains("min_score"));
  EXPECT_EQ(
      CsvTable::ReadFile(folder_ / "run/samples" / (CellSlug(cell) + ".csv"))
          .rows(),
      5u);
  const Json json =
      ReadJsonFile(folder_ / "run/artifacts" / CellSlug(cell) / "bench.json");
  EXPECT_TRUE(json["program"].get<std::string>().starts_with("sh -c "));
  EXPECT_TRUE(json["dtype"].is_null());
  EXPECT_TRUE(json["stages"].empty());
  EXPECT_EQ(json["pictures"]["used"], 3);
  EXPECT_GT(json["peak_memory_bytes"].get<double>(), 0);
  // It was handed pictures, and is not measured again.
  EXPECT_NE(ReadFile(seen).find("PNG"), std::string::npos);
  const auto size = fs::file_size(seen);
  EXPECT_EQ(Run(kBenchBoth, keys).done, 2);
  EXPECT_EQ(fs::file_size(seen), size);
}

TEST_F(ProgramInSuite, FailsByItself) {
  const RunSummary summary =
      Run(kBenchBoth, "command = \"sh -c 'echo oh >&2; exit 7' {image}\"\n");
  EXPECT_EQ(summary.ok, 1);
  ASSERT_EQ(summary.failed.size(), 1u);
  std::string message;
  for (const Record& record : ReadRecords(folder_ / "run/records.jsonl"))
    if (record.status == RecordStatus::kError) message = record.message;
  EXPECT_NE(message.find("status 7"), std::string::npos) << message;
  EXPECT_NE(message.find("oh"), std::string::npos) << message;
}

// What is said of models is not in the program's cell, which a grid over it
// does not repeat.
TEST_F(ProgramInSuite, IsOneCellWhateverIsSaidOfModels) {
  EXPECT_EQ(
      Cells("[[task]]\nkind = \"bench\"\nnms = [\"opencv\", \"torchvision\"]\n"
            "lanes = 1\nworkers = 2\n",
            test_),
      (Names{"toy/bench/photos/nms=opencv,workers=2",
             "prog/bench/photos/default", "toy/bench/photos/workers=2"}));
  EXPECT_EQ(
      Cells("[[task]]\nkind = \"bench\"\nencoder = \"prog\"\n"
            "scenario = [\"single-stream\", \"offline\"]\n",
            test_ + "device = [\"cpu\", \"cuda:1\"]\n"),
      (Names{"prog/bench/photos/default", "prog/bench/photos/device=cuda:1",
             "prog/bench/photos/scenario=offline",
             "prog/bench/photos/device=cuda:1,scenario=offline"}));
}

TEST_F(ProgramInSuite, OtherKindsLeaveItOutOrSaySo) {
  EXPECT_EQ(Cells("[[task]]\nkind = \"encode\"\n", test_),
            Names{"toy/encode/photos/default"});
  for (const char* task : {"kind = \"encode\"\nencoder = [\"toy\", \"prog\"]\n",
                           "kind = \"mine\"\nnear = \"toy\"\nfar = \"prog\"\n",
                           "kind = \"chart\"\nencoder = \"prog\"\n"}) {
    const std::string error =
        InputErrorOf([&] { Cells(std::string("[[task]]\n") + task, test_); });
    EXPECT_NE(error.find("encoder \"prog\" is another program, of which only "
                         "the time is known"),
              std::string::npos)
        << task << error;
    EXPECT_NE(error.find("kinds that take one are bench"), std::string::npos)
        << error;
  }
}

TEST_F(ProgramInSuite, SaysWhatIsWrong) {
  const auto has = [&](const std::string& task, const std::string& keys,
                       const char* part) {
    const std::string error = InputErrorOf(
        [&] { Cells("[[task]]\nkind = \"bench\"\n" + task, keys); });
    EXPECT_NE(error.find(part), std::string::npos) << part << "\n" << error;
  };
  has("", "command = \"yolo\"\n", "Write {image} in its place");
  has("", "command = \"yolo 'x {image}\"\n", "not closed");
  has("", test_ + "model = \"model\"\n", "model or command: one of them");
  has("", test_ + "dtype = \"bf16\"\n", "unknown key \"dtype\"");
  has("encoder = \"prog\"\nbatch_curve = \"1,2\"\n", test_,
      "batch_curve is of a model; \"prog\" is another program");
  has("encoder = \"prog\"\nnms = \"opencv\"\n", test_, "nms is of a model");
  has("encoder = \"prog\"\ndetector = \"d\"\n", test_,
      "detector is of a head on an encoder; \"prog\" is another program");
}

}  // namespace
}  // namespace eyechart::suite
