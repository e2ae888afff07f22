#include <fmt/format.h>

#include "core/interval_json.h"
#include "reports/comparison.h"
#include "reports/display.h"
#include "reports/gate/run_differences.h"
#include "reports/markdown_parts.h"

namespace eyechart::reports {
namespace {

std::string NumberText(const std::optional<double>& value) {
  return value ? FormatNumber(*value) : "\u2014";
}

std::string DifferencePText(const std::optional<double>& p) {
  return p ? fmt::format("{:.2g}", *p) : "\u2014";
}

std::string DifferenceText(const RunDifference& row) {
  std::string text = NumberText(row.difference);
  if (row.ci)
    text += fmt::format(" [{}, {}]", FormatNumber(row.ci->low),
                        FormatNumber(row.ci->high));
  return text;
}

std::string MissingText(const std::vector<std::string>& names,
                        const std::string& run) {
  if (names.empty()) return "";
  std::string text = fmt::format("\nIn {} alone:\n\n", EscapeMarkdown(run));
  for (const std::string& name : names)
    text += "- " + EscapeMarkdown(name) + "\n";
  return text;
}

}  // namespace

Json DifferencesToJson(const RunDifferences& differences) {
  Json rows = Json::array();
  for (const RunDifference& row : differences.rows)
    rows.push_back({{"cell", row.cell},
                    {"metric", row.metric},
                    {"unit", row.unit},
                    {"direction", row.direction},
                    {"first", OrNull(row.first)},
                    {"second", OrNull(row.second)},
                    {"difference", OrNull(row.difference)},
                    {"ci", IntervalJson(row.ci)},
                    {"p", OrNull(row.p)},
                    {"p_adjusted", OrNull(row.p_adjusted)},
                    {"least_change", OrNull(row.least_change)},
                    {"test", row.test},
                    {"n", row.n},
                    {"note", row.note}});
  return {{"rows", rows},
          {"tested", differences.tested},
          {"alpha", differences.alpha},
          {"only_first", differences.only_first},
          {"only_second", differences.only_second}};
}

std::string DifferencesToMarkdown(const RunDifferences& differences,
                                  const std::string& first,
                                  const std::string& second) {
  std::string text =
      TableHead({"cell", "metric", EscapeMarkdown(first),
                 EscapeMarkdown(second), "difference", "p", "p adjusted",
                 "least change found", "n", "test", "note"},
                2);
  for (const RunDifference& row : differences.rows) {
    std::string metric = EscapeMarkdown(row.metric);
    if (const std::string unit = UnitText(row.unit); !unit.empty())
      metric += " (" + EscapeMarkdown(unit) + ")";
    if (const std::string_view arrow = DirectionArrow(row.direction);
        !arrow.empty())
      metric += fmt::format(" {}", arrow);
    text += TableLine({EscapeMarkdown(row.cell), metric, NumberText(row.first),
                       NumberText(row.second), DifferenceText(row),
                       DifferencePText(row.p), DifferencePText(row.p_adjusted),
                       NumberText(row.least_change), std::to_string(row.n),
                       EscapeMarkdown(row.test), EscapeMarkdown(row.note)});
  }
  text += fmt::format(
      "\n{} tested together (Benjamini and Hochberg); intervals of {:g}%, "
      "wider where significant; least change: found with 80% power. Which "
      "change matters is for `eyechart gate` and its margins.\n",
      differences.tested, 100 * (1 - differences.alpha));
  text += MissingText(differences.only_first, first);
  text += MissingText(differences.only_second, second);
  return text;
}

}  // namespace eyechart::reports
