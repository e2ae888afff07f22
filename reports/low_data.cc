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
constexpr std::array<std::string_view, 5> kNotOfRecipe = {
    "default", "head", "images", "part", "runs"};

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

// What its cell says of a training besides encoder, head, test part, and
// numbers of pictures and seeds. The record's setting says more, some of which
// goes with the pictures (the steps of `epochs`, the validation pictures).
std::string RecipeOf(const Record& ap) {
  const std::string head = ap.encoder + "/" + ap.task + "/" + ap.dataset + "/";
  std::string recipe;
  if (!ap.cell.starts_with(head)) return recipe;
  std::string_view rest = std::string_view(ap.cell).substr(head.size());
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view part = rest.substr(0, comma);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    const std::string_view key = part.substr(0, part.find('='));
    if (std::find(kNotOfRecipe.begin(), kNotOfRecipe.end(), key) ==
        kNotOfRecipe.end())
      recipe += (recipe.empty() ? "" : ", ") + std::string(part);
  }
  return recipe;
}

LowDataPoint LowDataPointOf(const TrainedCell& cell, std::int64_t images) {
  LowDataPoint point{cell.ap->cell, images, *cell.ap->value, cell.ap->ci, 1};
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

}  // namespace

std::vector<LowDataCurve> MakeLowDataCurves(std::span<const RunFolder> runs) {
  std::vector<LowDataCurve> curves;
  std::map<std::pair<std::string, std::string>, std::size_t> places;
  for (std::size_t run = 0; run < runs.size(); ++run)
    for (const TrainedCell& cell : TrainedCells(runs[run])) {
      const Record& ap = *cell.ap;
      const std::string head = LowDataSetting(ap, "head");
      const std::optional<std::int64_t> images = TrainedOn(ap);
      if (!images || head == "exported") continue;
      const std::string part = LowDataSetting(ap, "part");
      const auto [place, made] =
          places.try_emplace({ap.dataset, part}, curves.size());
      if (made) curves.push_back({ap.dataset, part, {}});
      std::vector<LowDataLine>& lines = curves[place->second].lines;
      const std::string recipe = RecipeOf(ap);
      auto line =
          std::find_if(lines.begin(), lines.end(), [&](const LowDataLine& one) {
            return std::tie(one.run, one.encoder, one.head, one.recipe) ==
                   std::tie(run, ap.encoder, head, recipe);
          });
      if (line == lines.end()) {
        lines.push_back({run, ap.encoder, head, recipe, {}});
        line = lines.end() - 1;
      }
      line->points.push_back(LowDataPointOf(cell, *images));
    }
  for (LowDataCurve& curve : curves) {
    for (LowDataLine& line : curve.lines)
      std::stable_sort(line.points.begin(), line.points.end(),
                       [](const LowDataPoint& a, const LowDataPoint& b) {
                         return a.images < b.images;
                       });
    std::erase_if(curve.lines, [](const LowDataLine& line) {
      return line.points.front().images == line.points.back().images;
    });
  }
  std::erase_if(curves,
                [](const LowDataCurve& curve) { return curve.lines.empty(); });
  return curves;
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
  std::string text = "## AP against training pictures\n\n";
  for (const LowDataCurve& curve : curves) {
    text += EscapeMarkdown(LowDataTitle(curve)) + "\n\n";
    text +=
        TableHead({"encoder and head", "interval over", "pictures", "AP"}, 2);
    for (const LowDataLine& line : curve.lines)
      for (const LowDataPoint& point : line.points) {
        const std::string prefix =
            runs.size() > 1 ? labels[line.run] + ": " : "";
        std::string ap = ApText(point.ap);
        if (point.ci)
          ap += fmt::format(" [{}, {}]", ApText(point.ci->low),
                            ApText(point.ci->high));
        text +=
            TableLine({EscapeMarkdown(prefix + LowDataName(line)),
                       LowDataOver(point), std::to_string(point.images), ap});
      }
    text += "\n";
  }
  return text;
}

}  // namespace eyechart::reports
