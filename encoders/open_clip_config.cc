#include "encoders/open_clip_config.h"

#include <array>
#include <string>

#include "core/error.h"
#include "encoders/config_reader.h"

namespace eyechart::encoders {
namespace {

// Settings that change the model in ways that the CLIP family does not know,
// with the value that means that they do not.
struct Fixed {
  const char* key;
  Json neutral;
};

void RequireNeutral(const Json& tower,
                    const std::vector<Fixed>& fixed,
                    const std::string& source) {
  for (const Fixed& setting : fixed) {
    const auto it = tower.find(setting.key);
    if (it == tower.end() || it->is_null() || *it == setting.neutral) continue;
    ThrowInput(
        "{}: \"{}\" is {}, which has no counterpart in the CLIP family here; "
        "it should be {} or absent",
        source, setting.key, it->dump(), setting.neutral.dump());
  }
}

// The object under `key`; an empty one where it is absent or null.
Json ObjectOrEmpty(const Json& parent,
                   const char* key,
                   const std::string& source) {
  const auto it = parent.find(key);
  if (it == parent.end() || it->is_null()) return Json::object();
  EYECHART_REQUIRE(it->is_object(),
                   "{}: \"{}\" is {}; it should be an object, or absent",
                   source, key, it->dump());
  return *it;
}

// Epsilon of the layer norms.
double OpenClipEpsilon(const Json& tower, const std::string& source) {
  const Json settings = ObjectOrEmpty(tower, "norm_kwargs", source);
  return ConfigReader(settings, source + ": \"norm_kwargs\"")
      .Epsilon("eps", 1e-5);
}

std::string ActivationOf(const Json& model,
                         const Json& tower,
                         const std::string& source) {
  const Json settings = ObjectOrEmpty(tower, "act_kwargs", source);
  if (JsonGetOr<bool>(model, "quick_gelu", false, source)) return "quick_gelu";
  const auto approximation = JsonGetOr<std::string>(
      settings, "approximate", "none", source + ": \"act_kwargs\"");
  EYECHART_REQUIRE(approximation == "none" || approximation == "tanh",
                   "{}: \"act_kwargs.approximate\" is \"{}\"; it should be "
                   "none or tanh",
                   source, approximation);
  return approximation == "tanh" ? "gelu_pytorch_tanh" : "gelu";
}

// Width of the MLP. Checked here, since later errors would name it by another
// key than the file's.
std::int64_t OpenClipInner(const ConfigReader& tower, std::int64_t width) {
  constexpr double kMostWide = 1 << 24;  // as ConfigReader's sizes
  const double ratio = tower.Number("mlp_ratio", 4.0);
  const double inner = static_cast<double>(width) * ratio;
  EYECHART_REQUIRE(inner >= 1 && inner <= kMostWide,
                   "{}: \"mlp_ratio\" is {}, by which an MLP would be {} wide; "
                   "that should be from 1 to {}",
                   tower.source(), ratio, inner, kMostWide);
  return static_cast<std::int64_t>(inner);
}

// What the two towers have in common.
Json TowerConfig(const Json& model,
                 const ConfigReader& tower,
                 std::int64_t width,
                 std::int64_t heads) {
  return {{"hidden_size", width},
          {"intermediate_size", OpenClipInner(tower, width)},
          {"num_hidden_layers", tower.Size("layers", 12)},
          {"num_attention_heads", heads},
          {"layer_norm_eps", OpenClipEpsilon(tower.object(), tower.source())},
          {"hidden_act", ActivationOf(model, tower.object(), tower.source())}};
}

Json OpenClipVisionConfig(const Json& model,
                          const Json& vision,
                          const std::string& in) {
  RequireNeutral(vision,
                 {{"timm_model_name", nullptr},
                  {"ls_init_value", nullptr},
                  {"attentional_pool", false},
                  {"global_average_pool", false},
                  {"no_ln_pre", false},
                  {"input_patchnorm", false},
                  {"final_ln_after_pool", false},
                  {"pool_type", "tok"},
                  {"pos_embed_type", "learnable"}},
                 in);
  const auto it = vision.find("layers");
  EYECHART_REQUIRE(it == vision.end() || it->is_number_integer(),
                   "{}: \"layers\" is {}, a ResNet tower; ViT towers are what "
                   "the CLIP family knows",
                   in, it->dump());
  const ConfigReader tower(vision, in);
  const std::int64_t width = tower.Size("width", 768);
  const std::int64_t head_width = tower.Size("head_width", 64);
  EYECHART_REQUIRE(width % head_width == 0,
                   "{}: \"head_width\" {} does not divide \"width\" {}", in,
                   head_width, width);
  Json config = TowerConfig(model, tower, width, width / head_width);
  config["patch_size"] = tower.Side("patch_size", 16);
  config["image_size"] = tower.Side("image_size", 224);
  return config;
}

Json TextConfig(const Json& model, const Json& text, const std::string& in) {
  RequireNeutral(text,
                 {{"hf_model_name", nullptr},
                  {"hf_tokenizer_name", ""},
                  {"ls_init_value", nullptr},
                  {"embed_cls", false},
                  {"no_causal_mask", false},
                  {"pool_type", "argmax"},
                  {"proj_type", "linear"},
                  {"proj_bias", false}},
                 in);
  const ConfigReader tower(text, in);
  Json config = TowerConfig(model, tower, tower.Size("width", 512),
                            tower.Size("heads", 8));
  config["vocab_size"] = tower.Size("vocab_size", 49408);
  config["max_position_embeddings"] = tower.Size("context_length", 77);
  config["eos_token_id"] = 2;  // pooled at the largest id, as open_clip does
  return config;
}

Json Preprocessor(const Json& settings,
                  const Json& image_size,
                  const std::string& in) {
  const auto mode =
      JsonGetOr<std::string>(settings, "resize_mode", "shortest", in);
  EYECHART_REQUIRE(mode == "shortest" || mode == "squash",
                   "{}: \"resize_mode\" is \"{}\"; shortest and squash can be "
                   "served",
                   in, mode);
  const auto filter =
      JsonGetOr<std::string>(settings, "interpolation", "bicubic", in);
  EYECHART_REQUIRE(filter == "bicubic" || filter == "bilinear",
                   "{}: \"interpolation\" is \"{}\"; bicubic and bilinear can "
                   "be served",
                   in, filter);
  const Json size = settings.value("size", image_size);
  const bool pair = size.is_array() && size.size() == 2;
  const Json sides = {{"height", pair ? size[0] : size},
                      {"width", pair ? size[1] : size}};
  EYECHART_REQUIRE(mode == "squash" || !pair || size[0] == size[1],
                   "{}: \"size\" is {}; with \"resize_mode\" shortest it "
                   "should be a square",
                   in, size.dump());
  Json config = {{"image_processor_type", "CLIPImageProcessor"},
                 {"resample", filter == "bicubic" ? 3 : 2},
                 {"do_center_crop", mode == "shortest"},
                 {"crop_size", sides},
                 {"size", sides}};
  if (mode == "shortest") config["size"] = {{"shortest_edge", sides["height"]}};
  for (const auto& [from, to] :
       {std::pair{"mean", "image_mean"}, std::pair{"std", "image_std"}})
    if (settings.contains(from)) config[to] = settings[from];
  return config;
}

const Json& Object(const Json& parent,
                   const char* key,
                   const std::string& source) {
  const auto it = parent.find(key);
  EYECHART_REQUIRE(it != parent.end() && it->is_object(),
                   "{}: \"{}\" should be an object", source, key);
  return *it;
}

}  // namespace

ForeignModel ReadOpenClipConfig(const std::filesystem::path& path) {
  const std::string source = path.string();
  const Json file = ReadJsonFile(path, DuplicateKeys::kRefuse);
  EYECHART_REQUIRE(file.is_object(), "{}: should be a JSON object", source);
  const Json& model = Object(file, "model_cfg", source);
  RequireNeutral(model,
                 {{"multimodal_cfg", nullptr}, {"init_logit_bias", nullptr}},
                 source);
  const Json& vision = Object(model, "vision_cfg", source);
  const Json& text = Object(model, "text_cfg", source);
  const Json vision_config =
      OpenClipVisionConfig(model, vision, source + ": \"vision_cfg\"");
  ForeignModel foreign;
  try {
    foreign.config = {
        {"model_type", "clip"},
        {"vision_config", vision_config},
        {"text_config", TextConfig(model, text, source + ": \"text_cfg\"")}};
  } catch (const InputError& error) {
    // Pictures are encoded all the same, into the space of both.
    foreign.text_problem = error.what();
    foreign.config = vision_config;
    foreign.config["model_type"] = "clip_vision_model";
  }
  EYECHART_REQUIRE(model.contains("embed_dim"),
                   "{}: key \"embed_dim\" is missing; it should be an integer",
                   source);
  foreign.config["projection_dim"] =
      ConfigReader(model, source).Size("embed_dim", 0);
  foreign.preprocessor = Preprocessor(
      ObjectOrEmpty(file, "preprocess_cfg", source),
      vision_config["image_size"], source + ": \"preprocess_cfg\"");
  return foreign;
}

}  // namespace eyechart::encoders
