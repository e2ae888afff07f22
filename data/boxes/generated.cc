// What `eyechart generate scenes` writes: <split>/instances.json beside the
// pictures.
#include "data/boxes/box_kinds.h"
#include "data/boxes/list_parts.h"

namespace eyechart::data::internal {
namespace {

namespace fs = std::filesystem;

constexpr const char* kGeneratedName = "instances.json";

}  // namespace

BoxKind GeneratedKind() {
  return {"generated", "<split>/instances.json, as generate scenes writes",
          [](const fs::path& root) {
            return !PartsWithList(root, kGeneratedName).empty();
          },
          [](const fs::path& root) {
            return RequirePartsWithList(root, kGeneratedName);
          },
          [](const fs::path& root, const std::string& split,
             const BoxOptions& options, BoxBuilder& builder) {
            ReadListedPart(root, split, kGeneratedName, {}, options, builder);
          }};
}

}  // namespace eyechart::data::internal
