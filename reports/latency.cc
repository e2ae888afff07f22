#include "reports/latency.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "reports/display.h"
#include "reports/markdown_parts.h"

namespace eyechart::reports {
namespace {

constexpr std::string_view kStage = "stage_";
constexpr std::string_view kRest = "stage_rest";
constexpr double kLeastRest = 0.001;  // of the whole, to be shown
constexpr std::string_view kInvalid = "not valid: ";

std::string OfText(const Record& record) {
  std::string text = record.dataset;
  for (const auto& [key, value] : record.setting)
    text += (text.empty() ? "" : ", ") + key + " " + value;
  return text;
}

void Take(const Record& record, LatencyRow& row) {
  if (record.metric == "latency_median") {
    row.median = &record;
    row.encoder = record.encoder;
    row.of = OfText(record);
    row.invalid = InvalidReason(record);
  } else if (record.metric == "latency_p90") {
    row.p90 = &record;
  } else if (record.metric == "latency_p95") {
    row.p95 = &record;
  } else if (record.metric == "latency_p99") {
    row.p99 = &record;
  } else if (record.metric == "load_throughput") {
    row.throughput = &record;
  } else if (record.metric == kRest && record.value) {
    row.rest = {"rest", *record.value, 0};
  } else if (record.metric.starts_with(kStage) && record.value) {
    std::string name = record.metric.substr(kStage.size());
    std::replace(name.begin(), name.end(), '_', ' ');
    row.stages.push_back({std::move(name), *record.value, 0});
  }
}

// Shares of stages and rest, medians being all there is.
void ShareOut(LatencyRow& row) {
  double sum = 0;
  for (const StageTime& stage : row.stages) sum += stage.median_ms;
  if (row.rest &&
      !(row.rest->median_ms >= kLeastRest * (sum + row.rest->median_ms)))
    row.rest.reset();
  if (row.stages.empty()) row.rest.reset();
  if (row.rest) sum += row.rest->median_ms;
  if (sum <= 0) return;
  for (StageTime& stage : row.stages) stage.share = stage.median_ms / sum;
  if (row.rest) row.rest->share = row.rest->median_ms / sum;
}

std::string WithInterval(const Record* record) {
  if (record == nullptr || !record->value) return "";
  std::string text = FormatNumber(*record->value);
  if (record->ci)
    text += fmt::format(" [{}, {}]", FormatNumber(record->ci->low),
                        FormatNumber(record->ci->high));
  return text;
}

}  // namespace

std::string InvalidReason(const Record& record) {
  const std::size_t at = record.message.find(kInvalid);
  return at == std::string::npos ? std::string()
                                 : record.message.substr(at + kInvalid.size());
}

std::string BindingStage(const LatencyRow& row) {
  const auto most =
      std::max_element(row.stages.begin(), row.stages.end(),
                       [](const StageTime& a, const StageTime& b) {
                         return a.median_ms < b.median_ms;
                       });
  return most == row.stages.end() ? std::string() : most->name;
}

std::string StageShares(const LatencyRow& row, bool binds) {
  const std::string binding = binds ? BindingStage(row) : std::string();
  std::string text;
  const auto add = [&text](const StageTime& part) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", part.name,
                        FormatPercent(part.share));
  };
  for (const StageTime& stage : row.stages) {
    add(stage);
    if (stage.name == binding) text += " (binds)";
  }
  if (row.rest) add(*row.rest);
  return text;
}

std::vector<LatencyRow> MakeLatencyRows(std::span<const RunFolder> runs) {
  std::vector<LatencyRow> rows;
  for (std::size_t run = 0; run < runs.size(); ++run) {
    std::map<std::string, std::size_t> places;
    for (const Record& record : runs[run].records) {
      if (record.task != "bench") continue;
      const auto [place, made] = places.try_emplace(record.cell, rows.size());
      if (made) rows.emplace_back().run = run;
      Take(record, rows[place->second]);
    }
  }
  std::erase_if(rows, [](const LatencyRow& row) {
    return row.median == nullptr || !row.median->value;
  });
  for (LatencyRow& row : rows) ShareOut(row);
  return rows;
}

std::string LatencyMarkdown(std::span<const RunFolder> runs,
                            const std::vector<std::string>& labels) {
  const std::vector<LatencyRow> rows = MakeLatencyRows(runs);
  if (rows.empty()) return "";
  std::string text = "## Latency\n\n";
  text += TableHead(
      {"encoder", "of", "valid", "median ms", "p90 ms", "p95 ms", "p99 ms",
       "samples/s", "binds", "stages and rest, share of their medians"},
      3);
  for (const LatencyRow& row : rows) {
    const std::string prefix = runs.size() > 1 ? labels[row.run] + ": " : "";
    text += TableLine(
        {EscapeMarkdown(prefix + row.encoder), EscapeMarkdown(row.of),
         row.invalid.empty() ? "yes" : "no: " + EscapeMarkdown(row.invalid),
         WithInterval(row.median), WithInterval(row.p90), WithInterval(row.p95),
         WithInterval(row.p99), WithInterval(row.throughput), BindingStage(row),
         StageShares(row, /*binds=*/false)});
  }
  return text + "\n";
}

}  // namespace eyechart::reports
