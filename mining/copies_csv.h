// copies.csv: which pictures are copies of which.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "data/store_manifest.h"
#include "mining/copy_groups.h"

namespace eyechart::mining {

/// `group,id,path,kind,near_cosine,far_cosine,representative`: groups from 1, a
/// row a picture, the representative first and of the kind "representative";
/// the last column is the representative's id. A cosine that is not known is an
/// empty field.
std::string CopiesToCsv(const CopyGroups& groups,
                        const std::vector<data::StoreItem>& items);

/// Writes it to `path`, whole or not at all. Throws InputError.
void WriteCopiesCsv(const std::filesystem::path& path,
                    const CopyGroups& groups,
                    const std::vector<data::StoreItem>& items);

}  // namespace eyechart::mining
