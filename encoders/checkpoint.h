// A checkpoint folder: found, configuration read, weights located.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/json.h"

namespace eyechart::encoders {

/// An opened checkpoint: nothing of the weights is read yet.
struct Checkpoint {
  std::string name;  // as the user gave it
  std::filesystem::path folder;
  std::string model_type;                           // config.json's
  Json config;                                      // config.json
  std::vector<std::filesystem::path> weight_files;  // in index order
};

/// Opens a folder, or a hub id (`org/name[@revision]`) found in the Hugging
/// Face cache (HF_HUB_CACHE, HF_HOME/hub, ~/.cache/huggingface/hub). Throws
/// InputError saying where it looked and the command that would bring it.
Checkpoint OpenCheckpoint(const std::string& model);

/// SHA-256 of the weight file; of the concatenated hex digests in index order
/// when sharded.
std::string WeightsSha256(const Checkpoint& checkpoint);

}  // namespace eyechart::encoders
