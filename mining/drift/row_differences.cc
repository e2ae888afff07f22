#include "mining/drift/row_differences.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/statistics.h"
#include "mining/kernels.h"

namespace eyechart::mining {
namespace {

using data::FeatureStore;
using Row = std::vector<float>;

// Adds one picture's values to `sums`.
void AddRow(const Row& first,
            const Row& second,
            const std::string& id,
            TensorDifferences& sums) {
  const bool same =
      std::memcmp(first.data(), second.data(), first.size() * 4) == 0;
  DifferentItem item{id, 0, 0, 0};
  double most = -1;
  for (std::size_t i = 0; i < first.size(); ++i) {
    const double a = first[i];
    if (std::isfinite(a))
      sums.reference_max_abs = std::max(sums.reference_max_abs, std::abs(a));
    if (same || std::memcmp(&first[i], &second[i], 4) == 0) continue;
    double apart = std::abs(second[i] - a);
    if (std::isnan(apart)) apart = std::numeric_limits<double>::infinity();
    if (apart > most) {
      most = apart;
      item = {id, static_cast<std::int64_t>(i), first[i], second[i]};
    }
  }
  if (same) return;
  ++sums.different_items;
  if (!sums.first_different) sums.first_different = item;
  if (!sums.most_different || most > sums.max_abs) sums.most_different = item;
  sums.max_abs = std::max(sums.max_abs, most);
}

// Cosine of two rows in double; none where one has no direction.
std::optional<double> CosineOf(const Row& a, const Row& b) {
  const auto n = static_cast<std::int64_t>(a.size());
  const double squares =
      DotExact(a.data(), a.data(), n) * DotExact(b.data(), b.data(), n);
  if (!(squares > 0) || !std::isfinite(squares)) return std::nullopt;
  return std::clamp(DotExact(a.data(), b.data(), n) / std::sqrt(squares), -1.0,
                    1.0);
}

const std::string& IdOf(const FeatureStore& store, std::int64_t row) {
  return store.items()[static_cast<std::size_t>(row)].id;
}

}  // namespace

double TensorDifferences::Relative() const {
  if (max_abs == 0) return 0;
  return reference_max_abs > 0 ? max_abs / reference_max_abs
                               : std::numeric_limits<double>::infinity();
}

RowDifferences CompareRows(const FeatureStore& first,
                           const FeatureStore& second,
                           std::span<const RowPair> rows) {
  RowDifferences differences;
  if (first.dim() == second.dim()) {
    TensorDifferences& pooled = differences.pooled.emplace();
    CosineSummary& summary = differences.cosines.emplace();
    Row a(static_cast<std::size_t>(first.dim()));
    Row b(a.size());
    std::vector<double> cosines;
    for (const RowPair& row : rows) {
      first.ReadPooled(row.first, 1, a.data());
      second.ReadPooled(row.second, 1, b.data());
      const std::int64_t different = pooled.different_items;
      AddRow(a, b, IdOf(first, row.first), pooled);
      std::optional<double> cosine = CosineOf(a, b);
      if (!cosine && pooled.different_items == different) continue;
      if (!cosine) cosine = 0;
      if (cosines.empty() || *cosine < summary.min) {
        summary.min = *cosine;
        summary.least_id = IdOf(first, row.first);
      }
      cosines.push_back(*cosine);
    }
    summary.items = static_cast<std::int64_t>(cosines.size());
    summary.median = Median(cosines);
  }
  const auto& shape = first.manifest().tokens;
  if (!shape || shape != second.manifest().tokens) return differences;
  TensorDifferences& tokens = differences.tokens.emplace();
  Row a(static_cast<std::size_t>(shape->count * shape->dim));
  Row b(a.size());
  for (const RowPair& row : rows) {
    first.ReadTokens(row.first, 1, a.data());
    second.ReadTokens(row.second, 1, b.data());
    AddRow(a, b, IdOf(first, row.first), tokens);
  }
  return differences;
}

}  // namespace eyechart::mining
