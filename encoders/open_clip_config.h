// open_clip's own configuration file, in Hugging Face's terms.
#pragma once

#include <filesystem>
#include <string_view>

#include "encoders/foreign_model.h"

namespace eyechart::encoders {

inline constexpr std::string_view kOpenClipConfig = "open_clip_config.json";

/// Reads `path`, an open_clip_config.json of a ViT model with open_clip's own
/// text transformer. Throws InputError naming the key for what has no
/// counterpart: ResNet and timm towers, text towers of Hugging Face, other
/// poolings. Source: open_clip's CLIPVisionCfg, CLIPTextCfg and their defaults.
ForeignModel ReadOpenClipConfig(const std::filesystem::path& path);

}  // namespace eyechart::encoders
