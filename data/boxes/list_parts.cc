#include "data/boxes/list_parts.h"

#include <system_error>

#include "core/error.h"
#include "data/boxes/box_findings.h"
#include "data/boxes/coco_json.h"
#include "data/boxes/picture_folder.h"
#include "data/boxes/split_names.h"

namespace eyechart::data::internal {

namespace fs = std::filesystem;

namespace {

// A part whose list is gone would vanish, and another be tested on.
void CountUnreadParts(const fs::path& root,
                      const std::string& name,
                      BoxBuilder& builder) {
  for (const std::string& part : FoldersOf(root))
    if (IsPartName(part) && !HasList(root / part, name))
      CountUnreadPart(root, part, name, builder);
}

}  // namespace

void CountUnreadPart(const fs::path& root,
                     const std::string& part,
                     const std::string& lacks,
                     BoxBuilder& builder) {
  const std::size_t pictures = PicturesUnder(root / part, true).size();
  if (pictures > 0)
    builder.Count(finding::kPartUnread,
                  fmt::format("{}: {} picture{} and no {}", part, pictures,
                              pictures == 1 ? "" : "s", lacks));
}

bool HasList(const fs::path& folder, const std::string& name) {
  std::error_code error;
  return fs::is_regular_file(folder / name, error);
}

std::vector<std::string> PartsWithList(const fs::path& root,
                                       const std::string& name) {
  if (HasList(root, name)) return {""};
  std::vector<std::string> parts;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(root, error))
    if (HasList(entry.path(), name))
      parts.push_back(entry.path().filename().string());
  return parts;
}

std::vector<std::string> RequirePartsWithList(const fs::path& root,
                                              const std::string& name) {
  std::vector<std::string> parts = PartsWithList(root, name);
  EYECHART_REQUIRE(!parts.empty(), "{}: no {}, here or one folder below",
                   root.string(), name);
  return parts;
}

void ReadListedPart(const fs::path& root,
                    const std::string& split,
                    const std::string& name,
                    const std::vector<fs::path>& siblings,
                    const BoxOptions& options,
                    BoxBuilder& builder) {
  const fs::path folder = split.empty() ? root : root / split;
  std::vector<fs::path> roots = {folder};
  if (!options.pictures.empty())
    roots = {options.pictures / split, options.pictures};
  ReadCocoJson(folder / name, roots, siblings, builder);
  if (!split.empty()) CountUnreadParts(root, name, builder);
}

}  // namespace eyechart::data::internal
