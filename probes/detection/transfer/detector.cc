#include "probes/detection/transfer/detector.h"

#include <ATen/ops/isfinite.h>

#include <algorithm>
#include <deque>
#include <map>

#include "core/error.h"
#include "core/files.h"
#include "core/hash.h"
#include "probes/detection/dense_head.h"
#include "probes/detection/set_head.h"
#include "probes/detection/transfer/train_state.h"
#include "probes/heads/tensor_file.h"

namespace eyechart::detection {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kSchema = 1;
constexpr const char* kBlocksFile = "blocks.safetensors";
// Above what any head has, so that products of them stay numbers.
constexpr std::int64_t kMostWidth = 1 << 14;
constexpr std::int64_t kMostClasses = 1 << 16;

data::Filter FilterOf(const std::string& name, const std::string& source) {
  std::vector<std::string> known;
  for (int i = 0; i <= static_cast<int>(data::Filter::kHamming); ++i) {
    const auto filter = static_cast<data::Filter>(i);
    if (data::FilterName(filter) == name) return filter;
    known.emplace_back(data::FilterName(filter));
  }
  ThrowInput("{}: filter \"{}\" is not known; known are {}", source, name,
             fmt::join(known, ", "));
}

std::int64_t Whole(const Json& json,
                   const char* key,
                   std::int64_t least,
                   std::int64_t most,
                   const std::string& source) {
  const auto value = JsonGet<std::int64_t>(json, key, source);
  EYECHART_REQUIRE(value >= least && value <= most,
                   "{}: \"{}\" is {}: should be {} to {}", source, key, value,
                   least, most);
  return value;
}

const Json& Member(const Json& json,
                   const char* key,
                   const std::string& source) {
  EYECHART_REQUIRE(json.is_object() && json.contains(key),
                   "{}: it lacks \"{}\"", source, key);
  return json.at(key);
}

Canvas CanvasFrom(const Json& json, const std::string& source) {
  Canvas canvas;
  canvas.width = static_cast<int>(Whole(json, "width", 1, 1 << 14, source));
  canvas.height = static_cast<int>(Whole(json, "height", 1, 1 << 14, source));
  canvas.keep_aspect = JsonGet<bool>(json, "keep_aspect", source);
  canvas.filter =
      FilterOf(JsonGet<std::string>(json, "filter", source), source);
  const Json& margin = Member(json, "margin", source);
  for (std::size_t c = 0; c < 3; ++c) {
    EYECHART_REQUIRE(
        margin.is_array() && margin.size() == 3 && margin[c].is_number(),
        "{}: \"margin\" should be a colour of three numbers", source);
    canvas.margin[c] = static_cast<std::uint8_t>(
        std::clamp(margin[c].get<double>(), 0.0, 255.0));
  }
  return canvas;
}

// `file` should be the one whose hash stands under `key`.
void RequireFile(const fs::path& file,
                 const Json& json,
                 const char* key,
                 const std::string& source) {
  std::error_code unreadable;
  EYECHART_REQUIRE(fs::exists(file, unreadable), "{}: it lacks {}",
                   file.parent_path().string(), file.filename().string());
  EYECHART_REQUIRE(Sha256File(file) == JsonGet<std::string>(json, key, source),
                   "{}: not the file that detector.json was written with",
                   file.string());
}

// Fewer values than a head of these widths has would be asked to fill one: a
// damaged number is found before memory is taken for it.
void RequireEnough(const HeadOptions& options,
                   const NamedTensors& tensors,
                   const std::string& source,
                   const std::string& file) {
  std::int64_t values = 0;
  for (const auto& [name, tensor] : tensors) values += tensor.numel();
  const std::int64_t width = options.pyramid.width;
  const auto require = [&](const std::string& key, std::int64_t given) {
    EYECHART_REQUIRE(given * width <= values,
                     "{}: \"{}\" is {} with a head of width {}, which has "
                     "{} values and more; {} holds {}",
                     source, key, given, width, given * width, file, values);
  };
  require("head.width", width);
  for (std::size_t i = 0; i < options.pyramid.maps.size(); ++i)
    require(fmt::format("levels[{}].width", i), options.pyramid.maps[i].width);
  require("number of classes", options.classes);
}

void RequireFinite(const NamedTensors& tensors, const std::string& file) {
  for (const auto& [name, tensor] : tensors)
    EYECHART_REQUIRE(at::isfinite(tensor).all().item<bool>(),
                     "{}: tensor {} holds values that are not finite numbers",
                     file, name);
}

// The object that stands at `place`.
const Json& ObjectAt(const Json& json,
                     const std::string& place,
                     const std::string& source) {
  EYECHART_REQUIRE(json.is_object(), "{}: \"{}\" should be an object", source,
                   place);
  return json;
}

std::string Level(const char* what, std::size_t level) {
  return fmt::format("map.{}.{}", level, what);
}

}  // namespace

