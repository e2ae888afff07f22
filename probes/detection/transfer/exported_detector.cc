#include "probes/detection/transfer/exported_detector.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "core/files.h"
#include "core/interrupt.h"
#include "core/parallel.h"
#include "core/text.h"
#include "encoders/exported.h"

namespace eyechart::detection {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kDetectorKeys = {
    "format",     "model",  "image_size", "any_size", "batch",
    "preprocess", "resize", "margin",     "detector", "categories"};

fs::path ProgramOf(const fs::path& folder,
                   const Json& config,
                   const std::string& source) {
  const auto file = JsonGet<std::string>(config, "model", source);
  fs::path program = SafeJoin(folder, file, source);
  EYECHART_REQUIRE(fs::is_regular_file(program),
                   "{}: \"model\" is \"{}\"; no such file is beside it", source,
                   file);
  return program;
}

std::string Sha256Of(const fs::path& program) {
  encoders::Checkpoint checkpoint;
  checkpoint.weight_files = {program};
  return encoders::WeightsSha256(checkpoint);
}

// Height and width of the input, as `spec` wants them.
std::pair<int, int> InputOf(const Json& config,
                            const encoders::ModelSpec& spec,
                            const std::string& source) {
  const std::pair<int, int> own = encoders::ExportedImageSize(config, source);
  const bool any_size = JsonGetOr<bool>(config, "any_size", false, source);
  if (spec.resolution.empty()) return own;
  const data::InputSize wanted = encoders::ParseResolution(spec.resolution);
  EYECHART_REQUIRE(
      any_size || std::pair(wanted.height, wanted.width) == own,
      "{}: --resolution {}: the program takes {} x {} pixels; \"any_size\" "
      "should be true where it takes other sizes too",
      source, spec.resolution, own.first, own.second);
  return {wanted.height, wanted.width};
}

bool IsLetterbox(const Json& config, const std::string& source) {
  const auto resize =
      JsonGetOr<std::string>(config, "resize", "stretch", source);
  EYECHART_REQUIRE(resize == "stretch" || resize == "letterbox",
                   "{}: \"resize\" is \"{}\"; it should be stretch or "
                   "letterbox",
                   source, resize);
  return resize == "letterbox";
}

std::array<std::uint8_t, 3> MarginOf(const Json& margin,
                                     const std::string& source) {
  std::array<std::uint8_t, 3> colour{};
  bool fits = margin.is_array() && margin.size() == 3;
  for (std::size_t i = 0; fits && i < 3; ++i) {
    fits = margin[i].is_number_integer() && margin[i] >= 0 && margin[i] <= 255;
    if (fits) colour[i] = margin[i].get<std::uint8_t>();
  }
  EYECHART_REQUIRE(fits,
                   "{}: \"margin\" is {}; it should be a colour [R, G, B] of 0 "
                   "to 255",
                   source, margin.dump());
  return colour;
}

std::vector<data::BoxCategory> CategoriesOf(const Json& names,
                                            const std::string& source) {
  EYECHART_REQUIRE(names.is_array() && !names.empty(),
                   "{}: \"categories\" is {}; it should be a list of names",
                   source, names.dump());
  std::vector<data::BoxCategory> categories;
  for (const Json& name : names) {
    EYECHART_REQUIRE(name.is_string(),
                     "{}: \"categories\" holds {}; it should hold names",
                     source, name.dump());
    categories.push_back({static_cast<std::int64_t>(categories.size()) + 1,
                          name.get<std::string>(), ""});
  }
  return categories;
}

// `preprocess` as data::ParsePreprocess takes it: without what the canvas does,
// and with a class that it knows. Detection's processors (transformers, each
// one's image_processing file) have ImageNet's statistics and a bilinear
// filter, and RT-DETR's does not normalise.
Json WithoutGeometry(Json preprocess, const std::string& source) {
  EYECHART_REQUIRE(preprocess.is_object(), "{}: not a JSON object", source);
  for (const char* key : {"do_resize", "size", "do_center_crop", "crop_size",
                          "do_pad", "pad_size"})
    preprocess.erase(key);
  auto name = JsonGetOr<std::string>(preprocess, "image_processor_type",
                                     "DetrImageProcessor", source);
  for (const std::string_view suffix : {"Fast", "Pil"})
    if (name.ends_with(suffix)) name.resize(name.size() - suffix.size());
  if (!name.ends_with("DetrImageProcessor") && name != "YolosImageProcessor")
    return preprocess;
  preprocess["image_processor_type"] = "ViTImageProcessor";  // bilinear
  const Json defaults = {{"do_normalize", name != "RTDetrImageProcessor"},
                         {"image_mean", {0.485, 0.456, 0.406}},
                         {"image_std", {0.229, 0.224, 0.225}}};
  for (const auto& [key, value] : defaults.items())
    if (!preprocess.contains(key)) preprocess[key] = value;
  return preprocess;
}

// Rescaling, normalisation and filter of the file; the canvas does the rest.
data::PreprocessOptions PreprocessOf(const Json& config,
                                     const encoders::ModelSpec& spec,
                                     int height,
                                     int width,
                                     bool keep_aspect,
                                     const std::string& source) {
  const std::string own = source + ": \"preprocess\"";
  data::PreprocessOptions options =
      data::ParsePreprocess(WithoutGeometry(config.at("preprocess"), own),
                            std::string(encoders::kExportedFamily), own);
  options.resize =
      keep_aspect ? data::ResizeMode::kFitWithin : data::ResizeMode::kExact;
  options.size_height = height;
  options.size_width = width;
  options.longest_edge = 0;
  options.center_crop = keep_aspect;
  options.crop_height = height;
  options.crop_width = width;
  options.decode.alpha = spec.alpha;
  options.decode.orient = spec.orient;
  options.decode.mode = spec.decode;
  return options;
}

}  // namespace

