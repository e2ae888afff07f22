#include "data/boxes/box_kinds.h"

#include <array>
#include <system_error>

#include "core/error.h"
#include "core/text.h"

namespace eyechart::data {

std::span<const BoxKind> BoxKinds() {
  static const std::array kinds = {
      internal::CocoFileKind(),  internal::RoboflowKind(),
      internal::GeneratedKind(), internal::CocoFolderKind(),
      internal::VocKind(),       internal::YoloKind(),
  };
  return kinds;
}

const BoxKind& FindBoxKind(const std::filesystem::path& root,
                           const BoxOptions& options) {
  std::error_code error;
  EYECHART_REQUIRE(std::filesystem::exists(root, error),
                   "{}: no such file or folder", root.string());
  std::vector<std::string> names, whats;
  for (const BoxKind& kind : BoxKinds()) {
    if (options.kind.empty() ? kind.recognises(root)
                             : kind.name == options.kind)
      return kind;
    names.emplace_back(kind.name);
    whats.push_back(fmt::format("{} ({})", kind.name, kind.what));
  }
  EYECHART_REQUIRE(options.kind.empty(),
                   "{}: kind \"{}\" of detection set is not known{}; known are "
                   "{}",
                   root.string(), options.kind, DidYouMean(options.kind, names),
                   fmt::join(names, ", "));
  ThrowInput("{}: no detection set is recognised here; known are: {}",
             root.string(), fmt::join(whats, "; "));
}

}  // namespace eyechart::data