std::int64_t ParametersOf(const NamedTensors& tensors) {
  std::int64_t count = 0;
  for (const auto& [name, tensor] : tensors) count += tensor.numel();
  return count;
}

std::int64_t ParametersOf(const DetectionHead& head) {
  return ParametersOf(head.Parameters());
}

std::unique_ptr<DetectionHead> HeadOn(const Detector& detector,
                                      at::Device device) {
  HeadOptions options = detector.options;
  options.pyramid.device = device;
  auto head = CreateHead(detector.kind, options);
  CopyInto(head->Parameters(), detector.head->Parameters(), "the head");
  return head;
}

Json HeadShape(const Detector& detector) {
  Json shape = {{"kind", detector.kind},
                {"width", detector.options.pyramid.width}};
  const auto layers = [&](std::int64_t own) {
    return detector.options.layers > 0 ? detector.options.layers : own;
  };
  if (detector.kind == "dense") {
    const DenseHeadOptions own;
    shape["layers"] = layers(own.tower);
    shape["groups"] = own.groups;
  } else if (detector.kind == "set") {
    const SetModelOptions own;
    shape["layers"] = layers(own.layers);
    shape["queries"] = own.queries;
  }
  return shape;
}

Json EncoderJson(const encoders::LoadedModel& model) {
  data::PreprocessOptions plain = model.preprocess;
  plain.resize = data::ResizeMode::kNone;
  plain.center_crop = false;
  return {{"family", model.encoder->info().family},
          {"weights_sha256", model.weights_sha256},
          {"dtype", model.dtype},
          {"preprocess", data::PreprocessToJson(plain)},
          {"preprocess_sha256", data::PreprocessSha256(plain)}};
}

Json CanvasToJson(const Canvas& canvas) {
  return {{"width", canvas.width},
          {"height", canvas.height},
          {"keep_aspect", canvas.keep_aspect},
          {"filter", data::FilterName(canvas.filter)},
          {"margin", canvas.margin}};
}

std::string InputSha256(const Detector& detector) {
  const Json json = {
      {"preprocess", detector.encoder.value("preprocess", Json())},
      {"canvas", CanvasToJson(detector.canvas)}};
  return Sha256Hex(json.dump());
}

void WriteDetector(const fs::path& folder, const Detector& detector) {
  CreateFolder(folder);
  NamedTensors tensors;
  for (const auto& [name, tensor] : detector.head->Parameters())
    tensors.emplace_back("head." + name, tensor.detach().cpu());
  for (std::size_t i = 0; i < detector.scale.shift.size(); ++i) {
    tensors.emplace_back(Level("shift", i), detector.scale.shift[i]);
    tensors.emplace_back(Level("scale", i), detector.scale.scale[i]);
  }
  const fs::path file = folder / "head.safetensors";
  probes::WriteTensors(file, tensors);
  Json unfrozen = {{"unfreeze", detector.unfreeze}};
  std::error_code ignored;
  fs::remove(folder / kBlocksFile, ignored);  // of a detector before this one
  if (detector.unfreeze > 0) {
    probes::WriteTensors(folder / kBlocksFile, detector.blocks);
    unfrozen["blocks_sha256"] = Sha256File(folder / kBlocksFile);
  }
  Json levels = Json::array(), classes = Json::array();
  for (const MapLevel& level : detector.options.pyramid.maps)
    levels.push_back({{"width", level.width}, {"stride", level.stride}});
  for (const data::BoxCategory& category : detector.categories)
    classes.push_back({{"id", category.id}, {"name", category.name}});
  Json json = {{"schema", kSchema},
               {"head",
                {{"kind", detector.kind},
                 {"width", detector.options.pyramid.width},
                 {"layers", detector.options.layers},
                 {"parameters", ParametersOf(*detector.head)}}},
               {"levels", levels},
               {"stages", detector.own_stages ? "own" : "last"},
               {"canvas", CanvasToJson(detector.canvas)},
               {"classes", classes},
               {"encoder", detector.encoder},
               {"training", detector.training},
               {"tensors_sha256", Sha256File(file)}};
  json.update(unfrozen);
  WriteFileAtomic(folder / "detector.json", json.dump(1) + "\n");
}

