// A COCO JSON by itself.
#include <system_error>

#include "core/error.h"
#include "data/boxes/box_kinds.h"
#include "data/boxes/coco_json.h"

namespace eyechart::data::internal {
namespace {

namespace fs = std::filesystem;

bool RecognisesCocoFile(const fs::path& root) {
  std::error_code error;
  return fs::is_regular_file(root, error) && root.extension() == ".json";
}

std::vector<std::string> CocoFileSplits(const fs::path&) { return {""}; }

void ReadCocoFile(const fs::path& root,
                  const std::string&,
                  const BoxOptions& options,
                  BoxBuilder& builder) {
  fs::path pictures = options.pictures;
  std::error_code error;
  EYECHART_REQUIRE(pictures.empty() || fs::is_directory(pictures, error),
                   "{}: no such folder (pictures of {})", pictures.string(),
                   root.string());
  if (pictures.empty()) pictures = root.parent_path();
  ReadCocoJson(root, {pictures}, {}, builder);
}

}  // namespace

BoxKind CocoFileKind() {
  return {"coco", "a COCO JSON; its pictures lie beside it or under a root",
          RecognisesCocoFile, CocoFileSplits, ReadCocoFile};
}

}  // namespace eyechart::data::internal
