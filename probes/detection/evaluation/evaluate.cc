#include "probes/detection/evaluation/evaluate.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <unordered_map>

#include "core/error.h"
#include "core/parallel.h"
#include "probes/detection/evaluation/accumulate.h"

namespace eyechart::detection {
namespace {

void RequireOptions(const EvaluationOptions& o) {
  EYECHART_REQUIRE(!o.iou_thresholds.empty() && o.iou_thresholds.size() <= 64,
                   "{} IoU thresholds; there should be from 1 to 64",
                   o.iou_thresholds.size());
  for (const double t : o.iou_thresholds)
    EYECHART_REQUIRE(t > 0 && t <= 1,
                     "IoU threshold {}; it should be above 0 and at most 1", t);
  EYECHART_REQUIRE(!o.max_detections.empty() && o.max_detections.size() <= 255,
                   "{} numbers of detections; there should be from 1 to 255",
                   o.max_detections.size());
  for (const int n : o.max_detections)
    EYECHART_REQUIRE(n >= 1, "number of detections {}; it should be 1 or more",
                     n);
  EYECHART_REQUIRE(!o.areas.empty() && o.areas.size() <= 32,
                   "{} area ranges; there should be from 1 to 32",
                   o.areas.size());
  for (std::size_t a = 0; a < o.areas.size(); ++a) {
    EYECHART_REQUIRE(o.areas[a].low <= o.areas[a].high,
                     "area \"{}\" from {} to {}; the first should not be above "
                     "the second",
                     o.areas[a].name, o.areas[a].low, o.areas[a].high);
    for (std::size_t b = 0; b < a; ++b)
      EYECHART_REQUIRE(o.areas[a].name != o.areas[b].name,
                       "area \"{}\" is there twice", o.areas[a].name);
  }
}

// Things by category, in the order that they come in.
struct ByCategory {
  std::vector<std::uint32_t> items;
  std::vector<std::size_t> begin;  // [K + 1]