Detector ReadDetector(const fs::path& folder) {
  const fs::path path = folder / "detector.json";
  std::error_code unreadable;
  EYECHART_REQUIRE(fs::exists(path, unreadable),
                   "{}: no detector: it has no detector.json; eyechart detect "
                   "train -o FOLDER writes FOLDER/detector",
                   folder.string());
  const std::string source = path.string();
  const Json json = ReadJsonFile(path);
  EYECHART_REQUIRE(json.is_object(), "{}: not a JSON object", source);
  const auto schema = JsonGet<std::int64_t>(json, "schema", source);
  EYECHART_REQUIRE(schema == kSchema,
                   "{}: detector schema {}; this build reads {}", source,
                   schema, kSchema);
  Detector detector;
  const Json& head = ObjectAt(Member(json, "head", source), "head", source);
  detector.kind = JsonGet<std::string>(head, "kind", source);
  detector.options.pyramid.width = Whole(head, "width", 1, kMostWidth, source);
  detector.options.layers = Whole(head, "layers", 0, 64, source);
  const Json& levels = Member(json, "levels", source);
  EYECHART_REQUIRE(levels.is_array() && !levels.empty() && levels.size() < 9,
                   "{}: \"levels\" should be a list of maps", source);
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const std::string place = fmt::format("levels[{}]", i);
    const std::string here = source + ": " + place;
    const Json& level = ObjectAt(levels[i], place, source);
    detector.options.pyramid.maps.push_back(
        {Whole(level, "width", 1, kMostWidth, here),
         static_cast<int>(Whole(level, "stride", 1, 1 << 10, here))});
  }
  detector.own_stages = JsonGet<std::string>(json, "stages", source) == "own";
  detector.canvas =
      CanvasFrom(ObjectAt(Member(json, "canvas", source), "canvas", source),
                 source + ": canvas");
  const Json& classes = Member(json, "classes", source);
  EYECHART_REQUIRE(
      classes.is_array() && !classes.empty() && classes.size() <= kMostClasses,
      "{}: \"classes\" should be a list", source);
  for (std::size_t i = 0; i < classes.size(); ++i) {
    const std::string place = fmt::format("classes[{}]", i);
    const Json& one = ObjectAt(classes[i], place, source);
    const std::string here = source + ": " + place;
    detector.categories.push_back({JsonGet<std::int64_t>(one, "id", here),
                                   JsonGet<std::string>(one, "name", here),
                                   ""});
  }
  detector.options.classes = static_cast<std::int64_t>(classes.size());
  detector.encoder = Member(json, "encoder", source);
  detector.training = json.value("training", Json::object());
  const fs::path file = folder / "head.safetensors";
  RequireFile(file, json, "tensors_sha256", source);
  const NamedTensors tensors = probes::ReadTensors(file);
  RequireEnough(detector.options, tensors, source, file.string());
  RequireFinite(tensors, file.string());
  detector.head = CreateHead(detector.kind, detector.options);
  NamedTensors values;
  for (const auto& [name, tensor] : tensors)
    if (name.starts_with("head.")) values.emplace_back(name.substr(5), tensor);
  CopyInto(detector.head->Parameters(), values, file.string());
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const auto take = [&](const char* what, std::vector<at::Tensor>& into) {
      const at::Tensor& found =
          probes::FindTensor(tensors, Level(what, i), file.string());
      EYECHART_REQUIRE(
          found.dim() == 1 &&
              found.numel() == detector.options.pyramid.maps[i].width,
          "{}: {} has another width than its map", file.string(),
          Level(what, i));
      into.push_back(found);
    };
    take("shift", detector.scale.shift);
    take("scale", detector.scale.scale);
  }
  // Detectors from before blocks could be trained do not say so.
  if (json.contains("unfreeze"))
    detector.unfreeze = Whole(json, "unfreeze", 0, 1 << 10, source);
  if (detector.unfreeze == 0) return detector;
  const fs::path blocks = folder / kBlocksFile;
  RequireFile(blocks, json, "blocks_sha256", source);
  detector.blocks = probes::ReadTensors(blocks);
  RequireFinite(detector.blocks, blocks.string());
  return detector;
}

