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
#include "core/text.h"
#include "reports/display.h"
#include "reports/markdown_parts.h"
#include "reports/resolution_curve.h"

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

constexpr std::string_view kResolution = "resolution";

// Milliseconds that one of the record's unit is.
double MsOf(const Record& record) {
  const std::string& unit = record.unit;
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
constexpr const char* kLeastScore = "min_score";

// Thresholds that boxes and the time to them depend on, with what `detect` had
// where its records do not say; a head without suppression has no nms_iou.
constexpr std::array<std::pair<const char*, std::string_view>, 7> kThresholds =
    {{{kLeastScore, ""},
      {"nms", "torchvision"},
      {"nms_classes", "aware"},
      {"nms_iou", ""},
      {"nms_sigma", ""},
      {"before_nms", "1000"},
      {"max_boxes", "100"}}};

// Whether what was timed ends with boxes.
bool IsToBoxes(const Record& time) {
  if (!ParetoSettingOf(time, kDetectorCell).empty() ||
      !ParetoSettingOf(time, "detector").empty())
    return true;
  // Of an exported detector: a key alone may be of a task's other encoders.
  return std::all_of(kThresholds.begin(), kThresholds.end(),
                     [&](const auto& one) {
                       return std::string_view(one.first).starts_with("nms") ||
                              !ParetoSettingOf(time, one.first).empty();
                     });
}

bool SameNumber(const std::string& a, const std::string& b) {
  const std::optional<double> x = ParseDouble(a);
  const std::optional<double> y = ParseDouble(b);
  return x && y ? *x == *y : a == b;
}

// A threshold in a suite's spelling or, of a command's flag, in its own.
std::string ThresholdIn(const Record& record, const std::string& key) {
  std::string value = ParetoSettingOf(record, key);
  if (!value.empty()) return value;
  std::string flag = key;
  std::replace(flag.begin(), flag.end(), '_', '-');
  return ParetoSettingOf(record, flag);
}

// How the thresholds of a latency to boxes and of a score differ; empty: they
// are the same.
std::string ThresholdsApart(const Record& time, const Record& score) {
  for (const auto& [record, what] :
       {std::pair(&time, "latency"), std::pair(&score, "score")})
    if (ParetoSettingOf(*record, kLeastScore).empty())
      return fmt::format(
          "the thresholds of the {} are unknown: its record is of an eyechart "
          "that did not write them",
          what);
  std::string timed, scored;
  for (const auto& [key, known] : kThresholds) {
    const auto [x, y] = [&, name = key, before = std::string(known)] {
      std::string of_time = ThresholdIn(time, name);
      std::string of_score = ThresholdIn(score, name);
      return std::pair(of_time.empty() ? before : of_time,
                       of_score.empty() ? before : of_score);
    }();
    if (x.empty() || y.empty() || SameNumber(x, y)) continue;
    timed += fmt::format("{}{} {}", timed.empty() ? "" : ", ", key, x);
    scored += fmt::format("{}{} {}", scored.empty() ? "" : ", ", key, y);
  }
  return timed.empty()
             ? ""
             : fmt::format("timed at {}, scored at {}", timed, scored);
}

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
  point.besides = ModelSetting(time, kResolution);
  point.resolution = ParetoSettingOf(time, std::string(kResolution));
  point.latency_ms = LatencyMs(time);
  point.latency_ci = LatencyIntervalMs(time);
  point.score = *score.value;
  point.score_ci = score.ci;
  point.invalid = InvalidReason(time);
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

std::string DetectorsScored(const Record& score) {
  std::string scored = "detectors on " + score.dataset;
  for (const std::string& part : CellPartsOf(score))
    if (IsOfTheTest(part)) scored += ", " + part;
  return scored;
}

std::string TimedToBoxes(const Record& time) {
  const std::string cell =
      fmt::format("{}={}", kDetectorCell, ParetoSettingOf(time, kDetectorCell));
  return FrameOf(time, CellPartsOf(time, cell)) + " to boxes";
}

// The pictures in the order in which they began, found by what they show.
class Pictures {
 public:
  ParetoPicture& Of(const Record& time, const Record& score) {
    return Of(score, Frame(score), Frame(time));
  }

  // Of whole detectors, whatever their heads.
  ParetoPicture& OfDetectors(const Record& time, const Record& score) {
    return Of(score, DetectorsScored(score), TimedToBoxes(time));
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

bool IsOfBoxes(const Record& score) { return score.task == "detect"; }

// Why a latency is not of the answer that `score` judges; empty: it is.
std::string NotOfTheAnswer(const Record& time, const Record& score) {
  if (!IsOfBoxes(score))
    return IsToBoxes(time) ? "the latency is to boxes: a detector's head and "
                             "suppression, which this score does without, are "
                             "in it"
                           : "";
  if (IsExportedDetector(score)) return "";
  if (!ParetoSettingOf(time, kDetectorCell).empty())
    return IsOfHead(time, score) ? "" : "no latency is of this head";
  return IsToBoxes(time)
             ? "the head that was timed is named by its folder, not by the "
               "detect cell that was scored (detector_cell)"
             : "the latency is of features, without head and suppression "
               "(detector_cell puts them in)";
}

// What pairs of one kind and reason have in common stands once.
class LeftOuts {
 public:
  void Add(const ParetoLeftOut& one) {
    const auto same =
        std::find_if(list.begin(), list.end(), [&](const ParetoLeftOut& other) {
          return other.metric == one.metric && other.scored == one.scored &&
                 other.timed == one.timed && other.why == one.why;
        });
    if (same == list.end()) {
      list.push_back(one);
      return;
    }
    for (const auto& who : one.who)
      if (std::find(same->who.begin(), same->who.end(), who) == same->who.end())
        same->who.push_back(who);
  }

  std::vector<ParetoLeftOut> list;
};

std::string ParetoNameOf(const ParetoPoint& point) {
  return point.setting.empty() ? point.encoder
                               : point.encoder + " (" + point.setting + ")";
}

// A latency with the memory that its measurement took.
struct TimedRecord {
  const Record* record = nullptr;
  PeakMemory memory;
};

// Puts a score beside each latency of its encoder that is of it.
void AddScore(std::size_t run,
              const std::vector<TimedRecord>& timed,
              const Record& score,
              Pictures& pictures,
              LeftOuts& left_outs) {
  const auto leave_out = [&](const ParetoPoint& point, std::string timed_as,
                             std::string why) {
    left_outs.Add({score.metric,
                   IsOfBoxes(score) ? DetectorsScored(score) : Frame(score),
                   std::move(timed_as),
                   std::move(why),
                   {{run, ParetoNameOf(point)}}});
  };
  bool any = false;
  ParetoPoint other;  // of a latency that is not of this answer
  std::string why_other;
  for (const auto& [time, memory] : timed) {
    if (!SameModel(*time, score)) continue;
    ParetoPoint point = ParetoPointOf(run, *time, score);
    point.memory = memory;
    if (IsOfBoxes(score))
      for (std::string* text : {&point.setting, &point.besides})
        *text += (text->empty() ? "" : ", ") + HeadSetting(score);
    if (std::string why = NotOfTheAnswer(*time, score); !why.empty()) {
      other = std::move(point);
      why_other = std::move(why);
      continue;
    }
    any = true;
    if (!IsOfBoxes(score)) {
      pictures.Of(*time, score).points.push_back(std::move(point));
      continue;
    }
    if (std::string apart = ThresholdsApart(*time, score); !apart.empty())
      leave_out(point, TimedToBoxes(*time), std::move(apart));
    else
      pictures.OfDetectors(*time, score).points.push_back(std::move(point));
  }
  if (!any && !why_other.empty()) leave_out(other, "", std::move(why_other));
}

// The latencies of a run, by encoder.
std::map<std::string, std::vector<TimedRecord>> LatenciesOf(
    const RunFolder& run) {
  const std::map<std::string, PeakMemory> memories = PeakMemories(run);
  std::map<std::string, std::vector<TimedRecord>> latencies;
  for (const Record& record : run.records)
    if (record.task == "bench" && record.metric == "latency_median" &&
        HasValue(record)) {
      const auto memory = memories.find(record.cell);
      latencies[record.encoder].push_back(
          {&record, memory == memories.end() ? PeakMemory() : memory->second});
    }
  return latencies;
}

void Finish(ParetoPicture& picture) {
  std::stable_sort(picture.points.begin(), picture.points.end(),
                   [](const ParetoPoint& a, const ParetoPoint& b) {
                     return a.latency_ms < b.latency_ms;
                   });
  // What is not valid is on no front and beats nobody.
  std::vector<std::pair<double, double>> places;
  std::vector<ParetoPoint*> valid;
  for (ParetoPoint& point : picture.points) {
    if (!point.invalid.empty()) continue;
    places.emplace_back(point.latency_ms, point.score);
    valid.push_back(&point);
  }
  const std::vector<bool> front =
      ParetoFront(places, picture.direction != "lower");
  for (std::size_t i = 0; i < front.size(); ++i) valid[i]->front = front[i];
}

}  // namespace

bool AnyMemory(const ParetoPicture& picture) {
  return std::any_of(picture.points.begin(), picture.points.end(),
                     [](const ParetoPoint& point) {
                       return point.memory.process || point.memory.device;
                     });
}

bool IsModelKey(std::string_view key) {
  return std::any_of(kModelKeys.begin(), kModelKeys.end(),
                     [&](const auto& one) { return one.first == key; });
}

std::string ModelSetting(const Record& record, std::string_view without) {
  std::vector<std::string> parts;
  for (const auto& [key, fallback] : kModelKeys) {
    const auto found = record.setting.find(std::string(key));
    if (key != without && found != record.setting.end() &&
        found->second != fallback)
      parts.push_back(found->first + "=" + found->second);
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

double LatencyMs(const Record& record) {
  return MsOf(record) * record.value.value_or(0);
}

std::optional<Interval> LatencyIntervalMs(const Record& record) {
  if (!record.ci) return std::nullopt;
  const double ms = MsOf(record);
  return Interval{ms * record.ci->low, ms * record.ci->high, record.ci->level,
                  record.ci->method};
}

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

ParetoPairs MakeParetoPairs(std::span<const RunFolder> runs) {
  Pictures made;
  LeftOuts left_outs;
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
        if (timed != latencies.end())
          AddScore(run, timed->second, score, made, left_outs);
      }
    }
  ParetoPairs pairs{std::move(made.list), std::move(left_outs.list)};
  std::erase_if(pairs.pictures, [](const ParetoPicture& picture) {
    return picture.points.size() < 2;
  });
  for (ParetoPicture& picture : pairs.pictures) Finish(picture);
  return pairs;
}

std::vector<ParetoPicture> MakeParetoPictures(std::span<const RunFolder> runs) {
  return MakeParetoPairs(runs).pictures;
}

std::vector<std::vector<std::size_t>> ResolutionLines(
    const ParetoPicture& picture) {
  using Place = std::pair<double, std::size_t>;  // side and place
  std::map<std::tuple<std::size_t, std::string, std::string>,
           std::vector<Place>>
      alike;
  for (std::size_t i = 0; i < picture.points.size(); ++i) {
    const ParetoPoint& point = picture.points[i];
    const std::optional<double> side = ResolutionSide(point.resolution);
    if (point.invalid.empty() && side)
      alike[{point.run, point.encoder, point.besides}].emplace_back(*side, i);
  }
  std::vector<std::vector<std::size_t>> lines;
  for (auto& [what, places] : alike) {
    std::stable_sort(
        places.begin(), places.end(),
        [](const Place& a, const Place& b) { return a.first < b.first; });
    if (places.front().first == places.back().first) continue;
    std::vector<std::size_t>& line = lines.emplace_back();
    for (const auto& [side, place] : places) line.push_back(place);
  }
  std::sort(lines.begin(), lines.end(), [](const auto& a, const auto& b) {
    return *std::min_element(a.begin(), a.end()) <
           *std::min_element(b.begin(), b.end());
  });
  return lines;
}

std::string LeftOutText(const ParetoLeftOut& left_out,
                        const std::vector<std::string>& labels) {
  std::vector<std::string> names;
  for (const auto& [run, name] : left_out.who)
    names.push_back(labels.size() > 1 ? labels[run] + ": " + name : name);
  return fmt::format(
      "{} of {}{}: {}: {}", left_out.metric, left_out.scored,
      left_out.timed.empty() ? "" : ", latency of " + left_out.timed,
      fmt::join(names, "; "), left_out.why);
}

std::string ParetoMarkdown(std::span<const RunFolder> runs,
                           const std::vector<std::string>& labels) {
  const auto [pictures, left_out] = MakeParetoPairs(runs);
  if (pictures.empty() && left_out.empty()) return "";
  const NumberStyle style(runs);
  std::string text = "## Accuracy against latency\n\n";
  for (const ParetoPicture& picture : pictures) {
    text += fmt::format(
        "{} of {}, latency of {}\n\n", EscapeMarkdown(picture.metric),
        EscapeMarkdown(picture.scored), EscapeMarkdown(picture.timed));
    const bool memory = AnyMemory(picture);
    std::vector<std::string> head = {"encoder", "front", "latency ms",
                                     EscapeMarkdown(picture.metric)};
    if (memory) head.push_back("memory, MiB");
    text += TableHead(head, 2);
    for (const ParetoPoint& point : picture.points) {
      std::string name = runs.size() > 1 ? labels[point.run] + ": " : "";
      name += ParetoNameOf(point);
      std::string latency = FormatNumber(point.latency_ms);
      if (point.latency_ci)
        latency += fmt::format(" [{}, {}]", FormatNumber(point.latency_ci->low),
                               FormatNumber(point.latency_ci->high));
      std::string score = style.Number(picture.metric, point.score);
      if (point.score_ci)
        score += fmt::format(
            " [{}, {}]", style.Number(picture.metric, point.score_ci->low),
            style.Number(picture.metric, point.score_ci->high));
      const std::string front = point.front ? "yes" : "";
      std::vector<std::string> cells = {
          EscapeMarkdown(name),
          point.invalid.empty() ? front
                                : "not valid: " + EscapeMarkdown(point.invalid),
          latency, score};
      if (memory) cells.push_back(MemoryText(point.memory));
      text += TableLine(cells);
    }
    text += "\n";
  }
  if (left_out.empty()) return text;
  text += "Left out:\n\n";
  for (const ParetoLeftOut& one : left_out)
    text += "- " + EscapeMarkdown(LeftOutText(one, labels)) + "\n";
  return text + "\n";
}

}  // namespace eyechart::reports
