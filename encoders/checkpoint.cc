#include "encoders/checkpoint.h"

#include <system_error>

#include "core/error.h"
#include "core/hash.h"
#include "encoders/exported.h"
#include "encoders/foreign_checkpoint.h"
#include "encoders/hub_cache.h"
#include "encoders/weight_files.h"

namespace eyechart::encoders {
namespace {

namespace fs = std::filesystem;

void ReadCheckpointConfig(Checkpoint& checkpoint) {
  const fs::path path = checkpoint.folder / "config.json";
  checkpoint.config_source = path.string();
  // The reference would silently take the last of two.
  checkpoint.config = ReadJsonFile(path, DuplicateKeys::kRefuse);
  EYECHART_REQUIRE(checkpoint.config.is_object(), "{}: should be a JSON object",
                   checkpoint.config_source);
  checkpoint.model_type = JsonGet<std::string>(checkpoint.config, "model_type",
                                               checkpoint.config_source);
}

// `file` is empty unless the user named a weight file.
Checkpoint Open(const std::string& name,
                const fs::path& folder,
                const fs::path& file) {
  Checkpoint checkpoint;
  checkpoint.name = name;
  checkpoint.folder = folder;
  if (file.empty() && fs::is_regular_file(folder / kExportedConfig)) {
    ReadExportedConfig(checkpoint);
    return checkpoint;
  }
  const bool native = fs::is_regular_file(folder / "config.json");
  if (native) ReadCheckpointConfig(checkpoint);
  checkpoint.weight_files =
      file.empty() ? FindWeightFiles(folder) : std::vector<fs::path>{file};
  if (!native) DescribeForeign(checkpoint);
  return checkpoint;
}

}  // namespace

Checkpoint OpenCheckpoint(const std::string& model) {
  EYECHART_REQUIRE(!model.empty(),
                   "no model is named; give a checkpoint folder or a hub id");
  std::error_code error;
  if (fs::is_directory(model, error)) return Open(model, model, {});
  if (fs::exists(model, error)) {
    const fs::path file(model);
    EYECHART_REQUIRE(IsWeightFileName(file),
                     "{}: a file, and none of weights (.safetensors, .bin, .pt "
                     "or .pth); a checkpoint is the folder that holds "
                     "config.json and the weights",
                     model);
    const fs::path folder = file.parent_path();
    return Open(model, folder.empty() ? fs::path(".") : folder, file);
  }
  if (const auto folder = FindInHubCache(model))
    return Open(model, *folder, {});
  ThrowInput(
      "{}: no such folder; a model is a checkpoint folder or a hub id "
      "(org/name or org/name@revision)",
      model);
}

std::string WeightsSha256(const Checkpoint& checkpoint) {
  if (checkpoint.weight_files.size() == 1)
    return Sha256File(checkpoint.weight_files.front());
  Sha256 hash;
  for (const fs::path& file : checkpoint.weight_files)
    hash.Update(Sha256File(file));
  return hash.HexDigest();
}

}  // namespace eyechart::encoders
