#include "encoders/exported.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "core/error.h"
#include "core/files.h"
#include "core/text.h"
#include "encoders/config_reader.h"
#include "encoders/exported_program.h"
#include "encoders/vit.h"

namespace eyechart::encoders {
namespace {

namespace fs = std::filesystem;

constexpr std::array kKeys = {"format", "model",      "image_size", "any_size",
                              "batch",  "patch_size", "preprocess", "outputs",
                              "pool",   "prefix",     "flops"};
constexpr std::array kOutputs = {"pooled", "tokens", "feature_map"};
// Numbers of the pictures that a program is tried on: 4 GiB of them.
constexpr double kMostProbed = 1 << 30;

template <typename Names>
void RequireKnownKeys(const Json& object,
                      const Names& names,
                      const std::string& source) {
  const std::vector<std::string> known(names.begin(), names.end());
  for (const auto& [key, value] : object.items())
    EYECHART_REQUIRE(std::find(known.begin(), known.end(), key) != known.end(),
                     "{}: key \"{}\" is not known{}; known are {}", source, key,
                     DidYouMean(key, known), fmt::join(known, ", "));
}

// Before memory is taken for the pictures that the program is tried on.
void RequireProbeFits(std::int64_t batch,
                      std::int64_t height,
                      std::int64_t width,
                      const char* size_key,
                      const std::string& source) {
  const double numbers = 3.0 * static_cast<double>(batch) *
                         static_cast<double>(height) *
                         static_cast<double>(width);
  EYECHART_REQUIRE(numbers <= kMostProbed,
                   "{}: \"batch\" {} of pictures of {} x {} pixels ({}) is "
                   "{:.0f} numbers, which the program would be tried on; it "
                   "should be at most {:.0f}",
                   source, batch, height, width, size_key, numbers,
                   kMostProbed);
}

// What the encoder takes as it is.
void CheckExportedNumbers(const Json& config, const std::string& source) {
  const ConfigReader reader(config, source);
  const auto [height, width] = ExportedImageSize(config, source);
  RequireProbeFits(reader.Size("batch", 1), height, width, "\"image_size\"",
                   source);
  const auto patch = JsonGetOr<std::int64_t>(config, "patch_size", 0, source);
  constexpr std::int64_t kMostPatch = 1 << 15;  // as a side of "image_size"
  EYECHART_REQUIRE(patch >= 0 && patch <= kMostPatch,
                   "{}: \"patch_size\" is {}; it should be from 0 to {}",
                   source, patch, kMostPatch);
  const double flops = reader.Number("flops", 0);
  EYECHART_REQUIRE(std::isfinite(flops) && flops >= 0,
                   "{}: \"flops\" is {}; it should be 0 or more", source,
                   flops);
}

class ExportedEncoder : public ImageEncoder {
 public:
  ExportedEncoder(const Checkpoint& checkpoint, const EncoderOptions& options)
      : source_(checkpoint.config_source),
        config_(checkpoint.config),
        placement_(MakePlacement(options.dtype, options.device, options.half)),
        program_(ExportedProgram::Load(config_.at("format").get<std::string>(),
                                       checkpoint.weight_files.front(),
                                       placement_)) {
    const ConfigReader reader(config_, source_);
    any_size_ = reader.Flag("any_size", false);
    if (config_.contains("batch")) batch_ = reader.Size("batch", 1);
    prefix_ = JsonGetOr<std::int64_t>(config_, "prefix", 0, source_);
    pooled_as_ =
        ParsePool(JsonGetOr<std::string>(config_, "pool", "head", source_));
    EYECHART_REQUIRE(prefix_ >= 0,
                     "{}: \"prefix\" is {}; it should be 0 or more", source_,
                     prefix_);
    std::tie(info_.image_height, info_.image_width) =
        ExportedImageSize(config_, source_);
    info_.family = kExportedFamily;
    info_.parameters = program_->parameters();
    info_.patch_size = static_cast<int>(
        JsonGetOr<std::int64_t>(config_, "patch_size", 0, source_));
    Probe();
  }

  const EncoderInfo& info() const override { return info_; }

  Features Encode(const at::Tensor& pixels,
                  const EncodeRequest& request) override {
    EYECHART_REQUIRE(any_size_ || (pixels.size(2) == info_.image_height &&
                                   pixels.size(3) == info_.image_width),
                     "{}: the program takes {} x {} pixels, not {} x {}",
                     source_, info_.image_height, info_.image_width,
                     pixels.size(2), pixels.size(3));
    const c10::InferenceMode inference;
    const at::Tensor input = pixels.to(placement_.device, InputDType());
    if (batch_ == 0 || input.size(0) == batch_)
      return Select(program_->Run(input), request);
    // A program for one batch size gets it, filled up with zeros.
    std::vector<Features> parts;
    for (std::int64_t begin = 0; begin < input.size(0); begin += batch_) {
      const std::int64_t count = std::min(batch_, input.size(0) - begin);
      at::Tensor part = input.narrow(0, begin, count);
      if (count < batch_) {
        std::vector<std::int64_t> missing = input.sizes().vec();
        missing[0] = batch_ - count;
        part = at::cat({part, at::zeros(missing, input.options())});
      }
      parts.push_back(
          Cut(Select(program_->Run(part.contiguous()), request), count));
    }
    return Join(parts);
  }

