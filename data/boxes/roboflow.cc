// Roboflow's export of COCO: <split>/_annotations.coco.json with the pictures
// beside it, as Roboflow-100 has it.
#include <algorithm>
#include <system_error>

#include "core/error.h"
#include "data/boxes/box_kinds.h"
#include "data/boxes/coco_json.h"
#include "data/boxes/split_names.h"

namespace eyechart::data::internal {
namespace {

namespace fs = std::filesystem;

constexpr const char* kName = "_annotations.coco.json";

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

// The other parts' files, which decide together on category 0. Of a part by
// itself those are the usual parts beside it.
std::vector<fs::path> Siblings(const fs::path& root, const std::string& split) {
  std::vector<fs::path> found;
  std::error_code error;
  if (!split.empty()) {
    for (const std::string& other : Splits(root))
      if (other != split) found.push_back(root / other / kName);
    return found;
  }
  const fs::path part = fs::weakly_canonical(root, error);
  if (error) return found;
  const auto& usual = UsualSplits();
  const auto is_usual = [&usual](const fs::path& name) {
    return std::find(usual.begin(), usual.end(), name.string()) != usual.end();
  };
  if (!is_usual(part.filename())) return found;
  for (const std::string& other : usual) {
    const fs::path folder = part.parent_path() / other;
    if (folder != part && IsPart(folder)) found.push_back(folder / kName);
  }
  return found;
}

void Read(const fs::path& root,
          const std::string& split,
          const BoxOptions& options,
          BoxBuilder& builder) {
  const fs::path folder = split.empty() ? root : root / split;
  std::vector<fs::path> roots = {folder};
  if (!options.pictures.empty())
    roots = {options.pictures / split, options.pictures};
  ReadCocoJson(folder / kName, roots, Siblings(root, split), builder);
}

}  // namespace

BoxKind RoboflowKind() {
  return {"roboflow", "<split>/_annotations.coco.json, or one split itself",
          Recognises, SplitsOrThrow, Read};
}

}  // namespace eyechart::data::internal