bool IsExportedDetector(const std::string& model) {
  const fs::path file = fs::path(model) / encoders::kExportedConfig;
  std::error_code failed;
  if (!fs::is_regular_file(file, failed)) return false;
  const Json config = ReadJsonFile(file);
  return config.is_object() && config.contains("detector");
}

std::string ExportedSha256(const std::string& model) {
  const fs::path folder = model;
  const std::string source = (folder / encoders::kExportedConfig).string();
  return Sha256Of(ProgramOf(folder, ReadJsonFile(source), source));
}

ExportedDetector::ExportedDetector(const encoders::ModelSpec& spec) {
  EYECHART_REQUIRE(
      spec.pool.empty(),
      "{}: an exported detector takes no --pool: its program gives "
      "boxes",
      spec.model);
  const fs::path folder = spec.model;
  const std::string source = (folder / encoders::kExportedConfig).string();
  const Json config = ReadJsonFile(source);
  EYECHART_REQUIRE(config.is_object(), "{}: should be a JSON object", source);
  for (const auto& [key, value] : config.items())
    EYECHART_REQUIRE(std::find(kDetectorKeys.begin(), kDetectorKeys.end(),
                               key) != kDetectorKeys.end(),
                     "{}: key \"{}\" is not known{}; known are {}", source, key,
                     DidYouMean(key, kDetectorKeys),
                     fmt::join(kDetectorKeys, ", "));
  format_ = JsonGet<std::string>(config, "format", source);
  JsonGet<std::string>(config, "model", source);
  for (const char* key : {"image_size", "preprocess", "detector", "categories"})
    EYECHART_REQUIRE(config.contains(key), "{}: key \"{}\" is missing", source,
                     key);
  const auto [height, width] = InputOf(config, spec, source);
  batch_ = JsonGetOr<std::int64_t>(config, "batch", 0, source);
  EYECHART_REQUIRE(batch_ >= 0 && batch_ <= 1 << 16,
                   "{}: \"batch\" is {}; it should be the pictures that the "
                   "program takes at a time",
                   source, batch_);
  const bool keep_aspect = IsLetterbox(config, source);
  preprocess_ = PreprocessOf(config, spec, height, width, keep_aspect, source);
  detector_.kind = "exported";
  detector_.categories = CategoriesOf(config.at("categories"), source);
  detector_.canvas = CanvasOf(preprocess_, keep_aspect);
  if (config.contains("margin"))
    detector_.canvas.margin = MarginOf(config.at("margin"), source);
  layout_ = ReadAnswerLayout(
      config.at("detector"),
      static_cast<std::int64_t>(detector_.categories.size()), source);
  detector_.head = MakeExportedHead(layout_, detector_.canvas);
  const fs::path program = ProgramOf(folder, config, source);
  EYECHART_REQUIRE(format_ == "torchscript" || format_ == "aotinductor",
                   "{}: \"format\" is \"{}\"; it should be torchscript or "
                   "aotinductor",
                   source, format_);
  const encoders::EncoderOptions options = encoders::EncoderOptionsOf(spec);
  encoders::AllowTf32(encoders::ParseTf32(spec.tf32, options.device));
  placement_ = encoders::PlacementOf(options);
  dtype_ = spec.dtype;
  program_ = encoders::ExportedProgram::Load(format_, program, placement_);
  weights_sha256_ = Sha256Of(program);
  name_ = fs::path(spec.model).lexically_normal().filename().string();
  if (name_.empty())
    name_ = fs::path(spec.model).lexically_normal().parent_path().filename();
  // Whatever does not fit is said before any picture is read.
  const c10::InferenceMode inference;
  Run(at::zeros({std::max<std::int64_t>(batch_, 1), 3, height, width}));
}

