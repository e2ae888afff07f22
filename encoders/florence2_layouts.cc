#include "encoders/florence2_layouts.h"

#include <array>

namespace eyechart::encoders {
namespace {

using enum KeyAction;

constexpr std::array kFlorence2Rules = {
    KeyRule{"vision_tower.convs.*.proj.**",
            "model.vision_tower.convs.*.conv.**"},
    KeyRule{"vision_tower.convs.*.norm.**",
            "model.vision_tower.convs.*.norm.**"},
    KeyRule{"vision_tower.blocks.*.*.spatial_block.conv1.fn.dw.**",
            "model.vision_tower.blocks.*.*.spatial_block.conv1.**"},
    KeyRule{"vision_tower.blocks.*.*.spatial_block.window_attn.norm.**",
            "model.vision_tower.blocks.*.*.spatial_block.norm1.**"},
    KeyRule{"vision_tower.blocks.*.*.spatial_block.window_attn.fn.qkv.**",
            "model.vision_tower.blocks.*.*.spatial_block.window_attn.qkv.**"},
    KeyRule{"vision_tower.blocks.*.*.spatial_block.window_attn.fn.proj.**",
            "model.vision_tower.blocks.*.*.spatial_block.window_attn.proj.**"},
    KeyRule{"vision_tower.blocks.*.*.spatial_block.conv2.fn.dw.**",
            "model.vision_tower.blocks.*.*.spatial_block.conv2.**"},
    KeyRule{"vision_tower.blocks.*.*.spatial_block.ffn.norm.**",
            "model.vision_tower.blocks.*.*.spatial_block.norm2.**"},
    KeyRule{"vision_tower.blocks.*.*.spatial_block.ffn.fn.net.fc1.**",
            "model.vision_tower.blocks.*.*.spatial_block.ffn.fc1.**"},
    KeyRule{"vision_tower.blocks.*.*.spatial_block.ffn.fn.net.fc2.**",
            "model.vision_tower.blocks.*.*.spatial_block.ffn.fc2.**"},
    KeyRule{"vision_tower.blocks.*.*.channel_block.conv1.fn.dw.**",
            "model.vision_tower.blocks.*.*.channel_block.conv1.**"},
    KeyRule{"vision_tower.blocks.*.*.channel_block.channel_attn.norm.**",
            "model.vision_tower.blocks.*.*.channel_block.norm1.**"},
    KeyRule{"vision_tower.blocks.*.*.channel_block.channel_attn.fn.qkv.**",
            "model.vision_tower.blocks.*.*.channel_block.channel_attn.qkv.**"},
    KeyRule{"vision_tower.blocks.*.*.channel_block.channel_attn.fn.proj.**",
            "model.vision_tower.blocks.*.*.channel_block.channel_attn.proj.**"},
    KeyRule{"vision_tower.blocks.*.*.channel_block.conv2.fn.dw.**",
            "model.vision_tower.blocks.*.*.channel_block.conv2.**"},
    KeyRule{"vision_tower.blocks.*.*.channel_block.ffn.norm.**",
            "model.vision_tower.blocks.*.*.channel_block.norm2.**"},
    KeyRule{"vision_tower.blocks.*.*.channel_block.ffn.fn.net.fc1.**",
            "model.vision_tower.blocks.*.*.channel_block.ffn.fc1.**"},
    KeyRule{"vision_tower.blocks.*.*.channel_block.ffn.fn.net.fc2.**",
            "model.vision_tower.blocks.*.*.channel_block.ffn.fc2.**"},

    KeyRule{"image_projection",
            "model.multi_modal_projector.image_projection.weight", kTranspose},
    KeyRule{"image_proj_norm.**",
            "model.multi_modal_projector.image_proj_norm.**"},
    KeyRule{"image_pos_embed.**",
            "model.multi_modal_projector.image_position_embed.**"},
    KeyRule{"visual_temporal_embed.**",
            "model.multi_modal_projector.visual_temporal_embed.**"},
    KeyRule{"language_model.model.**", "model.language_model.**"},
    KeyRule{"language_model.lm_head.**", "lm_head.**"},
    KeyRule{"language_model.final_logits_bias", "final_logits_bias"},
};

constexpr std::array kFlorence2Layouts = {
    KeyLayout{"Florence-2 remote code", "vision_tower.convs.0.proj.weight",
              kFlorence2Rules},
};

}  // namespace

std::span<const KeyLayout> Florence2Layouts() { return kFlorence2Layouts; }

}  // namespace eyechart::encoders
