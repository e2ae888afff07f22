// open_clip's own configuration file, in Hugging Face's terms.
#pragma once

#include <array>
#include <filesystem>
#include <string_view>

#include "encoders/foreign_model.h"

namespace eyechart::encoders {

inline constexpr std::string_view kOpenClipConfig = "open_clip_config.json";
/// What open_clip calls its weights in a folder, which may hold another
/// project's beside them.
inline constexpr std::array<std::string_view, 2> kOpenClipWeights = {
    "open_clip_model.safetensors", "open_clip_pytorch_model.bin"};

/// Reads `path`, an open_clip_config.json of a ViT model. Throws InputError
/// naming the key for what has no counterpart: ResNet and timm towers, other
/// poolings. A text tower that has none, of Hugging Face, say, leaves the image
/// tower with its projection, and `text_problem` names the key. Source:
/// open_clip's CLIPVisionCfg, CLIPTextCfg and their defaults.
ForeignModel ReadOpenClipConfig(const std::filesystem::path& path);

}  // namespace eyechart::encoders