  std::int64_t TokenCount(int height, int width) const override {
    if (height == info_.image_height && width == info_.image_width)
      return token_count_;
    EYECHART_REQUIRE(
        any_size_, "{}: the program takes {} x {} pixels, not {} x {}", source_,
        info_.image_height, info_.image_width, height, width);
    RequireProbeFits(std::max<std::int64_t>(batch_, 1), height, width,
                     "--resolution", source_);
    return Outputs(height, width).tokens.size(1);
  }

  double Flops(int height, int width) const override {
    const bool native =
        height == info_.image_height && width == info_.image_width;
    return native ? JsonGetOr<double>(config_, "flops",
                                      std::numeric_limits<double>::quiet_NaN(),
                                      source_)
                  : std::numeric_limits<double>::quiet_NaN();
  }

 private:
  // A package is compiled for one dtype, whatever is fast here.
  c10::ScalarType InputDType() const {
    return config_.at("format") == "aotinductor" ? placement_.rounded
                                                 : placement_.dtype;
  }

  bool Declares(const char* output) const {
    return config_.at("outputs").contains(output);
  }

  // The result that `outputs` names for `output`, which has `rank` extents.
  at::Tensor Result(const ProgramResults& results,
                    const char* output,
                    std::int64_t rank) const {
    const Json& which = config_.at("outputs").at(output);
    std::size_t index = results.tensors.size();
    if (which.is_number_integer() && which >= 0)
      index = which.get<std::size_t>();
    else if (which.is_string())
      index = static_cast<std::size_t>(std::find(results.names.begin(),
                                                 results.names.end(),
                                                 which.get<std::string>()) -
                                       results.names.begin());
    EYECHART_REQUIRE(index < results.tensors.size() &&
                         (which.is_number() || index < results.names.size()),
                     "{}: \"outputs.{}\" is {}; the program gives {} tensors{}",
                     source_, output, which.dump(), results.tensors.size(),
                     results.names.empty()
                         ? ", by index"
                         : fmt::format(": {}", fmt::join(results.names, ", ")));
    const at::Tensor& tensor = results.tensors[index];
    EYECHART_REQUIRE(tensor.dim() == rank,
                     "{}: \"outputs.{}\" is {}, whose shape is {}; it should "
                     "have {} extents",
                     source_, output, which.dump(), c10::str(tensor.sizes()),
                     rank);
    return tensor;
  }

  Features All(const ProgramResults& results) const {
    Features features;
    if (Declares("pooled"))
      features.pooled = Result(results, "pooled", 2).to(c10::kFloat);
    if (Declares("tokens")) features.tokens = Result(results, "tokens", 3);
    if (Declares("feature_map"))
      features.feature_map = Result(results, "feature_map", 4);
    return features;
  }

  Features Select(const ProgramResults& results,
                  const EncodeRequest& request) const {
    Features features = All(results);
    if (request.pool == Pool::kMean)
      features.pooled =
          features.tokens.defined()
              ? features.tokens
                    .narrow(1, prefix_, features.tokens.size(1) - prefix_)
                    .mean(1, false, c10::kFloat)
              : features.feature_map.mean({2, 3}, false, c10::kFloat);
    if (!request.pool) features.pooled = at::Tensor();
    EYECHART_REQUIRE(!request.tokens || features.tokens.defined(),
                     "{}: \"outputs\" names no tokens", source_);
    EYECHART_REQUIRE(!request.feature_map || features.feature_map.defined(),
                     "{}: \"outputs\" names no feature_map", source_);
    if (!request.tokens) features.tokens = at::Tensor();
    if (!request.feature_map) features.feature_map = at::Tensor();
    return features;
  }

  static Features Cut(Features features, std::int64_t count) {
    for (at::Tensor* part :
         {&features.pooled, &features.tokens, &features.feature_map})
      if (part->defined()) *part = part->narrow(0, 0, count);
    return features;
  }

  static Features Join(const std::vector<Features>& parts) {
    const auto join = [&parts](at::Tensor Features::*member) {
      std::vector<at::Tensor> tensors;
      for (const Features& part : parts)
        if ((part.*member).defined()) tensors.push_back(part.*member);
      return tensors.empty() ? at::Tensor() : at::cat(tensors);
    };
    Features features;
    features.pooled = join(&Features::pooled);
    features.tokens = join(&Features::tokens);
    features.feature_map = join(&Features::feature_map);
    return features;
  }

