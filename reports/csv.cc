// Records as CSV (RFC 4180): one column a field of the record table, raw
// values, numbers that read back to the same double.
#include "core/csv.h"

#include <array>

#include "core/text.h"
#include "reports/formats.h"
#include "reports/visible_text.h"

namespace eyechart::reports {
namespace {

constexpr std::array<const char*, 4> kIntervalKeys = {"low", "high", "level",
                                                      "method"};

std::string FieldText(const Json& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return AsUtf8(value.get_ref<const std::string&>());
  if (value.is_number_float()) return FormatDouble(value.get<double>());
  return CanonicalJson(value);
}

std::vector<std::string> Header() {
  std::vector<std::string> names;
  for (const RecordField& field : RecordFields()) {
    if (field.name != "ci") {
      names.emplace_back(field.name);
      continue;
    }
    for (const char* key : kIntervalKeys)
      names.push_back(std::string("ci_") + key);
  }
  return names;
}

std::vector<std::string> Row(const Record& record) {
  std::vector<std::string> texts;
  for (const RecordField& field : RecordFields()) {
    const Json value = field.to_json(record);
    if (field.name != "ci") {
      texts.push_back(FieldText(value));
      continue;
    }
    for (const char* key : kIntervalKeys)
      texts.push_back(value.is_null() ? "" : FieldText(value.at(key)));
  }
  return texts;
}

class CsvExporter : public Exporter {
 public:
  std::string Export(std::span<const RunFolder> runs) const override {
    std::string text = CsvLine(Header());
    for (const RunFolder& run : runs)
      for (const Record& record : run.records) text += CsvLine(Row(record));
    return text;
  }
};

}  // namespace

std::unique_ptr<Exporter> MakeCsv() { return std::make_unique<CsvExporter>(); }

}  // namespace eyechart::reports