  std::span<const std::uint32_t> of(std::size_t k) const {
    return std::span(items).subspan(begin[k], begin[k + 1] - begin[k]);
  }
};

ByCategory GroupDetections(const Detections& detections, std::size_t k) {
  ByCategory made;
  made.begin.assign(k + 2, 0);
  std::size_t known = 0;
  for (const std::int32_t category : detections.category) {
    if (category < 0) continue;
    ++made.begin[static_cast<std::size_t>(category) + 2];
    ++known;
  }
  for (std::size_t c = 2; c < k + 2; ++c) made.begin[c] += made.begin[c - 1];
  made.items.resize(known);
  for (std::uint32_t d = 0; d < detections.size(); ++d)
    if (detections.category[d] >= 0)
      made.items[made.begin[static_cast<std::size_t>(detections.category[d]) +
                            1]++] = d;
  made.begin.pop_back();
  return made;
}

// The annotation that stands for each: pycocotools keeps one of every id, the
// last, and finds that one in place of the others, wherever they are.
std::vector<std::uint32_t> Standing(const Truth& truth,
                                    Mode mode,
                                    std::vector<std::string>& warnings) {
  std::vector<std::uint32_t> standing(truth.size());
  std::iota(standing.begin(), standing.end(), 0U);
  // Most files number from somewhere upwards.
  const bool ascends =
      std::adjacent_find(truth.id.begin(), truth.id.end(), [](auto a, auto b) {
        return a >= b;
      }) == truth.id.end();
  if (ascends) return standing;
  std::unordered_map<std::int64_t, std::uint32_t> last;
  last.reserve(truth.size());
  for (std::uint32_t i = 0; i < truth.size(); ++i) last[truth.id[i]] = i;
  if (last.size() == truth.size()) return standing;
  if (mode == Mode::kStrict)
    for (std::uint32_t i = 0; i < truth.size(); ++i)
      standing[i] = last[truth.id[i]];
  const std::size_t shared = truth.size() - last.size();
  warnings.push_back(fmt::format(
      "{} {} id with another: {}", shared,
      shared == 1 ? "annotation shares its" : "annotations share their",
      mode == Mode::kStrict
          ? "as in pycocotools the last of an id counts in place of all others "
            "(--mode corrected takes each for itself)"
          : "each counts for itself; pycocotools takes the last for all"));
  return standing;
}

std::vector<TruthList> GroupTruths(const Truth& truth,
                                   const EvaluationOptions& options,
                                   std::vector<std::string>& warnings) {
  const std::vector<std::uint32_t> standing =
      Standing(truth, options.mode, warnings);
  std::vector<std::uint32_t> order;
  // With useCats = 0 pycocotools asks for no category before it looks ids up,
  // so that one of none brings in what it shares its id with.
  for (std::uint32_t i = 0; i < truth.size(); ++i)
    if (truth.image[i] >= 0 &&
        (truth.category[i] >= 0 || options.class_agnostic))
      order.push_back(i);
  const auto by_image = [&truth](std::uint32_t a, std::uint32_t b) {
    return truth.image[a] < truth.image[b];
  };
  std::stable_sort(order.begin(), order.end(), by_image);
  std::vector<TruthList> lists(truth.categories.size());
  for (const std::uint32_t i : order) {
    const std::uint32_t s = standing[i];
    if (truth.image[s] >= 0 && truth.category[s] >= 0)
      lists[static_cast<std::size_t>(truth.category[s])].push_back(s);
  }
  for (TruthList& list : lists)
    if (!std::is_sorted(list.begin(), list.end(), by_image))
      std::stable_sort(list.begin(), list.end(), by_image);
  return lists;
}

// All categories as one: an image's boxes category by category.
void Merge(const Truth& truth,
           Mode mode,
           std::vector<TruthList>& truths,
           ByCategory& found,
           std::vector<std::string>& warnings) {
  TruthList all;
  ByCategory one;
  std::int64_t repeated = 0;
  for (std::size_t k = 0; k < truth.categories.size(); ++k) {
    const std::int64_t listed = truth.categories[k].listed;
    if (listed > 1) ++repeated;
    // pycocotools goes through the list as it stands.
    const std::int64_t times = mode == Mode::kStrict ? listed : 1;
    for (std::int64_t n = 0; n < times; ++n) {
      all.insert(all.end(), truths[k].begin(), truths[k].end());
      const std::span<const std::uint32_t> mine = found.of(k);
      one.items.insert(one.items.end(), mine.begin(), mine.end());
    }
  }
  if (repeated > 0)
    warnings.push_back(fmt::format(
        "{} listed more than once: {}",
        repeated == 1 ? "1 category is"
                      : fmt::format("{} categories are", repeated),
        mode == Mode::kStrict
            ? "as in pycocotools without classes its boxes count each time "
              "(--mode corrected counts them once)"
            : "its boxes count once; in pycocotools without classes each "
              "time"));
  std::stable_sort(all.begin(), all.end(),
                   [&truth](std::uint32_t a, std::uint32_t b) {
                     return truth.image[a] < truth.image[b];
                   });
  truths.assign(1, std::move(all));
  one.begin = {0, one.items.size()};
  found = std::move(one);
}

void WarnOfDefects(const Truth& truth,
                   const EvaluationOptions& options,
                   std::vector<std::string>& warnings) {
  std::int64_t zeros = 0;
  for (std::size_t i = 0; i < truth.size(); ++i)
    zeros += truth.id[i] == 0 && truth.category[i] >= 0 &&
                     truth.image[i] >= 0 && truth.crowd[i] == 0
                 ? 1
                 : 0;
  const bool strict = options.mode == Mode::kStrict;
  if (zeros > 0)
    warnings.push_back(fmt::format(
        "{} annotation{} with id 0: {}", zeros, zeros == 1 ? "" : "s",
        strict ? "as in pycocotools it can never be found, and what finds it "
                 "counts as a false alarm (--mode corrected renumbers)"
               : "renumbered; in pycocotools it can never be found"));
  const std::vector<int>& n = options.max_detections;
  const bool hundred = std::find(n.begin(), n.end(), 100) != n.end();
  if (strict && !hundred)
    warnings.emplace_back(
        "AP is -1, as in pycocotools without 100 among the numbers of "
        "detections (--mode corrected takes the last)");
  else if (!strict && (!hundred || n.back() != 100))
    warnings.push_back(
        fmt::format("AP is over {} detections; pycocotools has {}", n.back(),
                    hundred ? "100 here" : "-1 without 100 among them"));
}

}  // namespace

std::vector<AreaRange> CocoAreas() {
  return {{"all", 0, 1e10},
          {"small", 0, 32 * 32},
          {"medium", 32 * 32, 96 * 96},
          {"large", 96 * 96, 1e10}};
}

Evaluation Evaluate(const Truth& truth,
                    const Detections& detections,
                    const EvaluationOptions& options) {
  RequireOptions(options);
  RequireUsable(truth);
  RequireUsable(detections, truth);
  Evaluation made;
  made.options = options;
  std::sort(made.options.max_detections.begin(),
            made.options.max_detections.end());
  made.categories = options.class_agnostic ? 1 : truth.categories.size();
  WarnOfDefects(truth, made.options, made.warnings);
  std::vector<TruthList> truths = GroupTruths(truth, options, made.warnings);
  ByCategory found = GroupDetections(detections, truth.categories.size());
  if (options.class_agnostic)
    Merge(truth, options.mode, truths, found, made.warnings);
  const std::size_t cells =
      made.categories * made.areas() * made.numbers() * made.thresholds();
  made.recall.assign(cells, -1);
  made.precision.assign(cells * kRecallPoints, -1);
  if (options.all_curves) made.scores.assign(cells * kRecallPoints, -1);
  if (options.keep_matches) made.matches.resize(made.categories);
  // The largest first, or one thread would end with one of them.
  std::vector<std::size_t> order(made.categories);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) {
    return found.of(a).size() > found.of(b).size();
  });
  std::vector<std::optional<MatchScratch>> scratch(
      static_cast<std::size_t>(ThreadCount(options.threads)));
  ParallelFor(order.size(), options.threads, [&](std::size_t i, int thread) {
    auto& mine = scratch[static_cast<std::size_t>(thread)];
    if (!mine) mine.emplace(truth.images.size());
    const std::size_t k = order[i];
    CategoryMatches matches = MatchCategory(truth, truths[k], detections,
                                            found.of(k), made.options, *mine);
    Accumulate(matches, detections, k, made);
    if (options.keep_matches) made.matches[k] = std::move(matches);
  });
  return made;
}

}  // namespace eyechart::detection
