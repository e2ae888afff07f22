#include "reports/sarif.h"

#include <map>

#include "core/hash.h"
#include "core/metrics.h"
#include "reports/comparison.h"
#include "reports/formats.h"

namespace eyechart::reports {
namespace {

constexpr const char* kFolder = "RUNFOLDER";  // of paths in a run folder

// What has no metric: a cell as a whole, or the document.
constexpr const char* kCellRule = "cell";

std::string RuleOf(const Finding& finding) {
  return finding.metric.empty() ? kCellRule : finding.metric;
}

const char* SarifLevel(FindingLevel level) {
  switch (level) {
    case FindingLevel::kError:
      return "error";
    case FindingLevel::kWarning:
      return "warning";
    case FindingLevel::kNotice:
      break;
  }
  return "note";
}

Json RuleJson(const std::string& id) {
  std::string what = id == kCellRule
                         ? "a cell of the suite that has to have its results"
                         : "a metric that this build's table does not have";
  Json rule = {{"id", id}};
  for (const Metric& metric : Metrics()) {
    if (metric.name != id) continue;
    what = metric.what;
    rule["properties"] = {{"unit", metric.unit},
                          {"direction", DirectionName(metric.direction)},
                          {"source", metric.source}};
  }
  rule["shortDescription"] = {{"text", id}};
  rule["fullDescription"] = {{"text", what}};
  rule["help"] = {{"text", what}};
  return rule;
}

Json ResultJson(const Finding& finding, std::size_t rule) {
  const std::string name = ResultName(finding.cell, finding.metric);
  std::string text = finding.kind;
  if (!name.empty()) text += ": " + name;
  if (!finding.message.empty()) text += ": " + finding.message;
  const std::string print =
      Sha256Hex(Json({RuleOf(finding), finding.cell, finding.kind})
                    .dump(-1, ' ', false, Json::error_handler_t::replace))
          .substr(0, 32);
  Json location = {
      {"physicalLocation",
       {{"artifactLocation", {{"uri", "suite.toml"}, {"uriBaseId", kFolder}}},
        {"region", {{"startLine", 1}}}}}};
  if (!finding.cell.empty())
    location["logicalLocations"] = {{{"fullyQualifiedName", finding.cell}}};
  return {{"ruleId", RuleOf(finding)},
          {"ruleIndex", rule},
          {"level", SarifLevel(finding.level)},
          {"message", {{"text", text}}},
          {"locations", {location}},
          // The second is the one that GitHub tells alerts apart by.
          {"partialFingerprints",
           {{"eyechartResult/v1", print},
            {"primaryLocationLineHash", print + ":1"}}},
          {"properties", {{"kind", finding.kind}}}};
}

Json RunJson(const SarifRun& run) {
  Json rules = Json::array();
  Json results = Json::array();
  std::map<std::string, std::size_t> places;
  for (const Finding& finding : run.findings) {
    const auto [place, is_new] = places.emplace(RuleOf(finding), rules.size());
    if (is_new) rules.push_back(RuleJson(place->first));
    results.push_back(ResultJson(finding, place->second));
  }
  Json driver = {{"name", "eyechart"}, {"rules", rules}};
  if (!run.version.empty()) driver["version"] = run.version;
  return {{"tool", {{"driver", driver}}},
          {"automationDetails", {{"id", run.category + "/"}}},
          {"originalUriBaseIds",
           {{kFolder, {{"description", {{"text", "the run's folder"}}}}}}},
          {"columnKind", "utf16CodeUnits"},
          {"results", results}};
}

class SarifExporter : public Exporter {
 public:
  std::string Export(std::span<const RunFolder> runs) const override {
    const std::vector<std::string> labels = RunLabels(runs);
    std::vector<SarifRun> documents;
    for (std::size_t i = 0; i < runs.size(); ++i) {
      // One run's name changes each night; several have to be told apart.
      std::string category = "eyechart/report";
      if (runs.size() > 1) category += "/" + labels[i];
      std::string version;
      if (const Json& known = runs[i].environment;
          known.is_object() && known.contains("eyechart"))
        version = known.at("eyechart").is_string()
                      ? known.at("eyechart").get<std::string>()
                      : "";
      documents.push_back({category, version, FindingsOf(runs[i])});
    }
    return SarifDocument(documents);
  }
};

}  // namespace

std::string SarifDocument(std::span<const SarifRun> runs) {
  Json json = {
      {"$schema",
       "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/"
       "sarif-schema-2.1.0.json"},
      {"version", "2.1.0"},
      {"runs", Json::array()}};
  for (const SarifRun& run : runs) json["runs"].push_back(RunJson(run));
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::unique_ptr<Exporter> MakeSarif() {
  return std::make_unique<SarifExporter>();
}

}  // namespace eyechart::reports
