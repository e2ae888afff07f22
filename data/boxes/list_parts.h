// Sets whose parts are folders, each with a COCO list of one name beside its
// pictures.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "data/boxes/box_builder.h"

namespace eyechart::data::internal {

/// Whether `folder` holds the list `name`.
bool HasList(const std::filesystem::path& folder, const std::string& name);

/// Folders of `root` that hold the list, in any order; one empty text where
/// `root` itself does. Empty: none. Never throws.
std::vector<std::string> PartsWithList(const std::filesystem::path& root,
                                       const std::string& name);

/// The same. Throws InputError where there is none.
std::vector<std::string> RequirePartsWithList(const std::filesystem::path& root,
                                              const std::string& name);

/// Counts the folder `part` of `root` where it has pictures: `lacks`, which it
/// should have beside them, is why it is not read.
void CountUnreadPart(const std::filesystem::path& root,
                     const std::string& part,
                     const std::string& lacks,
                     BoxBuilder& builder);

/// Reads the part `split` of `root`. `siblings` are other parts' lists, as in
/// ReadCocoJson. Folders that are called as a part and have pictures without a
/// list are counted. Throws InputError.
void ReadListedPart(const std::filesystem::path& root,
                    const std::string& split,
                    const std::string& name,
                    const std::vector<std::filesystem::path>& siblings,
                    const BoxOptions& options,
                    BoxBuilder& builder);

}  // namespace eyechart::data::internal
