#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <memory>
#include <system_error>
#include <utility>

#include "cli/detect_commands.h"
#include "cli/terminal.h"
#include "core/error.h"
#include "core/files.h"
#include "core/text.h"
#include "data/decode.h"
#include "data/scenes/encode.h"
#include "probes/detection/nms/suppress_boxes.h"
#include "probes/detection/transfer/draw_boxes.h"
#include "probes/detection/transfer/exported_detector.h"
#include "probes/detection/transfer/transfer.h"
#include "probes/detection/written_boxes.h"

namespace eyechart::cli {
namespace {

namespace fs = std::filesystem;

struct PredictOptions {
  std::string model;
  PictureFlags pictures;
  ModelFlags flags;
  detection::WrittenBoxOptions boxes;
  std::string detector;  // folder; empty: the model writes
  detection::TransferOptions transfer;
  NmsFlags nms;
  std::string categories;  // COCO JSON; empty: the pictures' own, if it is one
  std::string out;
  std::string draw;  // folder for pictures with boxes; empty: none
  bool json = false;
};

// A box in a picture, whoever found it.
struct Labelled {
  std::size_t picture = 0;
  std::string label;
  detection::Corners corners{};  // pixels of the picture as decoded
  double score = 1;
  std::int64_t category =
      0;  // id among Found::categories, where there are some
};

// What was found in all pictures.
struct Found {
  std::vector<Labelled> boxes;            // by picture
  std::vector<std::array<int, 2>> sizes;  // width, height; 0 where unreadable
  std::vector<std::string> warnings;
  bool suppressed = false;  // by NMS
  // A detector's; empty: the model writes labels as it likes.
  std::vector<data::BoxCategory> categories;
  data::DecodeOptions decode;  // as the model saw the pictures
};

// What a COCO JSON says of a picture.
struct KnownImage {
  Json id;
  int width = 0;  // pixels; 0: it does not say
  int height = 0;
};

// A COCO JSON whose categories labels are matched with.
struct Known {
  std::string file;
  detection::Categories categories;
  std::map<std::string, KnownImage> images;  // by id as a text; may be empty
};

// The pictures' ids where no list of images has them: numbers where all of them
// are, as COCO's.
std::vector<Json> ImageIds(const data::Dataset& dataset) {
  std::vector<Json> texts, numbers;
  for (std::size_t i = 0; i < dataset.size(); ++i) {
    texts.emplace_back(dataset.item(i).id);
    if (const auto number = ParseInt(dataset.item(i).id))
      numbers.emplace_back(*number);
  }
  return numbers.size() == texts.size() ? numbers : texts;
}

Json BoxOf(const Labelled& box) {
  const auto& [x1, y1, x2, y2] = box.corners;
  return {x1, y1, x2 - x1, y2 - y1};
}

// A COCO data set of what was found, for pictures that have no categories: with
// a detector's own, found or not, else with the labels in order of appearance.
Json FoundAsCoco(const Found& found, const data::Dataset& dataset) {
  detection::Categories labels;
  Json images = Json::array(), annotations = Json::array();
  for (std::size_t i = 0; i < dataset.size(); ++i)
    images.push_back({{"id", i + 1},
                      {"file_name", dataset.item(i).path},
                      {"width", found.sizes[i][0]},
                      {"height", found.sizes[i][1]}});
  for (const Labelled& box : found.boxes) {
    const auto& [x1, y1, x2, y2] = box.corners;
    annotations.push_back(
        {{"id", annotations.size() + 1},
         {"image_id", box.picture + 1},
         {"category_id",
          found.categories.empty() ? labels.Add(box.label) : box.category},
         {"bbox", BoxOf(box)},
         {"area", (x2 - x1) * (y2 - y1)},
         {"iscrowd", 0},
         {"score", box.score}});
  }
  Json categories = labels.ToJson();
  for (const data::BoxCategory& category : found.categories)
    categories.push_back({{"id", category.id}, {"name", category.name}});
  return {{"images", images},
          {"annotations", annotations},
          {"categories", categories}};
}

// COCO results, with ids and in pixels of the images that `known` lists; labels
// that are no category are counted.
Json FoundAsResults(const Found& found,
                    const data::Dataset& dataset,
                    const Known& known,
                    std::map<std::string, std::int64_t>& unknown) {
  std::vector<Json> ids = ImageIds(dataset);
  std::vector<data::BoxImage> sizes(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto image = known.images.find(dataset.item(i).id);
    if (image == known.images.end()) continue;
    ids[i] = image->second.id;
    sizes[i].width = image->second.width;
    sizes[i].height = image->second.height;
  }
  Json results = Json::array();
  for (Labelled box : found.boxes) {
    const std::int64_t* category = known.categories.Find(box.label);
    if (category == nullptr) {
      ++unknown[box.label];
      continue;
    }
    const auto& [width, height] = found.sizes[box.picture];
    box.corners =
        detection::ToSet(box.corners, sizes[box.picture], width, height);
    results.push_back({{"image_id", ids[box.picture]},
                       {"category_id", *category},
                       {"bbox", BoxOf(box)},
                       {"score", box.score}});
  }
  return results;
}

Known ReadKnown(const PredictOptions& options) {
  Known known;
  known.file = options.categories;
  const std::string& pictures = options.pictures.images;
  if (known.file.empty() && pictures.ends_with(".json")) known.file = pictures;
  if (known.file.empty()) return known;
  const Json coco = ReadJsonFile(known.file);
  known.categories = detection::Categories(coco, known.file);
  const auto images = coco.find("images");
  // Categories are enough: what an image lacks here is as without the file.
  if (images == coco.end() || !images->is_array()) return known;
  const auto side = [](const Json& image, const char* key) {
    const auto value = image.find(key);
    const double pixels =
        value != image.end() && value->is_number() ? value->get<double>() : 0;
    return pixels >= 1 && pixels <= 1e9 ? static_cast<int>(pixels) : 0;
  };
  for (const Json& image : *images) {
    if (!image.is_object() || !image.contains("id")) continue;
    const Json& id = image["id"];
    if (!id.is_number_integer() && !id.is_string()) continue;
    known.images.emplace(
        id.is_string() ? id.get<std::string>() : id.dump(),
        KnownImage{id, side(image, "width"), side(image, "height")});
  }
  return known;
}

// Of readable pictures that `known` gives another size; empty where none is.
std::string OtherSizes(const Found& found,
                       const data::Dataset& dataset,
                       const Known& known) {
  std::int64_t others = 0;
  std::string first;
  for (std::size_t i = 0; i < dataset.size(); ++i) {
    const auto image = known.images.find(dataset.item(i).id);
    const auto& [width, height] = found.sizes[i];
    if (image == known.images.end() || width <= 0) continue;
    const KnownImage& said = image->second;
    if (said.width <= 0 || said.height <= 0 ||
        (said.width == width && said.height == height))
      continue;
    if (others++ == 0)
      first = fmt::format("{}: {} x {} pixels, the file says {} x {}",
                          dataset.item(i).path, width, height, said.width,
                          said.height);
  }
  if (others == 0) return "";
  return fmt::format(
      "{}: {} pictures have another size than it says, and their boxes are in "
      "its pixels; the first is {}",
      known.file, others, first);
}

std::string UnknownWarning(const std::map<std::string, std::int64_t>& unknown) {
  std::int64_t boxes = 0;
  std::string labels;
  int shown = 0;
  for (const auto& [label, count] : unknown) {
    boxes += count;
    if (shown++ < 5) labels += (labels.empty() ? "" : ", ") + label;
  }
  return fmt::format(
      "{} boxes have a label that is none of the categories and are left out: "
      "{}{}",
      boxes, labels, unknown.size() > 5 ? ", ..." : "");
}

Found FindByWriting(const PredictOptions& o,
                    const data::Dataset& dataset,
                    Progress& progress) {
  encoders::LoadedCaptioner model =
      encoders::LoadCaptioner(SpecOf(o.model, o.flags));
  detection::WrittenBoxOptions boxes = o.boxes;
  boxes.look.workers = o.transfer.workers;
  // Each picture is a few hundred tokens to the language model.
  boxes.look.batch = static_cast<int>(
      std::min<std::int64_t>(o.transfer.encode_batch, boxes.look.batch));
  const detection::WrittenBoxes written =
      detection::WriteBoxes(model, dataset, boxes, progress);
  Found found;
  found.warnings.push_back(
      "the boxes come without scores: each is 1, so that an average precision "
      "of them is one point of the curve");
  if (written.pictures.unreadable > 0)
    found.warnings.push_back(fmt::format("{}: {} pictures could not be read",
                                         dataset.name(),
                                         written.pictures.unreadable));
  found.sizes = written.sizes;
  found.decode = model.preprocess.decode;
  for (const detection::WrittenBox& box : written.boxes) {
    Labelled labelled{box.picture, box.label, {}, 1, 0};
    std::copy(box.corners.begin(), box.corners.end(), labelled.corners.begin());
    found.boxes.push_back(std::move(labelled));
  }
  return found;
}

// The pictures as a detection set without boxes; it outlives the examples.
data::BoxDataset SetOf(const data::Dataset& dataset,
                       const detection::Detector& detector) {
  data::BoxDataset set;
  set.name = set.source = dataset.name();
  set.categories = detector.categories;
  for (std::size_t i = 0; i < dataset.size(); ++i) {
    data::BoxImage image;
    image.id = dataset.item(i).id;
    image.number = static_cast<std::int64_t>(i) + 1;
    image.path = dataset.item(i).path;
    set.images.push_back(std::move(image));
  }
  return set;
}

Found FoundBy(const detection::Detector& detector,
              const detection::AppliedDetector& applied,
              const data::DecodeOptions& decode,
              std::size_t pictures) {
  Found found;
  found.warnings = applied.problems;
  found.suppressed = detector.head->needs_nms();
  found.categories = detector.categories;
  found.decode = decode;
  found.sizes.resize(pictures);
  for (const detection::PictureBoxes& picture : applied.found) {
    found.sizes[picture.image] = {picture.width, picture.height};
    for (const detection::FoundBox& box : picture.boxes) {
      const data::BoxCategory& category =
          detector.categories[static_cast<std::size_t>(box.category)];
      found.boxes.push_back({picture.image, category.name, box.corners,
                             static_cast<double>(box.score), category.id});
    }
  }
  return found;
}

Found FindByDetector(const PredictOptions& o,
                     const data::Dataset& dataset,
                     Progress& progress) {
  const detection::Detector detector = detection::ReadDetector(o.detector);
  encoders::LoadedModel model = encoders::LoadModel(SpecOf(o.model, o.flags));
  detection::RequireFits(detector, model, o.detector);
  const data::BoxDataset set = SetOf(dataset, detector);
  const detection::BoxExamples examples(
      set, [&dataset](std::size_t image) { return dataset.Read(image); });
  detection::TransferOptions transfer = o.transfer;
  transfer.find.batch = transfer.encode_batch;
  return FoundBy(
      detector,
      detection::ApplyDetector(detector, model, examples, transfer, progress),
      model.preprocess.decode, dataset.size());
}

Found FindByExported(const PredictOptions& o,
                     const data::Dataset& dataset,
                     Progress& progress) {
  EYECHART_REQUIRE(o.detector.empty(),
                   "{}: is an exported detector; --detector {} is a head on an "
                   "encoder: give one of them",
                   o.model, o.detector);
  detection::ExportedDetector exported(SpecOf(o.model, o.flags));
  const data::BoxDataset set = SetOf(dataset, exported.detector());
  const detection::BoxExamples examples(
      set, [&dataset](std::size_t image) { return dataset.Read(image); });
  detection::FindOptions find = o.transfer.find;
  find.batch = o.transfer.encode_batch;
  return FoundBy(exported.detector(),
                 detection::ApplyExported(exported, examples, find,
                                          o.transfer.workers, progress),
                 exported.preprocess().decode, dataset.size());
}

// A JPEG of each readable picture with its boxes, DRAW/00000-NAME.jpg.
void Draw(const PredictOptions& o,
          const data::Dataset& dataset,
          const Found& found,
          bool scored,
          Progress& progress) {
  constexpr int kQuality = 92;
  std::map<std::string, int> colours;
  for (const data::BoxCategory& category : found.categories)
    colours.emplace(category.name, static_cast<int>(colours.size()));
  progress.Begin("drawing boxes", static_cast<std::int64_t>(dataset.size()));
  auto box = found.boxes.begin();
  for (std::size_t i = 0; i < dataset.size(); ++i) {
    std::vector<detection::DrawnBox> drawn;
    for (; box != found.boxes.end() && box->picture == i; ++box) {
      const int next = static_cast<int>(colours.size());
      const int colour = colours.emplace(box->label, next).first->second;
      drawn.push_back({box->corners,
                       scored ? fmt::format("{} {:.2f}", box->label, box->score)
                              : box->label,
                       colour, false});
    }
    progress.Update(static_cast<std::int64_t>(i) + 1);
    if (found.sizes[i][0] <= 0) continue;
    data::Image image = data::Decode(dataset.Read(i), found.decode).image;
    detection::DrawBoxes(image, drawn);
    const std::string stem =
        fs::path(dataset.item(i).id).filename().stem().string();
    WriteFileAtomic(fs::path(o.draw) / fmt::format("{:05}-{}.jpg", i, stem),
                    scenes::EncodeJpeg(image, kQuality));
  }
  progress.End();
}

// Whether `a` and `b` are one file that is there.
bool IsSameFile(const fs::path& a, const fs::path& b) {
  std::error_code failed;
  return fs::equivalent(a, b, failed) && !failed;
}

// Before all pictures are searched, not behind it.
void RequirePlacesToWrite(const PredictOptions& o) {
  const fs::path out = o.out;
  std::error_code ignored;
  EYECHART_REQUIRE(!o.out.empty(),
                   "--out is empty; it should be the JSON file to write");
  EYECHART_REQUIRE(!fs::is_directory(out, ignored),
                   "--out {}: is a folder; it should be the JSON file to "
                   "write, as {}",
                   o.out, (out / "found.json").string());
  const fs::path folder =
      out.has_parent_path() ? out.parent_path() : fs::path(".");
  EYECHART_REQUIRE(fs::is_directory(folder, ignored),
                   "--out {}: there is no folder {} to write it into", o.out,
                   folder.string());
  for (const std::string& read : {o.pictures.images, o.categories})
    EYECHART_REQUIRE(!IsSameFile(out, read),
                     "--out {}: is the file {} that is read; it should be "
                     "another",
                     o.out, read);
  CreateFolder(folder);  // it is there: whether it can be written to
  if (!o.draw.empty()) CreateFolder(o.draw);
}

int Predict(PredictOptions o) {
  SetThreads(o.flags.threads);
  SetNms(o.nms, o.transfer.find.nms);
  RequirePlacesToWrite(o);
  TerminalProgress progress;
  const auto dataset = OpenPictures(o.pictures);
  const Known known = ReadKnown(o);
  const bool exported = detection::IsExportedDetector(o.model);
  const bool writes = !exported && o.detector.empty();
  Found found = exported ? FindByExported(o, *dataset, progress)
                : writes ? FindByWriting(o, *dataset, progress)
                         : FindByDetector(o, *dataset, progress);
  std::vector<std::string>& warnings = found.warnings;
  Json out;
  if (known.categories.empty()) {
    out = FoundAsCoco(found, *dataset);
  } else {
    std::map<std::string, std::int64_t> unknown;
    out = FoundAsResults(found, *dataset, known, unknown);
    if (!unknown.empty()) warnings.push_back(UnknownWarning(unknown));
    if (std::string sizes = OtherSizes(found, *dataset, known); !sizes.empty())
      warnings.push_back(std::move(sizes));
  }
  WriteFileAtomic(o.out, out.dump(1) + "\n");
  if (!o.draw.empty()) Draw(o, *dataset, found, !writes, progress);
  for (const std::string& warning : warnings) PrintWarning(warning);
  const std::size_t kept =
      known.categories.empty() ? out["annotations"].size() : out.size();
  if (!o.json) {
    PrintLine(fmt::format("{}: {} boxes in {} pictures", o.out, kept,
                          dataset->size()));
    return kExitOk;
  }
  Json json = {{"schema", 1},
               {"command", "detect predict"},
               {"warnings", warnings},
               {"out", o.out},
               {"format", known.categories.empty() ? "coco" : "coco-results"},
               {"images", dataset->size()},
               {"unreadable",
                std::count_if(found.sizes.begin(), found.sizes.end(),
                              [](const auto& size) { return size[0] <= 0; })},
               {"boxes", kept}};
  if (found.suppressed) json["nms"] = detection::NmsToJson(o.transfer.find.nms);
  PrintJson(json);
  return kExitOk;
}

}  // namespace

Runner AddDetectPredict(Arguments& app) {
  auto o = std::make_shared<PredictOptions>();
  app.AddOption("model", o->model,
                "checkpoint, or hub id in the cache: one that writes boxes "
                "(Florence-2), or with --detector the one it was trained on; "
                "or an exported detector's folder")
      .Required();
  AddPictureFlags(app, o->pictures, true);
  app.AddOption("-o,--out", o->out,
                "JSON to write: COCO results where there are categories, else "
                "a COCO data set of what was found")
      .Required();
  app.AddOption("--detector", o->detector,
                "folder that detect train wrote as OUT/detector");
  app.AddOption("--draw", o->draw,
                "folder for a JPEG of each picture with its boxes");
  app.AddOption("--categories", o->categories,
                "COCO JSON whose categories labels are matched with (default: "
                "the pictures' own, where they are one)");
  app.AddOption("--prompt", o->boxes.prompt,
                "<OD>, <DENSE_REGION_CAPTION>, <REGION_PROPOSAL>, or "
                "<CAPTION_TO_PHRASE_GROUNDING> and "
                "<OPEN_VOCABULARY_DETECTION> with a text behind")
      .ShowDefault();
  app.AddOption("--num-beams", o->boxes.num_beams,
                "beams of the search (default: the checkpoint's)");
  app.AddOption("--max-new-tokens", o->boxes.max_new_tokens,
                "tokens written at most (default: the checkpoint's)");
  // What is shown to people: average precision wants 0.001.
  o->transfer.find.detect.min_score = 0.3;
  AddFindFlags(app, o->transfer);
  AddNmsFlags(app, o->nms);
  AddModelFlags(app, o->flags);
  app.AddFlag("--json", o->json, "print one JSON object");
  return [o] { return Predict(*o); };
}

}  // namespace eyechart::cli