std::unique_ptr<encoders::TrainableBlocks> BlocksOf(
    const Detector& detector, const encoders::LoadedModel& model) {
  if (detector.unfreeze == 0) return nullptr;
  auto blocks = encoders::TrainableBlocks::Create(
      model.checkpoint, detector.unfreeze, model.device);
  CopyInto(BlockParameters(*blocks), detector.blocks, kBlocksFile);
  return blocks;
}

void RequireFits(const Detector& detector,
                 const encoders::LoadedModel& model,
                 const fs::path& folder) {
  const Json now = EncoderJson(model);
  const std::string source = (folder / "detector.json").string();
  for (const char* key : {"weights_sha256", "preprocess_sha256"}) {
    const auto then = JsonGet<std::string>(detector.encoder, key, source);
    EYECHART_REQUIRE(
        then == now.at(key),
        "{}: trained on maps of other {} ({}...) than this model's ({}...)",
        folder.string(),
        std::string(key) == "weights_sha256" ? "weights" : "preprocessing",
        then.substr(0, 12), now.at(key).get<std::string>().substr(0, 12));
  }
}

void RequireFrozen(const Detector& detector, const fs::path& folder) {
  EYECHART_REQUIRE(detector.unfreeze == 0,
                   "{}: trained with the encoder's last {} blocks, which do "
                   "not stand in the model; a detector of a frozen encoder "
                   "serves here",
                   folder.string(), detector.unfreeze);
}

bool IsSingleClass(const Detector& detector) {
  const Json& training = detector.training;
  return training.is_object() && training.contains("single_class") &&
         training["single_class"] == true;
}

std::vector<std::int64_t> ClassesOf(const Detector& detector,
                                    const data::BoxDataset& dataset) {
  const bool single = IsSingleClass(detector);
  EYECHART_REQUIRE(
      single || !dataset.single_class || detector.categories.size() == 1,
      "{}: the set is read as a single class, \"{}\"; the detector tells {} "
      "classes apart: train one with --single-class, or leave that out here",
      dataset.source, data::kSingleClassName, detector.categories.size());
  EYECHART_REQUIRE(
      !single || dataset.single_class || dataset.categories.size() == 1,
      "{}: has {} categories; the detector was trained on a single class, "
      "\"{}\": read the set so too, with --single-class",
      dataset.source, dataset.categories.size(), data::kSingleClassName);
  std::map<std::string, std::deque<std::int64_t>> open;
  for (std::size_t i = 0; i < detector.categories.size(); ++i)
    open[detector.categories[i].name].push_back(static_cast<std::int64_t>(i));
  std::vector<std::int64_t> classes;
  for (const data::BoxCategory& category : dataset.categories) {
    std::deque<std::int64_t>& alike = open[category.name];
    classes.push_back(alike.empty() ? -1 : alike.front());
    if (!alike.empty()) alike.pop_front();
  }
  EYECHART_REQUIRE(
      std::any_of(classes.begin(), classes.end(),
                  [](std::int64_t one) { return one >= 0; }),
      "{}: none of its {} categories is one that the detector knows",
      dataset.source, dataset.categories.size());
  return classes;
}

}  // namespace eyechart::detection
