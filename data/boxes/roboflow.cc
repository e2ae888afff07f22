// Roboflow's export of COCO: <split>/_annotations.coco.json with the pictures
// beside it, as Roboflow-100 has it.
#include <algorithm>
#include <system_error>

#include "data/boxes/box_kinds.h"
#include "data/boxes/list_parts.h"
#include "data/boxes/split_names.h"

namespace eyechart::data::internal {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRoboflowName = "_annotations.coco.json";

// The other parts' files, which decide together on category 0. Of a part by
// itself those are the usual parts beside it.
std::vector<fs::path> Siblings(const fs::path& root, const std::string& split) {
  std::vector<fs::path> found;
  std::error_code error;
  if (!split.empty()) {
    for (const std::string& other : PartsWithList(root, kRoboflowName))
      if (other != split) found.push_back(root / other / kRoboflowName);
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
    if (folder != part && HasList(folder, kRoboflowName))
      found.push_back(folder / kRoboflowName);
  }
  return found;
}

void ReadRoboflow(const fs::path& root,
                  const std::string& split,
                  const BoxOptions& options,
                  BoxBuilder& builder) {
  ReadListedPart(root, split, kRoboflowName, Siblings(root, split), options,
                 builder);
}

}  // namespace

BoxKind RoboflowKind() {
  return {"roboflow", "<split>/_annotations.coco.json, or one split itself",
          [](const fs::path& root) {
            return !PartsWithList(root, kRoboflowName).empty();
          },
          [](const fs::path& root) {
            return RequirePartsWithList(root, kRoboflowName);
          },
          ReadRoboflow};
}

}  // namespace eyechart::data::internal
