#include "reports/probes.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "core/error.h"
#include "reports/json_member.h"

namespace eyechart::reports {
namespace {

void ReadProbeInterval(const Json& json,
                       const std::string& source,
                       std::optional<double>& low,
                       std::optional<double>& high) {
  if (!json.is_object()) return;
  low = JsonGet<double>(json, "low", source);
  high = JsonGet<double>(json, "high", source);
}

std::vector<MixtureRow> ReadMixture(const Json& json,
                                    const std::string& score_name,
                                    const std::string& source) {
  std::vector<MixtureRow> rows;
  const auto found = json.find("mixture");
  if (found == json.end()) return rows;
  EYECHART_REQUIRE(found->is_array(), "{}: \"mixture\" should be a list",
                   source);
  for (const Json& one : *found) {
    MixtureRow row;
    row.read_out = JsonGet<std::string>(one, "read_out", source);
    if (one.contains("alpha"))
      row.alpha = JsonGet<double>(one, "alpha", source);
    row.score = JsonGet<double>(one, "test_" + score_name, source);
    ReadProbeInterval(one.value("ci", Json()), source, row.low, row.high);
    rows.push_back(std::move(row));
  }
  return rows;
}

ProbeRow ReadProbeRow(const Json& json, const std::string& source) {
  ProbeRow row;
  const auto targets = JsonGet<std::string>(json, "targets", source);
  row.score_name = targets == "classes"  ? "top1"
                   : targets == "labels" ? "map"
                                         : "mae";
  row.score = JsonGet<double>(json, row.score_name, source);
  ReadProbeInterval(Member(json, "ci", source), source, row.low, row.high);
  row.train = JsonGet<std::int64_t>(json, "train", source);
  row.validation = JsonGet<std::int64_t>(json, "validation", source);
  row.test = JsonGet<std::int64_t>(json, "test", source);
  const Json& grid = Member(json, "grid", source);
  EYECHART_REQUIRE(grid.is_array(), "{}: \"grid\" should be a list", source);
  row.points = static_cast<std::int64_t>(grid.size());
  const Json& selected = Member(json, "selected", source);
  EYECHART_REQUIRE(selected.is_object(), "{}: \"selected\" should be an object",
                   source);
  row.selected = GridPointText(selected);
  row.split = JsonGet<std::string>(selected, "split", source);
  const Json& runs = Member(json, "runs", source);
  const Json& seeds = Member(runs, "seeds", source);
  const Json& scores = Member(runs, "scores", source);
  EYECHART_REQUIRE(
      seeds.is_array() && scores.is_array() && seeds.size() == scores.size(),
      "{}: \"runs\" should have a score for each seed", source);
  for (std::size_t i = 0; i < seeds.size(); ++i) {
    EYECHART_REQUIRE(seeds[i].is_number_integer() && scores[i].is_number(),
                     "{}: \"runs\" should hold numbers", source);
    row.seeds[seeds[i].get<std::uint64_t>()] = scores[i].get<double>();
  }
  row.mixture = ReadMixture(json, row.score_name, source);
  return row;
}

// Each row's differences from the first, the seeds paired.
void CompareProbes(std::vector<ProbeRow>& rows) {
  for (ProbeRow& row : rows)
    if (&row != &rows.front())
      row.difference = DifferenceOfSeeds(row.seeds, rows.front().seeds);
}

}  // namespace

std::string GridPointText(const Json& point) {
  std::string text;
  for (const auto& [key, value] : point.items()) {
    if (key.starts_with("validation_") || key.starts_with("test_") ||
        key == "index" || key == "split" || key == "iterations" ||
        key == "converged")
      continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", key,
                        value.is_string() ? value.get<std::string>()
                        : value.is_number_float()
                            ? fmt::format("{:.4g}", value.get<double>())
                            : value.dump());
  }
  return text;
}

std::vector<ProbeTable> MakeProbeTables(std::span<const RunFolder> runs) {
  std::vector<ProbeTable> tables;
  for (std::size_t run = 0; run < runs.size(); ++run) {
    for (const Record& record : runs[run].records) {
      const auto found = runs[run].probes.find(record.cell);
      if (found == runs[run].probes.end()) continue;
      const Json& json = found->second;
      const std::string source =
          fmt::format("{}: probe.json of {}", runs[run].name, record.cell);
      const auto protocol = JsonGet<std::string>(json, "protocol", source);
      const bool augment = JsonGetOr<bool>(json, "augment", false, source);
      auto table = std::find_if(
          tables.begin(), tables.end(), [&](const ProbeTable& one) {
            return std::tie(one.dataset, one.protocol, one.augment) ==
                   std::tie(record.dataset, protocol, augment);
          });
      if (table == tables.end()) {
        tables.push_back({record.dataset,
                          JsonGet<std::string>(json, "kind", source),
                          protocol,
                          augment,
                          {}});
        table = tables.end() - 1;
      }
      const bool known = std::any_of(
          table->rows.begin(), table->rows.end(), [&](const ProbeRow& row) {
            return row.run == run && row.cell == record.cell;
          });
      if (known) continue;  // another metric of the same cell
      ProbeRow row = ReadProbeRow(json, source);
      row.run = run;
      row.cell = record.cell;
      row.encoder = record.encoder;
      table->rows.push_back(std::move(row));
    }
  }
  for (ProbeTable& table : tables) {
    std::stable_sort(table.rows.begin(), table.rows.end(),
                     [](const ProbeRow& a, const ProbeRow& b) {
                       return a.score_name == "mae" ? a.score < b.score
                                                    : a.score > b.score;
                     });
    CompareProbes(table.rows);
  }
  return tables;
}

}  // namespace eyechart::reports
