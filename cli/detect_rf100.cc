#include <algorithm>
#include <array>
#include <memory>
#include <utility>

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

// The columns that sets and means share.
std::string FiguresOf(const Json& row) {
  std::string text =
      fmt::format(" {:>7} {:>7}", Figure(row, "AP"), Figure(row, "AP50"));
  const Json& published = row["published_AP50"];
  for (const auto& [model, key] : kPublished)
    text += fmt::format(" {:>8}",
                        published.is_null() ? "-" : Figure(published, key));
  return text;
}

void PrintRf100(const Json& json) {
  std::string head = fmt::format("{:<28} {:<16} {:>7} {:>7} {:>7} {:>7}", "set",
                                 "domain", "train", "test", "AP", "AP50");
  for (const auto& [model, key] : kPublished)
    head += fmt::format(" {:>8}", model);
  PrintLine(head);
  for (const Json& row : json["sets"]) {
    const auto name = row["slug"].get<std::string>();
    if (row["status"] == "error") {
      PrintLine(fmt::format("{:<28} failed: {}", name,
                            row["message"].get<std::string>()));
      continue;
    }
    PrintLine(fmt::format("{:<28} {:<16} {:>7} {:>7}", name,
                          row["domain"].get<std::string>(),
                          row["train"].get<std::int64_t>(),
                          row["test"].get<std::int64_t>()) +
              FiguresOf(row));
  }
  const auto mean = [](const std::string& name, const Json& row) {
    PrintLine(fmt::format("{:<28} {:<16} {:>7} {:>7}", name,
                          fmt::format("{} sets", row["sets"].dump()), "", "") +
              FiguresOf(row));
  };
  PrintLine("");
  for (const Json& row : json["domains"])
    mean("mean of " + row["domain"].get<std::string>(), row);
  if (json["mean_of_domains"].is_null()) return;
  mean("mean of sets", json["mean_of_sets"]);
  mean("mean of domains", json["mean_of_domains"]);
  PrintLine(
      "YOLO and GLIP: published AP50 for reference, of whole detectors by each "
      "trainer's own code; GLIP-T zero-shot.");
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
  for (const suite::Rf100Row& row : result.rows)
    for (const std::string& warning : row.warnings) warnings.push_back(warning);
  Json json = suite::Rf100ToJson(result);
  json.update({{"schema", 1},
               {"command", "detect rf100"},
               {"head", o.job.options.head},
               {"warnings", warnings}});
  WriteFileAtomic(o.job.out / "rf100.json", json.dump(1) + "\n");
  if (o.json)
    PrintJson(json);
  else
    PrintRf100(json);
  const bool failed =
      std::any_of(result.rows.begin(), result.rows.end(),
                  [](const auto& row) { return !row.error.empty(); });
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
  app.AddOption("--part", o->job.test,
                "part that is tested on (default: test, or valid)");
  AddTransferFlags(app, o->transfer);
  AddBoxFlags(app, o->boxes);
  AddModelFlags(app, o->flags);
  app.AddFlag("--json", o->json, "print one JSON object");
  return [o] { return RunRf100Command(*o); };
}

}  // namespace eyechart::cli
