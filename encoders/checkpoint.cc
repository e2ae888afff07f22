#include "encoders/checkpoint.h"

#include <fmt/format.h>

#include <system_error>
#include <utility>

#include "core/error.h"
#include "core/hash.h"
#include "encoders/exported.h"
#include "encoders/foreign_checkpoint.h"
#include "encoders/hub_cache.h"
#include "encoders/open_clip_config.h"
#include "encoders/weight_files.h"

namespace eyechart::encoders {
namespace {

namespace fs = std::filesystem;

// Why config.json does not say what the weights are; empty where it does, and
// `checkpoint` has it then. `file` is empty unless the user named one.
std::string ReadCheckpointConfig(const fs::path& file, Checkpoint& checkpoint) {
  const fs::path path = checkpoint.folder / "config.json";
  if (!fs::is_regular_file(path)) return "no config.json";
  const std::string source = path.string();
  // The reference would silently take the last of two.
  Json config = ReadJsonFile(path, DuplicateKeys::kRefuse);
  EYECHART_REQUIRE(config.is_object(), "{}: should be a JSON object", source);
  const auto model_type =
      JsonGetOr<std::string>(config, "model_type", "", source);
  // Other projects, such as timm, have a file of that name too.
  if (model_type.empty()) return "config.json has no \"model_type\"";
  if (!file.empty() && IsReleaseBeside(file, model_type)) {
    checkpoint.preprocessor_decides = true;
    return fmt::format("config.json is of another model ({})", model_type);
  }
  checkpoint.config = std::move(config);
  checkpoint.config_source = source;
  checkpoint.model_type = model_type;
  return "";
}

std::vector<fs::path> FindWeights(const fs::path& folder, bool native) {
  if (!native && fs::is_regular_file(folder / kOpenClipConfig))
    return FindWeightFiles(folder, kOpenClipWeights);
  return FindWeightFiles(folder);
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
  const std::string why_foreign = ReadCheckpointConfig(file, checkpoint);
  checkpoint.weight_files = file.empty()
                                ? FindWeights(folder, why_foreign.empty())
                                : std::vector<fs::path>{file};
  if (!why_foreign.empty()) DescribeForeign(why_foreign, checkpoint);
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
