#include "encoders/loaded_model.h"

#include <c10/util/Exception.h>

#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/text.h"
#include "encoders/vit.h"

namespace eyechart::encoders {
namespace {

// Whether the folder has a file that data::ReadPreprocess would read. A
// processor_config.json without an image processor says nothing of pictures.
bool HasPreprocessFile(const std::filesystem::path& folder) {
  if (std::filesystem::exists(folder / "preprocessor_config.json")) return true;
  const std::filesystem::path nested = folder / "processor_config.json";
  if (!std::filesystem::exists(nested)) return false;
  const Json processor = ReadJsonFile(nested);
  const auto it = processor.find("image_processor");
  return it != processor.end() && !it->is_null();
}

// The folder's own file stands before what its layout is known to use, and
// what the checkpoint says of itself before both.
data::PreprocessOptions FilePreprocess(const Checkpoint& checkpoint) {
  const bool own =
      !checkpoint.preprocessor_decides && HasPreprocessFile(checkpoint.folder);
  if (checkpoint.preprocessor.is_null() || own)
    return data::ReadPreprocess(checkpoint.folder, checkpoint.model_type);
  return data::ParsePreprocess(checkpoint.preprocessor, checkpoint.model_type,
                               checkpoint.config_source + ": \"preprocess\"");
}

std::unique_ptr<ImageEncoder> Build(const Checkpoint& checkpoint,
                                    const EncoderOptions& options) {
  std::string shortage;
  try {
    return ImageEncoder::Create(checkpoint, options);
  } catch (const c10::OutOfMemoryError& error) {
    shortage = error.what_without_backtrace();
  }
  ThrowInput(
      "{}: the weights of {} do not fit into its free memory ({}); --dtype "
      "bf16 halves them, --device cpu has more room",
      options.device.str(), checkpoint.name,
      shortage.substr(0, shortage.find('\n')));
}

}  // namespace

data::InputSize ParseResolution(const std::string& text) {
  const std::size_t cross = text.find('x');
  const std::string_view view(text);
  const auto height = ParseInt(view.substr(0, cross));
  const auto width =
      cross == std::string::npos ? height : ParseInt(view.substr(cross + 1));
  EYECHART_REQUIRE(height && width && *height > 0 && *width > 0 &&
                       *height <= 1 << 15 && *width <= 1 << 15,
                   "--resolution {}: should be N or HxW in pixels, such as 336 "
                   "or 224x448",
                   text);
  return {static_cast<int>(*height), static_cast<int>(*width)};
}

c10::ScalarType ParseEncoderDType(const std::string& name) {
  if (name == "fp32") return c10::kFloat;
  if (name == "bf16") return c10::kBFloat16;
  if (name == "fp16") return c10::kHalf;
  ThrowInput("dtype \"{}\": should be fp32, bf16 or fp16", name);
}

data::AlphaMode ParseAlpha(const std::string& name) {
  if (name == "drop") return data::AlphaMode::kDrop;
  if (name == "white") return data::AlphaMode::kWhite;
  ThrowInput("alpha \"{}\": should be drop or white", name);
}

data::OrientMode ParseOrient(const std::string& name) {
  if (name == "none") return data::OrientMode::kNone;
  if (name == "exif") return data::OrientMode::kExif;
  ThrowInput("orient \"{}\": should be none or exif", name);
}

data::DecodeMode ParseDecode(const std::string& name) {
  if (name == "exact") return data::DecodeMode::kExact;
  if (name == "fast") return data::DecodeMode::kFast;
  ThrowInput("decode \"{}\": should be exact or fast", name);
}

data::PreprocessOptions PreprocessOf(const Checkpoint& checkpoint,
                                     const ModelSpec& spec) {
  data::PreprocessOptions options = FilePreprocess(checkpoint);
  if (!spec.resolution.empty()) {
    const data::InputSize size = ParseResolution(spec.resolution);
    options = data::WithResolution(options, size.height, size.width);
  }
  options.decode.alpha = spec.alpha;
  options.decode.orient = spec.orient;
  options.decode.mode = spec.decode;
  return options;
}

EncoderOptions EncoderOptionsOf(const ModelSpec& spec) {
  EncoderOptions options;
  options.dtype = ParseEncoderDType(spec.dtype);
  options.device = ParseDevice(spec.device);
  options.allow_unused = spec.allow_unused;
  options.allow_missing = spec.allow_missing;
  options.describe = spec.describe;
  return options;
}

LoadedModel LoadModel(const ModelSpec& spec) {
  LoadedModel model;
  const EncoderOptions options = EncoderOptionsOf(spec);
  model.dtype = spec.dtype;
  model.device = options.device;
  model.tf32 = ParseTf32(spec.tf32, options.device);
  AllowTf32(model.tf32);
  model.checkpoint = OpenCheckpoint(spec.model);
  model.encoder = Build(model.checkpoint, options);
  const EncoderInfo& info = model.encoder->info();
  model.pool = spec.pool.empty() ? info.default_pool : ParsePool(spec.pool);
  if (spec.pool.empty() && spec.prefer_blocks && !info.block_parts.empty())
    model.pool = Pool::kBlocks;
  if (info.PoolWidth(model.pool) == 0) {
    std::vector<std::string_view> names;
    for (const auto& [pool, width] : info.pools)
      names.push_back(PoolName(pool));
    if (!info.block_parts.empty()) names.push_back(PoolName(Pool::kBlocks));
    ThrowInput("--pool {}: {} ({}) has no such pool; it has {}", spec.pool,
               spec.model, info.family, fmt::join(names, ", "));
  }
  model.preprocess = PreprocessOf(model.checkpoint, spec);
  model.weights_sha256 = WeightsSha256(model.checkpoint);
  return model;
}

double PooledFlops(const LoadedModel& model, data::InputSize size) {
  const auto* vit = dynamic_cast<const Vit*>(model.encoder.get());
  return vit == nullptr
             ? model.encoder->Flops(size.height, size.width)
             : vit->FlopsDone(size.height, size.width, {.pool = model.pool});
}

}  // namespace eyechart::encoders
