// Boxes in COCO's JSON, as COCO itself and Roboflow's exports have them.
#pragma once

#include <filesystem>
#include <vector>

#include "data/boxes/box_builder.h"

namespace eyechart::data::internal {

/// Reads `images`, `annotations` and `categories` of `file` into `builder`;
/// pictures are under one of `roots`: the first where the first listed one is,
/// else the first that is a folder. Ids may be integers or texts, and are
/// compared as texts: 12 and "12" are the same.
///
/// A category 0 without boxes that all others name as their supercategory is
/// the project, not a category: Roboflow's exports have it, and it is dropped.
/// `siblings` are the JSON files of the set's other parts: a box of that
/// category in any of them keeps it, so that parts keep the same categories.
///
/// Throws InputError naming the byte of a file that is cut or goes on behind
/// its end, or the list that it lacks or has twice. Rows that cannot be used
/// are dropped and counted: an image or a category with a key of the wrong type
/// or the id of one before it, a path that leaves its root, an annotation of an
/// image or category that is not there, with a key of the wrong type or a box
/// that is not 4 numbers.
void ReadCocoJson(const std::filesystem::path& file,
                  const std::vector<std::filesystem::path>& roots,
                  const std::vector<std::filesystem::path>& siblings,
                  BoxBuilder& builder);

}  // namespace eyechart::data::internal
