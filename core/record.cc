#include "core/record.h"

#include <array>
#include <cmath>

#include "core/error.h"
#include "core/files.h"
#include "core/hash.h"
#include "core/interval_json.h"
#include "core/metrics.h"

namespace eyechart {
namespace {

constexpr std::array<std::string_view, 3> kStatusNames = {"ok", "error",
                                                          "skipped"};

RecordStatus ParseStatus(const std::string& name) {
  for (std::size_t i = 0; i < kStatusNames.size(); ++i)
    if (kStatusNames[i] == name) return static_cast<RecordStatus>(i);
  ThrowInput("status \"{}\" is none of {}", name,
             fmt::join(kStatusNames, ", "));
}

// A field held in a member that nlohmann converts by itself.
template <typename T>
RecordField Plain(std::string_view name, T Record::*member) {
  return {name, [member](const Record& r) { return Json(r.*member); },
          [member](const Json& j, Record& r) { j.get_to(r.*member); }};
}

void IntervalFromJson(const Json& json, Record& record) {
  if (json.is_null()) return;
  record.ci = Interval{
      json.at("low").get<double>(), json.at("high").get<double>(),
      json.at("level").get<double>(), json.at("method").get<std::string>()};
}

std::vector<RecordField> MakeFields() {
  return {
      {"schema", [](const Record&) { return Json(kRecordSchema); },
       [](const Json& j, Record&) {
         EYECHART_REQUIRE(j.get<int>() == kRecordSchema,
                          "record schema {}; this build reads {}", j.get<int>(),
                          kRecordSchema);
       }},
      Plain("run", &Record::run),
      Plain("cell", &Record::cell),
      Plain("encoder", &Record::encoder),
      Plain("task", &Record::task),
      Plain("dataset", &Record::dataset),
      Plain("setting", &Record::setting),
      Plain("metric", &Record::metric),
      {"value",
       [](const Record& r) { return r.value ? Json(*r.value) : Json(nullptr); },
       [](const Json& j, Record& r) {
         if (!j.is_null()) r.value = j.get<double>();
       }},
      Plain("unit", &Record::unit),
      Plain("direction", &Record::direction),
      Plain("n", &Record::n),
      {"ci", [](const Record& r) { return IntervalJson(r.ci); },
       IntervalFromJson},
      {"status",
       [](const Record& r) { return Json(RecordStatusName(r.status)); },
       [](const Json& j, Record& r) {
         r.status = ParseStatus(j.get<std::string>());
       }},
      Plain("message", &Record::message),
      Plain("environment", &Record::environment),
      Plain("weights_sha256", &Record::weights_sha256),
      Plain("preprocess_sha256", &Record::preprocess_sha256),
      Plain("dataset_sha256", &Record::dataset_sha256),
      Plain("started", &Record::started),
      Plain("seconds", &Record::seconds),
  };
}

}  // namespace

std::string_view RecordStatusName(RecordStatus status) {
  return kStatusNames[static_cast<std::size_t>(status)];
}

std::span<const RecordField> RecordFields() {
  static const std::vector<RecordField> fields = MakeFields();
  return fields;
}

void SetMetric(Record& record, std::string_view metric, double value) {
  const Metric& row = FindMetric(metric);
  record.metric = row.name;
  record.unit = row.unit;
  record.direction = DirectionName(row.direction);
  record.value.reset();
  if (std::isfinite(value)) {
    record.value = value;
  } else {
    record.message = fmt::format("the value is {}, not a finite number", value);
  }
}

std::string RecordToLine(const Record& record) {
  nlohmann::ordered_json line;
  for (const RecordField& field : RecordFields())
    line[std::string(field.name)] = field.to_json(record);
  return line.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::vector<Record> ReadRecords(const std::filesystem::path& path) {
  const std::string text = ReadFile(path);
  std::vector<Record> records;
  std::size_t begin = 0;
  for (int line = 1; begin < text.size(); ++line) {
    const std::size_t end = text.find('\n', begin);
    if (end == std::string::npos) break;  // cut short while being written
    const std::string where = fmt::format("{}:{}", path.string(), line);
    const Json json =
        ParseJson(std::string_view(text).substr(begin, end - begin), where);
    begin = end + 1;
    Record record;
    try {
      for (const RecordField& field : RecordFields())
        field.from_json(json.at(std::string(field.name)), record);
    } catch (const Json::exception& error) {
      ThrowInput("{}: not a record: {}", where, error.what());
    } catch (const InputError& error) {
      ThrowInput("{}: {}", where, error.what());
    }
    records.push_back(std::move(record));
  }
  return records;
}

std::string CellSlug(const std::string& cell) {
  // Names of files are limited to 255 bytes on common file systems.
  constexpr std::size_t kMaxLength = 100;
  constexpr std::string_view kSafe =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
  std::string slug = cell.substr(0, kMaxLength);
  for (char& c : slug)
    if (kSafe.find(c) == std::string_view::npos) c = '_';
  return slug + "-" + Sha256Hex(cell).substr(0, 8);
}

}  // namespace eyechart
