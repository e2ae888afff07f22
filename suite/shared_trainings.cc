#include "suite/shared_trainings.h"

#include <system_error>
#include <utility>

#include "core/record.h"

namespace eyechart::suite {

namespace fs = std::filesystem;

SharedTrainings::SharedTrainings(std::span<const Cell> cells,
                                 fs::path folder,
                                 fs::path records)
    : folder_(std::move(folder)), records_(std::move(records)) {
  for (const Cell& cell : cells)
    if (!cell.training.empty()) cells_[cell.training].insert(cell.id);
  std::erase_if(cells_, [](const auto& one) { return one.second.size() < 2; });
}

fs::path SharedTrainings::FolderOf(const Cell& cell) const {
  return cells_.contains(cell.training) ? folder_ / CellSlug(cell.training)
                                        : fs::path();
}

void SharedTrainings::Release(const Cell& cell) const {
  const fs::path shared = FolderOf(cell);
  std::error_code ignored;
  if (shared.empty() || !fs::exists(shared, ignored)) return;
  // From the file: shards may share it, and each knows of its own cells alone.
  std::set<std::string> left = cells_.at(cell.training);
  for (const Record& record : ReadRecords(records_))
    if (record.status != RecordStatus::kError) left.erase(record.cell);
  if (!left.empty()) return;
  fs::remove_all(shared, ignored);
  fs::remove(folder_, ignored);  // where it was the last
}

}  // namespace eyechart::suite
