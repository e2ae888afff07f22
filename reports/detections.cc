#include "reports/detections.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "core/error.h"
#include "reports/detection_settings.h"
#include "reports/json_member.h"

namespace eyechart::reports {
namespace {

std::vector<ShownBox> ReadBoxes(const Json& list,
                                const char* wrong,
                                const std::string& source) {
  EYECHART_REQUIRE(list.is_array(), "{}: boxes should be a list", source);
  std::vector<ShownBox> boxes;
  for (const Json& one : list) {
    EYECHART_REQUIRE(one.is_object(), "{}: a box should be an object", source);
    const Json& box = Member(one, "box", source);
    EYECHART_REQUIRE(
        box.is_array() && box.size() == 4 &&
            std::all_of(box.begin(), box.end(),
                        [](const Json& value) { return value.is_number(); }),
        "{}: \"box\" should be four numbers", source);
    ShownBox shown{box[0].get<double>(),
                   box[1].get<double>(),
                   box[2].get<double>(),
                   box[3].get<double>(),
                   JsonGet<std::string>(one, "label", source),
                   std::nullopt,
                   JsonGet<bool>(one, wrong, source)};
    if (one.contains("score"))
      shown.score = JsonGet<double>(one, "score", source);
    boxes.push_back(std::move(shown));
  }
  return boxes;
}

std::vector<WorstPicture> ReadWorst(const Json& json,
                                    const std::string& source) {
  EYECHART_REQUIRE(json.is_array(), "{}: should be a list of pictures", source);
  std::vector<WorstPicture> pictures;
  for (const Json& one : json) {
    EYECHART_REQUIRE(one.is_object(), "{}: a picture should be an object",
                     source);
    WorstPicture picture;
    picture.id = JsonGet<std::string>(one, "id", source);
    picture.src = JsonGet<std::string>(one, "src", source);
    EYECHART_REQUIRE(picture.src.starts_with("data:image/"),
                     "{}: \"src\" should be a picture as a data URI", source);
    picture.width = JsonGet<std::int64_t>(one, "width", source);
    picture.height = JsonGet<std::int64_t>(one, "height", source);
    picture.misses = JsonGet<std::int64_t>(one, "misses", source);
    picture.false_alarms = JsonGet<std::int64_t>(one, "false_alarms", source);
    picture.matched = JsonGet<std::int64_t>(one, "matched", source);
    picture.boxes = ReadBoxes(Member(one, "truths", source), "missed", source);
    for (ShownBox& box :
         ReadBoxes(Member(one, "found", source), "false_alarm", source))
      picture.boxes.push_back(std::move(box));
    pictures.push_back(std::move(picture));
  }
  return pictures;
}

const Json& OptionalList(const Json& json,
                         const char* key,
                         const std::string& source) {
  static const Json kNone = Json::array();
  const auto found = json.find(key);
  if (found == json.end()) return kNone;
  EYECHART_REQUIRE(found->is_array(), "{}: \"{}\" should be a list", source,
                   key);
  return *found;
}

bool IsCount(const Json& value) {
  return internal::JsonFits<std::int64_t>(value) &&
         value.get<std::int64_t>() >= 0;
}

// A count is [truth, found, count], background as one class more.
ConfusionMatrix ReadConfusionMatrix(const Json& json, const std::string& file) {
  const std::string source = file + ": \"confusion_matrix\"";
  EYECHART_REQUIRE(json.is_object(), "{} should be an object", source);
  ConfusionMatrix matrix;
  matrix.iou = JsonGet<double>(json, "iou", source);
  matrix.min_score = JsonGet<double>(json, "min_score", source);
  const Json& classes = Member(json, "classes", source);
  EYECHART_REQUIRE(classes.is_array(), "{}: \"classes\" should be a list",
                   source);
  for (const Json& name : classes) {
    EYECHART_REQUIRE(name.is_string(), "{}: a class should be a text, not {}",
                     source, name.dump());
    matrix.classes.push_back(name.get<std::string>());
  }
  const std::size_t background = matrix.classes.size();
  const Json& counts = Member(json, "counts", source);
  EYECHART_REQUIRE(counts.is_array(), "{}: \"counts\" should be a list",
                   source);
  for (const Json& one : counts) {
    const bool whole = one.is_array() && one.size() == 3 &&
                       std::all_of(one.begin(), one.end(), IsCount);
    const std::size_t truth = whole ? one[0].get<std::size_t>() : 0;
    const std::size_t found = whole ? one[1].get<std::size_t>() : 0;
    const std::int64_t count = whole ? one[2].get<std::int64_t>() : 0;
    EYECHART_REQUIRE(
        count > 0 && truth <= background && found <= background &&
            (truth < background || found < background),
        "{}: {} should be [truth, found, count]: places of two of {} classes, "
        "{} for background in one of them, and a count above 0",
        source, one.dump(), background, background);
    EYECHART_REQUIRE(
        matrix.counts.emplace(std::pair(truth, found), count).second,
        "{}: truth {} and found {} stand there twice", source, truth, found);
  }
  return matrix;
}

// What older files lack.
void ReadErrors(const Json& json,
                const std::string& source,
                DetectionRow& row) {
  for (const Json& one : OptionalList(json, "errors", source))
    row.errors.push_back({JsonGet<std::string>(one, "kind", source),
                          JsonGet<std::int64_t>(one, "count", source),
                          JsonGet<double>(one, "gain", source)});
  for (const Json& one : OptionalList(json, "pr_curve", source)) {
    PrecisionCurve curve{JsonGet<double>(one, "iou", source), {}};
    for (const Json& value : Member(one, "precision", source)) {
      EYECHART_REQUIRE(value.is_number(),
                       "{}: \"precision\" should be a list of numbers", source);
      curve.precision.push_back(value.get<double>());
    }
    EYECHART_REQUIRE(curve.precision.size() > 1,
                     "{}: \"precision\" should have two numbers or more",
                     source);
    row.precision_curves.push_back(std::move(curve));
  }
  for (const Json& one : OptionalList(json, "confusions", source))
    row.confusions.push_back({JsonGet<std::string>(one, "truth", source),
                              JsonGet<std::string>(one, "found", source),
                              JsonGet<std::int64_t>(one, "count", source)});
  if (const auto matrix = json.find("confusion_matrix"); matrix != json.end())
    row.matrix = ReadConfusionMatrix(*matrix, source);
}

DetectionRow ReadDetectionRow(const Json& json, const std::string& source) {
  DetectionRow row;
  row.stages = JsonGet<std::string>(json, "stages", source);
  row.train = JsonGet<std::int64_t>(json, "train", source);
  row.test = JsonGet<std::int64_t>(json, "test", source);
  row.parameters = JsonGet<std::int64_t>(json, "parameters", source);
  const Json& stats = Member(json, "stats", source);
  EYECHART_REQUIRE(stats.is_object() && stats.contains("AP"),
                   "{}: \"stats\" should have AP", source);
  for (const auto& [name, value] : stats.items()) {
    EYECHART_REQUIRE(value.is_number(), "{}: {} should be a number", source,
                     name);
    row.stats[name] = value.get<double>();
  }
  for (const auto& [name, ci] : Member(json, "ci", source).items())
    row.intervals[name] = {JsonGet<double>(ci, "low", source),
                           JsonGet<double>(ci, "high", source),
                           JsonGet<double>(ci, "level", source),
                           JsonGet<std::string>(ci, "method", source)};
  const Json& runs = Member(json, "runs", source);
  const Json& seeds = Member(runs, "seeds", source);
  const Json& scores = Member(runs, "scores", source);
  EYECHART_REQUIRE(
      seeds.is_array() && scores.is_array() && seeds.size() == scores.size(),
      "{}: \"runs\" should have a score for each seed", source);
  for (std::size_t i = 0; i < seeds.size(); ++i) {
    EYECHART_REQUIRE(seeds[i].is_number_integer(),
                     "{}: seeds should be numbers", source);
    if (scores[i].is_number())
      row.seeds[seeds[i].get<std::uint64_t>()] = scores[i].get<double>();
  }
  const Json& log = Member(json, "log", source);
  EYECHART_REQUIRE(log.is_array(), "{}: \"log\" should be a list", source);
  for (const Json& one : log)
    for (const auto& [key, line] :
         {std::pair("validation_ap", &row.curve), {"loss", &row.losses}})
      if (one.contains(key) && one[key].is_number())
        line->emplace_back(JsonGet<double>(one, "step", source),
                           one[key].get<double>());
  for (const auto& [key, value] :
       {std::pair("steps", &row.steps), {"detections", &row.found}})
    if (json.contains(key)) *value = JsonGet<std::int64_t>(json, key, source);
  if (json.contains("selected")) {
    const Json& selected = json["selected"];
    if (JsonGet<std::string>(selected, "split", source) == "validation")
      row.best_step = JsonGet<double>(selected, "step", source);
  }
  ReadErrors(json, source, row);
  return row;
}

// Each row's differences from the first, the seeds paired, or why there are
// none: two heads, or two training sets, are not two encoders.
void CompareDetections(std::vector<DetectionRow>& rows) {
  for (DetectionRow& row : rows)
    if (&row != &rows.front()) {
      row.not_compared = WhyNotCompared(row, rows.front());
      if (!row.not_compared.empty()) continue;
      row.difference = DifferenceOfSeeds(row.seeds, rows.front().seeds);
      if (!row.difference) row.not_compared = "no seed in common";
    }
}

}  // namespace

std::string DetectionName(const DetectionRow& row) {
  return row.differs.empty() ? row.encoder
                             : row.encoder + " (" + row.differs + ")";
}

std::string DetectionTableName(const DetectionTable& table) {
  return fmt::format("{}: {} head ({})", table.dataset, table.head,
                     table.protocol);
}

std::vector<std::string> DetectionPrefixes(
    const std::vector<std::string>& labels) {
  std::vector<std::string> prefixes(labels.size());
  for (std::size_t run = 0; labels.size() > 1 && run < labels.size(); ++run)
    prefixes[run] = labels[run] + ": ";
  return prefixes;
}

std::vector<DetectionTable> MakeDetectionTables(
    std::span<const RunFolder> runs) {
  std::vector<DetectionTable> tables;
  for (std::size_t run = 0; run < runs.size(); ++run) {
    for (const Record& record : runs[run].records) {
      const auto found = runs[run].detections.find(record.cell);
      if (found == runs[run].detections.end()) continue;
      const std::string source =
          fmt::format("{}: detect.json of {}", runs[run].name, record.cell);
      const auto head = JsonGet<std::string>(found->second, "head", source);
      const auto protocol = JsonGetOr<std::string>(found->second, "protocol",
                                                   "detect-" + head, source);
      auto table = std::find_if(
          tables.begin(), tables.end(), [&](const DetectionTable& one) {
            return std::tie(one.dataset, one.head, one.protocol) ==
                   std::tie(record.dataset, head, protocol);
          });
      if (table == tables.end()) {
        tables.push_back({record.dataset, head, protocol, {}});
        table = tables.end() - 1;
      }
      const bool known = std::any_of(
          table->rows.begin(), table->rows.end(), [&](const DetectionRow& row) {
            return row.run == run && row.cell == record.cell;
          });
      if (known) continue;  // another metric of the same cell
      DetectionRow row = ReadDetectionRow(found->second, source);
      const auto errors = runs[run].detection_errors.find(record.cell);
      if (errors != runs[run].detection_errors.end())
        row.worst = ReadWorst(
            errors->second,
            fmt::format("{}: errors.json of {}", runs[run].name, record.cell));
      row.run = run;
      row.cell = record.cell;
      row.encoder = record.encoder;
      row.setting = DetectionSettingOf(record, found->second);
      row.test_sha256 = record.dataset_sha256;
      row.hash_rule = JsonGetOr<std::int64_t>(found->second, "dataset_hash",
                                              row.hash_rule, source);
      table->rows.push_back(std::move(row));
    }
  }
  for (DetectionTable& table : tables) {
    std::stable_sort(table.rows.begin(), table.rows.end(),
                     [](const DetectionRow& a, const DetectionRow& b) {
                       return a.stats.at("AP") > b.stats.at("AP");
                     });
    TellRowsApart(table.rows);
    CompareDetections(table.rows);
  }
  return tables;
}

}  // namespace eyechart::reports