  // What the program gives for pictures of zeros.
  Features Outputs(std::int64_t height, std::int64_t width) const {
    const c10::InferenceMode inference;
    return All(program_->Run(at::zeros(
        {std::max<std::int64_t>(batch_, 1), 3, height, width},
        c10::TensorOptions().dtype(InputDType()).device(placement_.device))));
  }

  void Probe() {
    const Features features = Outputs(info_.image_height, info_.image_width);
    if (features.pooled.defined())
      info_.pools[pooled_as_] = features.pooled.size(1);
    if (features.tokens.defined()) {
      token_count_ = features.tokens.size(1);
      info_.token_width = features.tokens.size(2);
      EYECHART_REQUIRE(prefix_ < token_count_,
                       "{}: \"prefix\" is {} of {} tokens", source_, prefix_,
                       token_count_);
      info_.pools[Pool::kMean] = info_.token_width;
    } else if (features.feature_map.defined()) {
      info_.pools[Pool::kMean] = features.feature_map.size(1);
    }
    info_.default_pool = features.pooled.defined() ? pooled_as_ : Pool::kMean;
  }

  std::string source_;
  Json config_;
  Placement placement_;
  std::unique_ptr<ExportedProgram> program_;
  EncoderInfo info_;
  bool any_size_ = false;
  std::int64_t batch_ = 0;  // 0: any
  std::int64_t prefix_ = 0;
  std::int64_t token_count_ = 0;
  Pool pooled_as_ = Pool::kHead;
};

}  // namespace

std::pair<int, int> ExportedImageSize(const Json& config,
                                      const std::string& source) {
  const Json& size = config.at("image_size");
  const bool pair = size.is_array() && size.size() == 2;
  const auto side = [&](const Json& value) {
    EYECHART_REQUIRE(value.is_number_integer() && value > 0 && value <= 1 << 15,
                     "{}: \"image_size\" is {}; it should be a number of "
                     "pixels or [height, width]",
                     source, size.dump());
    return value.get<int>();
  };
  return {side(pair ? size[0] : size), side(pair ? size[1] : size)};
}

void ReadExportedConfig(Checkpoint& checkpoint) {
  const fs::path path = checkpoint.folder / kExportedConfig;
  const std::string source = path.string();
  checkpoint.config_source = source;
  checkpoint.config = ReadJsonFile(path, DuplicateKeys::kRefuse);
  checkpoint.model_type = kExportedFamily;
  const Json& config = checkpoint.config;
  EYECHART_REQUIRE(config.is_object(), "{}: should be a JSON object", source);
  EYECHART_REQUIRE(
      !config.contains("detector"),
      "{}: is an exported detector, as its \"detector\" says, which gives "
      "boxes and no features; `detect eval`, `detect predict` and `bench` take "
      "it",
      source);
  RequireKnownKeys(config, kKeys, source);
  const auto file = JsonGet<std::string>(config, "model", source);
  JsonGet<std::string>(config, "format", source);
  for (const char* key : {"image_size", "preprocess", "outputs"})
    EYECHART_REQUIRE(config.contains(key), "{}: key \"{}\" is missing", source,
                     key);
  CheckExportedNumbers(config, source);
  const auto pool = JsonGetOr<std::string>(config, "pool", "head", source);
  EYECHART_REQUIRE(
      pool == PoolName(Pool::kHead) || pool == PoolName(Pool::kCls),
      "{}: \"pool\" is \"{}\"; it should be head or cls (the mean is "
      "taken here, of tokens or of the feature map)",
      source, pool);
  EYECHART_REQUIRE(config.at("preprocess").is_object(),
                   "{}: \"preprocess\" is {}; it should be an object, as a "
                   "preprocessor_config.json holds",
                   source, config.at("preprocess").dump());
  const Json& outputs = config.at("outputs");
  EYECHART_REQUIRE(outputs.is_object() && !outputs.empty(),
                   "{}: \"outputs\" should name at least one of pooled, tokens "
                   "and feature_map",
                   source);
  RequireKnownKeys(outputs, kOutputs, source + ": \"outputs\"");
  checkpoint.preprocessor = config.at("preprocess");
  checkpoint.preprocessor_decides = true;
  const fs::path program = SafeJoin(checkpoint.folder, file, source);
  EYECHART_REQUIRE(fs::is_regular_file(program),
                   "{}: the file {} that it names is missing", source, file);
  checkpoint.weight_files = {program};
}

std::unique_ptr<ImageEncoder> MakeExportedEncoder(
    const Checkpoint& checkpoint, const EncoderOptions& options) {
  return std::make_unique<ExportedEncoder>(checkpoint, options);
}

}  // namespace eyechart::encoders
