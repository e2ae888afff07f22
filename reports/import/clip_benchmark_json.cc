#include "reports/import/clip_benchmark_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "core/error.h"
#include "core/files.h"
#include "core/text.h"
#include "reports/import/import_parts.h"

namespace eyechart::reports {
namespace {

namespace fs = std::filesystem;

// What stands among the metrics and is none.
constexpr std::array<std::string_view, 8> kSettingNames = {
    "lr",         "epochs",       "seed",       "fewshot_k",
    "batch_size", "weight_decay", "best_epoch", "best_weight_decay"};

bool IsResult(const Json& json) {
  return json.is_object() && json.contains("dataset") &&
         json.contains("model") && json.contains("task") &&
         json.contains("metrics") && json.at("metrics").is_object();
}

// The file's objects with the place of each for errors.
struct Result {
  Json json;
  std::string where;
};

std::vector<Result> ResultsOf(const std::string& text, const fs::path& file) {
  std::vector<Result> results;
  const Json whole = JsonOrNull(text);
  if (whole.is_object()) {
    results.push_back({whole, file.string()});
  } else if (whole.is_array()) {
    for (std::size_t i = 0; i < whole.size(); ++i)
      results.push_back({whole[i], fmt::format("{}: [{}]", file.string(), i)});
  } else {
    std::size_t number = 0;
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = std::min(text.find('\n', begin), text.size());
      const std::string line = text.substr(begin, end - begin);
      begin = end + 1;
      ++number;
      if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
      const std::string where = fmt::format("{}:{}", file.string(), number);
      results.push_back({ParseJson(line, where), where});
    }
  }
  for (const Result& result : results)
    EYECHART_REQUIRE(IsResult(result.json),
                     "{}: should be an object with dataset, model, task and "
                     "metrics, as CLIP_benchmark writes it",
                     result.where);
  return results;
}

void Add(const Result& result, RunFolder& table) {
  const Json& json = result.json;
  const std::string& where = result.where;
  ImportedValue value;
  value.encoder = JsonGet<std::string>(json, "model", where);
  value.dataset = JsonGet<std::string>(json, "dataset", where);
  if (value.dataset.starts_with("wds/")) value.dataset.erase(0, 4);
  value.task = JsonGet<std::string>(json, "task", where);
  for (const char* key : {"pretrained", "language"})
    if (const std::string text =
            JsonGetOr<std::string>(json, key, std::string(), where);
        !text.empty())
      value.setting[key] = text;
  const Json& metrics = json.at("metrics");
  for (const auto& [name, number] : metrics.items())
    if (std::ranges::find(kSettingNames, name) != kSettingNames.end() &&
        number.is_number())
      value.setting[name] = FormatDouble(number.get<double>());
  for (const auto& [name, number] : metrics.items()) {
    if (std::ranges::find(kSettingNames, name) != kSettingNames.end()) continue;
    // Per-class reports and the like are no single numbers.
    if (number.is_structured() || number.is_null()) continue;
    value.metric = OurMetric(name);
    value.value = JsonGet<double>(metrics, name, where + ": metrics");
    value.direction = Direction::kHigher;
    AddImported(table, value);
  }
}

class ClipBenchmarkImporter : public Importer {
 public:
  RunFolder Import(const fs::path& file) const override {
    const std::string text = ReadFile(file);
    RunFolder table =
        ImportedTable(file.stem().string(),
                      SourceOfFile("CLIP_benchmark results", file, text));
    table.path = file;
    for (const Result& result : ResultsOf(text, file)) Add(result, table);
    return table;
  }
};

}  // namespace

std::unique_ptr<Importer> MakeClipBenchmarkImporter() {
  return std::make_unique<ClipBenchmarkImporter>();
}

bool IsClipBenchmarkJson(std::string_view text) {
  Json json = JsonOrNull(text);
  if (json.is_null()) json = JsonOrNull(text.substr(0, text.find('\n')));
  if (json.is_array() && !json.empty()) json = Json(json.front());
  return IsResult(json);
}

}  // namespace eyechart::reports
