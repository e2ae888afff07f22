#include "benchmarks/load/stage_summary.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.h"

namespace eyechart::benchmarks {
namespace {

// The parts of a query's latency: waiting, then the stages.
std::vector<double> Parts(const QueryRow& row, std::size_t stages) {
  std::vector<double> parts = {static_cast<double>(row.queue_ns())};
  for (std::size_t i = 0; i < stages; ++i)
    parts.push_back(static_cast<double>(row.stages[i]));
  return parts;
}

std::string Mismatch(double left, double service, double allowed) {
  if (std::abs(left) <= allowed) return "";
  if (left > 0)
    return fmt::format(
        "stages leave {:.0f} ns of {:.0f} ns a query unexplained (median; "
        "{:.0f} "
        "ns would do): some work lies outside all stages",
        left, service, allowed);
  return fmt::format(
      "stages add up to {:.0f} ns more than the {:.0f} ns of a query (median): "
      "they overlap",
      -left, service);
}

}  // namespace

StageSummary SummarizeStages(const SampleTable& samples,
                             double tolerance,
                             double error_ns,
                             double level) {
  StageSummary summary;
  const std::size_t count = samples.stages.size();
  if (count == 0 || samples.rows.empty()) return summary;
  const bool queued =
      std::any_of(samples.rows.begin(), samples.rows.end(),
                  [](const QueryRow& row) { return row.queue_ns() > 0; });
  std::vector<std::vector<double>> columns(count + 1);
  std::vector<std::int64_t> binds(count + 1, 0);
  std::vector<double> service, left;
  double total = 0;
  for (const QueryRow& row : samples.rows) {
    const std::vector<double> parts = Parts(row, count);
    for (std::size_t i = 0; i < parts.size(); ++i)
      columns[i].push_back(parts[i]);
    ++binds[static_cast<std::size_t>(
        std::max_element(parts.begin(), parts.end()) - parts.begin())];
    const auto latency = static_cast<double>(row.latency_ns);
    total += latency;
    service.push_back(latency - parts[0]);
    left.push_back(latency - std::accumulate(parts.begin(), parts.end(), 0.0));
  }
  for (std::size_t i = queued ? 0 : 1; i < columns.size(); ++i) {
    StageShare stage;
    stage.name = i == 0 ? "queue" : samples.stages[i - 1];
    stage.median_ns = EstimateMedian(columns[i], level);
    const double sum =
        std::accumulate(columns[i].begin(), columns[i].end(), 0.0);
    stage.share = total > 0 ? sum / total : 0;
    stage.binds = binds[i];
    summary.stages.push_back(std::move(stage));
  }
  summary.binding =
      std::max_element(
          summary.stages.begin(), summary.stages.end(),
          [](const auto& a, const auto& b) { return a.share < b.share; })
          ->name;
  const double missing = std::accumulate(left.begin(), left.end(), 0.0);
  summary.unexplained = total > 0 ? missing / total : 0;
  summary.unexplained_median_ns = Median(left);
  const double typical = Median(service);
  summary.mismatch = Mismatch(summary.unexplained_median_ns, typical,
                              std::max(tolerance * typical, 3 * error_ns));
  return summary;
}

}  // namespace eyechart::benchmarks
