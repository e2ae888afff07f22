#include "mining/probe_table.h"

#include <algorithm>

#include "core/interrupt.h"

namespace eyechart::mining {
namespace {

constexpr std::int64_t kTableBlock = 4096;  // rows that are probed at a time

}  // namespace

ProbeTable::ProbeTable(const FeatureRows& rows,
                       const IvfCells& cells,
                       std::int64_t probes,
                       Progress& progress)
    : rows_(rows.count()),
      cells_(cells.count()),
      probes_(std::min(probes, cells.count())),
      table_(static_cast<std::size_t>(rows_ * probes_)) {
  progress.Begin("finding cells", rows_);
  std::vector<float> unit(
      static_cast<std::size_t>(std::min(kTableBlock, rows_) * rows.dim()));
  for (std::int64_t begin = 0; begin < rows_; begin += kTableBlock) {
    ThrowIfInterrupted();
    const std::int64_t count = std::min(kTableBlock, rows_ - begin);
    rows.ReadNormalised(begin, count, unit.data());
    cells.Probe(unit.data(), count, probes_, table_.data() + begin * probes_);
    progress.Update(begin + count);
  }
  progress.End();
  members_ = Sort(1);
  visitors_ = Sort(probes_);
}

ProbeTable::ByCell ProbeTable::Sort(std::int64_t columns) const {
  ByCell sorted;
  sorted.begin.resize(static_cast<std::size_t>(cells_) + 1);
  sorted.rows.resize(static_cast<std::size_t>(rows_ * columns));
  const auto each = [&](const auto& visit) {
    for (std::int64_t row = 0; row < rows_; ++row)
      for (std::int64_t k = 0; k < columns; ++k)
        visit(static_cast<std::size_t>(table_[row * probes_ + k]), row);
  };
  each([&](std::size_t cell, std::int64_t) { ++sorted.begin[cell + 1]; });
  for (std::int64_t c = 0; c < cells_; ++c)
    sorted.begin[c + 1] += sorted.begin[c];
  std::vector<std::size_t> next(sorted.begin.begin(), sorted.begin.end() - 1);
  each([&](std::size_t cell, std::int64_t row) {
    sorted.rows[next[cell]++] = static_cast<std::int32_t>(row);
  });
  return sorted;
}

bool ProbeTable::Looks(std::int64_t row, std::int32_t cell) const {
  const auto first = table_.begin() + row * probes_;
  return std::find(first, first + probes_, cell) != first + probes_;
}

std::int64_t ProbeTable::products() const {
  std::int64_t products = 0;
  for (std::int64_t c = 0; c < cells_; ++c)
    products += static_cast<std::int64_t>(Visitors(c).size()) *
                static_cast<std::int64_t>(Members(c).size());
  return products;
}

}  // namespace eyechart::mining
