#include <algorithm>
#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "cli/detect_commands.h"
#include "cli/terminal.h"
#include "core/error.h"
#include "core/files.h"
#include "suite/rf100.h"

namespace eyechart::cli {
namespace {

struct Rf100Flags {
  std::string model;
  std::string root;
  ModelFlags flags;
  TransferFlags transfer;
  BoxFlags boxes;
  suite::DetectJob job;
  bool rf100_vl = false;  // RF100-VL's published table too
  bool json = false;
};

std::string Figure(const Json& row, const char* key) {
  return row.contains(key) && row[key].is_number()
             ? fmt::format("{:.3f}", row[key].get<double>())
             : std::string("-");
}

// Whose published scores stand beside ours, and their keys.
constexpr std::array<std::pair<const char*, const char*>, 4> kPublished = {
    {{"YOLOv5s", "yolov5s"},
     {"YOLOv7", "yolov7"},
     {"YOLOv8s", "yolov8s"},
     {"GLIP", "glip_zero_shot"}}};

constexpr std::array kFigures = {"AP", "AP50"};

// The columns that sets and means share; `spread`: with the seeds' deviation
// and interval behind each figure.
std::string FiguresOf(const Json& row, bool spread) {
  std::string text;
  for (const char* figure : kFigures) {
    text += fmt::format(" {:>7}", Figure(row, figure));
    if (!spread) continue;
    const Json runs =
        row.contains("runs") ? row["runs"].at(figure) : Json::object();
    const Json ci = runs.value("ci", Json::object());
    text += fmt::format(" {:>6} {:>16}", Figure(runs, "deviation"),
                        ci.empty() ? std::string("-")
                                   : fmt::format("[{}, {}]", Figure(ci, "low"),
                                                 Figure(ci, "high")));
  }
  const Json& published = row["published_AP50"];
  for (const auto& [model, key] : kPublished)
    text += fmt::format(" {:>8}",
                        published.is_null() ? "-" : Figure(published, key));
  return text;
}

std::string Heading(bool spread) {
  std::string head = fmt::format("{:<28} {:<16} {:>7} {:>7}", "set", "domain",
                                 "train", "test");
  for (const char* figure : kFigures) {
    head += fmt::format(" {:>7}", figure);
    if (spread) head += fmt::format(" {:>6} {:>16}", "dev.", "95 %");
  }
  for (const auto& [model, key] : kPublished)
    head += fmt::format(" {:>8}", model);
  return head;
}

std::string CountOfSets(std::int64_t count) {
  return fmt::format("{} set{}", count, count == 1 ? "" : "s");
}

void PrintMeans(const Json& json, bool spread) {
  const auto mean = [spread](const std::string& name, const Json& row) {
    PrintLine(fmt::format("{:<28} {:<16} {:>7} {:>7}", name,
                          CountOfSets(row["sets"].get<std::int64_t>()), "",
                          "") +
              FiguresOf(row, spread));
  };
  PrintLine("");
  for (const Json& row : json["domains"])
    mean("mean of " + row["domain"].get<std::string>(), row);
  if (json["mean_of_domains"].is_null()) return;
  const Json& all = json["mean_of_sets"];
  const Json& domains = json["mean_of_domains"];
  mean("mean of sets", all);
  mean("mean of domains", domains);
  PrintLine(
      "YOLO and GLIP: published AP50 for reference, of whole detectors by each "
      "trainer's own code; GLIP-T zero-shot.");
  std::vector<std::string> counts;
  for (const auto& [model, key] : kPublished)
    counts.push_back(
        fmt::format("{} {}", model, all["published_sets"][key].dump()));
  PrintLine(fmt::format(
      "Published means are not of the same sets as ours ({}): the mean of sets "
      "is over {} sets, those of domains over the {} that all four have.",
      CountOfSets(all["sets"].get<std::int64_t>()), fmt::join(counts, ", "),
      domains["published_sets"]["yolov5s"].dump()));
  if (spread)
    PrintLine(fmt::format(
        "AP and AP50: means of {} seeds, their deviation, and Student's t "
        "interval of the mean; of a mean, over its means seed by seed.",
        json["seeds"].size()));
}

void PrintRf100Vl(const Json& table) {
  PrintLine("");
  PrintLine(table["what"].get<std::string>());
  for (const Json& row : table["rows"])
    PrintLine(fmt::format("  {:<18} {:<17} {:>6}  {}",
                          row["model"].get<std::string>(),
                          row["regime"].get<std::string>(), Figure(row, "AP"),
                          row["source"].get<std::string>()));
}

void PrintRf100(const Json& json) {
  const bool spread = json["seeds"].size() > 1;
  PrintLine(Heading(spread));
  for (const Json& row : json["sets"]) {
    const auto name = row["slug"].get<std::string>();
    if (row["status"] != "ok") {
      PrintLine(fmt::format("{:<28} {}: {}", name,
                            row["status"] == "error" ? "failed" : "skipped",
                            row["message"].get<std::string>()));
      continue;
    }
    PrintLine(fmt::format("{:<28} {:<16} {:>7} {:>7}", name,
                          row["domain"].get<std::string>(),
                          row["train"].get<std::int64_t>(),
                          row["test"].get<std::int64_t>()) +
              FiguresOf(row, spread));
  }
  PrintMeans(json, spread);
  if (json.contains("published_rf100_vl"))
    PrintRf100Vl(json["published_rf100_vl"]);
}

int RunRf100Command(Rf100Flags o) {
  SetThreads(o.flags.threads);
  EYECHART_REQUIRE(o.transfer.images.size() == 1,
                   "--images: several make a curve of detect train; give one");
  o.job.options = TransferOptionsOf(o.transfer);
  o.job.data = BoxOptionsOf(o.boxes);
  TerminalProgress progress;
  encoders::LoadedModel model = encoders::LoadModel(SpecOf(o.model, o.flags));
  const suite::Rf100Result result =
      suite::RunRf100(model, o.root, o.job, progress);
  Json warnings = Json::array();  // which the run has told of
  for (const suite::Rf100Row& row : result.rows) {
    if (row.skipped) warnings.push_back("skipped: " + row.error);
    for (const std::string& warning : row.warnings) warnings.push_back(warning);
  }
  Json json = suite::Rf100ToJson(result);
  json.update({{"schema", 1},
               {"command", "detect rf100"},
               {"head", o.job.options.head},
               {"warnings", warnings}});
  // K shots a class are RF100-VL's protocol.
  if (o.rf100_vl || o.job.options.shots > 0)
    json["published_rf100_vl"] = suite::Rf100VlToJson();
  WriteFileAtomic(o.job.out / "rf100.json", json.dump(1) + "\n");
  if (o.json)
    PrintJson(json);
  else
    PrintRf100(json);
  const bool failed = std::any_of(
      result.rows.begin(), result.rows.end(),
      [](const auto& row) { return !row.error.empty() && !row.skipped; });
  return failed ? kExitCellsFailed : kExitOk;
}

}  // namespace

Runner AddDetectRf100(Arguments& app) {
  auto o = std::make_shared<Rf100Flags>();
  app.AddOption("model", o->model, "checkpoint folder, or hub id in the cache")
      .Required();
  app.AddOption("root", o->root, "folder of detection sets, one a subfolder")
      .Required();
  app.AddOption("-o,--out", o->job.out,
                "folder for rf100.json and a folder a set; what is done there "
                "with the same settings is not done again")
      .Required();
  AddPartFlags(app, o->job);
  AddTransferFlags(app, o->transfer);
  AddBoxFlags(app, o->boxes);
  AddModelFlags(app, o->flags);
  app.AddFlag("--rf100-vl", o->rf100_vl,
              "also RF100-VL's published table, of whole detectors; with "
              "--shots it is shown anyway");
  app.AddFlag("--json", o->json, "print one JSON object");
  return [o] { return RunRf100Command(*o); };
}

}  // namespace eyechart::cli
