#include "cli/ask_chart.h"

#include <filesystem>
#include <optional>

#include "cli/ask_options.h"
#include "cli/command.h"
#include "cli/scratch_folder.h"
#include "cli/terminal.h"
#include "core/error.h"
#include "core/files.h"
#include "core/text.h"
#include "probes/acuity/chart_encoder.h"

namespace eyechart::cli {
namespace {

namespace fs = std::filesystem;

// "3.1 px [2.8, 3.6]", or on which side of the chart it lies.
std::string ThresholdText(const Json& chart) {
  const Json& threshold = chart["threshold"];
  const Json& points = chart["points"];
  const auto unit = chart["unit"].get<std::string>();
  const auto end = [&](const char* key, double shown, const char* sign) {
    return threshold[key].is_null()
               ? fmt::format("{}{:.3g}", sign, shown)
               : fmt::format("{:.3g}", threshold[key].get<double>());
  };
  const auto easiest = points.front()["strength"].get<double>();
  const auto hardest = points.back()["strength"].get<double>();
  if (threshold["strength"].is_null())
    return threshold["place"] == "below all"
               ? fmt::format("below {:.3g} {}", hardest, unit)
               : fmt::format("above {:.3g} {}", easiest, unit);
  std::string text =
      fmt::format("{:.3g} {} [{}, {}]", threshold["strength"].get<double>(),
                  unit, end("low", hardest, "<"), end("high", easiest, ">"));
  if (!chart["threshold_patches"].is_null())
    text += fmt::format(", {:.3g} patches",
                        chart["threshold_patches"].get<double>());
  return text;
}

void PrintCharts(const Json& json) {
  PrintLine(fmt::format(
      "eye chart at {} x {} px: strength at which a read-out is right 75 % of "
      "the time",
      json["size"].get<int>(), json["size"].get<int>()));
  for (const Json& chart : json["charts"])
    PrintLine(fmt::format(
        "  {:<12} {:<7} {:<40} right {:.1f} %",
        chart["chart"].get<std::string>(), chart["read_out"].get<std::string>(),
        ThresholdText(chart), 100 * chart["accuracy"].get<double>()));
}

std::vector<const probes::Chart*> ChartsOf(const ChartFlags& flags) {
  std::vector<const probes::Chart*> charts;
  for (const std::string& name : flags.charts)
    charts.push_back(&probes::FindChart(name));
  if (charts.empty())
    for (const probes::Chart& chart : probes::Charts())
      charts.push_back(&chart);
  return charts;
}

// The number that every chart has, or null: charts round up to whole groups of
// their own classes.
Json CountOfAll(const Json& charts, const char* key) {
  const Json& first = charts.front().at(key);
  for (const Json& chart : charts)
    if (chart.at(key) != first) return nullptr;
  return first;
}

}  // namespace

void AddChartFlags(Arguments& app, ChartFlags& flags) {
  app.AddOption("--chart", flags.charts,
                "chart: tumbling-e, landolt-c or a pattern (default: all)");
  app.AddOption("--read-out", flags.read_outs, "chart: linear, knn or both")
      .ShowDefault();
  app.AddOption("--train", flags.options.train,
                "chart: pictures a step to train a read-out on")
      .ShowDefault();
  app.AddOption("--test", flags.options.test,
                "chart: pictures a step to test on")
      .ShowDefault();
}

int RunAskChart(const AskFlags& flags) {
  EYECHART_REQUIRE(!flags.model.empty() && flags.answers.empty(),
                   "the eye chart asks an encoder's features: ask MODEL chart, "
                   "without --answers");
  EYECHART_REQUIRE(flags.compare.empty(),
                   "--compare is McNemar's test of independent items; the eye "
                   "chart's pictures share their scenes. Compare the "
                   "thresholds by their intervals");
  TerminalProgress progress;
  std::optional<ScratchFolder> scratch;
  const fs::path folder =
      flags.out.empty() ? scratch.emplace().path() : fs::path(flags.out);
  CreateFolder(folder / "features");
  const std::vector<const probes::Chart*> charts = ChartsOf(flags.chart);
  std::vector<probes::ReadOut> read_outs;
  for (const std::string& name : flags.chart.read_outs)
    read_outs.push_back(probes::ParseReadOut(name));

  probes::ChartJob job;
  job.model = SpecOf(flags.model, flags.flags);
  job.options = flags.chart.options;
  job.options.seed = flags.ask.pairs.seed;
  job.encode = flags.encode;
  Json rows = Json::array();
  std::vector<std::string> warnings;
  std::int64_t items = 0;
  int size = 0;
  for (const probes::Chart* chart : charts) {
    job.chart = chart;
    job.store = folder / "features" / chart->name;
    for (const probes::ReadOut read_out : read_outs) {
      job.read_out = read_out;
      const probes::ChartOutcome outcome = probes::MeasureChart(job, progress);
      size = outcome.size;
      for (const probes::AcuityPoint& point : outcome.acuity.points)
        items += point.trials;
      warnings = outcome.summary.warnings;
      rows.push_back(probes::AcuityJson(outcome.acuity, outcome.patch_size));
      rows.back()["train"] = chart->WholeGroups(job.options.train);
      rows.back()["test"] = chart->WholeGroups(job.options.test);
      if (!flags.out.empty())
        WriteFileAtomic(folder / fmt::format("outcomes-{}-{}.csv", chart->name,
                                             probes::ReadOutName(read_out)),
                        probes::ChartOutcomesCsv(outcome, job.options));
    }
  }
  const Json json = {{"schema", 1},
                     {"command", "ask"},
                     {"warnings", warnings},
                     {"benchmark", "chart"},
                     {"model", flags.model},
                     {"items", items},
                     {"size", size},
                     {"seed", job.options.seed},
                     {"train", CountOfAll(rows, "train")},
                     {"test", CountOfAll(rows, "test")},
                     {"charts", rows}};
  if (!flags.out.empty())
    WriteFileAtomic(folder / "ask.json", json.dump(1) + "\n");
  for (const std::string& warning : warnings) PrintWarning(warning);
  if (flags.json)
    PrintJson(json);
  else
    PrintCharts(json);
  return kExitOk;
}

}  // namespace eyechart::cli
