// What `eyechart generate scenes` writes: <split>/instances.json beside the
// pictures.
#include <system_error>

#include "core/error.h"
#include "data/boxes/box_kinds.h"
#include "data/boxes/coco_json.h"

namespace eyechart::data::internal {
namespace {

namespace fs = std::filesystem;

constexpr const char* kName = "instances.json";

bool IsPart(const fs::path& folder) {
  std::error_code error;
  return fs::is_regular_file(folder / kName, error);
}

std::vector<std::string> Splits(const fs::path& root) {
  if (IsPart(root)) return {""};
  std::vector<std::string> splits;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(root, error))
    if (IsPart(entry.path()))
      splits.push_back(entry.path().filename().string());
  return splits;
}

bool Recognises(const fs::path& root) { return !Splits(root).empty(); }

std::vector<std::string> SplitsOrThrow(const fs::path& root) {
  std::vector<std::string> splits = Splits(root);
  EYECHART_REQUIRE(!splits.empty(), "{}: no {}, here or one folder below",
                   root.string(), kName);
  return splits;
}

void Read(const fs::path& root,
          const std::string& split,
          const BoxOptions& options,
          BoxBuilder& builder) {
  const fs::path folder = split.empty() ? root : root / split;
  std::vector<fs::path> roots = {folder};
  if (!options.pictures.empty())
    roots = {options.pictures / split, options.pictures};
  ReadCocoJson(folder / kName, roots, {}, builder);
}

}  // namespace

BoxKind GeneratedKind() {
  return {"generated", "<split>/instances.json, as generate scenes writes",
          Recognises, SplitsOrThrow, Read};
}

}  // namespace eyechart::data::internal
