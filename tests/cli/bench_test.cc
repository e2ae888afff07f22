// `eyechart bench` through the built binary: JSON, run folders, exit codes. No
// time is looked at, only that there is one.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>

#include "core/csv.h"
#include "core/files.h"
#include "core/json.h"
#include "core/record.h"
#include "tests/cli/pictures.h"
#include "tests/cli/process.h"
#include "tests/fixture.h"
#include "tests/probes/detection/transfer/coloured_boxes.h"

namespace eyechart {
namespace {

namespace fs = std::filesystem;
using testing::DemoCheckpoint;
using testing::Eyechart;
using testing::EyechartJson;
using testing::Refused;
using testing::TempFolder;

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

class BenchCommand : public ::testing::Test {
 protected:
  BenchCommand() { testing::WritePictures(photos_, 4); }

  // The machine that tests run on is busy, so --allow.
  std::vector<std::string> Bench(std::vector<std::string> more,
                                 const std::string& queries = "70") const {
    std::vector<std::string> arguments = {"bench",
                                          DemoCheckpoint("dinov2"),
                                          photos_.string(),
                                          "--min-seconds",
                                          "0",
                                          "--min-queries",
                                          queries,
                                          "--warmup",
                                          "1",
                                          "--threads",
                                          "1",
                                          "--allow"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  TempFolder folder_;
  fs::path photos_ = folder_ / "photos";
};

// Nothing is kept of a measurement that was cut short, and that is what is
// said.
TEST_F(BenchCommand, AnInterruptedOneBeginsAnew) {
  std::vector<std::string> command = Bench({});
  command[4] = "60";  // --min-seconds
  std::string error;
  // Later where the program had not begun to listen.
  for (int seconds = 1; seconds <= 16 && error.empty(); seconds *= 2) {
    const auto result = testing::EyechartWithSignal(
        command, SIGTERM, std::chrono::seconds(seconds));
    EXPECT_EQ(result.exit_code, 128 + SIGTERM) << result.err;
    if (Has(result.err, "interrupted")) error = result.err;
  }
  EXPECT_TRUE(Has(error, "run again, it begins anew")) << error;
}

TEST_F(BenchCommand, PrintsTheContractsKeys) {
  const Json json = EyechartJson(Bench({}));
  EXPECT_EQ(json["schema"], 1);
  EXPECT_EQ(json["command"], "bench");
  EXPECT_EQ(json["scenario"], "single-stream");
  EXPECT_EQ(json["dtype"], "fp32");
  EXPECT_EQ(json["device"], "cpu");
  EXPECT_EQ(json["batch"], 1);
  EXPECT_EQ(json["n"], 70);
  EXPECT_GT(json["throughput"].get<double>(), 0);
  EXPECT_GT(json["peak_memory_bytes"].get<double>(), 1 << 20);
  const Json& latency = json["latency_ns"];
  double before = 0;
  for (const char* name : {"min", "median", "p90", "max"}) {
    const auto value = latency[name].get<double>();
    EXPECT_GE(value, before) << name;
    before = value;
  }
  EXPECT_GT(before, 0);
  // 70 queries carry a p90 and no more: null, with a warning.
  EXPECT_TRUE(latency["p95"].is_null());
  EXPECT_TRUE(latency["p99"].is_null());
  EXPECT_TRUE(std::any_of(json["warnings"].begin(), json["warnings"].end(),
                          [](const Json& warning) {
                            return Has(warning.get<std::string>(), "662");
                          }));
  double shares = 0;
  for (const char* stage : {"decode", "resize", "encode"}) {
    EXPECT_GT(json["stages"][stage]["median_ns"].get<double>(), 0) << stage;
    shares += json["stages"][stage]["share"].get<double>();
  }
  EXPECT_EQ(json["stages"].size(), 3u);
  EXPECT_LE(shares, 1.0);
  EXPECT_TRUE(json["valid"].is_boolean());
  EXPECT_EQ(json["valid"], json["reasons"].empty());
  EXPECT_EQ(json["pictures"]["used"], 4);
  EXPECT_EQ(json["threads"], 1);
  EXPECT_FALSE(json.contains("runs"));
}

TEST_F(BenchCommand, RunsEachScenarioOfAList) {
  const Json json = EyechartJson(
      Bench({"--scenario", "offline,server,multi-stream", "--batch", "2",
             "--target-rate", "1000000", "--lanes", "2", "--percentile", "50"},
            "6"));
  ASSERT_EQ(json["runs"].size(), 3u);
  EXPECT_EQ(json["runs"][0]["scenario"], "offline");
  EXPECT_EQ(json["runs"][1]["scenario"], "server");
  EXPECT_EQ(json["runs"][1]["server"]["rate"], 1000000);
  EXPECT_TRUE(json["runs"][1]["stages"].contains("queue"));
  EXPECT_TRUE(json["runs"][1]["stages"].contains("wait"));
  EXPECT_EQ(json["runs"][2]["scenario"], "multi-stream");
  for (const Json& run : json["runs"]) {
    EXPECT_EQ(run["batch"], 2);
    EXPECT_GE(run["n"], 6);
  }
  // The first stands at the top as if alone.
  EXPECT_EQ(json["scenario"], "offline");
  EXPECT_EQ(json["latency_ns"], json["runs"][0]["latency_ns"]);
}

// The rate is one that kept the bound: twice, or once where a higher one did
// not keep it again. On a machine that is too slow, too fast or too busy there
// is none: why is told, and each end is held to what it says.
TEST_F(BenchCommand, FindsThePeakRate) {
  const Json json = EyechartJson(
      Bench({"--scenario", "server", "--find-peak", "--bound-ms", "100",
             "--percentile", "50", "--percentile-method", "mlperf"},
            "90"));
  EXPECT_EQ(json["percentile_method"], "mlperf");
  EXPECT_EQ(json["server"]["bound_ns"], 100'000'000);
  const Json& peak = json["peak"];
  double highest = 0;
  std::size_t kept = 0, at_peak = 0;
  for (const Json& trial : peak["trials"]) {
    highest = std::max(highest, trial["rate"].get<double>());
    if (!trial["kept"].get<bool>()) continue;
    EXPECT_LE(trial["percentile_ns"].get<double>(), 1e8) << trial;
    ++kept;
    at_peak += trial["rate"] == peak["rate"] ? 1 : 0;
  }
  const std::size_t trials = peak["trials"].size();
  const auto end = peak["end"].get<std::string>();
  if (end == "found") {
    EXPECT_TRUE(peak["reason"].is_null()) << peak["reason"];
    EXPECT_GE(at_peak, 1u);
    EXPECT_LT(peak["rate"].get<double>(), highest);
    EXPECT_EQ(json["server"]["rate"], peak["rate"]);
    return;
  }
  EXPECT_TRUE(peak["rate"].is_null()) << end;
  const auto reason = peak["reason"].get<std::string>();
  if (end == "no-limit") {
    EXPECT_GE(trials, 1u);
    EXPECT_EQ(kept, trials);
    EXPECT_TRUE(Has(reason, "kept at any rate")) << reason;
  } else if (end == "no-rate") {
    EXPECT_EQ(kept, 0u);
    // No search where a query that never waits is too slow already.
    EXPECT_TRUE(Has(reason, trials > 0 ? "no rate kept the bound"
                                       : "a query that never waits"))
        << reason;
  } else if (end == "not-confirmed") {
    EXPECT_GE(kept, 1u);
    EXPECT_LT(kept, trials);
    EXPECT_TRUE(Has(reason, "no rate was confirmed")) << reason;
  } else {
    EXPECT_EQ(end, "out-of-trials");
    EXPECT_EQ(trials, 64u);
    EXPECT_GE(kept, 1u);
    EXPECT_TRUE(Has(reason, "before a rate was confirmed")) << reason;
  }
}

TEST_F(BenchCommand, DrawsScenesWherePicturesAreNotGiven) {
  const Json json = EyechartJson({"bench", DemoCheckpoint("clip"),
                                  "--min-seconds", "0", "--min-queries", "2",
                                  "--pictures", "3", "--allow", "--seed", "4"});
  EXPECT_EQ(json["pictures"]["from"], "scenes");
  EXPECT_EQ(json["pictures"]["seed"], 4);
  EXPECT_EQ(json["pictures"]["used"], 3);
}

TEST_F(BenchCommand, LeavesOutWhatCannotBeReadAndNamesIt) {
  const fs::path broken = photos_ / "001.jpg";
  fs::resize_file(broken, fs::file_size(broken) / 2);
  const Json json = EyechartJson(Bench({}, "3"));
  EXPECT_EQ(json["pictures"]["unreadable"], 1);
  EXPECT_EQ(json["pictures"]["used"], 3);
  EXPECT_TRUE(std::any_of(json["warnings"].begin(), json["warnings"].end(),
                          [](const Json& warning) {
                            return Has(warning.get<std::string>(), "001.jpg");
                          }));
}

TEST_F(BenchCommand, WritesARunThatReportAndGateRead) {
  const fs::path run = folder_ / "run", other = folder_ / "other";
  const Json json = EyechartJson(Bench({"--scenario", "single-stream,offline",
                                        "--batch", "2", "-o", run.string()}));
  const std::vector<Record> records = ReadRecords(run / "records.jsonl");
  ASSERT_FALSE(records.empty());
  const Record& median = records.front();
  EXPECT_EQ(median.metric, "latency_median");
  EXPECT_EQ(median.unit, "ms");
  EXPECT_EQ(median.task, "bench");
  EXPECT_DOUBLE_EQ(*median.value * 1e6,
                   json["latency_ns"]["median"].get<double>());
  EXPECT_EQ(median.weights_sha256.size(), 64u);
  EXPECT_EQ(median.dataset_sha256.size(), 64u);
  EXPECT_EQ(median.setting.at("scenario"), "single-stream");
  EXPECT_NE(records.back().cell, median.cell);
  const CsvTable samples =
      CsvTable::ReadFile(run / "samples" / (CellSlug(median.cell) + ".csv"));
  EXPECT_EQ(samples.rows(), 70u);
  EXPECT_TRUE(samples.FindColumn("encode_ns").has_value());
  const fs::path artifacts = run / "artifacts" / CellSlug(median.cell);
  EXPECT_EQ(ReadJsonFile(artifacts / "bench.json")["latency_ns"],
            json["runs"][0]["latency_ns"]);
  EXPECT_FALSE(ReadJsonFile(artifacts / "trace.json")["traceEvents"].empty());
  const Json environment = ReadJsonFile(run / "environment.json");
  EXPECT_TRUE(environment["hardware"].contains("isa"));
  EXPECT_TRUE(Has(environment["command"], "eyechart bench "));

  EyechartJson(Bench({"--scenario", "single-stream,offline", "--batch", "2",
                      "-o", other.string()}));
  const auto report = Eyechart({"report", run.string(), other.string(), "-o",
                                (folder_ / "report.md").string()});
  EXPECT_EQ(report.exit_code, 0) << report.err;
  EXPECT_TRUE(Has(ReadFile(folder_ / "report.md"), "latency_median"));
  const auto gate =
      Eyechart({"gate", other.string(), "--baseline", run.string(), "--json"});
  // Two runs on a busy machine may differ; they can be compared.
  EXPECT_TRUE(gate.exit_code == 0 || gate.exit_code == 1) << gate.err;
  const Json verdicts = ParseJson(gate.out, "gate");
  EXPECT_TRUE(std::any_of(verdicts["cells"].begin(), verdicts["cells"].end(),
                          [](const Json& cell) {
                            return cell["metric"] == "latency_median" &&
                                   Has(cell["test"], "mann-whitney");
                          }))
      << gate.out;
}

TEST_F(BenchCommand, TellsTheWholeCommandThatRepeatsIt) {
  const fs::path run = folder_ / "run";
  const Json json = EyechartJson(
      Bench({"--max-seconds", "900", "--cache-audit", "--batch-curve", "1,2",
             "--allow-unused", "-o", run.string()},
            "3"));
  const std::string command =
      ReadJsonFile(run / "environment.json")["command"].get<std::string>();
  for (const char* part :
       {" --max-seconds 900 ", " --cache-audit ", " --batch-curve 1,2 ",
        " --allow-unused ", " --allow ", " --min-queries 3 "})
    EXPECT_TRUE(Has(command, part)) << part << "\n" << command;
  // The curve says of itself whether it is valid.
  const Json& curve = json["batch_curve"];
  EXPECT_EQ(curve["points"].size(), 2u);
  EXPECT_EQ(curve["valid"], curve["reasons"].empty());
  EXPECT_EQ(curve["reasons"].size(), curve["advice"].size());
  EXPECT_TRUE(json["cache_audit"]["meanwhile"].contains("load1"));
  const std::vector<Record> records = ReadRecords(run / "records.jsonl");
  EXPECT_EQ(records.back().metric, "cache_right_after_ratio");
  EXPECT_EQ(records.back().cell, records.front().cell);
  EXPECT_TRUE(fs::exists(run / "artifacts" / CellSlug(records.front().cell) /
                         "cache_audit_samples.csv"));
}

TEST_F(BenchCommand, MeasuresADetectorToItsBoxes) {
  using detection::testing::ColouredBoxes;
  using detection::testing::WriteRoboflow;
  const fs::path set = folder_ / "set", out = folder_ / "detect";
  for (const char* part : {"train", "test"})
    WriteRoboflow(set / part, ColouredBoxes(set / part, 6, 1));
  EyechartJson({"detect",      "train",     DemoCheckpoint("dinov2"),
                set.string(),  "--width",   "32",
                "--layers",    "1",         "--steps",
                "3",           "--looks",   "1",
                "--bootstrap", "0",         "--warmup",
                "1",           "--threads", "1",
                "-o",          out.string()});
  const Json json =
      EyechartJson(Bench({"--detector", (out / "detector").string()}, "5"));
  EXPECT_EQ(json["answer"], "boxes");
  EXPECT_EQ(json["detector"]["head"], "dense");
  for (const char* stage :
       {"decode", "resize", "encode", "head", "nms", "post"})
    EXPECT_TRUE(json["stages"].contains(stage)) << stage;
  EXPECT_EQ(json["detector"]["suppression"]["semantics"], "torchvision");
  EXPECT_EQ(json["detector"]["suppression"]["classes"], "aware");
  // Whose suppression is timed is the user's, and stands in what is written.
  const fs::path run = folder_ / "run";
  const Json soft = EyechartJson(Bench(
      {"--detector", (out / "detector").string(), "--nms", "soft-gaussian",
       "--nms-sigma", "0.3", "--nms-classes", "agnostic", "-o", run.string()},
      "5"));
  EXPECT_EQ(soft["detector"]["suppression"]["semantics"], "soft-gaussian");
  EXPECT_EQ(soft["detector"]["suppression"]["sigma"], 0.3);
  EXPECT_TRUE(soft["stages"].contains("nms"));
  const Record record = ReadRecords(run / "records.jsonl").front();
  EXPECT_EQ(record.setting.at("nms"), "soft-gaussian");
  EXPECT_EQ(record.setting.at("nms_classes"), "agnostic");
  EXPECT_EQ(record.setting.at("nms_sigma"), "0.3");
  EXPECT_TRUE(Has(record.cell, "nms=soft-gaussian")) << record.cell;
  // Which head it was stands beside the cell's name, not in it.
  EXPECT_EQ(record.setting.at("detector_sha256").size(), 64u);
  EXPECT_FALSE(Has(record.cell, "sha256")) << record.cell;
  const std::string command =
      ReadJsonFile(run / "environment.json")["command"].get<std::string>();
  EXPECT_TRUE(Has(
      command, " --nms soft-gaussian --nms-classes agnostic --nms-sigma 0.3"))
      << command;
  // Another model's maps are refused.
  EXPECT_TRUE(
      Has(Refused({"bench", DemoCheckpoint("clip"), photos_.string(), "--allow",
                   "--detector", (out / "detector").string()}),
          "other weights"));
}

TEST_F(BenchCommand, MeasuresAnotherProgram) {
  const Json json =
      EyechartJson({"bench", photos_.string(), "--command", "test -s {image}",
                    "--min-seconds", "0", "--min-queries", "5", "--allow"});
  EXPECT_EQ(json["program"], "test -s {image}");
  EXPECT_EQ(json["n"], 5);
  EXPECT_TRUE(json["dtype"].is_null());
  EXPECT_TRUE(json["stages"].empty());
  EXPECT_EQ(json["pictures"]["used"], 4);
  const std::string error =
      Refused({"bench", "--command", "sh -c 'echo oh >&2; exit 7'",
               "--min-seconds", "0", "--allow"});
  EXPECT_TRUE(Has(error, "status 7") && Has(error, "oh")) << error;
}

TEST_F(BenchCommand, TimesAnotherProgramInASuite) {
  const fs::path suite = folder_ / "suite.toml", run = folder_ / "run";
  const auto write = [&](const std::string& task) {
    testing::WriteText(suite, R"(
[suite]
name = "programs"
[[encoder]]
name = "prog"
command = "true {image}"
[[dataset]]
name = "photos"
kind = "folder"
root = "photos"
)" + task);
  };
  write("[[task]]\nkind = \"bench\"\nmin_seconds = 0\nmin_queries = 5\n");
  const auto ran =
      Eyechart({"run", suite.string(), "--out", run.string(), "--json"});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(ParseJson(ran.out, "run")["ok"], 1);
  const Record median = ReadRecords(run / "records.jsonl").front();
  EXPECT_EQ(median.cell, "prog/bench/photos/min_queries=5,min_seconds=0");
  EXPECT_EQ(median.metric, "latency_median");
  const fs::path report = folder_ / "report.md";
  EXPECT_EQ(Eyechart({"report", run.string(), "-o", report.string()}).exit_code,
            0);
  EXPECT_TRUE(Has(ReadFile(report), "prog"));
  write("[[task]]\nkind = \"encode\"\nencoder = \"prog\"\n");
  EXPECT_TRUE(Has(
      Refused({"run", suite.string(), "--out", (folder_ / "other").string()}),
      "another program"));
}

TEST_F(BenchCommand, PrintsForPeople) {
  const auto result = Eyechart(Bench(
      {"--stages", "--cache-audit", "--trace", (folder_ / "t.json").string()}));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  for (const char* part :
       {"single-stream: ", "VALID", "latency     median", "662", "samples/s",
        "binds", "cache audit", "harness", "resident"})
    EXPECT_TRUE(Has(result.out, part)) << part << "\n" << result.out;
  EXPECT_FALSE(ReadJsonFile(folder_ / "t.json")["traceEvents"].empty());
}

TEST_F(BenchCommand, SaysWhatIsWrong) {
  const std::string model = DemoCheckpoint("dinov2");
  const std::string photos = photos_.string();
  const auto refuses = [&](std::vector<std::string> arguments,
                           const std::string& part) {
    arguments.insert(arguments.begin(), "bench");
    arguments.emplace_back("--allow");
    const std::string error = Refused(arguments);
    EXPECT_TRUE(Has(error, part)) << part << "\n" << error;
  };
  refuses({}, "needs a MODEL");
  refuses({model, (folder_ / "none").string()}, "none");
  fs::create_directory(folder_ / "empty");
  refuses({model, (folder_ / "empty").string()}, "empty");
  refuses({model, photos, "--scenario", "servr"}, "did you mean \"server\"");
  refuses({model, photos, "--scenario", "server"}, "--target-rate");
  refuses({model, photos, "--scenario", "server", "--find-peak"}, "--bound-ms");
  refuses({model, photos, "--batch", "4"}, "multi-stream");
  refuses({model, photos, "--lanes", "2"}, "lane");
  refuses({model, photos, "--percentile-method", "linear"}, "nearest-rank");
  refuses({model, photos, "--detector", (folder_ / "none").string()},
          "no detector");
  refuses({model, photos, "--dtype", "fp8"}, "fp8");
  refuses({(folder_ / "none").string(), photos}, "none");
  refuses({model, photos, "--command", "true"}, "neither a model");
  refuses({"--command", "sh 'x"}, "not closed");
  refuses({model, photos, "--nms", "soft"}, "--nms soft: should be");
  refuses({model, photos, "--nms-classes", "all"}, "aware or agnostic");
  refuses({model, photos, "--nms-sigma", "0"}, "--nms-sigma 0");
  refuses({model, photos, "--nms-iou", "1.5"}, "--nms-iou 1.5");
  // A program's GPU is watched: one that is not here cannot be.
  refuses({"--command", "true", "--device", "cuda:99"}, "cuda:99");
  const auto cuda =
      Eyechart({"bench", model, photos, "--device", "cuda:99", "--allow"});
  EXPECT_EQ(cuda.exit_code, 2);
  EXPECT_TRUE(Has(cuda.err, "cuda")) << cuda.err;
  // Nothing is left of a run that was not.
  Refused({"bench", model, photos, "--scenario", "server", "-o",
           (folder_ / "run").string()});
  EXPECT_FALSE(fs::exists(folder_ / "run"));
}

TEST_F(BenchCommand, RefusesPicturesOfWhichNoneCanBeRead) {
  for (const auto& file : fs::directory_iterator(photos_))
    fs::resize_file(file.path(), 20);
  EXPECT_TRUE(Has(Refused(Bench({})), "none of the 4"));
}

}  // namespace
}  // namespace eyechart
