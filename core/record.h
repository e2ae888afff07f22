// The record: one measured value with all that it depends on. Its fields are
// defined once, in RecordFields(); every reader and exporter walks that table.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "core/statistics.h"

namespace eyechart {

inline constexpr int kRecordSchema = 1;

enum class RecordStatus { kOk, kError, kSkipped };

/// See design §4. `cell` is encoder/task/dataset/setting and is stable from run
/// to run; `unit` and `direction` come from the metric table.
struct Record {
  std::string run;
  std::string cell;
  std::string encoder;
  std::string task;
  std::string dataset;
  std::map<std::string, std::string> setting;
  std::string metric;
  std::optional<double> value;  // none: not measured, or not finite
  std::string unit;
  std::string direction = "none";
  std::int64_t n = 0;  // items behind the value
  std::optional<Interval> ci;
  RecordStatus status = RecordStatus::kOk;
  std::string message;
  std::string environment;  // hash of environment.json
  std::string weights_sha256;
  std::string preprocess_sha256;
  std::string dataset_sha256;
  std::string started;  // RFC 3339, UTC
  double seconds = 0;
};

/// One field: its JSON key, its text for tables, and both ways of conversion.
struct RecordField {
  std::string_view name;
  std::function<Json(const Record&)> to_json;
  std::function<void(const Json&, Record&)> from_json;
};

std::span<const RecordField> RecordFields();

/// Sets metric, unit, direction and value; a value that is not finite becomes
/// none with the reason in `message`.
void SetMetric(Record& record, std::string_view metric, double value);

/// One line of JSON, without the line feed. Keys are in the table's order.
std::string RecordToLine(const Record& record);

/// Reads records.jsonl. A last line cut short by a killed process is left out;
/// any other bad line throws InputError with file and line.
std::vector<Record> ReadRecords(const std::filesystem::path& path);

std::string_view RecordStatusName(RecordStatus status);

/// The name of a cell's files and folders: the cell with all but letters,
/// digits, '-', '_' and '.' made '_' (at most 100 bytes of it), then '-' and
/// the first 8 hexadecimal digits of its SHA-256, which keep cells apart that
/// differ in the replaced bytes alone.
std::string CellSlug(const std::string& cell);

}  // namespace eyechart
