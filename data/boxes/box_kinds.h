// The kinds of detection data set. To add one: one new file, its function here
// and one row in box_kinds.cc.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/boxes/box_builder.h"
#include "data/boxes/box_dataset.h"

namespace eyechart::data {

struct BoxKind {
  std::string_view name;
  std::string_view what;
  /// Whether `root` looks like one. Never throws.
  bool (*recognises)(const std::filesystem::path& root);
  /// The parts there are, in any order; one empty text for a set without parts.
  std::vector<std::string> (*splits)(const std::filesystem::path& root);
  /// Reads one of them. Throws InputError.
  void (*read)(const std::filesystem::path& root,
               const std::string& split,
               const BoxOptions& options,
               internal::BoxBuilder& builder);
};

/// All kinds, in the order in which they are tried.
std::span<const BoxKind> BoxKinds();

/// The row called `options.kind` or, where that is empty, the first that
/// recognises `root`. Throws InputError naming what was looked for.
const BoxKind& FindBoxKind(const std::filesystem::path& root,
                           const BoxOptions& options);

namespace internal {

BoxKind CocoFileKind();
BoxKind CocoFolderKind();
BoxKind GeneratedKind();
BoxKind RoboflowKind();
BoxKind VocKind();
BoxKind YoloKind();

}  // namespace internal
}  // namespace eyechart::data
