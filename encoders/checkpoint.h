// A checkpoint, found and described: nothing of the weights is read yet.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/json.h"

namespace eyechart::encoders {

/// An opened checkpoint.
struct Checkpoint {
  std::string name;  // as the user gave it
  std::filesystem::path folder;
  std::string model_type;                           // config's
  Json config;                                      // config.json's, or made
  std::string config_source;                        // its file, for errors
  std::vector<std::filesystem::path> weight_files;  // in index order
  /// What a preprocessor_config.json would hold, for layouts that come without
  /// one; null where the folder's own file is to be read.
  Json preprocessor;
  /// Whether `preprocessor` stands before the folder's own file, too: an
  /// exported model says itself what its program takes, and what lies beside a
  /// file of another family is not about it.
  bool preprocessor_decides = false;
  /// Why the text tower that the model has cannot be built here, for who asks
  /// for it; empty where it can, or where there is none.
  std::string text_problem;
  /// What was taken for granted; commands give it among their warnings.
  std::vector<std::string> notes;
};

/// Opens `model`: a folder, a weight file, or a hub id (`org/name[@revision]`)
/// found in the Hugging Face cache. A folder holds eyechart.json (an exported
/// model), or config.json with a "model_type", or open_clip_config.json, or
/// weights alone whose names and shapes tell what they are
/// (foreign_checkpoint.h). A weight file that is named itself and is a release
/// of another family than config.json's is told by its names, too.
/// Throws InputError saying where it looked and what would be right.
Checkpoint OpenCheckpoint(const std::string& model);

/// SHA-256 of the weight file; of the concatenated hex digests in index order
/// when sharded.
std::string WeightsSha256(const Checkpoint& checkpoint);

}  // namespace eyechart::encoders
