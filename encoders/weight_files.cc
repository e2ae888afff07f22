#include "encoders/weight_files.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <string>
#include <system_error>

#include "core/error.h"
#include "core/files.h"
#include "core/json.h"

namespace eyechart::encoders {
namespace {

namespace fs = std::filesystem;

bool IsPickleName(const fs::path& path) {
  const fs::path ending = path.extension();
  return ending == ".bin" || ending == ".pt" || ending == ".pth";
}

std::vector<fs::path> ShardFiles(const fs::path& folder,
                                 const fs::path& index_path) {
  const std::string source = index_path.string();
  const Json index = ReadJsonFile(index_path, DuplicateKeys::kRefuse);
  const auto map = index.find("weight_map");
  EYECHART_REQUIRE(
      map != index.end() && map->is_object() && !map->empty(),
      "{}: \"weight_map\" should be an object of tensor and file names",
      source);
  // A set: the shards' names carry their number, so sorted is index order.
  std::set<std::string> names;
  for (const auto& [tensor, file] : map->items()) {
    EYECHART_REQUIRE(file.is_string(),
                     "{}: \"weight_map\": the file of {} should be a text",
                     source, tensor);
    names.insert(file.get<std::string>());
  }
  std::vector<fs::path> files;
  for (const std::string& name : names) {
    files.push_back(SafeJoin(folder, name, source));
    EYECHART_REQUIRE(fs::is_regular_file(files.back()),
                     "{}: the file {} that it names is missing", source, name);
  }
  return files;
}

// The only one of `candidates`; empty where there is none.
std::vector<fs::path> OnlyOne(const std::vector<fs::path>& candidates,
                              const fs::path& folder,
                              const char* kind) {
  if (candidates.size() <= 1) return candidates;
  std::vector<std::string> names;
  for (const fs::path& path : candidates)
    names.push_back(path.filename().string());
  ThrowInput(
      "{}: {} {} files ({}) and no model.safetensors, pytorch_model.bin nor an "
      "index that says which to take; give the file itself as the model",
      folder.string(), candidates.size(), kind, fmt::join(names, ", "));
}

}  // namespace

bool IsWeightFileName(const fs::path& path) {
  return path.extension() == ".safetensors" || IsPickleName(path);
}

std::vector<fs::path> FindWeightFiles(
    const fs::path& folder, std::span<const std::string_view> preferred) {
  for (const std::string_view name : preferred)
    if (fs::is_regular_file(folder / name)) return {folder / name};
  for (const char* name : {"model.safetensors", "pytorch_model.bin"}) {
    const fs::path whole = folder / name;
    if (fs::is_regular_file(whole)) return {whole};
    const fs::path index = folder / (std::string(name) + ".index.json");
    if (fs::is_regular_file(index)) return ShardFiles(folder, index);
  }
  std::vector<fs::path> safetensors;
  std::vector<fs::path> pickles;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const fs::path& path = entry.path();
    if (path.extension() == ".safetensors") safetensors.push_back(path);
    // What transformers' Trainer writes beside its checkpoints.
    const std::string name = path.filename().string();
    if (IsPickleName(path) && name != "training_args.bin" &&
        name != "optimizer.pt" && name != "scheduler.pt")
      pickles.push_back(path);
  }
  std::sort(safetensors.begin(), safetensors.end());
  std::sort(pickles.begin(), pickles.end());
  std::vector<fs::path> found = OnlyOne(safetensors, folder, ".safetensors");
  if (found.empty()) found = OnlyOne(pickles, folder, ".bin, .pt or .pth");
  EYECHART_REQUIRE(!found.empty(),
                   "{}: no weights; there should be model.safetensors or "
                   "pytorch_model.bin, or their shards with an index",
                   folder.string());
  return found;
}

}  // namespace eyechart::encoders
