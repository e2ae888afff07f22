// preprocessor_config.json to PreprocessOptions.
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "core/error.h"
#include "core/json.h"
#include "core/text.h"
#include "data/preprocess.h"

namespace eyechart::data {
namespace {

constexpr std::array<double, 3> kClipMean = {0.48145466, 0.4578275, 0.40821073};
constexpr std::array<double, 3> kClipStd = {0.26862954, 0.26130258, 0.27577711};
constexpr std::array<double, 3> kHalf = {0.5, 0.5, 0.5};
constexpr int kMaxSide = 1 << 16;

// What a processor class means where its file says nothing. Source: the
// *ImageProcessorPil classes of transformers.
struct ProcessorClass {
  const char* name;
  bool square;  // an integer `size` is a square, not the shortest edge
  ResizeMode resize;
  Filter filter;
  bool center_crop;
  std::array<double, 3> mean;
  std::array<double, 3> stddev;
};

constexpr ProcessorClass kClasses[] = {
    {"CLIPImageProcessor", false, ResizeMode::kShortestEdge, Filter::kBicubic,
     true, kClipMean, kClipStd},
    {"BitImageProcessor", false, ResizeMode::kShortestEdge, Filter::kBicubic,
     true, kClipMean, kClipStd},
    {"SiglipImageProcessor", false, ResizeMode::kExact, Filter::kBicubic, false,
     kHalf, kHalf},
    {"ViTImageProcessor", true, ResizeMode::kExact, Filter::kBilinear, false,
     kHalf, kHalf},
};

// Source: transformers' table from model type to image processor.
struct ModelProcessor {
  const char* model_type;
  const char* processor;
};
constexpr ModelProcessor kModels[] = {
    {"clip", "CLIPImageProcessor"},
    {"clip_vision_model", "CLIPImageProcessor"},
    {"metaclip_2", "CLIPImageProcessor"},
    {"metaclip_2_vision_model", "CLIPImageProcessor"},
    {"aimv2", "CLIPImageProcessor"},
    {"aimv2_vision_model", "CLIPImageProcessor"},
    {"florence2", "CLIPImageProcessor"},
    {"florence_vision", "CLIPImageProcessor"},
    {"dinov2", "BitImageProcessor"},
    {"dinov2_with_registers", "BitImageProcessor"},
    {"hiera", "BitImageProcessor"},
    {"siglip", "SiglipImageProcessor"},
    {"siglip_vision_model", "SiglipImageProcessor"},
    {"vit", "ViTImageProcessor"},
};

const ProcessorClass* FindClass(std::string_view name) {
  for (const ProcessorClass& c : kClasses)
    if (name == c.name) return &c;
  return nullptr;
}

// CLIPFeatureExtractor, CLIPImageProcessorFast and CLIPImageProcessorPil are
// names of CLIPImageProcessor.
std::string PlainClassName(std::string name) {
  for (const std::string_view suffix : {"Fast", "Pil"})
    if (name.ends_with(suffix)) name.resize(name.size() - suffix.size());
  constexpr std::string_view kOld = "FeatureExtractor";
  if (name.ends_with(kOld))
    name.replace(name.size() - kOld.size(), kOld.size(), "ImageProcessor");
  return name;
}

const ProcessorClass& ClassOf(const Json& config,
                              const std::string& model_type,
                              const std::string& source) {
  std::string name =
      JsonGetOr<std::string>(config, "image_processor_type", "", source);
  if (name.empty())
    name = JsonGetOr<std::string>(config, "feature_extractor_type", "", source);
  std::vector<std::string> known;
  for (const ProcessorClass& c : kClasses) known.emplace_back(c.name);
  if (!name.empty()) {
    const std::string plain = PlainClassName(name);
    const ProcessorClass* found = FindClass(plain);
    EYECHART_REQUIRE(found != nullptr,
                     "{}: image processor \"{}\" is not known{}; known are {}",
                     source, name, DidYouMean(plain, known),
                     fmt::join(known, ", "));
    return *found;
  }
  for (const ModelProcessor& m : kModels)
    if (model_type == m.model_type) return *FindClass(m.processor);
  ThrowInput(
      "{}: key \"image_processor_type\" is missing and model type \"{}\" "
      "implies none; it should be one of {}",
      source, model_type, fmt::join(known, ", "));
}

int Side(const Json& value, std::string_view key, const std::string& source) {
  const bool fits = value.is_number_integer() &&
                    value.get<std::int64_t>() >= 1 &&
                    value.get<std::int64_t>() <= kMaxSide;
  EYECHART_REQUIRE(fits, "{}: key \"{}\" is {}; it should be from 1 to {}",
                   source, key, value.dump(), kMaxSide);
  return value.get<int>();
}

// A `size` as it may be written: a number, [height, width], or an object.
struct SizeKeys {
  std::optional<int> height, width, shortest, longest, max_height, max_width;
};

SizeKeys ReadSize(const Json& value,
                  bool square,
                  const std::string& key,
                  const std::string& source) {
  SizeKeys size;
  if (value.is_number()) {
    const int side = Side(value, key, source);
    if (square)
      size.height = size.width = side;
    else
      size.shortest = side;
    return size;
  }
  if (value.is_array() && value.size() == 2) {
    size.height = Side(value[0], key, source);
    size.width = Side(value[1], key, source);
    return size;
  }
  EYECHART_REQUIRE(value.is_object(),
                   "{}: key \"{}\" is {}; it should be a number, "
                   "[height, width] or an object",
                   source, key, value.dump());
  const struct {
    const char* name;
    std::optional<int>* side;
  } kKeys[] = {
      {"height", &size.height},          {"width", &size.width},
      {"shortest_edge", &size.shortest}, {"longest_edge", &size.longest},
      {"max_height", &size.max_height},  {"max_width", &size.max_width}};
  for (const auto& [name, side] : value.items()) {
    if (side.is_null()) continue;
    bool known = false;
    for (const auto& k : kKeys) {
      if (name != k.name) continue;
      *k.side = Side(side, key + "." + name, source);
      known = true;
    }
    EYECHART_REQUIRE(known,
                     "{}: key \"{}.{}\" cannot be served; known are height and "
                     "width, shortest_edge, longest_edge, max_height and "
                     "max_width",
                     source, key, name);
  }
  return size;
}

void ApplySize(const Json& config,
               bool square,
               PreprocessOptions& options,
               const std::string& source) {
  const SizeKeys size = ReadSize(config.at("size"), square, "size", source);
  const int keys = size.height.has_value() + size.width.has_value() +
                   size.shortest.has_value() + size.longest.has_value() +
                   size.max_height.has_value() + size.max_width.has_value();
  if (size.shortest && (keys == 1 || (keys == 2 && size.longest))) {
    options.resize = ResizeMode::kShortestEdge;
    options.size_height = options.size_width = *size.shortest;
    options.longest_edge = size.longest.value_or(0);
  } else if (keys == 2 && size.height && size.width) {
    options.resize = ResizeMode::kExact;
    options.size_height = *size.height;
    options.size_width = *size.width;
  } else if (keys == 2 && size.max_height && size.max_width) {
    options.resize = ResizeMode::kFitWithin;
    options.size_height = *size.max_height;
    options.size_width = *size.max_width;
  } else {
    ThrowInput(
        "{}: key \"size\" is {}; it should be a number, or hold height and "
        "width, or shortest_edge (with or without longest_edge), or max_height "
        "and max_width",
        source, config.at("size").dump());
  }
}

std::array<double, 3> ReadChannels(const Json& config,
                                   const std::string& key,
                                   const std::array<double, 3>& fallback,
                                   const std::string& source) {
  const auto it = config.find(key);
  if (it == config.end()) return fallback;
  if (it->is_number()) {
    const double value = it->get<double>();
    return {value, value, value};
  }
  bool fits = it->is_array() && it->size() == 3;
  std::array<double, 3> values{};
  for (std::size_t c = 0; fits && c < 3; ++c) {
    fits = (*it)[c].is_number();
    if (fits) values[c] = (*it)[c].get<double>();
  }
  EYECHART_REQUIRE(fits, "{}: key \"{}\" is {}; it should be three numbers",
                   source, key, it->dump());
  return values;
}

bool Present(const Json& config, std::string_view key) {
  const auto it = config.find(key);
  return it != config.end() && !it->is_null();
}

// A switch; null is off, whatever the class's default, as in transformers.
bool Switch(const Json& config,
            std::string_view key,
            bool fallback,
            const std::string& source) {
  if (!config.contains(key)) return fallback;
  return JsonGetOr<bool>(config, key, false, source);
}

// A value that a step needs may be absent, then the class has one, but not
// null.
void RequireNotNull(const Json& config,
                    std::string_view key,
                    const std::string& source) {
  EYECHART_REQUIRE(!config.contains(key) || Present(config, key),
                   "{}: key \"{}\" is null; leave it out for the default",
                   source, key);
}

Filter ReadFilter(const Json& config,
                  Filter fallback,
                  const std::string& source) {
  const auto number =
      JsonGetOr<int>(config, "resample", static_cast<int>(fallback), source);
  EYECHART_REQUIRE(number >= 0 && number <= 5,
                   "{}: key \"resample\" is {}; it should be one of Pillow's "
                   "filters, from 0 (nearest) to 5 (Hamming)",
                   source, number);
  return static_cast<Filter>(number);
}

void ReadResize(const Json& config,
                const ProcessorClass& processor,
                PreprocessOptions& options,
                const std::string& source) {
  if (!Switch(config, "do_resize", true, source)) {
    options.resize = ResizeMode::kNone;
    return;
  }
  RequireNotNull(config, "size", source);
  RequireNotNull(config, "resample", source);
  options.resize = processor.resize;
  if (Present(config, "size"))
    ApplySize(config,
              Switch(config, "default_to_square", processor.square, source),
              options, source);
  if (Switch(config, "use_square_size", false, source))  // of KOSMOS-2
    options.resize = ResizeMode::kExact;
  options.filter = ReadFilter(config, processor.filter, source);
}

void ReadCrop(const Json& config,
              const ProcessorClass& processor,
              PreprocessOptions& options,
              const std::string& source) {
  options.center_crop =
      Switch(config, "do_center_crop", processor.center_crop, source);
  if (!options.center_crop) return;
  RequireNotNull(config, "crop_size", source);
  if (!config.contains("crop_size")) {
    EYECHART_REQUIRE(processor.center_crop,
                     "{}: key \"do_center_crop\" is true and \"crop_size\" is "
                     "missing; a {} has no default for it",
                     source, processor.name);
    return;
  }
  const SizeKeys crop =
      ReadSize(config.at("crop_size"), true, "crop_size", source);
  EYECHART_REQUIRE(crop.height && crop.width,
                   "{}: key \"crop_size\" is {}; it should be a number or "
                   "hold height and width",
                   source, config.at("crop_size").dump());
  options.crop_height = *crop.height;
  options.crop_width = *crop.width;
  EYECHART_REQUIRE(
      options.crop_height <= options.decode.max_pixels / options.crop_width,
      "{}: key \"crop_size\" is {}, more than {} pixels; no picture could be "
      "cropped so",
      source, config.at("crop_size").dump(), options.decode.max_pixels);
}

bool FitsFloat(double value) {
  return std::abs(value) <= std::numeric_limits<float>::max();
}

// Whether the 256 values that the bytes of a channel become are all finite:
// where the outer two are, for each step is monotonic.
bool ChannelIsFinite(const PreprocessOptions& options, std::size_t channel) {
  for (const double byte : {0.0, 255.0}) {
    const double value = options.rescale ? byte * options.rescale_factor : byte;
    if (!FitsFloat(value)) return false;
    if (!options.normalize) continue;
    if (!FitsFloat(options.mean[channel]) ||
        !FitsFloat(options.stddev[channel]))
      return false;
    // In single precision, as pictures are.
    const float normal = (static_cast<float>(value) -
                          static_cast<float>(options.mean[channel])) /
                         static_cast<float>(options.stddev[channel]);
    if (!std::isfinite(normal)) return false;
  }
  return true;
}

void RequireFiniteValues(const PreprocessOptions& options,
                         const std::string& source) {
  for (std::size_t c = 0; c < 3; ++c)
    EYECHART_REQUIRE(
        ChannelIsFinite(options, c),
        "{}: channel {} becomes no finite numbers with {}{}", source, c,
        options.rescale
            ? fmt::format("\"rescale_factor\" {}", options.rescale_factor)
            : std::string("\"do_rescale\" false"),
        options.normalize
            ? fmt::format(", \"image_mean\" {} and \"image_std\" {}",
                          options.mean[c], options.stddev[c])
            : std::string());
}

void ReadRescaleAndNormalize(const Json& config,
                             const ProcessorClass& processor,
                             PreprocessOptions& options,
                             const std::string& source) {
  options.rescale = Switch(config, "do_rescale", true, source);
  if (options.rescale) {
    RequireNotNull(config, "rescale_factor", source);
    options.rescale_factor = JsonGetOr<double>(config, "rescale_factor",
                                               options.rescale_factor, source);
    EYECHART_REQUIRE(!FitsFloat(options.rescale_factor) ||
                         static_cast<float>(options.rescale_factor) != 0.0f,
                     "{}: key \"rescale_factor\" is {}, which makes all "
                     "pictures alike; it should not be 0",
                     source, options.rescale_factor);
  }
  options.normalize = Switch(config, "do_normalize", true, source);
  if (!options.normalize) {
    RequireFiniteValues(options, source);
    return;
  }
  RequireNotNull(config, "image_mean", source);
  RequireNotNull(config, "image_std", source);
  options.mean = ReadChannels(config, "image_mean", processor.mean, source);
  options.stddev = ReadChannels(config, "image_std", processor.stddev, source);
  for (const double s : options.stddev)
    EYECHART_REQUIRE(!FitsFloat(s) || static_cast<float>(s) > 0.0f,
                     "{}: key \"image_std\" holds {}; it should be above 0",
                     source, s);
  RequireFiniteValues(options, source);
}

}  // namespace

PreprocessOptions ParsePreprocess(const Json& config,
                                  const std::string& model_type,
                                  const std::string& source) {
  EYECHART_REQUIRE(config.is_object(), "{}: not a JSON object", source);
  const ProcessorClass& processor = ClassOf(config, model_type, source);
  PreprocessOptions options;
  ReadResize(config, processor, options, source);
  ReadCrop(config, processor, options, source);
  ReadRescaleAndNormalize(config, processor, options, source);
  EYECHART_REQUIRE(!Switch(config, "do_pad", false, source),
                   "{}: key \"do_pad\" is true; padded pictures cannot be "
                   "served, set it to false",
                   source);
  return options;
}

PreprocessOptions ReadPreprocess(const std::filesystem::path& folder,
                                 const std::string& model_type) {
  // Newer folders nest the image processor's settings in the processor's file,
  // which then stands before the other.
  std::error_code ignored;
  const std::filesystem::path nested = folder / "processor_config.json";
  if (std::filesystem::exists(nested, ignored)) {
    const Json processor = ReadJsonFile(nested);
    if (processor.is_object() && Present(processor, "image_processor"))
      return ParsePreprocess(processor.at("image_processor"), model_type,
                             nested.string());
  }
  const std::filesystem::path path = folder / "preprocessor_config.json";
  EYECHART_REQUIRE(
      std::filesystem::exists(path, ignored),
      "{}: no such file; it says how pictures are resized and normalised. Copy "
      "it from where the model came from, or write one with "
      "\"image_processor_type\", \"size\", \"crop_size\", \"image_mean\" and "
      "\"image_std\"",
      path.string());
  return ParsePreprocess(ReadJsonFile(path), model_type, path.string());
}

}  // namespace eyechart::data
