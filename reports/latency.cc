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
constexpr std::ptrdiff_t kMemoryColumn = 8;  // behind samples/s
constexpr std::string_view kRest = "stage_rest";
constexpr double kLeastRest = 0.001;  // of the whole, to be shown
constexpr double kMiB = 1 << 20;
constexpr std::string_view kInvalid = "not valid: ";

std::string OfText(const Record& record) {
  std::string text = record.dataset;
  for (const auto& [key, value] : record.setting)
    text += (text.empty() ? "" : ", ") + key + " " +
            (key.ends_with("_sha256") ? value.substr(0, 8) : value);
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
  } else if (record.metric == "cache_again_ratio") {
    row.cache_again = &record;
  } else if (record.metric == "cache_right_after_ratio") {
    row.cache_right_after = &record;
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
  if (row.rest && sum > 0 && -row.rest->median_ms >= kLeastRest * sum)
    row.overlap = -row.rest->median_ms / sum;
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

std::map<std::string, PeakMemory> PeakMemories(const RunFolder& run) {
  std::map<std::string, PeakMemory> memories;
  for (const Record& record : run.records) {
    if (record.task != "bench" || !record.value) continue;
    if (record.metric == "peak_memory")
      memories[record.cell].process = *record.value;
    else if (record.metric == "device_peak_memory")
      memories[record.cell].device = *record.value;
  }
  return memories;
}

std::string MemoryText(const PeakMemory& memory) {
  std::string text;
  if (memory.process) text = FormatNumber(*memory.process / kMiB);
  if (memory.device)
    text += (text.empty() ? "GPU " : ", GPU ") +
            FormatNumber(*memory.device / kMiB);
  return text;
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
  if (row.overlap > 0)
    text += "; stages overlap by " + FormatPercent(row.overlap);
  return text;
}

std::string CacheText(const LatencyRow& row) {
  std::string text, invalid;
  bool said = false;  // of what it is a ratio
  for (const auto& [record, which] :
       {std::pair(row.cache_again, "asked again: "),
        std::pair(row.cache_right_after, "right after: ")}) {
    if (record == nullptr) continue;
    text += (text.empty() ? "" : "; ") + std::string(which);
    if (record->value) {
      text += WithInterval(record) + (said ? "" : " of the first time");
      said = true;
      // The audit is watched by itself.
      if (invalid.empty()) invalid = InvalidReason(*record);
    } else {
      text += "\u2014";
      if (!record->message.empty()) text += " (" + record->message + ")";
    }
  }
  if (!invalid.empty()) text += "; " + std::string(kInvalid) + invalid;
  return text;
}

bool AnyMemory(std::span<const LatencyRow> rows) {
  return std::any_of(rows.begin(), rows.end(), [](const LatencyRow& row) {
    return row.memory.process || row.memory.device;
  });
}

std::vector<LatencyRow> MakeLatencyRows(std::span<const RunFolder> runs) {
  std::vector<LatencyRow> rows;
  for (std::size_t run = 0; run < runs.size(); ++run) {
    std::map<std::string, std::size_t> places;
    const std::map<std::string, PeakMemory> memories = PeakMemories(runs[run]);
    for (const Record& record : runs[run].records) {
      if (record.task != "bench") continue;
      const auto [place, made] = places.try_emplace(record.cell, rows.size());
      if (made) {
        rows.emplace_back().run = run;
        const auto memory = memories.find(record.cell);
        if (memory != memories.end()) rows.back().memory = memory->second;
      }
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
  const bool memory = AnyMemory(rows);
  std::vector<std::string> head = {
      "encoder", "of",
      "valid",   "median ms",
      "p90 ms",  "p95 ms",
      "p99 ms",  "samples/s",
      "binds",   "stages and rest, share of their medians"};
  if (memory) head.insert(head.begin() + kMemoryColumn, "memory, MiB");
  text += TableHead(head, 3);
  std::string audits;
  for (const LatencyRow& row : rows) {
    const std::string prefix = runs.size() > 1 ? labels[row.run] + ": " : "";
    std::vector<std::string> cells = {
        EscapeMarkdown(prefix + row.encoder),
        EscapeMarkdown(row.of),
        row.invalid.empty() ? "yes" : "no: " + EscapeMarkdown(row.invalid),
        WithInterval(row.median),
        WithInterval(row.p90),
        WithInterval(row.p95),
        WithInterval(row.p99),
        WithInterval(row.throughput),
        BindingStage(row),
        StageShares(row, /*binds=*/false)};
    if (memory)
      cells.insert(cells.begin() + kMemoryColumn, MemoryText(row.memory));
    text += TableLine(cells);
    if (const std::string cache = CacheText(row); !cache.empty())
      audits += fmt::format(
          "- {}: {}\n", EscapeMarkdown(prefix + row.encoder + ", " + row.of),
          EscapeMarkdown(cache));
  }
  if (!audits.empty()) text += "\n" + audits;
  return text + "\n";
}

}  // namespace eyechart::reports
