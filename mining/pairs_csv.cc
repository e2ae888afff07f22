#include "mining/pairs_csv.h"

#include <algorithm>

#include "core/csv.h"
#include "core/files.h"
#include "core/text.h"

namespace eyechart::mining {

std::string PairsToCsv(const MiningResult& result,
                       const std::vector<data::StoreItem>& items,
                       std::int64_t top) {
  std::string text =
      "rank,id_a,id_b,path_a,path_b,near_cosine,far_cosine,gap\n";
  const auto all = static_cast<std::int64_t>(result.pairs.size());
  const std::int64_t rows = top > 0 ? std::min(top, all) : all;
  for (std::int64_t i = 0; i < rows; ++i) {
    const BlindPair& pair = result.pairs[i];
    const data::StoreItem& a = items[pair.row_a];
    const data::StoreItem& b = items[pair.row_b];
    text += CsvLine({std::to_string(i + 1), a.id, b.id, a.path, b.path,
                     FormatDouble(pair.near_cosine),
                     FormatDouble(pair.far_cosine), FormatDouble(pair.gap())});
  }
  return text;
}

void WritePairsCsv(const std::filesystem::path& path,
                   const MiningResult& result,
                   const std::vector<data::StoreItem>& items,
                   std::int64_t top) {
  WriteFileAtomic(path, PairsToCsv(result, items, top));
}

}  // namespace eyechart::mining
