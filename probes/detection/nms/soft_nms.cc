#include "probes/detection/nms/soft_nms.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

#include "core/error.h"
#include "probes/detection/nms/class_groups.h"
#include "probes/detection/nms/opencv_nms.h"
#include "probes/detection/nms/score_order.h"

namespace eyechart::detection {
namespace {

struct Scored {
  float score = 0;
  std::uint32_t index = 0;
};

void Check(std::span<const float> boxes,
           std::span<const float> scores,
           std::span<const std::int64_t> classes,
           const SoftNmsOptions& options) {
  EYECHART_REQUIRE(boxes.size() == 4 * scores.size(),
                   "soft-nms: {} box coordinates for {} scores, 4 each are due",
                   boxes.size(), scores.size());
  EYECHART_REQUIRE(classes.size() == scores.size() ||
                       (options.class_agnostic && classes.empty()),
                   "soft-nms: {} class ids for {} scores, one each is due",
                   classes.size(), scores.size());
  EYECHART_REQUIRE(options.iou_threshold >= 0,
                   "soft-nms: the IoU threshold is {}, 0 or more is due",
                   options.iou_threshold);
  EYECHART_REQUIRE(options.sigma > 0,
                   "soft-nms: sigma is {}, more than 0 is due", options.sigma);
  EYECHART_REQUIRE(options.max_kept >= 0,
                   "soft-nms: max_kept is {}, 0 (all) or more is due",
                   options.max_kept);
  EYECHART_REQUIRE(!options.inclusive || options.rule == SoftNmsRule::kAuthors,
                   "soft-nms: inclusive edges are the authors' rule, not "
                   "OpenCV's");
}

// IoU of the authors' code, of boxes that share something.
std::optional<float> AuthorsOverlap(const float* best,
                                    const float* box,
                                    float edge) {
  const float width =
      std::min(best[2], box[2]) - std::max(best[0], box[0]) + edge;
  if (!(width > 0)) return std::nullopt;
  const float height =
      std::min(best[3], box[3]) - std::max(best[1], box[1]) + edge;
  if (!(height > 0)) return std::nullopt;
  const float area = (box[2] - box[0] + edge) * (box[3] - box[1] + edge);
  const float best_area =
      (best[2] - best[0] + edge) * (best[3] - best[1] + edge);
  return width * height / (best_area + area - width * height);
}

float AuthorsWeight(float overlap, const SoftNmsOptions& options) {
  if (options.decay == SoftNmsDecay::kLinear)
    return overlap > options.iou_threshold ? 1 - overlap : 1;
  const float power = -(overlap * overlap) / options.sigma;
  return static_cast<float>(std::exp(double{power}));
}

// Boxes taken stand in front, those dropped change places with the last.
void DecayAsAuthors(const float* boxes,
                    const SoftNmsOptions& options,
                    std::vector<Scored>& rows) {
  const float edge = options.inclusive ? 1.0f : 0.0f;
  std::size_t count = rows.size();
  for (std::size_t i = 0; i < count; ++i) {
    std::size_t best = i;
    for (std::size_t j = i + 1; j < count; ++j)
      if (rows[best].score < rows[j].score) best = j;
    std::swap(rows[i], rows[best]);
    const float* taken = boxes + 4 * std::size_t{rows[i].index};
    for (std::size_t j = i + 1; j < count;) {
      const std::optional<float> overlap =
          AuthorsOverlap(taken, boxes + 4 * std::size_t{rows[j].index}, edge);
      if (overlap) {
        rows[j].score *= AuthorsWeight(*overlap, options);
        if (rows[j].score < options.score_threshold) {
          rows[j] = rows[--count];
          continue;
        }
      }
      ++j;
    }
  }
  rows.resize(count);
}

void DecayAsOpenCv(const float* boxes,
                   const SoftNmsOptions& options,
                   std::vector<Scored>& rows) {
  const auto worse = [](const Scored& a, const Scored& b) {
    return a.score == b.score ? a.index > b.index : a.score < b.score;
  };
  std::size_t taken = 0;
  for (; taken < rows.size(); ++taken) {
    const auto best = std::max_element(
        rows.begin() + static_cast<std::ptrdiff_t>(taken), rows.end(), worse);
    if (best->score < options.score_threshold) break;
    std::swap(rows[taken], *best);
    const DoubleRect rect = RectOf(boxes + 4 * std::size_t{rows[taken].index});
    for (std::size_t j = taken + 1; j < rows.size(); ++j) {
      if (rows[j].score < options.score_threshold) continue;
      const float overlap =
          RectOverlap(rect, RectOf(boxes + 4 * std::size_t{rows[j].index}));
      if (options.decay == SoftNmsDecay::kGaussian)
        rows[j].score *= std::exp(-(overlap * overlap) / options.sigma);
      else if (overlap > options.iou_threshold)
        rows[j].score *= 1.0f - overlap;
    }
  }
  rows.resize(taken);
}

// Descending, ties by index.
void SortByScore(std::vector<Scored>& rows) {
  std::sort(rows.begin(), rows.end(),
            [](const Scored& a, const Scored& b) { return a.index < b.index; });
  std::vector<float> scores;
  for (const Scored& row : rows) scores.push_back(row.score);
  std::vector<Scored> sorted;
  for (const std::uint32_t i : ScoreOrder(scores)) sorted.push_back(rows[i]);
  rows.swap(sorted);
}

}  // namespace

SoftNmsResult SoftNms(std::span<const float> boxes,
                      std::span<const float> scores,
                      std::span<const std::int64_t> classes,
                      const SoftNmsOptions& options) {
  Check(boxes, scores, classes, options);
  std::vector<std::uint32_t> indices(scores.size());
  std::iota(indices.begin(), indices.end(), 0u);
  ClassGroups groups;
  if (options.class_agnostic)
    groups = {indices, {0, static_cast<std::uint32_t>(indices.size())}};
  else
    groups = GroupByClass(classes, indices);

  std::vector<Scored> all;
  std::vector<Scored> rows;
  for (std::size_t g = 0; g + 1 < groups.starts.size(); ++g) {
    rows.clear();
    for (std::size_t i = groups.starts[g]; i < groups.starts[g + 1]; ++i)
      rows.push_back({scores[groups.members[i]], groups.members[i]});
    if (options.rule == SoftNmsRule::kOpenCv)
      DecayAsOpenCv(boxes.data(), options, rows);
    else
      DecayAsAuthors(boxes.data(), options, rows);
    all.insert(all.end(), rows.begin(), rows.end());
  }
  // One class is left in the order in which its boxes were taken.
  if (!options.class_agnostic) SortByScore(all);
  const auto most = static_cast<std::size_t>(options.max_kept);
  if (most > 0 && all.size() > most) all.resize(most);
  SoftNmsResult result;
  for (const Scored& row : all) {
    result.kept.push_back(row.index);
    result.scores.push_back(row.score);
  }
  return result;
}

}  // namespace eyechart::detection
