// Checkpoints that huggingface_hub has brought to this machine.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace eyechart::encoders {

/// The snapshot folder of the hub id `model` (`org/name[@revision]`) in the
/// Hugging Face cache (HF_HUB_CACHE, HF_HOME/hub, ~/.cache/huggingface/hub);
/// nothing where `model` does not have the form of one. Throws InputError where
/// it is not in the cache, saying where it looked and the command that would
/// bring it.
std::optional<std::filesystem::path> FindInHubCache(const std::string& model);

}  // namespace eyechart::encoders
