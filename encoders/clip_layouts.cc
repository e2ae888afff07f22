#include "encoders/clip_layouts.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "core/error.h"

namespace eyechart::encoders {
namespace {

using enum KeyAction;

// OpenAI's names; open_clip took them over, and puts the text tower under
// `text.` in its newer kind of model.
constexpr std::array kClipRules = {
    KeyRule{"visual.class_embedding",
            "vision_model.embeddings.class_embedding"},
    KeyRule{"visual.positional_embedding",
            "vision_model.embeddings.position_embedding.weight"},
    KeyRule{"visual.conv1.weight",
            "vision_model.embeddings.patch_embedding.weight"},
    KeyRule{"visual.ln_pre.**", "vision_model.pre_layrnorm.**"},
    KeyRule{"visual.transformer.resblocks.*.ln_1.**",
            "vision_model.encoder.layers.*.layer_norm1.**"},
    KeyRule{"visual.transformer.resblocks.*.ln_2.**",
            "vision_model.encoder.layers.*.layer_norm2.**"},
    KeyRule{"visual.transformer.resblocks.*.attn.in_proj_**",
            "vision_model.encoder.layers.*.self_attn.{q_proj,k_proj,v_proj}.**",
            kSplit},
    KeyRule{"visual.transformer.resblocks.*.attn.out_proj.**",
            "vision_model.encoder.layers.*.self_attn.out_proj.**"},
    KeyRule{"visual.transformer.resblocks.*.mlp.c_fc.**",
            "vision_model.encoder.layers.*.mlp.fc1.**"},
    KeyRule{"visual.transformer.resblocks.*.mlp.c_proj.**",
            "vision_model.encoder.layers.*.mlp.fc2.**"},
    KeyRule{"visual.ln_post.**", "vision_model.post_layernorm.**"},
    KeyRule{"visual.proj", "visual_projection.weight", kTranspose},

    KeyRule{"token_embedding.weight",
            "text_model.embeddings.token_embedding.weight"},
    KeyRule{"positional_embedding",
            "text_model.embeddings.position_embedding.weight"},
    KeyRule{"transformer.resblocks.*.ln_1.**",
            "text_model.encoder.layers.*.layer_norm1.**"},
    KeyRule{"transformer.resblocks.*.ln_2.**",
            "text_model.encoder.layers.*.layer_norm2.**"},
    KeyRule{"transformer.resblocks.*.attn.in_proj_**",
            "text_model.encoder.layers.*.self_attn.{q_proj,k_proj,v_proj}.**",
            kSplit},
    KeyRule{"transformer.resblocks.*.attn.out_proj.**",
            "text_model.encoder.layers.*.self_attn.out_proj.**"},
    KeyRule{"transformer.resblocks.*.mlp.c_fc.**",
            "text_model.encoder.layers.*.mlp.fc1.**"},
    KeyRule{"transformer.resblocks.*.mlp.c_proj.**",
            "text_model.encoder.layers.*.mlp.fc2.**"},
    KeyRule{"ln_final.**", "text_model.final_layer_norm.**"},
    KeyRule{"text_projection", "text_projection.weight", kTranspose},

    KeyRule{"text.token_embedding.weight",
            "text_model.embeddings.token_embedding.weight"},
    KeyRule{"text.positional_embedding",
            "text_model.embeddings.position_embedding.weight"},
    KeyRule{"text.transformer.resblocks.*.ln_1.**",
            "text_model.encoder.layers.*.layer_norm1.**"},
    KeyRule{"text.transformer.resblocks.*.ln_2.**",
            "text_model.encoder.layers.*.layer_norm2.**"},
    KeyRule{"text.transformer.resblocks.*.attn.in_proj_**",
            "text_model.encoder.layers.*.self_attn.{q_proj,k_proj,v_proj}.**",
            kSplit},
    KeyRule{"text.transformer.resblocks.*.attn.out_proj.**",
            "text_model.encoder.layers.*.self_attn.out_proj.**"},
    KeyRule{"text.transformer.resblocks.*.mlp.c_fc.**",
            "text_model.encoder.layers.*.mlp.fc1.**"},
    KeyRule{"text.transformer.resblocks.*.mlp.c_proj.**",
            "text_model.encoder.layers.*.mlp.fc2.**"},
    KeyRule{"text.ln_final.**", "text_model.final_layer_norm.**"},
    KeyRule{"text.text_projection", "text_projection.weight", kTranspose},

    // Masks, and numbers that OpenAI's archives hold beside the weights.
    KeyRule{"attn_mask", "", kIgnore},
    KeyRule{"text.attn_mask", "", kIgnore},
    KeyRule{"input_resolution", "", kIgnore},
    KeyRule{"context_length", "", kIgnore},
    KeyRule{"vocab_size", "", kIgnore},
};

constexpr std::array kClipLayouts = {
    KeyLayout{"open_clip", "text.transformer.resblocks.*.attn.in_proj_weight",
              kClipRules},
    KeyLayout{"OpenAI CLIP", "visual.transformer.resblocks.*.ln_1.weight",
              kClipRules},
};

// OpenAI's ViTs: B/32, B/16, and L/14 at two sizes. All have 12 layers of text.
struct ReleasedVit {
  std::int64_t width;
  std::int64_t layers;
  std::int64_t patch;
  std::int64_t text_width;
};
constexpr std::array kOpenAiVits = {ReleasedVit{768, 12, 32, 512},
                                    ReleasedVit{768, 12, 16, 512},
                                    ReleasedVit{1024, 24, 14, 768}};
constexpr std::int64_t kOpenAiTextLayers = 12;
constexpr std::int64_t kOpenAiHeadWidth = 64;

// The numbers that OpenAI's archives hold; open_clip saves none of them.
bool HasOpenAiNumbers(const TensorShapes& shapes) {
  return shapes.contains("input_resolution") &&
         shapes.contains("context_length") && shapes.contains("vocab_size");
}

// `text` is null where there are weights of the image tower alone.
bool HasOpenAiShape(const Json& vision, const Json& text) {
  return std::any_of(
      kOpenAiVits.begin(), kOpenAiVits.end(), [&](const ReleasedVit& vit) {
        return vision["hidden_size"] == vit.width &&
               vision["num_hidden_layers"] == vit.layers &&
               vision["patch_size"] == vit.patch &&
               (text.is_null() ||
                (text["hidden_size"] == vit.text_width &&
                 text["num_hidden_layers"] == kOpenAiTextLayers));
      });
}

std::string TowerText(const Json& tower) {
  return fmt::format("{} wide, of {} layers",
                     tower["hidden_size"].get<std::int64_t>(),
                     tower["num_hidden_layers"].get<std::int64_t>());
}

// What weights do not tell, and what does.
constexpr std::string_view kNotInWeights =
    "the activation and the number of heads are not in the weights: put the "
    "release's open_clip_config.json beside them";

// Throws where the weights are surely not OpenAI's; a note where they may be.
std::string AssumptionOf(const TensorShapes& shapes,
                         const Json& vision,
                         const Json& text,
                         const std::string& source) {
  const auto custom = shapes.lower_bound("text.");
  EYECHART_REQUIRE(
      custom == shapes.end() || !custom->first.starts_with("text."),
      "{}: tensor {} is open_clip's, not OpenAI's; {}", source, custom->first,
      kNotInWeights);
  if (HasOpenAiNumbers(shapes)) {
    for (const Json* tower : {&vision, &text})
      EYECHART_REQUIRE(
          tower->is_null() ||
              (*tower)["hidden_size"].get<std::int64_t>() % kOpenAiHeadWidth ==
                  0,
          "{}: a CLIP of OpenAI's with a tower {}; its width "
          "should be a multiple of {}, a head's",
          source, TowerText(*tower), kOpenAiHeadWidth);
    return "";
  }
  EYECHART_REQUIRE(
      HasOpenAiShape(vision, text),
      "{}: a CLIP whose image tower is {}, with a patch of {}{}, which is none "
      "of OpenAI's; {}",
      source, TowerText(vision), vision["patch_size"].get<std::int64_t>(),
      text.is_null() ? "" : fmt::format(", its text tower {}", TowerText(text)),
      kNotInWeights);
  return fmt::format(
      "{}: quick_gelu and heads of {} are assumed, which is right for OpenAI's "
      "own weights; most of open_clip's have the same names and shapes and "
      "gelu, which gives other features; {} to settle it",
      source, kOpenAiHeadWidth, kNotInWeights);
}

}  // namespace

std::span<const KeyLayout> ClipLayouts() { return kClipLayouts; }

ForeignModel DescribeOpenAiClip(const TensorShapes& shapes,
                                const std::string& source) {
  const std::string visual = "visual.transformer.resblocks.";
  const auto& patches = ShapeOfRank(shapes, "visual.conv1.weight", 4, source);
  EYECHART_REQUIRE(patches[0] > 0 && patches[1] == 3 && patches[2] > 0 &&
                       patches[2] == patches[3],
                   "{}: tensor visual.conv1.weight has shape [{}]; it should "
                   "be [width, 3, N, N], of square patches",
                   source, fmt::join(patches, ", "));
  const std::string positions = "visual.positional_embedding";
  const auto& rows = ShapeOfRank(shapes, positions, 2, source);
  const std::int64_t image =
      patches[2] * SideOfSquare(rows[0] - 1,
                                fmt::format("{}, of shape [{}],", positions,
                                            fmt::join(rows, ", ")),
                                source);
  const auto tower = [&](std::int64_t width, const std::string& prefix) {
    return Json{{"hidden_size", width},
                {"intermediate_size", 4 * width},
                {"num_hidden_layers",
                 CountLayers(shapes, prefix, ".attn.in_proj_weight")},
                {"num_attention_heads", width / kOpenAiHeadWidth},
                {"hidden_act", "quick_gelu"}};
  };
  Json vision = tower(patches[0], visual);
  vision["patch_size"] = patches[2];
  vision["image_size"] = image;
  ForeignModel model;
  model.config = {
      {"model_type", "clip"},
      {"projection_dim", ShapeOfRank(shapes, "visual.proj", 2, source)[1]},
      {"vision_config", vision}};
  Json text;
  if (shapes.contains("token_embedding.weight")) {
    const auto& table =
        ShapeOfRank(shapes, "token_embedding.weight", 2, source);
    text = tower(table[1], "transformer.resblocks.");
    text["vocab_size"] = table[0];
    text["max_position_embeddings"] =
        ShapeOfRank(shapes, "positional_embedding", 2, source)[0];
    text["eos_token_id"] = table[0] - 1;  // the last of its vocabulary
    model.config["text_config"] = text;
  }
  std::string assumption = AssumptionOf(shapes, vision, text, source);
  if (!assumption.empty()) model.notes.push_back(std::move(assumption));
  model.preprocessor = {{"image_processor_type", "CLIPImageProcessor"},
                        {"size", {{"shortest_edge", image}}},
                        {"crop_size", {{"height", image}, {"width", image}}}};
  return model;
}

}  // namespace eyechart::encoders
