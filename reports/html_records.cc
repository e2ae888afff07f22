// The records inside the page: columns of distinct values, so that ten thousand
// records with their hashes stay far below 5 MB.
#include <algorithm>
#include <array>
#include <set>
#include <unordered_map>
#include <utility>

#include "reports/display.h"
#include "reports/html_parts.h"

namespace eyechart::reports {
namespace {

// Fields that a record's details show and the table never does: too long, or
// said by others ("cell" by its parts, "unit" beside the value).
constexpr std::array<std::string_view, 12> kDetailsOnly = {"schema",
                                                           "cell",
                                                           "unit",
                                                           "direction",
                                                           "message",
                                                           "seconds",
                                                           "environment",
                                                           "run",
                                                           "started",
                                                           "weights_sha256",
                                                           "preprocess_sha256",
                                                           "dataset_sha256"};

class Column {
 public:
  explicit Column(std::string name) : name_(std::move(name)) {}

  void Add(const Json& value) {
    const auto [place, is_new] =
        places_.emplace(CanonicalJson(value), values_.size());
    if (is_new) values_.push_back(value);
    index_.push_back(place->second);
  }

  Json ToJson() const {
    Json json = {{"name", name_}, {"values", values_}, {"shown", Shown()}};
    if (values_.size() > 1 && values_.size() < index_.size())
      json["index"] = index_;
    return json;
  }

 private:
  bool Shown() const {
    if (name_ == "metric" || name_ == "value") return true;
    return values_.size() > 1 &&
           std::ranges::find(kDetailsOnly, name_) == kDetailsOnly.end();
  }

  std::string name_;
  Json values_ = Json::array();
  std::unordered_map<std::string, std::size_t> places_;
  std::vector<std::size_t> index_;
};

// JSON that cannot end the element it stands in, nor open a comment there.
std::string ForScriptElement(const std::string& json) {
  std::string safe;
  safe.reserve(json.size());
  for (const char c : json) {
    if (c == '<')
      safe += "\\u003c";
    else if (c == '>')
      safe += "\\u003e";
    else
      safe += c;
  }
  return safe;
}

}  // namespace

std::string RecordData(std::span<const RunFolder> runs,
                       const std::vector<std::string>& labels) {
  std::set<std::string> keys;  // of all settings: one column each
  for (const RunFolder& run : runs)
    for (const Record& record : run.records)
      for (const auto& setting : record.setting) keys.insert(setting.first);

  // The folder's label first: two runs may carry the same `run`.
  std::vector<Column> columns = {Column("folder")};
  for (const RecordField& field : RecordFields()) {
    if (field.name != "setting")
      columns.emplace_back(std::string(field.name));
    else
      for (const std::string& key : keys)
        columns.emplace_back("setting " + key);
  }
  std::size_t rows = 0;
  for (std::size_t run = 0; run < runs.size(); ++run) {
    for (const Record& record : runs[run].records) {
      ++rows;
      std::size_t column = 0;
      columns[column++].Add(labels[run]);
      for (const RecordField& field : RecordFields()) {
        if (field.name != "setting") {
          columns[column++].Add(field.to_json(record));
          continue;
        }
        for (const std::string& key : keys) {
          const auto found = record.setting.find(key);
          columns[column++].Add(found == record.setting.end()
                                    ? Json(nullptr)
                                    : Json(found->second));
        }
      }
    }
  }
  Json data = {{"rows", rows}, {"columns", Json::array()}};
  for (const Column& column : columns)
    data["columns"].push_back(column.ToJson());
  data["shares"] = NumberStyle(runs).shares();
  return ForScriptElement(CanonicalJson(data));
}

}  // namespace eyechart::reports
