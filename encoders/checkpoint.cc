#include "encoders/checkpoint.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <set>
#include <system_error>

#include "core/error.h"
#include "core/files.h"
#include "core/hash.h"

namespace eyechart::encoders {
namespace {

namespace fs = std::filesystem;

std::optional<std::string> Environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  std::string text = value;
  const char* home = std::getenv("HOME");
  if (text.starts_with("~/") && home != nullptr)
    text = std::string(home) + text.substr(1);
  return text;
}

// Where huggingface_hub keeps its files; its own order of precedence.
fs::path HubCache() {
  for (const char* name : {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"})
    if (const auto cache = Environment(name)) return *cache;
  if (const auto home = Environment("HF_HOME")) return fs::path(*home) / "hub";
  if (const auto cache = Environment("XDG_CACHE_HOME"))
    return fs::path(*cache) / "huggingface" / "hub";
  return fs::path(Environment("HOME").value_or(".")) / ".cache" /
         "huggingface" / "hub";
}

struct HubId {
  std::string name;      // org/name, or name for the oldest models
  std::string revision;  // empty: main
};

std::optional<HubId> ParseHubId(const std::string& model) {
  HubId id;
  const std::size_t at = model.find('@');
  id.name = model.substr(0, at);
  if (at != std::string::npos) id.revision = model.substr(at + 1);
  const auto ok = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '-' ||
           c == '_' || c == '.' || c == '/';
  };
  const bool plain = !id.name.empty() && id.name.front() != '.' &&
                     id.name.front() != '/' && id.name.back() != '/' &&
                     std::count(id.name.begin(), id.name.end(), '/') <= 1 &&
                     std::all_of(id.name.begin(), id.name.end(), ok) &&
                     id.name.find("..") == std::string::npos;
  if (!plain || (at != std::string::npos && id.revision.empty()))
    return std::nullopt;
  return id;
}

std::string DownloadCommand(const HubId& id) {
  std::string command = "hf download " + id.name;
  if (!id.revision.empty()) command += " --revision " + id.revision;
  return command;
}

std::vector<std::string> Names(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

std::string Trimmed(std::string text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())))
    text.pop_back();
  return text;
}

fs::path FindInHub(const std::string& model, const HubId& id) {
  std::string folder = "models--" + id.name;
  if (const std::size_t slash = folder.find('/'); slash != std::string::npos)
    folder.replace(slash, 1, "--");
  const fs::path root = HubCache() / folder;
  EYECHART_REQUIRE(fs::is_directory(root),
                   "{}: no such folder, and not in the Hugging Face cache "
                   "(looked for {}); `{}` brings it",
                   model, root.string(), DownloadCommand(id));
  const std::string revision = id.revision.empty() ? "main" : id.revision;
  std::string commit = revision;
  const fs::path ref = SafeJoin(root / "refs", revision, model);
  if (fs::is_regular_file(ref)) commit = Trimmed(ReadFile(ref, 4096));
  const fs::path snapshot = SafeJoin(root / "snapshots", commit, ref.string());
  EYECHART_REQUIRE(
      fs::is_directory(snapshot),
      "{}: revision \"{}\" is not in the Hugging Face cache "
      "(looked for {}; refs: {}; snapshots: {}); `{}` brings it",
      model, revision, snapshot.string(), fmt::join(Names(root / "refs"), ", "),
      fmt::join(Names(root / "snapshots"), ", "), DownloadCommand(id));
  return snapshot;
}

fs::path FindFolder(const std::string& model) {
  EYECHART_REQUIRE(!model.empty(),
                   "no model is named; give a checkpoint folder or a hub id");
  std::error_code error;
  if (fs::is_directory(model, error)) return model;
  EYECHART_REQUIRE(!fs::exists(model, error),
                   "{}: a file; a checkpoint is the folder that holds "
                   "config.json and the weights",
                   model);
  if (const auto id = ParseHubId(model)) return FindInHub(model, *id);
  ThrowInput(
      "{}: no such folder; a model is a checkpoint folder or a hub id "
      "(org/name or org/name@revision)",
      model);
}

std::vector<fs::path> ShardFiles(const fs::path& folder,
                                 const fs::path& index_path) {
  const std::string source = index_path.string();
  const Json index = ReadJsonFile(index_path);
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

std::vector<fs::path> FindWeights(const fs::path& folder) {
  const fs::path whole = folder / "model.safetensors";
  if (fs::is_regular_file(whole)) return {whole};
  const fs::path index = folder / "model.safetensors.index.json";
  if (fs::is_regular_file(index)) return ShardFiles(folder, index);

  std::vector<fs::path> others;
  std::vector<std::string> pickles;
  for (const std::string& name : Names(folder)) {
    const fs::path path = folder / name;
    if (path.extension() == ".safetensors") others.push_back(path);
    if (path.extension() == ".bin" || path.extension() == ".pt" ||
        path.extension() == ".pth")
      pickles.push_back(name);
  }
  if (others.size() == 1) return others;
  EYECHART_REQUIRE(others.empty(),
                   "{}: {} .safetensors files and no model.safetensors nor "
                   "model.safetensors.index.json that says which to take",
                   folder.string(), others.size());
  EYECHART_REQUIRE(
      pickles.empty(),
      "{}: the weights ({}) are in PyTorch's own format, a layout that this "
      "build does not read; transformers' from_pretrained followed by "
      "save_pretrained writes model.safetensors",
      folder.string(), fmt::join(pickles, ", "));
  ThrowInput(
      "{}: no weights; there should be model.safetensors, or its shards with "
      "model.safetensors.index.json",
      folder.string());
}

}  // namespace

Checkpoint OpenCheckpoint(const std::string& model) {
  Checkpoint checkpoint;
  checkpoint.name = model;
  checkpoint.folder = FindFolder(model);
  const fs::path config = checkpoint.folder / "config.json";
  EYECHART_REQUIRE(fs::is_regular_file(config),
                   "{}: no config.json; a checkpoint folder holds config.json "
                   "and model.safetensors, as save_pretrained writes them",
                   checkpoint.folder.string());
  checkpoint.config = ReadJsonFile(config);
  EYECHART_REQUIRE(checkpoint.config.is_object(), "{}: should be a JSON object",
                   config.string());
  checkpoint.model_type =
      JsonGet<std::string>(checkpoint.config, "model_type", config.string());
  checkpoint.weight_files = FindWeights(checkpoint.folder);
  return checkpoint;
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
