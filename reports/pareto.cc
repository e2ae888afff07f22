#include "reports/pareto.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <numeric>
#include <string_view>
#include <tuple>
#include <utility>

#include "core/error.h"
#include "reports/display.h"
#include "reports/markdown_parts.h"

namespace eyechart::reports {
namespace {

constexpr std::array<std::string_view, 4> kScores = {"ap", "top1", "map",
                                                     "pair_accuracy"};

// Settings that make another model of an encoder, with their defaults; without
// one, records are compared where both have it.
constexpr std::array<std::pair<std::string_view, std::string_view>, 6>
    kModelKeys = {{{"alpha", "drop"},
                   {"decode", "exact"},
                   {"dtype", "fp32"},
                   {"orient", "none"},
                   {"resolution", ""},
                   {"tf32", "off"}}};

bool IsModelKey(std::string_view key) {
  return std::any_of(kModelKeys.begin(), kModelKeys.end(),
                     [&](const auto& one) { return one.first == key; });
}

double MsOf(const std::string& unit, const Record& record) {
  if (unit == "ns") return 1e-6;
  if (unit == "us" || unit == "\u00b5s") return 1e-3;
  if (unit == "ms") return 1;
  if (unit == "s") return 1e3;
  ThrowInput("{}: {} is in \"{}\"; a latency should be in ns, us, ms or s",
             record.cell, record.metric, unit);
}

bool HasValue(const Record& record) {
  return record.status == RecordStatus::kOk && record.value.has_value();
}

bool SameModel(const Record& a, const Record& b) {
  for (const auto& [key, fallback] : kModelKeys) {
    const auto x = a.setting.find(std::string(key));
    const auto y = b.setting.find(std::string(key));
    const bool both = x != a.setting.end() && y != b.setting.end();
    if (fallback.empty() && !both) continue;
    const std::string_view left =
        x == a.setting.end() ? fallback : std::string_view(x->second);
    const std::string_view right =
        y == b.setting.end() ? fallback : std::string_view(y->second);
    if (left != right) return false;
  }
  return true;
}

// The model's settings that are not its defaults.
std::string ModelSetting(const Record& record) {
  std::vector<std::string> parts;
  for (const auto& [key, fallback] : kModelKeys) {
    const auto found = record.setting.find(std::string(key));
    if (found != record.setting.end() && found->second != fallback)
      parts.push_back(found->first + "=" + found->second);
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

// "encoder/task/dataset/", in front of a cell's setting.
std::string CellHead(const Record& record) {
  return record.encoder + "/" + record.task + "/" + record.dataset + "/";
}

// What a cell's setting holds besides what makes another model of its encoder:
// "batch=8", ... `without` is no part of it.
std::vector<std::string> CellPartsOf(const Record& record,
                                     const std::string& without = "") {
  const std::string head = CellHead(record);
  std::vector<std::string> kept;
  if (!record.cell.starts_with(head)) return kept;
  std::string text = record.cell.substr(head.size());
  if (const std::size_t at = text.find(without); at != std::string::npos)
    text.erase(at, without.size());
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(','), rest.size());
    const std::string_view part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (!IsModelKey(part.substr(0, part.find('='))) && part != "default" &&
        !part.empty())
      kept.emplace_back(part);
  }
  return kept;
}

std::string FrameOf(const Record& record,
                    const std::vector<std::string>& parts) {
  return record.task + "/" + record.dataset + "/" +
         (parts.empty() ? "default" : fmt::format("{}", fmt::join(parts, ",")));
}

// A cell without its encoder and what makes another model of that.
std::string Frame(const Record& record) {
  return FrameOf(record, CellPartsOf(record));
}

// The setting `key`, empty where there is none.
std::string ParetoSettingOf(const Record& record, const std::string& key) {
  const auto found = record.setting.find(key);
  return found == record.setting.end() ? std::string() : found->second;
}

// What a detect cell says of its head: all but the encoder's own settings.
std::vector<std::string> HeadParts(const Record& record) {
  std::vector<std::string> parts = CellPartsOf(record);
  std::erase_if(parts, [](const std::string& part) {
    return part.starts_with("device=") || part.starts_with("pool=");
  });
  return parts;
}

constexpr const char* kDetectorCell = "detector_cell";

// Whether the boxes that `time` was taken of are those that `score` judges. A
// suite takes the head of the same point of the encoder's grid, which SameModel
// looks at: what is said of the head has to agree.
bool IsOfHead(const Record& time, const Record& score) {
  Record named = score;
  named.cell = ParetoSettingOf(time, kDetectorCell);
  constexpr std::string_view kEncoder = "{encoder}";
  if (const std::size_t at = named.cell.find(kEncoder); at != std::string::npos)
    named.cell.replace(at, kEncoder.size(), time.encoder);
  return named.cell.starts_with(CellHead(score)) &&
         HeadParts(named) == HeadParts(score);
}

bool IsExportedDetector(const Record& score) {
  return score.task == "detect" && ParetoSettingOf(score, "head") == "exported";
}

ParetoPoint ParetoPointOf(std::size_t run,
                          const Record& time,
                          const Record& score) {
  ParetoPoint point;
  point.run = run;
  point.encoder = time.encoder;
  point.setting = ModelSetting(time);
  const double ms = MsOf(time.unit, time);
  point.latency_ms = ms * *time.value;
  if (time.ci)
    point.latency_ci = Interval{ms * time.ci->low, ms * time.ci->high,
                                time.ci->level, time.ci->method};
  point.score = *score.value;
  point.score_ci = score.ci;
  return point;
}

// A detector is known by how it was made; how it was tested is the picture's.
bool IsOfTheTest(const std::string& part) { return part.starts_with("part="); }

// The head and how it was trained, of a whole detector's score.
std::string HeadSetting(const Record& score) {
  if (IsExportedDetector(score)) return "exported";
  std::string text = ParetoSettingOf(score, "head") + " head";
  for (const std::string& part : HeadParts(score))
    if (!IsOfTheTest(part) && !part.starts_with("head=")) text += ", " + part;
  return text;
}

// The pictures in the order in which they began, found by what they show.
class Pictures {
 public:
  ParetoPicture& Of(const Record& time, const Record& score) {
    return Of(score, Frame(score), Frame(time));
  }