// A package is compiled for one dtype, whatever is fast here.
c10::ScalarType ExportedDetector::InputDType() const {
  return format_ == "aotinductor" ? placement_.rounded : placement_.dtype;
}

std::vector<ExportedDetector::Answers> ExportedDetector::Run(
    const at::Tensor& pixels) {
  const c10::InferenceMode inference;
  const at::Tensor input = pixels.to(placement_.device, InputDType());
  const std::int64_t pictures = input.size(0);
  const std::int64_t step = batch_ > 0 ? batch_ : pictures;
  std::vector<Answers> answers;
  for (std::int64_t begin = 0; begin < pictures; begin += step) {
    const std::int64_t count = std::min(step, pictures - begin);
    at::Tensor part = input.narrow(0, begin, count);
    if (count < step) {
      std::vector<std::int64_t> missing = input.sizes().vec();
      missing[0] = step - count;
      part = at::cat({part, at::zeros(missing, input.options())});
    }
    answers.push_back(
        {PickAnswers(layout_, program_->Run(part.contiguous()), step), count});
  }
  return answers;
}

std::vector<FoundBoxes> ExportedDetector::Read(
    const std::vector<Answers>& answers, const DetectOptions& options) const {
  const c10::InferenceMode inference;
  std::vector<FoundBoxes> found;
  for (const Answers& some : answers) {
    std::vector<at::Tensor> tensors;
    for (const at::Tensor& tensor : some.tensors)
      tensors.push_back(tensor.narrow(0, 0, some.pictures));
    for (FoundBoxes& one : detector_.head->Detect(tensors, options))
      found.push_back(std::move(one));
  }
  return found;
}

AppliedDetector ApplyExported(ExportedDetector& exported,
                              const BoxExamples& examples,
                              const FindOptions& options,
                              int workers,
                              Progress& progress) {
  const Detector& detector = exported.detector();
  const Canvas& canvas = detector.canvas;
  const std::int64_t values = std::int64_t{3} * canvas.height * canvas.width;
  AppliedDetector made;
  progress.Begin("finding boxes", examples.size());
  for (std::int64_t begin = 0; begin < examples.size();
       begin += options.batch) {
    ThrowIfInterrupted();
    const std::int64_t count = std::min(options.batch, examples.size() - begin);
    // One that cannot be read stays black.
    const at::Tensor pixels =
        at::zeros({count, 3, canvas.height, canvas.width});
    auto* out = pixels.mutable_data_ptr<float>();
    std::vector<PictureBoxes> pictures(static_cast<std::size_t>(count));
    std::vector<std::string> problems(pictures.size());
    std::vector<Placing> placings(pictures.size());
    ParallelFor(pictures.size(), workers, [&](std::size_t i, int) {
      const std::int64_t example = begin + static_cast<std::int64_t>(i);
      PictureBoxes& picture = pictures[i];
      picture.image = examples.image(example);
      try {
        const data::Image image =
            examples.Read(example, exported.preprocess().decode);
        picture.width = image.width;
        picture.height = image.height;
        placings[i] = PlaceWhole(image.width, image.height, canvas);
        const data::Pixels rendered =
            RenderPixels(image, placings[i], canvas, exported.preprocess());
        std::memcpy(out + static_cast<std::int64_t>(i) * values,
                    rendered.values.data(),
                    static_cast<std::size_t>(values) * sizeof(float));
      } catch (const InputError& unreadable) {
        problems[i] = unreadable.what();
      }
    });
    const std::vector<FoundBoxes> found =
        exported.Read(exported.Run(pixels), options.detect);
    for (std::size_t i = 0; i < pictures.size(); ++i) {
      PictureBoxes picture = std::move(pictures[i]);
      if (picture.width > 0) {
        PictureBoxes kept =
            KeepBoxes(found[i], detector.head->needs_nms(), options);
        picture.before_nms = kept.before_nms;
        picture.boxes = std::move(kept.boxes);
      } else {
        made.problems.push_back(problems[i]);
      }
      for (FoundBox& box : picture.boxes)
        box.corners = ToSet(ToPicture(box.corners, placings[i], canvas,
                                      picture.width, picture.height),
                            examples.dataset().images[picture.image],
                            picture.width, picture.height);
      made.found.push_back(std::move(picture));
    }
    progress.Update(begin + count);
  }
  progress.End();
  return made;
}

}  // namespace eyechart::detection
