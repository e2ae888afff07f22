#include "mining/pairs_csv.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <functional>

#include "core/csv.h"
#include "core/error.h"
#include "core/files.h"
#include "core/text.h"

namespace eyechart::mining {
namespace {

namespace fs = std::filesystem;

void ForEachLine(const MiningResult& result,
                 const std::vector<data::StoreItem>& items,
                 std::int64_t top,
                 const std::function<void(const std::string&)>& emit) {
  emit("rank,id_a,id_b,path_a,path_b,near_cosine,far_cosine,gap\n");
  const auto all = static_cast<std::int64_t>(result.pairs.size());
  const std::int64_t rows = top > 0 ? std::min(top, all) : all;
  for (std::int64_t i = 0; i < rows; ++i) {
    const BlindPair& pair = result.pairs[i];
    const data::StoreItem& a = items[pair.row_a];
    const data::StoreItem& b = items[pair.row_b];
    emit(CsvLine({std::to_string(i + 1), a.id, b.id, a.path, b.path,
                  FormatDouble(pair.near_cosine), FormatDouble(pair.far_cosine),
                  FormatDouble(pair.gap())}));
  }
}

}  // namespace

std::string PairsToCsv(const MiningResult& result,
                       const std::vector<data::StoreItem>& items,
                       std::int64_t top) {
  std::string text;
  ForEachLine(result, items, top,
              [&](const std::string& line) { text += line; });
  return text;
}

// Not WriteFileAtomic, whose text would be whole in memory: a class-level
// encoder makes tens of millions of blind pairs.
void WritePairsCsv(const fs::path& path,
                   const MiningResult& result,
                   const std::vector<data::StoreItem>& items,
                   std::int64_t top) {
  fs::path partial = path;
  partial += ".partial";
  try {
    std::ofstream out(partial, std::ios::binary | std::ios::trunc);
    ForEachLine(result, items, top,
                [&](const std::string& line) { out << line; });
    out.flush();
    EYECHART_REQUIRE(out.good(), "{}: cannot be written: {}", path.string(),
                     std::strerror(errno));
    out.close();
    SyncToDisk(partial);
    std::error_code error;
    fs::rename(partial, path, error);
    EYECHART_REQUIRE(!error, "{}: cannot be written: {}", path.string(),
                     error.message());
  } catch (...) {
    std::error_code ignored;
    fs::remove(partial, ignored);
    throw;
  }
}

}  // namespace eyechart::mining