  // Of whole detectors, whatever their heads.
  ParetoPicture& OfDetectors(const Record& time, const Record& score) {
    std::string scored = "detectors on " + score.dataset;
    for (const std::string& part : CellPartsOf(score))
      if (IsOfTheTest(part)) scored += ", " + part;
    const std::string cell = fmt::format("{}={}", kDetectorCell,
                                         ParetoSettingOf(time, kDetectorCell));
    return Of(score, scored,
              FrameOf(time, CellPartsOf(time, cell)) + " to boxes");
  }

  std::vector<ParetoPicture> list;

 private:
  ParetoPicture& Of(const Record& score,
                    const std::string& scored_as,
                    const std::string& timed_as) {
    const auto [place, made] =
        places_.try_emplace({score.metric, scored_as, timed_as}, list.size());
    const auto& [metric, scored, timed] = place->first;
    if (made)
      list.push_back({metric, score.unit, score.direction, scored, timed, {}});
    return list[place->second];
  }

  std::map<std::tuple<std::string, std::string, std::string>, std::size_t>
      places_;
};

void AddPoint(std::size_t run,
              const Record& time,
              const Record& score,
              Pictures& pictures) {
  ParetoPoint point = ParetoPointOf(run, time, score);
  const bool has_head = !ParetoSettingOf(time, kDetectorCell).empty();
  const bool whole =
      score.task == "detect" && (has_head || IsExportedDetector(score));
  if (!whole) {
    pictures.Of(time, score).points.push_back(std::move(point));
    return;
  }
  // The boxes that were timed are another head's.
  if (has_head && !IsOfHead(time, score)) return;
  point.setting += (point.setting.empty() ? "" : ", ") + HeadSetting(score);
  pictures.OfDetectors(time, score).points.push_back(std::move(point));
}

// The latencies of a run, by encoder.
std::map<std::string, std::vector<const Record*>> LatenciesOf(
    const RunFolder& run) {
  std::map<std::string, std::vector<const Record*>> latencies;
  for (const Record& record : run.records)
    if (record.task == "bench" && record.metric == "latency_median" &&
        HasValue(record))
      latencies[record.encoder].push_back(&record);
  return latencies;
}

void Finish(ParetoPicture& picture) {
  std::stable_sort(picture.points.begin(), picture.points.end(),
                   [](const ParetoPoint& a, const ParetoPoint& b) {
                     return a.latency_ms < b.latency_ms;
                   });
  std::vector<std::pair<double, double>> places;
  for (const ParetoPoint& point : picture.points)
    places.emplace_back(point.latency_ms, point.score);
  const std::vector<bool> front =
      ParetoFront(places, picture.direction != "lower");
  for (std::size_t i = 0; i < front.size(); ++i)
    picture.points[i].front = front[i];
}

}  // namespace

std::vector<bool> ParetoFront(std::span<const std::pair<double, double>> points,
                              bool higher_is_better) {
  const double sign = higher_is_better ? 1 : -1;
  std::vector<std::size_t> order(points.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::pair(points[a].first, -sign * points[a].second) <
           std::pair(points[b].first, -sign * points[b].second);
  });
  std::vector<bool> front(points.size(), false);
  double best = -std::numeric_limits<double>::infinity();  // of the faster ones
  for (std::size_t i = 0; i < order.size();) {
    // Of equal latencies the best score stands first.
    const double latency = points[order[i]].first;
    const double top = sign * points[order[i]].second;
    for (; i < order.size() && points[order[i]].first == latency; ++i)
      front[order[i]] = sign * points[order[i]].second == top && top > best;
    best = std::max(best, top);
  }
  return front;
}

