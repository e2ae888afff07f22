#include "reports/low_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>

#include "core/student.h"
#include "core/text.h"
#include "reports/markdown_parts.h"

namespace eyechart::reports {
namespace {

constexpr double kSeedLevel = 0.95;

// Parts of a cell's setting that stand elsewhere: how many seeds were run is
// each point's own.
constexpr std::array<std::string_view, 4> kNotOfRecipe = {"default", "head",
                                                          "part", "runs"};

// The figures of one cell.
struct TrainedCell {
  const Record* ap = nullptr;
  const Record* mean = nullptr;       // over seeds
  const Record* deviation = nullptr;  // over seeds
};

// Cells of a run in their order, with what they have.
std::vector<TrainedCell> TrainedCells(const RunFolder& run) {
  std::vector<TrainedCell> cells;
  std::map<std::string, std::size_t> places;
  for (const Record& record : run.records) {
    if (record.task != "detect" || record.status != RecordStatus::kOk ||
        !record.value)
      continue;
    const auto [place, made] = places.try_emplace(record.cell, cells.size());
    if (made) cells.emplace_back();
    TrainedCell& cell = cells[place->second];
    if (record.metric == "ap") cell.ap = &record;
    if (record.metric == "probe_seed_mean") cell.mean = &record;
    if (record.metric == "probe_seed_deviation") cell.deviation = &record;
  }
  std::erase_if(cells,
                [](const TrainedCell& cell) { return cell.ap == nullptr; });
  return cells;
}

std::string LowDataSetting(const Record& record, const char* key) {
  const auto found = record.setting.find(key);
  return found == record.setting.end() ? std::string() : found->second;
}

// Pictures that a head was trained on; none: not known.
std::optional<std::int64_t> TrainedOn(const Record& ap) {
  // `images` is what was asked for, 0 where it was all there are.
  for (const char* key : {"train", "images"})
    if (const auto count = ParseInt(LowDataSetting(ap, key));
        count && *count > 0)
      return count;
  return std::nullopt;
}

// Boxes a class that it was trained on; 0: all.
std::int64_t ShotsOf(const Record& ap) {
  return ParseInt(LowDataSetting(ap, "shots")).value_or(0);
}

// The setting at the end of a cell's name; empty where the name is another.
std::string_view SettingOfCell(const Record& ap) {
  const std::string head = ap.encoder + "/" + ap.task + "/" + ap.dataset + "/";
  return ap.cell.starts_with(head)
             ? std::string_view(ap.cell).substr(head.size())
             : std::string_view();
}

// What its cell says of a training besides encoder, head, test part, number of
// seeds and what is counted along the curve. The record's setting says more,
// some of which goes with the pictures (the steps of `epochs`, the validation
// pictures).
std::string RecipeOf(const Record& ap, LowDataAxis axis) {
  const std::string_view counted =
      axis == LowDataAxis::kImages ? "images" : "shots";
  std::string recipe;
  std::string_view rest = SettingOfCell(ap);
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view part = rest.substr(0, comma);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    const std::string_view key = part.substr(0, part.find('='));
    if (key != counted && std::find(kNotOfRecipe.begin(), kNotOfRecipe.end(),
                                    key) == kNotOfRecipe.end())
      recipe += (recipe.empty() ? "" : ", ") + std::string(part);
  }
  return recipe;
}

LowDataPoint LowDataPointOf(const TrainedCell& cell, std::int64_t amount) {
  LowDataPoint point{cell.ap->cell, amount, *cell.ap->value, cell.ap->ci, 1};
  if (cell.mean == nullptr || cell.deviation == nullptr || cell.mean->n < 2)
    return point;
  point.seeds = cell.mean->n;
  point.ap = *cell.mean->value;
  const auto n = static_cast<double>(point.seeds);
  const double half = StudentQuantile(0.5 + kSeedLevel / 2, n - 1) *
                      *cell.deviation->value / std::sqrt(n);
  point.ci =
      Interval{point.ap - half, point.ap + half, kSeedLevel, "student-t"};
  return point;
}

std::string ApText(double ap) { return fmt::format("{:.1f}", 100 * ap); }

std::string ApWithInterval(const LowDataPoint& point) {
  std::string ap = ApText(point.ap);
  if (point.ci)
    ap +=
        fmt::format(" [{}, {}]", ApText(point.ci->low), ApText(point.ci->high));
  return ap;
}

// Orders the points and keeps one an amount: of two in one place the lines
// between would be a wall.
void TidyLine(LowDataAxis axis, LowDataLine& line) {
  std::stable_sort(line.points.begin(), line.points.end(),
                   [](const LowDataPoint& a, const LowDataPoint& b) {
                     return std::tuple(a.amount, -a.seeds) <
                            std::tuple(b.amount, -b.seeds);
                   });
  std::vector<LowDataPoint> kept;
  for (LowDataPoint& point : line.points) {
    if (kept.empty() || kept.back().amount != point.amount) {
      kept.push_back(std::move(point));
      continue;
    }
    const std::string amount =
        point.amount == 0
            ? "all boxes"
            : fmt::format("{} {}", point.amount, LowDataUnit(axis));
    line.left_out.push_back(fmt::format(
        "{} (AP {}) has no point: {} is trained on {} too{}", point.cell,
        ApText(point.ap), kept.back().cell, amount,
        kept.back().seeds > point.seeds ? ", with more seeds" : ""));
  }
  // Only shots are 0, all boxes, which come first.
  if (!kept.empty() && kept.front().amount == 0) {
    line.all = std::move(kept.front());
    kept.erase(kept.begin());
  }
  line.points = std::move(kept);
}

}  // namespace

