#include "reports/gate/run_values.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "core/csv.h"
#include "core/error.h"
#include "core/files.h"
#include "core/text.h"

namespace eyechart::reports {
namespace {

namespace fs = std::filesystem;

fs::path FileOf(const fs::path& run, const std::string& cell) {
  return run / "runs" / (CellSlug(cell) + ".csv");
}

struct Turns {
  std::map<std::string, double> values;               // by pair
  std::vector<std::pair<double, double>> begin_ends;  // in ns
};

class TurnReader {
 public:
  explicit TurnReader(const fs::path& file)
      : file_(file.string()), table_(CsvTable::ReadFile(file)) {}

  // None where the metric is not among the columns, or a pair stands twice.
  std::optional<Turns> Read(const std::string& metric) const {
    const auto column = table_.FindColumn(metric);
    if (!column) return std::nullopt;
    const std::size_t pair = table_.Column("pair");
    const std::size_t began = table_.Column("began_ns");
    const std::size_t ended = table_.Column("ended_ns");
    Turns turns;
    for (std::size_t row = 0; row < table_.rows(); ++row) {
      const double value = Number(row, *column);
      if (!turns.values.emplace(table_.at(row, pair), value).second)
        return std::nullopt;
      turns.begin_ends.emplace_back(Number(row, began), Number(row, ended));
    }
    return turns;
  }

 private:
  double Number(std::size_t row, std::size_t column) const {
    const std::optional<double> value = ParseDouble(table_.at(row, column));
    EYECHART_REQUIRE(value && std::isfinite(*value),
                     "{}: row {}: {} \"{}\": should be a number", file_,
                     row + 2, table_.header()[column], table_.at(row, column));
    return *value;
  }

  std::string file_;
  CsvTable table_;
};

bool TurnsOverlap(std::vector<std::pair<double, double>> turns) {
  std::ranges::sort(turns);
  for (std::size_t i = 1; i < turns.size(); ++i)
    if (turns[i].first < turns[i - 1].second) return true;
  return false;
}

}  // namespace

void WriteRunValues(const fs::path& run,
                    const std::string& cell,
                    std::span<const TurnValues> turns) {
  EYECHART_CHECK(!turns.empty(), "no turns");
  std::vector<std::string> metrics;
  for (const auto& [metric, value] : turns.front().values)
    if (std::ranges::all_of(turns, [&metric](const TurnValues& turn) {
          return turn.values.contains(metric);
        }))
      metrics.push_back(metric);
  std::vector<std::string> header = {"pair", "began_ns", "ended_ns"};
  header.insert(header.end(), metrics.begin(), metrics.end());
  std::string csv = CsvLine(header);
  for (const TurnValues& turn : turns) {
    std::vector<std::string> row = {std::to_string(turn.pair),
                                    std::to_string(turn.began_ns),
                                    std::to_string(turn.ended_ns)};
    for (const std::string& metric : metrics)
      row.push_back(FormatDouble(turn.values.at(metric)));
    csv += CsvLine(row);
  }
  CreateFolder(run / "runs");
  WriteFileAtomic(FileOf(run, cell), csv);
}

std::optional<CellEstimate> EstimateRunValues(const CellSide& baseline,
                                              const CellSide& candidate,
                                              const ResampleOptions& options) {
  std::vector<Turns> sides;
  for (const CellSide* side : {&baseline, &candidate}) {
    const fs::path file = FileOf(side->run, side->record->cell);
    if (!fs::exists(file)) return std::nullopt;
    std::optional<Turns> turns = TurnReader(file).Read(side->record->metric);
    if (!turns) return std::nullopt;
    sides.push_back(*std::move(turns));
  }
  std::vector<std::pair<double, double>> all = sides[0].begin_ends;
  all.insert(all.end(), sides[1].begin_ends.begin(), sides[1].begin_ends.end());
  if (sides[0].values.size() != sides[1].values.size() ||
      sides[0].values.empty() || TurnsOverlap(std::move(all)))
    return std::nullopt;
  std::vector<double> ratios;
  for (const auto& [pair, before] : sides[0].values) {
    const auto after = sides[1].values.find(pair);
    if (after == sides[1].values.end() || before <= 0 || after->second <= 0)
      return std::nullopt;
    ratios.push_back(after->second / before);
  }
  CellEstimate estimate =
      EstimateRatios(ratios, *baseline.record->value, options);
  estimate.test = "signed-rank, paired ratios of runs";
  estimate.identical =
      std::ranges::all_of(ratios, [](double ratio) { return ratio == 1; });
  return estimate;
}

}  // namespace eyechart::reports
