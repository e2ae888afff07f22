#include "data/store_manifest.h"

#include <unordered_set>

#include "core/csv.h"
#include "core/error.h"

namespace eyechart::data {

Json ManifestToJson(const StoreManifest& m) {
  Json shards = Json::array();
  for (const StoreShard& shard : m.shards)
    shards.push_back({{"file", shard.file},
                      {"count", shard.count},
                      {"sha256", shard.sha256}});
  Json tokens = nullptr;
  if (m.tokens) tokens = {{"count", m.tokens->count}, {"dim", m.tokens->dim}};
  Json json = {
      {"schema", kStoreSchema},     {"model", m.model},
      {"family", m.family},         {"weights_sha256", m.weights_sha256},
      {"preprocess", m.preprocess}, {"preprocess_sha256", m.preprocess_sha256},
      {"dataset", m.dataset},       {"items_sha256", m.items_sha256},
      {"dtype", m.dtype},           {"pool", m.pool},
      {"count", m.count},           {"dim", m.dim},
      {"tokens", tokens},           {"shards", shards},
      {"complete", m.complete}};
  if (!m.computed_in.empty()) json["computed_in"] = m.computed_in;
  if (!m.tf32.empty()) json["tf32"] = m.tf32;
  if (!m.parts.empty()) json["parts"] = m.parts;
  return json;
}

StoreManifest ManifestFromJson(const Json& json, const std::string& source) {
  EYECHART_REQUIRE(json.is_object(), "{}: not a JSON object", source);
  const auto schema = JsonGet<std::int64_t>(json, "schema", source);
  EYECHART_REQUIRE(schema == kStoreSchema,
                   "{}: store schema {}; this build reads {}", source, schema,
                   kStoreSchema);
  StoreManifest m;
  const auto text = [&](std::string_view key) {
    return JsonGetOr<std::string>(json, key, "", source);
  };
  m.model = text("model");
  m.family = text("family");
  m.weights_sha256 = text("weights_sha256");
  m.preprocess = json.value("preprocess", Json());
  m.preprocess_sha256 = text("preprocess_sha256");
  m.dataset = text("dataset");
  m.items_sha256 = text("items_sha256");
  m.dtype = text("dtype");
  m.computed_in = text("computed_in");
  m.tf32 = text("tf32");
  m.pool = text("pool");
  m.count = JsonGet<std::int64_t>(json, "count", source);
  m.dim = JsonGet<std::int64_t>(json, "dim", source);
  EYECHART_REQUIRE(m.count >= 0 && m.dim > 0,
                   "{}: count {} and dim {}; both should be positive", source,
                   m.count, m.dim);
  for (const Json& part : json.value("parts", Json::array())) {
    EYECHART_REQUIRE(part.is_string(), "{}: key \"parts\": should hold names",
                     source);
    m.parts.push_back(part.get<std::string>());
  }
  EYECHART_REQUIRE(
      m.parts.empty() || m.dim % static_cast<std::int64_t>(m.parts.size()) == 0,
      "{}: dim {} does not divide into its {} parts", source, m.dim,
      m.parts.size());
  const Json tokens = json.value("tokens", Json());
  if (tokens.is_object())
    m.tokens = TokenShape{JsonGet<std::int64_t>(tokens, "count", source),
                          JsonGet<std::int64_t>(tokens, "dim", source)};
  const auto shards = json.find("shards");
  EYECHART_REQUIRE(shards != json.end() && shards->is_array(),
                   "{}: key \"shards\" should be a list", source);
  for (const Json& shard : *shards) {
    EYECHART_REQUIRE(shard.is_object(), "{}: a shard is not an object", source);
    m.shards.push_back({JsonGet<std::string>(shard, "file", source),
                        JsonGet<std::int64_t>(shard, "count", source),
                        JsonGetOr<std::string>(shard, "sha256", "", source)});
  }
  m.complete = JsonGetOr<bool>(json, "complete", false, source);
  return m;
}

std::string ItemsToCsv(const std::vector<StoreItem>& items) {
  std::string csv = "index,id,path,label,status,note,sha256\n";
  for (std::size_t i = 0; i < items.size(); ++i) {
    const StoreItem& item = items[i];
    csv += CsvLine({std::to_string(i), item.id, item.path, item.label,
                    item.status, item.note, item.sha256});
  }
  return csv;
}

std::vector<StoreItem> ReadItems(const std::filesystem::path& path) {
  const CsvTable table = CsvTable::ReadFile(path);
  const std::size_t index = table.Column("index");
  const std::size_t id = table.Column("id");
  const std::size_t status = table.Column("status");
  const auto optional = [&table](const char* name) {
    const std::optional<std::size_t> column = table.FindColumn(name);
    return [&table, column](std::size_t row) {
      return column ? table.at(row, *column) : std::string();
    };
  };
  const auto item_path = optional("path");
  const auto label = optional("label");
  const auto note = optional("note");
  const auto sha256 = optional("sha256");
  std::vector<StoreItem> items;
  items.reserve(table.rows());
  std::unordered_set<std::string> ids;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    EYECHART_REQUIRE(table.at(row, index) == std::to_string(row),
                     "{}: row {}: index \"{}\"; it should be {}", path.string(),
                     row + 2, table.at(row, index), row);
    EYECHART_REQUIRE(ids.insert(table.at(row, id)).second,
                     "{}: row {}: id \"{}\" stands twice", path.string(),
                     row + 2, table.at(row, id));
    items.push_back({table.at(row, id), item_path(row), label(row),
                     table.at(row, status), note(row), sha256(row)});
  }
  return items;
}

}  // namespace eyechart::data
