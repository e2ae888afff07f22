#include "benchmarks/nms_sweep/sweep_samples.h"

#include <fmt/format.h>

#include <iterator>

#include "core/csv.h"
#include "core/text.h"

namespace eyechart::benchmarks {
namespace {

constexpr std::size_t kBytesARow = 40;  // about, so that the text grows once

// "0.001,0.5": both fields of a setting, made once for all its rows.
std::string SettingFields(const SweepSetting& setting) {
  return (setting.confidence ? FormatDouble(*setting.confidence) : "") + "," +
         FormatDouble(setting.iou);
}

void AddCount(std::int32_t count, std::string& csv) {
  csv += ',';
  if (count >= 0) fmt::format_to(std::back_inserter(csv), "{}", count);
}

}  // namespace

std::string SweepSamplesCsv(const SweepSamples& samples) {
  std::string csv = CsvLine({"picture", "stage", "confidence", "iou",
                             "repetition", "boxes_in", "boxes_out", "ns"});
  csv.reserve(csv.size() + kBytesARow * samples.timings.size());
  std::vector<std::string> pictures, settings;
  for (const std::string& picture : samples.pictures)
    pictures.push_back(CsvField(picture));
  for (const SweepSetting& setting : samples.settings)
    settings.push_back(SettingFields(setting));
  for (const SweepTiming& timing : samples.timings) {
    if (timing.picture >= 0)
      csv += pictures.at(static_cast<std::size_t>(timing.picture));
    csv += ',' + samples.stages.at(timing.stage) + ',';
    csv += timing.setting >= 0
               ? settings.at(static_cast<std::size_t>(timing.setting))
               : ",";
    AddCount(timing.repetition, csv);
    AddCount(timing.boxes_in, csv);
    AddCount(timing.boxes_out, csv);
    fmt::format_to(std::back_inserter(csv), ",{}\n", timing.ns);
  }
  return csv;
}

}  // namespace eyechart::benchmarks