std::vector<ParetoPicture> MakeParetoPictures(std::span<const RunFolder> runs) {
  Pictures made;
  for (const std::string_view metric : kScores)
    for (std::size_t run = 0; run < runs.size(); ++run) {
      const auto latencies = LatenciesOf(runs[run]);
      for (const Record& score : runs[run].records) {
        // A sweep has latencies of its own beside its scores.
        if (score.metric != metric || score.task == "bench" ||
            score.task == "nms-sweep" || !HasValue(score) ||
            score.setting.contains("pattern"))
          continue;
        const auto timed = latencies.find(score.encoder);
        if (timed == latencies.end()) continue;
        for (const Record* time : timed->second)
          if (SameModel(*time, score)) AddPoint(run, *time, score, made);
      }
    }
  std::vector<ParetoPicture> pictures = std::move(made.list);
  std::erase_if(pictures, [](const ParetoPicture& picture) {
    return picture.points.size() < 2;
  });
  for (ParetoPicture& picture : pictures) Finish(picture);
  return pictures;
}

std::string ParetoMarkdown(std::span<const RunFolder> runs,
                           const std::vector<std::string>& labels) {
  const std::vector<ParetoPicture> pictures = MakeParetoPictures(runs);
  if (pictures.empty()) return "";
  const NumberStyle style(runs);
  std::string text = "## Accuracy against latency\n\n";
  for (const ParetoPicture& picture : pictures) {
    text += fmt::format(
        "{} of {}, latency of {}\n\n", EscapeMarkdown(picture.metric),
        EscapeMarkdown(picture.scored), EscapeMarkdown(picture.timed));
    text += TableHead(
        {"encoder", "front", "latency ms", EscapeMarkdown(picture.metric)}, 2);
    for (const ParetoPoint& point : picture.points) {
      std::string name = runs.size() > 1 ? labels[point.run] + ": " : "";
      name += point.encoder;
      if (!point.setting.empty()) name += " (" + point.setting + ")";
      std::string latency = FormatNumber(point.latency_ms);
      if (point.latency_ci)
        latency += fmt::format(" [{}, {}]", FormatNumber(point.latency_ci->low),
                               FormatNumber(point.latency_ci->high));
      std::string score = style.Number(picture.metric, point.score);
      if (point.score_ci)
        score += fmt::format(
            " [{}, {}]", style.Number(picture.metric, point.score_ci->low),
            style.Number(picture.metric, point.score_ci->high));
      text += TableLine(
          {EscapeMarkdown(name), point.front ? "yes" : "", latency, score});
    }
    text += "\n";
  }
  return text;
}

}  // namespace eyechart::reports
