// Safetensors as a WeightFile.
#pragma once

#include <filesystem>
#include <memory>

#include "encoders/weight_file.h"

namespace eyechart::encoders {

/// Throws InputError where `path` is no whole safetensors file.
std::unique_ptr<WeightFile> OpenSafetensors(const std::filesystem::path& path);

}  // namespace eyechart::encoders