std::vector<LowDataCurve> MakeLowDataCurves(std::span<const RunFolder> runs) {
  std::vector<LowDataCurve> curves;
  std::map<std::tuple<std::string, std::string, LowDataAxis>, std::size_t>
      places;
  const auto add = [&](std::size_t run, const TrainedCell& cell,
                       LowDataAxis axis, std::int64_t amount) {
    const Record& ap = *cell.ap;
    const std::string part = LowDataSetting(ap, "part");
    const auto [place, made] =
        places.try_emplace({ap.dataset, part, axis}, curves.size());
    if (made) curves.push_back({axis, ap.dataset, part, {}});
    std::vector<LowDataLine>& lines = curves[place->second].lines;
    const std::string head = LowDataSetting(ap, "head");
    const std::string recipe = RecipeOf(ap, axis);
    auto line =
        std::find_if(lines.begin(), lines.end(), [&](const LowDataLine& one) {
          return std::tie(one.run, one.encoder, one.head, one.recipe) ==
                 std::tie(run, ap.encoder, head, recipe);
        });
    if (line == lines.end()) {
      lines.push_back({run, ap.encoder, head, recipe, {}, {}, {}});
      line = lines.end() - 1;
    }
    line->points.push_back(LowDataPointOf(cell, amount));
  };
  for (std::size_t run = 0; run < runs.size(); ++run)
    for (const TrainedCell& cell : TrainedCells(runs[run])) {
      if (LowDataSetting(*cell.ap, "head") == "exported") continue;
      if (const std::optional<std::int64_t> images = TrainedOn(*cell.ap))
        add(run, cell, LowDataAxis::kImages, *images);
      add(run, cell, LowDataAxis::kShots, ShotsOf(*cell.ap));
    }
  for (LowDataCurve& curve : curves) {
    for (LowDataLine& line : curve.lines) TidyLine(curve.axis, line);
    std::erase_if(curve.lines, [](const LowDataLine& line) {
      return line.points.size() < 2;
    });
  }
  std::erase_if(curves,
                [](const LowDataCurve& curve) { return curve.lines.empty(); });
  std::stable_sort(curves.begin(), curves.end(),
                   [](const LowDataCurve& a, const LowDataCurve& b) {
                     return a.axis < b.axis;
                   });
  return curves;
}

std::string LowDataHeading(LowDataAxis axis) {
  return axis == LowDataAxis::kImages ? "AP against training pictures"
                                      : "AP against shots";
}

std::string LowDataUnit(LowDataAxis axis) {
  return axis == LowDataAxis::kImages ? "pictures" : "boxes a class";
}

std::string LowDataName(const LowDataLine& line) {
  std::string name = line.encoder;
  if (!line.head.empty()) name += ", " + line.head + " head";
  if (!line.recipe.empty()) name += " (" + line.recipe + ")";
  return name;
}

std::string LowDataTitle(const LowDataCurve& curve) {
  return curve.part.empty() ? curve.dataset
                            : curve.dataset + ", part=" + curve.part;
}

std::string LowDataOver(const LowDataPoint& point) {
  if (point.seeds > 1) return fmt::format("{} seeds", point.seeds);
  return point.ci ? "pictures" : "";
}

std::string LowDataMarkdown(std::span<const RunFolder> runs,
                            const std::vector<std::string>& labels) {
  const std::vector<LowDataCurve> curves = MakeLowDataCurves(runs);
  if (curves.empty()) return "";
  std::string text;
  for (const LowDataCurve& curve : curves) {
    // Those of one axis stand together.
    if (&curve == &curves.front() || (&curve)[-1].axis != curve.axis)
      text += "## " + LowDataHeading(curve.axis) + "\n\n";
    text += EscapeMarkdown(LowDataTitle(curve)) + "\n\n";
    text += TableHead(
        {"encoder and head", "interval over", LowDataUnit(curve.axis), "AP"},
        2);
    std::string left_out;
    for (const LowDataLine& line : curve.lines) {
      const std::string name = EscapeMarkdown(
          (runs.size() > 1 ? labels[line.run] + ": " : "") + LowDataName(line));
      for (const LowDataPoint& point : line.points)
        text +=
            TableLine({name, LowDataOver(point), std::to_string(point.amount),
                       ApWithInterval(point)});
      if (line.all)
        text += TableLine(
            {name, LowDataOver(*line.all), "all", ApWithInterval(*line.all)});
      for (const std::string& one : line.left_out)
        left_out += "- " + EscapeMarkdown(one) + "\n";
    }
    text += "\n" + left_out + (left_out.empty() ? "" : "\n");
  }
  return text;
}

}  // namespace eyechart::reports
