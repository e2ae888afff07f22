#include "cli/probe_output.h"

#include <cmath>
#include <map>
#include <vector>

#include "cli/terminal.h"
#include "core/error.h"
#include "core/student.h"
#include "reports/probes.h"

namespace eyechart::cli {
namespace {

// Above any accuracy, AP or error that a run is told with; sums of what is
// below stay numbers.
constexpr double kMostScore = 1e12;

void Fact(const std::string& name, const std::string& text) {
  PrintLine(fmt::format("{:<16}{}", name, text));
}

void PrintProbeScores(const Json& json) {
  for (const char* metric :
       {"top1", "top5", "mean_per_class", "map", "mae", "rmse", "r2"}) {
    if (!json.contains(metric) || !json[metric].is_number()) continue;
    std::string text = fmt::format("{:.4f}", json[metric].get<double>());
    const bool leads = std::string_view(metric) == "top1" ||
                       std::string_view(metric) == "map" ||
                       std::string_view(metric) == "mae";
    const Json ci = json.value("ci", Json());
    if (leads && ci.is_object())
      text += fmt::format("  95% [{:.4f}, {:.4f}]  n = {}",
                          ci["low"].get<double>(), ci["high"].get<double>(),
                          json["test"].get<std::int64_t>());
    Fact(metric, text);
  }
}

void PrintMixture(const Json& json) {
  if (!json.contains("mixture")) return;
  PrintLine("share of the first encoder, each at its best rate:");
  for (const Json& row : json["mixture"]) {
    const std::string alpha =
        row.contains("alpha")
            ? fmt::format("{:.3f}", row["alpha"].get<double>())
            : "interleaved";
    for (const auto& [key, value] : row.items())
      if (key.starts_with("test_") && value.is_number())
        PrintLine(fmt::format("  {:<10} {:<12} {:.4f}",
                              row["read_out"].get<std::string>(), alpha,
                              value.get<double>()));
  }
}

}  // namespace

std::map<std::uint64_t, double> RunsOf(const Json& json,
                                       const std::string& source) {
  const Json runs = json.value("runs", Json());
  EYECHART_REQUIRE(
      runs.is_object() && runs.contains("seeds") && runs.contains("scores") &&
          runs["seeds"].is_array() && runs["scores"].is_array() &&
          runs["seeds"].size() == runs["scores"].size(),
      "{}: no probe.json, nor detect.json of detect train: it lacks runs with "
      "seeds and scores",
      source);
  std::map<std::uint64_t, double> found;
  for (std::size_t i = 0; i < runs["seeds"].size(); ++i) {
    EYECHART_REQUIRE(
        runs["seeds"][i].is_number_unsigned() && runs["scores"][i].is_number(),
        "{}: run {}: seed and score should be numbers", source, i);
    const auto seed = runs["seeds"][i].get<std::uint64_t>();
    const auto score = runs["scores"][i].get<double>();
    EYECHART_REQUIRE(std::abs(score) <= kMostScore,
                     "{}: run {}: a score of {} is none", source, i, score);
    EYECHART_REQUIRE(found.emplace(seed, score).second,
                     "{}: seed {} stands twice among its runs", source, seed);
  }
  return found;
}

std::string ComparisonText(const Json& comparison) {
  std::string text = fmt::format(
      "{:+.4f} against {}, {} seeds", comparison["difference"].get<double>(),
      comparison["other"].get<std::string>(), comparison["seeds"].size());
  const Json& ci = comparison["ci"];
  if (ci.is_object())
    text += fmt::format("  95% [{:+.4f}, {:+.4f}]", ci["low"].get<double>(),
                        ci["high"].get<double>());
  return text;
}

void PrintProbe(const Json& json, const std::string& out) {
  const bool applied = json["kind"] == "apply";
  Fact("protocol", fmt::format("{}{}", json["protocol"].get<std::string>(),
                               applied ? ", a head applied" : ""));
  if (!applied)
    Fact("rows", fmt::format("{} train, {} validation, {} test, {} classes",
                             json["train"].get<std::int64_t>(),
                             json["validation"].get<std::int64_t>(),
                             json["test"].get<std::int64_t>(),
                             json["classes"].get<std::int64_t>()));
  PrintProbeScores(json);
  const Json& selected = json["selected"];
  const std::string point = reports::GridPointText(selected);
  if (!point.empty())
    Fact("selected",
         point +
             (selected.contains("split") && selected["split"] != "none"
                  ? fmt::format(", on {}", selected["split"].get<std::string>())
                  : std::string()));
  if (!applied && json["runs"]["scores"].size() > 1)
    Fact("seeds", fmt::format("{}: mean {:.4f}, deviation {:.4f}",
                              json["runs"]["scores"].size(),
                              json["runs"]["mean"].get<double>(),
                              json["runs"]["deviation"].get<double>()));
  PrintMixture(json);
  if (json.contains("comparison"))
    Fact("difference", ComparisonText(json["comparison"]));
  if (!out.empty()) Fact("written to", out);
}

Json CompareRuns(const Json& ours,
                 const Json& theirs,
                 const std::string& other) {
  const auto our_runs = RunsOf(ours, "this result");
  const auto their_runs = RunsOf(theirs, other);
  std::vector<std::uint64_t> seeds;
  std::vector<double> differences;
  for (const auto& [seed, score] : our_runs) {
    const auto found = their_runs.find(seed);
    if (found == their_runs.end()) continue;
    seeds.push_back(seed);
    differences.push_back(score - found->second);
  }
  EYECHART_REQUIRE(!seeds.empty(), "{}: it has none of this one's seeds",
                   other);
  double mean = 0;
  for (const double difference : differences) mean += difference;
  mean /= static_cast<double>(differences.size());
  Json ci = nullptr;
  if (differences.size() > 1) {
    const Interval interval = StudentInterval(differences);
    ci = {{"low", interval.low},
          {"high", interval.high},
          {"level", interval.level},
          {"method", interval.method}};
  }
  return {{"other", other},
          {"seeds", seeds},
          {"differences", differences},
          {"difference", mean},
          {"ci", ci}};
}

Json CompareProbes(const Json& json, const std::string& other) {
  const Json there = ReadJsonFile(other);
  EYECHART_REQUIRE(there.is_object(), "{}: not a JSON object", other);
  EYECHART_REQUIRE(there.value("protocol", "") == json.value("protocol", ""),
                   "{}: of protocol \"{}\"; this probe is of \"{}\"", other,
                   there.value("protocol", ""), json.value("protocol", ""));
  return CompareRuns(json, there, other);
}

}  // namespace eyechart::cli
