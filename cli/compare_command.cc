#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/command.h"
#include "cli/terminal.h"
#include "core/error.h"
#include "core/files.h"
#include "data/feature_store.h"
#include "mining/drift/drift_ladder.h"
#include "reports/comparison.h"
#include "reports/gate/run_differences.h"
#include "reports/run_folder.h"

namespace eyechart::cli {
namespace {

namespace fs = std::filesystem;
using mining::DriftReport;

struct CompareFlags {
  std::string first;
  std::string second;
  std::string out;
  std::optional<double> tolerance;
  mining::DriftOptions drift;
  bool json = false;
};

// Where a run keeps its stores, suite/run_log.cc.
constexpr char kStores[] = "artifacts/features";

enum class Kind { kStore, kRun };

Kind KindOf(const std::string& folder) {
  if (fs::exists(fs::path(folder) / "records.jsonl")) return Kind::kRun;
  EYECHART_REQUIRE(fs::exists(fs::path(folder) / "manifest.json"),
                   "{}: neither a run folder (records.jsonl) nor a feature "
                   "store (manifest.json)",
                   folder);
  return Kind::kStore;
}

DriftReport Climb(const fs::path& first,
                  const fs::path& second,
                  const CompareFlags& o) {
  return mining::ClimbLadder(data::FeatureStore(first),
                             data::FeatureStore(second), o.drift);
}

// The stores that both runs have under one name: of the same encoder, setting
// and data set.
std::vector<std::string> CommonStores(const CompareFlags& o) {
  std::vector<std::string> names;
  const fs::path folder = fs::path(o.first) / kStores;
  if (!fs::is_directory(folder)) return names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (fs::exists(entry.path() / "manifest.json") &&
        fs::exists(fs::path(o.second) / kStores / name / "manifest.json"))
      names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

struct Document {
  Json json;
  std::string markdown;
  std::vector<std::string> warnings;
};

Document CompareStores(const CompareFlags& o) {
  const DriftReport report = Climb(o.first, o.second, o);
  return {mining::DriftToJson(report), mining::DriftToText(report), {}};
}

Document CompareRunFolders(const CompareFlags& o) {
  const std::vector<reports::RunFolder> runs = {
      reports::ReadRunFolder(o.first), reports::ReadRunFolder(o.second)};
  const std::vector<std::string> labels = reports::RunLabels(runs);
  const reports::RunDifferences differences =
      reports::CompareRuns(runs[0], runs[1]);
  Document document{
      reports::DifferencesToJson(differences),
      reports::DifferencesToMarkdown(differences, labels[0], labels[1]),
      differences.warnings};
  document.json["stores"] = Json::array();
  for (const std::string& name : CommonStores(o)) {
    Json row = {{"store", name}};
    document.markdown += "\nFeature store " + name + ":\n\n";
    try {
      const DriftReport report = Climb(fs::path(o.first) / kStores / name,
                                       fs::path(o.second) / kStores / name, o);
      row.update(mining::DriftToJson(report));
      document.markdown += "```\n" + mining::DriftToText(report) + "```\n";
    } catch (const InputError& error) {
      // One store that is cut short leaves the rest of the comparison.
      row["error"] = error.what();
      document.markdown += std::string(error.what()) + "\n";
      document.warnings.emplace_back(error.what());
    }
    document.json["stores"].push_back(std::move(row));
  }
  return document;
}

int RunCompare(const CompareFlags& options) {
  CompareFlags o = options;
  o.drift.tolerance = o.tolerance;
  EYECHART_REQUIRE(!o.tolerance || *o.tolerance >= 0,
                   "--tolerance {}: should be 0 or more", *o.tolerance);
  EYECHART_REQUIRE(o.drift.neighbours.sample > 0,
                   "--sample {}: should be above 0", o.drift.neighbours.sample);
  const Kind kind = KindOf(o.first);
  EYECHART_REQUIRE(kind == KindOf(o.second),
                   "{} and {}: one is a run folder, the other a feature store",
                   o.first, o.second);
  const std::string extension = fs::path(o.out).extension().string();
  EYECHART_REQUIRE(o.out.empty() || extension == ".md" || extension == ".json",
                   "{}: should end in .md or .json", o.out);
  Document document =
      kind == Kind::kStore ? CompareStores(o) : CompareRunFolders(o);
  for (const std::string& warning : document.warnings) PrintWarning(warning);
  Json json = {{"schema", 1},
               {"command", "compare"},
               {"warnings", document.warnings},
               {"kind", kind == Kind::kStore ? "stores" : "runs"},
               {"first", o.first},
               {"second", o.second}};
  json.update(document.json);
  if (extension == ".json") WriteFileAtomic(o.out, json.dump(1) + "\n");
  if (extension == ".md")
    WriteFileAtomic(o.out, kind == Kind::kStore
                               ? "```\n" + document.markdown + "```\n"
                               : document.markdown);
  if (o.json) {
    PrintJson(json);
  } else if (o.out.empty()) {
    document.markdown.pop_back();  // PrintLine's own line feed
    PrintLine(document.markdown);
  } else {
    PrintLine("compare  " + o.out);
  }
  return kExitOk;
}

}  // namespace

Runner AddCompare(Arguments& app) {
  auto o = std::make_shared<CompareFlags>();
  app.AddOption("first", o->first, "run folder or feature store")
      .Required()
      .TypeName("A");
  app.AddOption("second", o->second, "another of the same kind")
      .Required()
      .TypeName("B");
  app.AddOption("-o,--out", o->out, "file to write, .md or .json");
  app.AddOption("--tolerance", o->tolerance,
                "of stores: largest difference over the largest value "
                "(default: 2e-5 and a cosine of 0.999999; half precision: a "
                "cosine of 0.999)");
  app.AddOption("--margin", o->drift.metric_margin,
                "of stores: k-NN accuracies that differ by no more are one "
                "(default: 0.01)");
  app.AddOption("--sample", o->drift.neighbours.sample,
                "of stores: pictures whose neighbours are sought (default: "
                "1000)");
  app.AddOption("--seed", o->drift.neighbours.seed,
                "of the sample (default: 1)");
  app.AddOption("--threads", o->drift.neighbours.threads,
                "threads (default: one a hardware thread)");
  app.AddFlag("--json", o->json, "print one JSON object");
  return [o] { return RunCompare(*o); };
}

}  // namespace eyechart::cli
