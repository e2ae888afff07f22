#include "cli/report_references.h"

#include <fmt/format.h>

#include <filesystem>
#include <optional>

#include "core/error.h"
#include "core/text.h"
#include "data/boxes/rf100_published.h"
#include "reports/import/import_parts.h"
#include "reports/import/importer.h"
#include "reports/published/published.h"

namespace eyechart::cli {
namespace {

namespace fs = std::filesystem;
using data::PublishedMap50;
using data::PublishedScope;
using reports::AddImported;
using reports::ImportedTable;
using reports::ImportedValue;
using reports::RunFolder;

constexpr char kRf100[] = "rf100";
constexpr char kRf100Vl[] = "rf100-vl";

std::string ScopeText(const PublishedMap50& row) {
  switch (row.scope) {
    case PublishedScope::kTotal:
      return "mean of domains, 88 sets";
    case PublishedScope::kAllSets:
      return "mean of all sets";
    case PublishedScope::kSet:
    case PublishedScope::kDomain:
      break;
  }
  return std::string(row.name);
}

// The same figures that `detect rf100` shows.
RunFolder Rf100() {
  RunFolder table = ImportedTable(
      kRf100, "Roboflow-100, arXiv 2211.13523, and its repository's metadata");
  table.environment["title"] = "Roboflow-100 baselines";
  table.environment["note"] =
      "mAP at IoU 0.5 by each trainer's own code, not COCO's; YOLOv5 on the "
      "test part, YOLOv7 and YOLOv8 on the validation part; GLIP-T zero-shot.";
  using Score = double PublishedMap50::*;
  constexpr std::pair<const char*, Score> kModels[] = {
      {"YOLOv5s", &PublishedMap50::yolov5s},
      {"YOLOv7", &PublishedMap50::yolov7},
      {"YOLOv8s", &PublishedMap50::yolov8s},
      {"GLIP-T", &PublishedMap50::glip}};
  for (const auto& [model, score] : kModels)
    for (const PublishedMap50& row : data::PublishedRf100()) {
      ImportedValue value;
      value.encoder = model;
      value.task = "detect";
      value.dataset = ScopeText(row);
      value.metric = "ap50";
      value.value = row.*score;
      AddImported(table, value);
    }
  return table;
}

RunFolder Rf100Vl() {
  RunFolder table =
      ImportedTable(kRf100Vl, "arXiv 2511.09554 and others, as each row says");
  table.environment["title"] = "RF100-VL";
  for (const data::PublishedVl& row : data::PublishedRf100Vl()) {
    ImportedValue value;
    value.encoder = row.model;
    value.task = "detect";
    value.dataset = kRf100Vl;
    value.setting = {{"regime", std::string(row.regime)},
                     {"from", std::string(row.source)}};
    value.metric = "ap";
    value.value = row.ap;
    AddImported(table, value);
  }
  return table;
}

std::vector<std::string> Names() {
  std::vector<std::string> names;
  for (const auto& table : reports::PublishedTables())
    names.emplace_back(table.name);
  names.emplace_back(kRf100);
  names.emplace_back(kRf100Vl);
  return names;
}

RunFolder ReadReference(const std::string& name) {
  if (std::optional<RunFolder> table = reports::ReadPublished(name))
    return *std::move(table);
  if (name == kRf100) return Rf100();
  if (name == kRf100Vl) return Rf100Vl();
  EYECHART_REQUIRE(fs::is_regular_file(name),
                   "--reference \"{}\": neither a file nor one of {}{}", name,
                   fmt::join(Names(), ", "), DidYouMean(name, Names()));
  return reports::Importer::Create(reports::ImporterForFile(name))
      ->Import(name);
}

}  // namespace

std::string KnownReferences() {
  return fmt::format("{}", fmt::join(Names(), ", "));
}

std::vector<RunFolder> ReadReferences(const std::vector<std::string>& names) {
  std::vector<RunFolder> references;
  for (const std::string& name : names)
    references.push_back(ReadReference(name));
  return references;
}

}  // namespace eyechart::cli
