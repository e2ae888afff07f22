// pairs.csv: the blind pairs as a table.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "data/store_manifest.h"
#include "mining/mine.h"

namespace eyechart::mining {

/// The table `rank,id_a,id_b,path_a,path_b,near_cosine,far_cosine,gap`: ranks
/// from 1, numbers that read back to the same double, lines ended by LF.
/// `items` are the near store's; `top` limits the rows, 0 leaves them all.
std::string PairsToCsv(const MiningResult& result,
                       const std::vector<data::StoreItem>& items,
                       std::int64_t top = 0);

/// Writes it to `path`, whole or not at all. Throws InputError.
void WritePairsCsv(const std::filesystem::path& path,
                   const MiningResult& result,
                   const std::vector<data::StoreItem>& items,
                   std::int64_t top = 0);

}  // namespace eyechart::mining
