// COCO's own layout: annotations/instances_val2017.json and val2017/.
#include <system_error>

#include "core/error.h"
#include "data/boxes/box_kinds.h"
#include "data/boxes/coco_json.h"

namespace eyechart::data::internal {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "instances_";

std::vector<std::string> CocoFolderSplits(const fs::path& root) {
  std::vector<std::string> splits;
  std::error_code error;
  for (const auto& entry :
       fs::directory_iterator(root / "annotations", error)) {
    const std::string stem = entry.path().stem().string();
    if (entry.path().extension() == ".json" && stem.starts_with(kPrefix) &&
        stem.size() > kPrefix.size())
      splits.push_back(stem.substr(kPrefix.size()));
  }
  return splits;
}

bool RecognisesCocoFolder(const fs::path& root) {
  return !CocoFolderSplits(root).empty();
}

std::vector<std::string> CocoFolderSplitsOrThrow(const fs::path& root) {
  std::vector<std::string> splits = CocoFolderSplits(root);
  EYECHART_REQUIRE(!splits.empty(),
                   "{}: no annotations/instances_*.json, as COCO has",
                   root.string());
  return splits;
}

fs::path FileOf(const fs::path& root, const std::string& split) {
  return root / "annotations" / fmt::format("{}{}.json", kPrefix, split);
}

// A pipe would be waited for without end.
bool IsReadable(const fs::path& file) {
  std::error_code error;
  return fs::is_regular_file(file, error);
}

void ReadCocoFolder(const fs::path& root,
                    const std::string& split,
                    const BoxOptions& options,
                    BoxBuilder& builder) {
  const fs::path list = FileOf(root, split);
  EYECHART_REQUIRE(IsReadable(list), "{}: is no regular file", list.string());
  std::vector<fs::path> roots = {root / split, root / "images" / split,
                                 root / "images", root};
  if (!options.pictures.empty())
    roots = {options.pictures / split, options.pictures};
  std::vector<fs::path> siblings;
  for (const std::string& other : CocoFolderSplits(root))
    if (other != split && IsReadable(FileOf(root, other)))
      siblings.push_back(FileOf(root, other));
  ReadCocoJson(list, roots, siblings, builder);
}

}  // namespace

BoxKind CocoFolderKind() {
  return {"coco-folder", "annotations/instances_<split>.json and <split>/",
          RecognisesCocoFolder, CocoFolderSplitsOrThrow, ReadCocoFolder};
}

}  // namespace eyechart::data::internal
