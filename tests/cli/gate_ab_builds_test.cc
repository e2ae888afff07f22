// `gate --ab` of two real builds: eyechart, and programs that start it.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/csv.h"
#include "core/record.h"
#include "tests/cli/pictures.h"
#include "tests/cli/process.h"
#include "tests/fixture.h"

namespace eyechart {
namespace {

namespace fs = std::filesystem;
using testing::Eyechart;
using testing::TempFolder;
using testing::WriteText;

constexpr int kPictures = 40;
constexpr const char* kBench = "dino/bench/photos/min_queries=30,min_seconds=0";

class GateAbBuilds : public ::testing::Test {
 protected:
  GateAbBuilds() {
    testing::WritePictures(folder_ / "pictures", kPictures);
    std::string right = "path,label\n", wrong = right;
    for (int i = 0; i < kPictures; ++i) {
      const std::string picture = fmt::format("pictures/{:03}.jpg", i);
      right += picture + (i % 2 == 0 ? ",even\n" : ",odd\n");
      wrong += picture + (i % 2 == 0 ? ",odd\n" : ",even\n");
    }
    WriteText(folder_ / "photos.csv", right);
    WriteText(folder_ / "wrong.csv", wrong);
    WriteSuite("suite.toml", "photos.csv");
    WriteSuite("worse.toml", "wrong.csv");
    // How fast this machine is at the moment is not what is tested, and with
    // this alpha the fewest pairs are enough.
    WriteText(folder_ / "gate.toml",
              "[defaults]\nalpha = 0.4\n"
              "[[rule]]\ncell = \"*/bench/*\"\nrequired = false\n");
  }

  // Each picture's nearest neighbour is itself: k-NN is all right, or, of a
  // training set with the labels exchanged, all wrong.
  void WriteSuite(const std::string& name, const std::string& train) {
    WriteText(folder_ / name,
              "[suite]\nname = \"s\"\n"
              "[[encoder]]\nname = \"dino\"\nmodel = \"" +
                  testing::DemoCheckpoint("dinov2") +
                  "\"\n[[dataset]]\nname = \"photos\"\n"
                  "kind = \"csv\"\nroot = \"photos.csv\"\n"
                  "[[dataset]]\nname = \"train\"\n"
                  "kind = \"csv\"\nroot = \"" +
                  train +
                  "\"\n[[task]]\nkind = \"probe\"\n"
                  "probe = \"knn\"\nk = \"1\"\n"
                  "train = \"train\"\ndataset = \"photos\"\n"
                  "[[task]]\nkind = \"bench\"\n"
                  "dataset = \"photos\"\nmin_seconds = 0\n"
                  "min_queries = 30\n");
  }

  // A program that ends by starting eyechart.
  std::string Build(const std::string& name, const std::string& start) {
    const fs::path program = folder_ / name;
    WriteText(program, "#!/bin/sh\n" + start + "\n");
    fs::permissions(program, fs::perms::owner_all);
    return program.string();
  }

  testing::ProcessResult Ab(const std::string& candidate,
                            const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {
        "gate",     "--ab",
        binary_,    candidate,
        "--suite",  (folder_ / "suite.toml").string(),
        "--policy", (folder_ / "gate.toml").string(),
        "--out",    out_.string(),
        "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Eyechart(arguments);
  }

  const TempFolder folder_;
  const fs::path out_ = folder_ / "ab";
  const std::string binary_ = testing::EyechartBinary();
};

TEST_F(GateAbBuilds, TakeTurnsAndPassWhereTheyAreTheSame) {
  const auto result =
      Ab(Build("same", "exec '" + binary_ + "' \"$@\""), {"--threads", "1"});
  ASSERT_EQ(result.exit_code, 0) << result.out << result.err;
  const Json gate = Json::parse(result.out);
  std::map<std::string, Json> bench;
  std::size_t scores = 0;
  for (const Json& cell : gate["cells"]) {
    EXPECT_NE(cell["verdict"], "error") << cell;
    EXPECT_NE(cell["verdict"], "missing") << cell;
    EXPECT_NE(cell["verdict"], "incomparable") << cell;
    if (cell["cell"] == kBench) {
      bench[cell["metric"].get<std::string>()] = cell;
      continue;
    }
    ++scores;
    EXPECT_EQ(cell["verdict"], "pass") << cell;
    EXPECT_EQ(cell["baseline"], cell["candidate"]) << cell;
  }
  EXPECT_GE(scores, 1u);
  ASSERT_TRUE(bench.contains("latency_median")) << gate;
  ASSERT_TRUE(bench.contains("load_throughput")) << gate;
  EXPECT_EQ(bench["latency_median"]["test"], "signed-rank, paired ratios");
  EXPECT_EQ(bench["load_throughput"]["test"],
            "signed-rank, paired ratios of runs");
  // Every pair is a turn of each, and pairs come in opposite orders.
  const CsvTable turns = CsvTable::ReadFile(out_ / "turns.csv");
  std::map<std::string, std::string> orders;  // by pair
  for (std::size_t row = 0; row < turns.rows(); ++row) {
    EXPECT_EQ(turns.at(row, turns.Column("end")), "exit code 0");
    const std::string& pair = turns.at(row, turns.Column("pair"));
    if (!pair.empty())
      orders[pair] += turns.at(row, turns.Column("side")).front();
  }
  EXPECT_EQ(orders.size(), 7u);
  EXPECT_EQ(bench["latency_median"]["n"], orders.size());
  for (const auto& [pair, order] : orders) {
    EXPECT_TRUE(order == "bc" || order == "cb") << pair << ": " << order;
    const int number = std::stoi(pair);
    const auto next = orders.find(std::to_string(number + 1));
    if (number % 2 == 0 && next != orders.end()) {
      EXPECT_NE(order, next->second) << pair;
    }
  }
  // Real samples of both, by pair.
  for (const char* side : {"baseline", "candidate"}) {
    const CsvTable samples = CsvTable::ReadFile(out_ / side / "samples" /
                                                (CellSlug(kBench) + ".csv"));
    EXPECT_EQ(samples.rows(), 30 * orders.size());
    EXPECT_TRUE(samples.FindColumn("pair").has_value());
    EXPECT_TRUE(fs::exists(out_ / side / "environment.json"));
  }
}

TEST_F(GateAbBuilds, FailWhereTheNewOneIsWorse) {
  const std::string worse =
      Build("worse", "shift 2\nexec '" + binary_ + "' run '" +
                         (folder_ / "worse.toml").string() + "' \"$@\"");
  const auto result = Ab(worse, {"--filter", "*/probe/*"});
  EXPECT_EQ(result.exit_code, 1) << result.out << result.err;
  const Json gate = Json::parse(result.out);
  bool found = false;
  for (const Json& cell : gate["cells"]) {
    if (cell["metric"] != "top1") continue;
    found = true;
    EXPECT_EQ(cell["verdict"], "regressed");
    EXPECT_EQ(cell["baseline"], 1.0);
    EXPECT_EQ(cell["candidate"], 0.0);
    EXPECT_EQ(cell["n"], kPictures);
  }
  EXPECT_TRUE(found) << gate;
}

}  // namespace
}  // namespace eyechart
