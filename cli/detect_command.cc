#include <memory>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "core/error.h"
#include "core/files.h"
#include "core/text.h"
#include "probes/detection/written_boxes.h"

namespace eyechart::cli {
namespace {

struct PredictOptions {
  std::string model;
  PictureFlags pictures;
  ModelFlags flags;
  detection::WrittenBoxOptions boxes;
  std::string categories;  // COCO JSON; empty: the pictures' own, if it is one
  std::string out;
  bool json = false;
};

// The pictures' ids: numbers where all of them are, as COCO's.
std::vector<Json> ImageIds(const data::Dataset& dataset) {
  std::vector<Json> texts, numbers;
  for (std::size_t i = 0; i < dataset.size(); ++i) {
    texts.emplace_back(dataset.item(i).id);
    if (const auto number = ParseInt(dataset.item(i).id))
      numbers.emplace_back(*number);
  }
  return numbers.size() == texts.size() ? numbers : texts;
}

// A COCO data set of what was found, for pictures that have no categories.
Json FoundAsCoco(const detection::WrittenBoxes& written,
                 const data::Dataset& dataset) {
  detection::Categories categories;
  Json images = Json::array(), annotations = Json::array();
  for (std::size_t i = 0; i < dataset.size(); ++i)
    images.push_back({{"id", i + 1},
                      {"file_name", dataset.item(i).path},
                      {"width", written.sizes[i][0]},
                      {"height", written.sizes[i][1]}});
  for (const detection::WrittenBox& box : written.boxes) {
    const auto& [x1, y1, x2, y2] = box.corners;
    annotations.push_back({{"id", annotations.size() + 1},
                           {"image_id", box.picture + 1},
                           {"category_id", categories.Add(box.label)},
                           {"bbox", {x1, y1, x2 - x1, y2 - y1}},
                           {"area", (x2 - x1) * (y2 - y1)},
                           {"iscrowd", 0},
                           {"score", 1.0}});
  }
  return {{"images", images},
          {"annotations", annotations},
          {"categories", categories.ToJson()}};
}

detection::Categories KnownCategories(const PredictOptions& options) {
  std::string file = options.categories;
  const std::string& images = options.pictures.images;
  if (file.empty() && images.ends_with(".json")) file = images;
  if (file.empty()) return {};
  return detection::Categories(ReadJsonFile(file), file);
}

std::string UnknownWarning(const detection::CocoResults& coco) {
  std::int64_t boxes = 0;
  std::string labels;
  int shown = 0;
  for (const auto& [label, count] : coco.unknown) {
    boxes += count;
    if (shown++ < 5) labels += (labels.empty() ? "" : ", ") + label;
  }
  return fmt::format(
      "{} boxes have a label that is none of the categories and are left out: "
      "{}{}",
      boxes, labels, coco.unknown.size() > 5 ? ", ..." : "");
}

int Predict(const PredictOptions& options) {
  SetThreads(options.flags.threads);
  TerminalProgress progress;
  const auto dataset = OpenPictures(options.pictures);
  const detection::Categories categories = KnownCategories(options);
  encoders::LoadedCaptioner model =
      encoders::LoadCaptioner(SpecOf(options.model, options.flags));
  const detection::WrittenBoxes written =
      detection::WriteBoxes(model, *dataset, options.boxes, progress);
  std::vector<std::string> warnings = {
      "the boxes come without scores: each is 1, so that an average precision "
      "of them is one point of the curve"};
  Json out;
  if (categories.empty()) {
    out = FoundAsCoco(written, *dataset);
  } else {
    detection::CocoResults coco =
        detection::ToCocoResults(written, ImageIds(*dataset), categories);
    if (!coco.unknown.empty()) warnings.push_back(UnknownWarning(coco));
    out = std::move(coco.results);
  }
  if (written.pictures.unreadable > 0)
    warnings.push_back(fmt::format("{}: {} pictures could not be read",
                                   dataset->name(),
                                   written.pictures.unreadable));
  WriteFileAtomic(options.out, out.dump(1) + "\n");
  for (const std::string& warning : warnings) PrintWarning(warning);
  const std::size_t kept =
      categories.empty() ? out["annotations"].size() : out.size();
  if (!options.json) {
    PrintLine(fmt::format("{}: {} boxes in {} pictures", options.out, kept,
                          dataset->size()));
    return kExitOk;
  }
  PrintJson({{"schema", 1},
             {"command", "detect predict"},
             {"warnings", warnings},
             {"out", options.out},
             {"format", categories.empty() ? "coco" : "coco-results"},
             {"images", dataset->size()},
             {"unreadable", written.pictures.unreadable},
             {"boxes", kept}});
  return kExitOk;
}

Runner AddPredict(CLI::App& app) {
  auto o = std::make_shared<PredictOptions>();
  app.add_option("model", o->model,
                 "checkpoint that writes (Florence-2), or hub id in the cache")
      ->required();
  AddPictureFlags(app, o->pictures, true);
  app.add_option("-o,--out", o->out,
                 "JSON to write: COCO results where there are categories, else "
                 "a COCO data set of what was found")
      ->required();
  app.add_option("--categories", o->categories,
                 "COCO JSON whose categories labels are matched with (default: "
                 "the pictures' own, where they are one)");
  app.add_option("--prompt", o->boxes.prompt,
                 "<OD>, <DENSE_REGION_CAPTION>, <REGION_PROPOSAL>, or "
                 "<CAPTION_TO_PHRASE_GROUNDING> and "
                 "<OPEN_VOCABULARY_DETECTION> with a text behind")
      ->capture_default_str();
  app.add_option("--num-beams", o->boxes.num_beams,
                 "beams of the search (default: the checkpoint's)");
  app.add_option("--max-new-tokens", o->boxes.max_new_tokens,
                 "tokens written at most (default: the checkpoint's)");
  app.add_option("--batch", o->boxes.look.batch, "pictures a forward pass")
      ->capture_default_str();
  app.add_option("--workers", o->boxes.look.workers,
                 "decoding threads (default: one a hardware thread)");
  AddModelFlags(app, o->flags);
  app.add_flag("--json", o->json, "print one JSON object");
  return [o] { return Predict(*o); };
}

}  // namespace

Runner AddDetect(CLI::App& app) {
  app.require_subcommand(1);
  CLI::App* predict = app.add_subcommand(
      "predict", "boxes in pictures, by a model that writes");
  const Runner run = AddPredict(*predict);
  return run;
}

}  // namespace eyechart::cli
