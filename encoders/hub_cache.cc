#include "encoders/hub_cache.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "core/error.h"
#include "core/files.h"

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

}  // namespace

std::optional<fs::path> FindInHubCache(const std::string& model) {
  const std::optional<HubId> parsed = ParseHubId(model);
  if (!parsed) return std::nullopt;
  const HubId& id = *parsed;
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

}  // namespace eyechart::encoders
