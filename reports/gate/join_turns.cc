#include "reports/gate/join_turns.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <system_error>
#include <utility>

#include "core/error.h"
#include "core/files.h"
#include "core/text.h"
#include "reports/gate/policy.h"

namespace eyechart::reports {
namespace {

namespace fs = std::filesystem;

fs::path CsvOf(const fs::path& run, const char* kind, const std::string& cell) {
  return run / kind / (CellSlug(cell) + ".csv");
}

void CopyFile(const fs::path& from, const fs::path& to) {
  if (!fs::exists(from)) return;
  CreateFolder(to.parent_path());
  std::error_code error;
  fs::copy_file(from, to, fs::copy_options::overwrite_existing, error);
  EYECHART_REQUIRE(!error, "{}: cannot be written: {}", to.string(),
                   error.message());
}

// Start and latency of each sample; none where a row does not have both.
std::optional<std::vector<std::pair<double, double>>> Starts(
    const CsvTable& samples) {
  const auto started = samples.FindColumn("started_ns");
  const auto latency = samples.FindColumn("latency_ns");
  if (!started || !latency) return std::nullopt;
  std::vector<std::pair<double, double>> found;
  for (std::size_t row = 0; row < samples.rows(); ++row) {
    const auto start = ParseDouble(samples.at(row, *started));
    const auto length = ParseDouble(samples.at(row, *latency));
    if (!start || !length) return std::nullopt;
    found.emplace_back(*start, *length);
  }
  return found;
}

bool OneAtATime(const CsvTable& samples) {
  auto starts = Starts(samples);
  if (!starts) return false;
  std::ranges::sort(*starts);
  for (std::size_t i = 1; i < starts->size(); ++i)
    if ((*starts)[i].first < (*starts)[i - 1].first + (*starts)[i - 1].second)
      return false;
  return true;
}

// Rows of one turn. Its own clock began somewhere within the turn: its first
// sample is put at the turn's begin, and so all lie in it.
void AppendSamples(const CsvTable& samples,
                   const std::vector<std::string>& columns,
                   const Turn& turn,
                   bool interleaved,
                   std::string& csv) {
  double first = 0;
  if (const auto starts = Starts(samples); starts && !starts->empty())
    first = std::ranges::min(*starts).first;
  for (std::size_t row = 0; row < samples.rows(); ++row) {
    std::vector<std::string> fields;
    for (const std::string& column : columns) {
      if (column == "pair") {
        fields.push_back(interleaved ? std::to_string(turn.pair) : "");
        continue;
      }
      const std::string& field = samples.at(row, samples.Column(column));
      const auto start =
          column == "started_ns" ? ParseDouble(field) : std::nullopt;
      fields.push_back(
          start ? std::to_string(turn.began_ns + std::llround(*start - first))
                : field);
    }
    csv += CsvLine(fields);
  }
}

bool IsSubset(const std::map<std::string, std::string>& part,
              const std::map<std::string, std::string>& whole) {
  return std::ranges::includes(whole, part);
}

// What of the setting the cell's name tells. A sweep's records also have the
// thresholds that they are of, which are others in each.
std::map<std::string, std::string> ToldSetting(const Record& record) {
  std::map<std::string, std::string> told;
  for (const auto& [key, value] : record.setting) {
    const std::string word = key + "=" + value;
    for (const char* before : {"/", ","})
      if (record.cell.find(before + word) != std::string::npos)
        told.emplace(key, value);
  }
  return told;
}

// How well `part` fits a cell as a part of it: the greater the better, {0, 0}
// for not at all. That it has the whole setting counts before all else.
std::pair<int, std::size_t> PartFit(const Record& whole, const Record& part) {
  if (IsSubset(whole.setting, part.setting)) return {2, whole.setting.size()};
  const std::map<std::string, std::string> told = ToldSetting(whole);
  if (IsSubset(told, part.setting) || part.cell.starts_with(whole.cell + ","))
    return {1, told.size()};
  return {0, 0};
}

}  // namespace

JoinedRun::JoinedRun(fs::path folder, const JoinOptions& options)
    : folder_(std::move(folder)), options_(options) {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
  CreateFolder(folder_);
}

void JoinedRun::AddScores(const RunFolder& run,
                          const std::map<std::string, std::string>& names) {
  const auto name_of = [&names](const std::string& cell) {
    const auto found = names.find(cell);
    return found == names.end() ? cell : found->second;
  };
  std::set<std::string> cells;
  for (const Record& record : run.records) cells.insert(name_of(record.cell));
  std::erase_if(records_, [&cells](const Record& record) {
    return cells.contains(record.cell);
  });
  for (Record record : run.records) {
    const std::string measured =
        std::exchange(record.cell, name_of(record.cell));
    CopyFile(CsvOf(run.path, "outcomes", measured),
             CsvOf(folder_, "outcomes", record.cell));
    records_.push_back(std::move(record));
  }
  for (const auto& entry : fs::directory_iterator(run.path)) {
    const fs::path name = entry.path().filename();
    const bool environment =
        name.string().starts_with("environment") && name.extension() == ".json";
    if (environment || name == "suite.toml")
      CopyFile(entry.path(), folder_ / name);
  }
}

void JoinedRun::Fail(const std::string& cell, const std::string& message) {
  failed_.insert(cell);
  Record failure;
  failure.cell = cell;
  for (const Record& record : records_)
    if (record.cell == cell) failure = record;
  failure.metric.clear();
  failure.unit.clear();
  failure.direction = "none";
  failure.value.reset();
  failure.ci.reset();
  failure.status = RecordStatus::kError;
  failure.message = message;
  std::erase_if(records_,
                [&cell](const Record& record) { return record.cell == cell; });
  records_.push_back(std::move(failure));
}

bool JoinedRun::HasSpeed(const std::string& cell) const {
  return std::ranges::any_of(records_, [&cell](const Record& record) {
    return record.cell == cell && record.value && IsSpeedMetric(record.unit);
  });
}

std::vector<TurnValues> JoinedRun::ValuesOf(const std::string& cell) const {
  std::vector<TurnValues> all;
  for (const Turn& turn : turns_) {
    TurnValues values{turn.pair, turn.began_ns, turn.ended_ns, {}};
    for (const Record& record : turn.records) {
      if (record.cell != cell) continue;
      if (record.value && IsSpeedMetric(record.unit))
        values.values[record.metric] = *record.value;
      if (options_.seconds && record.seconds > 0)
        values.values[kCellSeconds] = record.seconds;
    }
    if (!values.values.empty()) all.push_back(std::move(values));
  }
  return all;
}

void JoinedRun::WriteSamples(const std::string& cell) const {
  std::vector<const Turn*> turns;
  bool apart = true;
  for (const Turn& turn : turns_) {
    const auto samples = turn.samples.find(cell);
    if (samples == turn.samples.end()) continue;
    turns.push_back(&turn);
    apart = apart && OneAtATime(samples->second);
  }
  if (turns.empty()) return;
  std::vector<std::string> columns = {"pair"};
  for (const std::string& column : turns.front()->samples.at(cell).header()) {
    // Other clocks' times would say nothing beside the common one.
    if (column == "pair" || column == "scheduled_ns" ||
        (column == "started_ns" && !apart))
      continue;
    columns.push_back(column);
  }
  std::string csv = CsvLine(columns);
  for (const Turn* turn : turns)
    AppendSamples(turn->samples.at(cell), columns, *turn, options_.interleaved,
                  csv);
  CreateFolder(folder_ / "samples");
  WriteFileAtomic(CsvOf(folder_, "samples", cell), csv);
}

void JoinedRun::WriteCell(const std::string& cell, std::string& lines) const {
  const std::vector<TurnValues> turns = ValuesOf(cell);
  const auto median_of = [&turns](const std::string& metric) {
    std::vector<double> values;
    for (const TurnValues& turn : turns)
      if (const auto found = turn.values.find(metric);
          found != turn.values.end())
        values.push_back(found->second);
    return values.empty() ? std::nullopt : std::optional(Median(values));
  };
  const bool timed = !turns.empty() && !failed_.contains(cell);
  const Record* last = nullptr;
  for (const Record& record : records_) {
    if (record.cell != cell) continue;
    last = &record;
    Record written = record;
    written.run = folder_.filename().string();
    if (timed && IsSpeedMetric(record.unit)) {
      if (const auto value = median_of(record.metric)) written.value = *value;
      written.ci.reset();
    }
    lines += RecordToLine(written) + "\n";
  }
  if (!timed) return;
  if (const auto seconds = median_of(kCellSeconds); seconds && last) {
    Record written = *last;
    written.run = folder_.filename().string();
    written.metric = kCellSeconds;
    written.unit = "s";
    written.direction = "lower";
    written.value = *seconds;
    written.n = static_cast<std::int64_t>(turns.size());
    written.ci.reset();
    written.message.clear();
    lines += RecordToLine(written) + "\n";
  }
  WriteSamples(cell);
  if (options_.interleaved) WriteRunValues(folder_, cell, turns);
}

RunFolder JoinedRun::Write() {
  std::string lines;
  std::set<std::string> written;
  for (const Record& record : records_)
    if (written.insert(record.cell).second) WriteCell(record.cell, lines);
  WriteFileAtomic(folder_ / "records.jsonl", lines);
  return ReadRunFolder(folder_);
}

std::map<std::string, std::string> OwnersOf(
    const std::vector<Record>& records) {
  std::map<std::string, std::string> owners;
  for (const Record& part : records) {
    std::string& owner = owners.try_emplace(part.cell, part.cell).first->second;
    if (part.seconds > 0 || owner != part.cell) continue;
    std::pair<int, std::size_t> best = {0, 0};
    for (const Record& whole : records) {
      if (whole.seconds <= 0 || whole.cell == part.cell ||
          whole.encoder != part.encoder || whole.task != part.task ||
          whole.dataset != part.dataset)
        continue;
      const std::pair<int, std::size_t> fit = PartFit(whole, part);
      if (fit <= best) continue;
      best = fit;
      owner = whole.cell;
    }
  }
  return owners;
}

}  // namespace eyechart::reports
