// Which files of a checkpoint folder hold its weights.
#pragma once

#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

namespace eyechart::encoders {

/// Whether the name ends as weight files do.
bool IsWeightFileName(const std::filesystem::path& path);

/// The weights of `folder`, in index order: the first of `preferred`, names of
/// single files, that is there; model.safetensors; its shards by
/// model.safetensors.index.json; pytorch_model.bin; its shards; else the only
/// .safetensors file; else the only .bin, .pt or .pth file that is none of the
/// trainer's own. Throws InputError where there is none, or no telling which.
std::vector<std::filesystem::path> FindWeightFiles(
    const std::filesystem::path& folder,
    std::span<const std::string_view> preferred = {});

}  // namespace eyechart::encoders
