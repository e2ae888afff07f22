#include "reports/import/import_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "core/hash.h"

namespace eyechart::reports {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kNames =
    {{{"acc", "item_accuracy"},  // of image_caption_selection
      {"acc1", "top1"},
      {"acc5", "top5"},
      {"mean_per_class_recall", "mean_per_class"},
      {"mean_average_precision", "map"},
      {"lp_acc1", "top1"},
      {"lp_acc5", "top5"},
      {"lp_mean_per_class_recall", "mean_per_class"}}};

// encoder/task/dataset/setting, as our cells are named.
std::string CellOf(const ImportedValue& value) {
  std::vector<std::string> setting;
  for (const auto& [key, text] : value.setting)
    setting.push_back(key + "=" + text);
  return fmt::format("{}/{}/{}{}{}", value.encoder, value.task, value.dataset,
                     setting.empty() ? "" : "/", fmt::join(setting, ","));
}

}  // namespace

Json JsonOrNull(std::string_view text) {
  try {
    return ParseJson(text, "");
  } catch (const InputError&) {
    return nullptr;
  }
}

RunFolder ImportedTable(std::string name, std::string source) {
  RunFolder table;
  table.name = std::move(name);
  table.environment = {{"source", std::move(source)}};
  return table;
}

std::string SourceOfFile(std::string_view kind,
                         const std::filesystem::path& file,
                         std::string_view text) {
  return fmt::format("{}, {} (SHA-256 {}...)", kind, file.filename().string(),
                     Sha256Hex(text).substr(0, 12));
}

void AddImported(RunFolder& table, const ImportedValue& value) {
  Record record;
  record.run = table.name;
  record.cell = CellOf(value);
  record.encoder = value.encoder;
  record.task = value.task;
  record.dataset = value.dataset;
  record.setting = value.setting;
  record.setting["source"] = table.environment.at("source").get<std::string>();
  record.metric = value.metric;
  record.unit = value.unit;
  record.direction = DirectionName(value.direction);
  const auto metrics = Metrics();
  const auto known = std::ranges::find(metrics, value.metric, &Metric::name);
  if (known != metrics.end()) {
    record.unit = known->unit;
    record.direction = DirectionName(known->direction);
  }
  if (std::isfinite(value.value))
    record.value = value.value;
  else
    record.message = "the source's value is not finite";
  table.records.push_back(std::move(record));
}

std::string OurMetric(std::string_view name) {
  for (const auto& [theirs, ours] : kNames)
    if (theirs == name) return std::string(ours);
  return std::string(name);
}

}  // namespace eyechart::reports
