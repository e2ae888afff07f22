#include "encoders/aimv2_layouts.h"

#include <array>

namespace eyechart::encoders {
namespace {

using enum KeyAction;

constexpr std::array kImageRules = {
    KeyRule{"preprocessor.patchifier.proj.**", "embeddings.patch_embed.**"},
    KeyRule{"preprocessor.patchifier.norm.**", "embeddings.rms_norm.**"},
    KeyRule{"preprocessor.pos_embed", "embeddings.position_embedding.weight",
            kSqueeze},
    KeyRule{"trunk.blocks.*.attn.qkv.**",
            "encoder.layers.*.attention.{q_proj,k_proj,v_proj}.**", kSplit},
    KeyRule{"trunk.blocks.*.attn.proj.**",
            "encoder.layers.*.attention.out_proj.**"},
    KeyRule{"trunk.blocks.*.mlp.fc1.**", "encoder.layers.*.ffn.gate_proj.**"},
    KeyRule{"trunk.blocks.*.mlp.fc3.**", "encoder.layers.*.ffn.up_proj.**"},
    KeyRule{"trunk.blocks.*.mlp.fc2.**", "encoder.layers.*.ffn.down_proj.**"},
    KeyRule{"trunk.blocks.*.norm_1.**", "encoder.layers.*.rms_norm1.**"},
    KeyRule{"trunk.blocks.*.norm_2.**", "encoder.layers.*.rms_norm2.**"},
    KeyRule{"trunk.post_trunk_norm.**", "rms_norm.**"},
    KeyRule{"head.k.**", "head.k_proj.**"},
    KeyRule{"head.v.**", "head.v_proj.**"},
    KeyRule{"head.linear.**", "head.output_proj.**"},
};

constexpr std::array kLitRules = {
    KeyRule{"image_encoder.preprocessor.patchifier.proj.**",
            "vision_model.embeddings.patch_embed.**"},
    KeyRule{"image_encoder.preprocessor.patchifier.norm.**",
            "vision_model.embeddings.rms_norm.**"},
    KeyRule{"image_encoder.preprocessor.pos_embed",
            "vision_model.embeddings.position_embedding.weight", kSqueeze},
    KeyRule{"image_encoder.trunk.blocks.*.attn.qkv.**",
            "vision_model.encoder.layers.*.attention.{q_proj,k_proj,v_proj}.**",
            kSplit},
    KeyRule{"image_encoder.trunk.blocks.*.attn.proj.**",
            "vision_model.encoder.layers.*.attention.out_proj.**"},
    KeyRule{"image_encoder.trunk.blocks.*.mlp.fc1.**",
            "vision_model.encoder.layers.*.ffn.gate_proj.**"},
    KeyRule{"image_encoder.trunk.blocks.*.mlp.fc3.**",
            "vision_model.encoder.layers.*.ffn.up_proj.**"},
    KeyRule{"image_encoder.trunk.blocks.*.mlp.fc2.**",
            "vision_model.encoder.layers.*.ffn.down_proj.**"},
    KeyRule{"image_encoder.trunk.blocks.*.norm_1.**",
            "vision_model.encoder.layers.*.rms_norm1.**"},
    KeyRule{"image_encoder.trunk.blocks.*.norm_2.**",
            "vision_model.encoder.layers.*.rms_norm2.**"},
    KeyRule{"image_encoder.trunk.post_trunk_norm.**",
            "vision_model.rms_norm.**"},
    KeyRule{"image_encoder.head.cls_token", "vision_model.head.cls_token"},
    KeyRule{"image_encoder.head.k.**", "vision_model.head.k_proj.**"},
    KeyRule{"image_encoder.head.v.**", "vision_model.head.v_proj.**"},
    KeyRule{"image_encoder.head.linear.**", "vision_model.head.output_proj.**"},

    KeyRule{"text_encoder.preprocessor.text_embedding.weight",
            "text_model.embeddings.token_embedding.weight"},
    KeyRule{"text_encoder.preprocessor.positional_embedding",
            "text_model.embeddings.position_embedding.weight"},
    KeyRule{"text_encoder.trunk.blocks.*.attn.qkv.**",
            "text_model.encoder.layers.*.attention.{q_proj,k_proj,v_proj}.**",
            kSplit},
    KeyRule{"text_encoder.trunk.blocks.*.attn.proj.**",
            "text_model.encoder.layers.*.attention.out_proj.**"},
    KeyRule{"text_encoder.trunk.blocks.*.mlp.fc1.**",
            "text_model.encoder.layers.*.ffn.gate_proj.**"},
    KeyRule{"text_encoder.trunk.blocks.*.mlp.fc3.**",
            "text_model.encoder.layers.*.ffn.up_proj.**"},
    KeyRule{"text_encoder.trunk.blocks.*.mlp.fc2.**",
            "text_model.encoder.layers.*.ffn.down_proj.**"},
    KeyRule{"text_encoder.trunk.blocks.*.norm_1.**",
            "text_model.encoder.layers.*.rms_norm1.**"},
    KeyRule{"text_encoder.trunk.blocks.*.norm_2.**",
            "text_model.encoder.layers.*.rms_norm2.**"},
    KeyRule{"text_encoder.trunk.post_trunk_norm.**", "text_model.rms_norm.**"},

    KeyRule{"image_projector.weight", "visual_projection.weight"},
    KeyRule{"text_projector.weight", "text_projection.weight"},
    KeyRule{"log_logit_scale", "logit_scale"},
};

constexpr std::array kAimv2Layouts = {
    KeyLayout{"Apple AIMv2", "preprocessor.patchifier.proj.weight",
              kImageRules},
    KeyLayout{"Apple AIMv2 lit",
              "image_encoder.preprocessor.patchifier.proj.weight", kLitRules},
};

}  // namespace

std::span<const KeyLayout> Aimv2Layouts() { return kAimv2Layouts; }

}  // namespace eyechart::encoders
