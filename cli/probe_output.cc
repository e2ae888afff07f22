#include "cli/probe_output.h"

#include <map>
#include <vector>

#include "cli/terminal.h"
#include "core/error.h"
#include "core/student.h"
#include "reports/probes.h"

namespace eyechart::cli {
namespace {

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

std::map<std::uint64_t, double> RunsOf(const Json& json,
                                       const std::string& source) {
  const Json runs = json.value("runs", Json());
  EYECHART_REQUIRE(
      runs.is_object() && runs.contains("seeds") && runs.contains("scores") &&
          runs["seeds"].is_array() && runs["scores"].is_array() &&
          runs["seeds"].size() == runs["scores"].size(),
      "{}: no probe.json: it lacks runs with seeds and scores", source);
  std::map<std::uint64_t, double> found;
  for (std::size_t i = 0; i < runs["seeds"].size(); ++i) {
    EYECHART_REQUIRE(
        runs["seeds"][i].is_number_unsigned() && runs["scores"][i].is_number(),
        "{}: run {}: seed and score should be numbers", source, i);
    found[runs["seeds"][i].get<std::uint64_t>()] =
        runs["scores"][i].get<double>();
  }
  return found;
}

// How a detection head was trained, but for the seed.
Json TrainingOf(const Json& json) {
  Json training = json.value("training", Json::object());
  if (!training.is_object()) return Json::object();
  training.erase("seed");
  return training;
}

// Heads tell encoders apart only where all else is the same: the set, what is
// trained and tested on, the recipe and the count of boxes that AP is over.
// Files of earlier versions lack some of it.
void RequireSameDetection(const Json& ours,
                          const Json& theirs,
                          const std::string& other) {
  const auto text = [](const Json& json, const char* key) {
    const Json value = json.value(key, Json());
    return value.is_string() ? value.get<std::string>() : value.dump();
  };
  const Json hashes = ours.value("dataset_sha256", Json());
  const Json their_hashes = theirs.value("dataset_sha256", Json());
  // The same set may lie in another folder.
  const bool hashed = hashes.is_object() && their_hashes.is_object();
  EYECHART_REQUIRE(
      hashed || text(theirs, "dataset") == text(ours, "dataset"),
      "{}: of data set \"{}\"; this one is of \"{}\": encoders compare on the "
      "same set",
      other, text(theirs, "dataset"), text(ours, "dataset"));
  EYECHART_REQUIRE(
      text(theirs, "test_part") == text(ours, "test_part"),
      "{}: tested on part \"{}\"; this one on \"{}\": encoders compare on "
      "the same part",
      other, text(theirs, "test_part"), text(ours, "test_part"));
  for (const char* part : {"train", "validation", "test"}) {
    EYECHART_REQUIRE(
        !hashed || text(hashes, part) == text(their_hashes, part),
        "{}: the {} pictures or boxes of its data set \"{}\" differ from those "
        "of this one's \"{}\": encoders compare on the same set",
        other, part, text(theirs, "dataset"), text(ours, "dataset"));
    EYECHART_REQUIRE(
        text(theirs, part) == text(ours, part),
        "{}: with {} {} pictures; this one has {}: encoders compare on the "
        "same ones",
        other, text(theirs, part), part, text(ours, part));
  }
  Json training = TrainingOf(ours), their_training = TrainingOf(theirs);
  if (ours.contains("max_dets") && theirs.contains("max_dets")) {
    training["max_dets"] = ours["max_dets"];
    their_training["max_dets"] = theirs["max_dets"];
  }
  std::vector<std::string> differ;
  for (const auto& [key, value] : training.items())
    if (const Json one = their_training.value(key, Json()); one != value)
      differ.push_back(
          fmt::format("{} {} against {}", key, one.dump(), value.dump()));
  for (const auto& [key, value] : their_training.items())
    if (!training.contains(key))
      differ.push_back(fmt::format("{} {} against null", key, value.dump()));
  EYECHART_REQUIRE(differ.empty(),
                   "{}: trained otherwise than this one: {}; encoders compare "
                   "by one recipe",
                   other, fmt::join(differ, ", "));
}

}  // namespace

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

Json CompareProbes(const Json& json, const std::string& other) {
  const Json there = ReadJsonFile(other);
  EYECHART_REQUIRE(there.is_object(), "{}: not a JSON object", other);
  EYECHART_REQUIRE(there.value("protocol", "") == json.value("protocol", ""),
                   "{}: of protocol \"{}\"; this probe is of \"{}\"", other,
                   there.value("protocol", ""), json.value("protocol", ""));
  if (json.value("kind", "") == "detect")
    RequireSameDetection(json, there, other);
  const auto ours = RunsOf(json, "this probe");
  const auto theirs = RunsOf(there, other);
  std::vector<std::uint64_t> seeds;
  std::vector<double> differences;
  for (const auto& [seed, score] : ours) {
    const auto found = theirs.find(seed);
    if (found == theirs.end()) continue;
    seeds.push_back(seed);
    differences.push_back(score - found->second);
  }
  EYECHART_REQUIRE(!seeds.empty(), "{}: it has none of this probe's seeds",
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

}  // namespace eyechart::cli
