// Which cells each row looks into, and which rows look into each cell.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/progress.h"
#include "mining/feature_rows.h"
#include "mining/ivf_cells.h"

namespace eyechart::mining {

class ProbeTable {
 public:
  /// Finds the `probes` nearest cells of every row.
  ProbeTable(const FeatureRows& rows,
             const IvfCells& cells,
             std::int64_t probes,
             Progress& progress);

  std::int64_t cells() const { return cells_; }
  /// The cell that a row is in.
  std::int32_t CellOf(std::int64_t row) const {
    return table_[static_cast<std::size_t>(row * probes_)];
  }
  /// The row looks into the cell.
  bool Looks(std::int64_t row, std::int32_t cell) const;
  /// The rows in a cell, in order.
  std::span<const std::int32_t> Members(std::int64_t cell) const {
    return Part(members_, cell);
  }
  /// The rows that look into it, its members among them, in order.
  std::span<const std::int32_t> Visitors(std::int64_t cell) const {
    return Part(visitors_, cell);
  }
  /// Products of a search that compares all visitors with all members.
  std::int64_t products() const;

 private:
  // Rows by cell: those of cell c are rows[begin[c]] to rows[begin[c + 1]].
  struct ByCell {
    std::vector<std::size_t> begin;
    std::vector<std::int32_t> rows;
  };
  std::span<const std::int32_t> Part(const ByCell& all,
                                     std::int64_t cell) const {
    return {all.rows.data() + all.begin[cell],
            all.begin[cell + 1] - all.begin[cell]};
  }
  ByCell Sort(std::int64_t columns) const;

  std::int64_t rows_;
  std::int64_t cells_;
  std::int64_t probes_;
  std::vector<std::int32_t> table_;  // (rows, probes), nearest first
  ByCell members_;
  ByCell visitors_;
};

}  // namespace eyechart::mining
