#include "reports/gate/explain_samples.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "core/csv.h"
#include "core/error.h"
#include "core/record.h"
#include "core/text.h"

namespace eyechart::reports {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kListed = 5;

std::optional<CsvTable> ReadCellCsv(const fs::path& run,
                                    const char* kind,
                                    const std::string& cell) {
  const fs::path file = run / kind / (CellSlug(cell) + ".csv");
  if (!fs::exists(file)) return std::nullopt;
  return CsvTable::ReadFile(file);
}

std::vector<double> Column(const CsvTable& table, std::size_t column) {
  std::vector<double> values;
  for (std::size_t row = 0; row < table.rows(); ++row)
    if (const auto value = ParseDouble(table.at(row, column));
        value && std::isfinite(*value))
      values.push_back(*value);
  return values;
}

// Nearest rank of sorted values, multiplied before divided.
double SortedPercentile(const std::vector<double>& sorted,
                        std::size_t percent) {
  const std::size_t rank = (sorted.size() * percent + 99) / 100;
  return sorted[std::max<std::size_t>(rank, 1) - 1];
}

std::vector<Bin> HistogramOf(const std::vector<double>& sorted) {
  constexpr std::size_t kBins = 12;
  const double low = sorted.front();
  const double high = SortedPercentile(sorted, 99);
  if (!(high > low))
    return {{low, high, static_cast<std::int64_t>(sorted.size())}};
  std::vector<Bin> bins(kBins);
  const double width = (high - low) / static_cast<double>(kBins - 1);
  for (std::size_t i = 0; i < kBins; ++i) {
    bins[i].low = low + width * static_cast<double>(i);
    bins[i].high = i + 1 < kBins ? low + width * static_cast<double>(i + 1)
                                 : std::max(sorted.back(), bins[i].low);
  }
  bins.back().low = high;
  for (const double value : sorted) {
    const auto place = static_cast<std::size_t>((value - low) / width);
    ++(value >= high ? bins.back() : bins[std::min(place, kBins - 2)]).count;
  }
  return bins;
}

bool IsStage(const std::string& column) {
  return column.ends_with("_ns") && column != "latency_ns" &&
         column != "started_ns" && column != "scheduled_ns";
}

// Whether an item is right: column `correct`, by id.
std::optional<std::map<std::string, bool>> RightItems(const CsvTable& table) {
  const auto id = table.FindColumn("id");
  const auto correct = table.FindColumn("correct");
  if (!id || !correct) return std::nullopt;
  std::map<std::string, bool> items;
  for (std::size_t row = 0; row < table.rows(); ++row)
    if (!table.at(row, *correct).empty())
      items[table.at(row, *id)] = table.at(row, *correct) == "1";
  return items;
}

}  // namespace

std::optional<SampleSummary> SummarizeSamples(const fs::path& run,
                                              const std::string& cell) {
  const std::optional<CsvTable> table = ReadCellCsv(run, "samples", cell);
  if (!table) return std::nullopt;
  const auto latency = table->FindColumn("latency_ns");
  if (!latency) return std::nullopt;
  std::vector<double> sorted = Column(*table, *latency);
  if (sorted.empty()) return std::nullopt;
  std::ranges::sort(sorted);
  SampleSummary summary;
  summary.count = static_cast<std::int64_t>(sorted.size());
  summary.min = sorted.front();
  summary.max = sorted.back();
  summary.median = Median(sorted);
  summary.mean = std::accumulate(sorted.begin(), sorted.end(), 0.0) /
                 static_cast<double>(sorted.size());
  struct Quantile {
    std::size_t percent;
    std::size_t least;  // samples
  };
  for (const Quantile quantile :
       {Quantile{5, 20}, {25, 4}, {75, 4}, {90, 64}, {95, 130}, {99, 662}})
    if (sorted.size() >= quantile.least)
      summary.quantiles.emplace_back(
          fmt::format("p{}", quantile.percent),
          SortedPercentile(sorted, quantile.percent));
  summary.histogram = HistogramOf(sorted);
  if (const auto pair = table->FindColumn("pair")) {
    std::set<std::string> pairs;
    for (std::size_t row = 0; row < table->rows(); ++row)
      if (!table->at(row, *pair).empty()) pairs.insert(table->at(row, *pair));
    summary.pairs = static_cast<std::int64_t>(pairs.size());
  }
  for (std::size_t i = 0; i < table->header().size(); ++i) {
    const std::string& name = table->header()[i];
    if (!IsStage(name)) continue;
    const std::vector<double> values = Column(*table, i);
    if (!values.empty())
      summary.stages[name.substr(0, name.size() - 3)] = Median(values);
  }
  return summary;
}

std::optional<OutcomeSummary> SummarizeOutcomes(const fs::path& run,
                                                const std::string& cell) {
  const std::optional<CsvTable> table = ReadCellCsv(run, "outcomes", cell);
  if (!table) return std::nullopt;
  OutcomeSummary summary;
  summary.items = static_cast<std::int64_t>(table->rows());
  const auto correct = table->FindColumn("correct");
  if (!correct) return summary;
  const auto truth = table->FindColumn("truth");
  std::map<std::string, OutcomeSummary::Truth> truths;
  std::int64_t right = 0;
  std::int64_t judged = 0;
  for (std::size_t row = 0; row < table->rows(); ++row) {
    if (table->at(row, *correct).empty()) continue;  // a number, or unasked
    ++judged;
    const bool is_right = table->at(row, *correct) == "1";
    right += is_right ? 1 : 0;
    if (!truth) continue;
    OutcomeSummary::Truth& one = truths[table->at(row, *truth)];
    one.truth = table->at(row, *truth);
    ++one.items;
    one.wrong += is_right ? 0 : 1;
  }
  if (judged == 0) return summary;
  summary.right = right;
  summary.judged = judged;
  for (auto& [name, one] : truths)
    if (one.wrong > 0) summary.worst.push_back(std::move(one));
  std::ranges::stable_sort(summary.worst, std::ranges::greater{},
                           &OutcomeSummary::Truth::wrong);
  if (summary.worst.size() > kListed) summary.worst.resize(kListed);
  return summary;
}

std::optional<FlippedItems> CompareOutcomes(const fs::path& baseline,
                                            const std::string& baseline_cell,
                                            const fs::path& run,
                                            const std::string& cell) {
  const auto first = ReadCellCsv(baseline, "outcomes", baseline_cell);
  const auto second = ReadCellCsv(run, "outcomes", cell);
  if (!first || !second) return std::nullopt;
  const auto before = RightItems(*first);
  const auto after = RightItems(*second);
  if (!before || !after) return std::nullopt;
  FlippedItems flipped;
  for (const auto& [id, was_right] : *before) {
    const auto now = after->find(id);
    if (now == after->end()) continue;
    ++flipped.common;
    if (was_right && !now->second) {
      ++flipped.only_baseline;
      if (flipped.lost.size() < kListed) flipped.lost.push_back(id);
    }
    if (!was_right && now->second) ++flipped.only_candidate;
  }
  return flipped;
}

}  // namespace eyechart::reports
