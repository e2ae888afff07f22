#include <memory>

#include "cli/detect_commands.h"
#include "cli/detect_compare.h"
#include "cli/probe_output.h"
#include "cli/terminal.h"

namespace eyechart::cli {
namespace {

struct DetectCompareFlags {
  std::string first;
  std::string second;
  bool json = false;
};

// A score as --json of detect train has it; null: no truth.
std::string ApText(const Json& ap) {
  return ap.is_number() && ap.get<double>() >= 0
             ? fmt::format("{:.4f}", ap.get<double>())
             : "none";
}

// Two results as an object: both figures and the difference.
Json ComparedJson(const ComparedResult& first, const ComparedResult& second) {
  const auto ap = [](const Json& json) {
    const Json stats = json.value("stats", Json::object());
    return stats.is_object() ? stats.value("AP", Json()) : Json();
  };
  Json json = CompareResults(first.json, second);
  json["file"] = first.file;
  json["images"] = first.json.value("train", Json());
  json["AP"] = {ap(first.json), ap(second.json)};
  return json;
}

int CompareDetections(const DetectCompareFlags& o) {
  const std::vector<ComparedResult> first = ReadCompared(o.first);
  const std::vector<ComparedResult> second = ReadCompared(o.second);
  std::vector<Json> ours;
  for (const ComparedResult& one : first) ours.push_back(one.json);
  const std::vector<std::int64_t> places = MatchResults(ours, second);
  Json points = Json::array(), warnings = Json::array();
  for (std::size_t i = 0; i < first.size(); ++i) {
    if (places[i] < 0) continue;
    const ComparedResult& other = second[static_cast<std::size_t>(places[i])];
    for (const std::string& warning : RequireComparable(ours[i], other)) {
      PrintWarning(warning);
      warnings.push_back(warning);
    }
    points.push_back(ComparedJson(first[i], other));
  }
  if (o.json) {
    PrintJson({{"schema", 1},
               {"command", "detect compare"},
               {"first", o.first},
               {"second", o.second},
               {"points", points},
               {"warnings", warnings}});
    return kExitOk;
  }
  for (const Json& point : points) {
    PrintLine(fmt::format("{:<16}{}", "trained on",
                          point["images"].dump() + " pictures"));
    PrintLine(fmt::format("{:<16}{} against {}", "AP", ApText(point["AP"][0]),
                          ApText(point["AP"][1])));
    PrintLine(fmt::format("{:<16}{}", "difference", ComparisonText(point)));
  }
  return kExitOk;
}

}  // namespace

Runner AddDetectCompare(Arguments& app) {
  auto o = std::make_shared<DetectCompareFlags>();
  app.AddOption("first", o->first,
                "detect.json or curve.json of detect train, or a folder with "
                "one")
      .Required();
  app.AddOption("second", o->second,
                "another encoder's: differences are of the first less the "
                "second")
      .Required();
  app.AddFlag("--json", o->json, "print one JSON object");
  return [o] { return CompareDetections(*o); };
}

}  // namespace eyechart::cli
