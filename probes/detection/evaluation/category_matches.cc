#include "probes/detection/evaluation/category_matches.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "probes/detection/evaluation/box_iou.h"
#include "probes/detection/evaluation/evaluate.h"
#include "probes/detection/evaluation/score_order.h"

namespace eyechart::detection {
namespace {

// A truth near enough to one detection to matter.
struct Candidate {
  std::uint32_t truth;  // in the group
  double iou;
};

std::uint32_t OutsideMask(double area, const std::vector<AreaRange>& areas) {
  std::uint32_t mask = 0;
  for (std::size_t a = 0; a < areas.size(); ++a)
    if (area < areas[a].low || area > areas[a].high)
      mask |= std::uint32_t{1} << a;
  return mask;
}

// The truths of one image and what has found them.
class MatchGroup {
 public:
  MatchGroup(const Truth& truth, const EvaluationOptions& options)
      : truth_(truth), options_(options) {
    lowest_ = Start(0);
    for (std::size_t t = 1; t < options.iou_thresholds.size(); ++t)
      lowest_ = std::min(lowest_, Start(t));
  }

  void Reset(std::span<const std::uint32_t> truths,
             std::span<const std::uint32_t> ignored) {
    truths_ = truths;
    ignored_ = ignored;
    const std::size_t settings =
        options_.areas.size() * options_.iou_thresholds.size();
    taken_.assign(settings * truths.size(), 0);
  }

  /// The outcomes of detection `d`, to be asked by descending score: true, and
  /// one for each area in `out`, where it matches anything at all.
  bool Match(const Detections& detections,
             std::uint32_t d,
             std::uint32_t outside,
             Outcome* out) {
    FindCandidates(detections, d);
    if (candidates_.empty()) return false;
    const std::size_t thresholds = options_.iou_thresholds.size();
    bool any = false;
    for (std::size_t a = 0; a < options_.areas.size(); ++a) {
      Outcome outcome;
      const bool away = (outside >> a & 1) != 0;
      for (std::size_t t = 0; t < thresholds; ++t) {
        const std::uint64_t bit = std::uint64_t{1} << t;
        const std::int64_t m = Best(a, t);
        any |= m >= 0;
        const bool ignored = m >= 0 && Ignored(m, a);
        if (m >= 0)
          taken_[(a * thresholds + t) * truths_.size() +
                 static_cast<std::size_t>(m)] = 1;
        // A truth of id 0 is taken all the same, but does not count as found.
        if (m >= 0 && Counts(m)) {
          if (!ignored) outcome.hit |= bit;
        } else if (!ignored && !away) {
          outcome.false_alarm |= bit;
        }
      }
      out[a] = outcome;
    }
    return any;
  }

 private:
  // pycocotools compares with `>=` from here on.
  double Start(std::size_t t) const {
    return std::min(options_.iou_thresholds[t], 1 - 1e-10);
  }
  bool Ignored(std::int64_t g, std::size_t a) const {
    return (ignored_[static_cast<std::size_t>(g)] >> a & 1) != 0;
  }
  bool Counts(std::int64_t g) const {
    return options_.mode == Mode::kCorrected ||
           truth_.id[truths_[static_cast<std::size_t>(g)]] != 0;
  }

  void FindCandidates(const Detections& detections, std::uint32_t d) {
    candidates_.clear();
    const Box found = {detections.x[d], detections.y[d], detections.width[d],
                       detections.height[d]};
    bool undefined = false;
    for (std::uint32_t g = 0; g < truths_.size(); ++g) {
      const std::uint32_t i = truths_[g];
      const double iou = BoxIou(
          found, {truth_.x[i], truth_.y[i], truth_.width[i], truth_.height[i]},
          truth_.crowd[i] != 0);
      undefined |= std::isnan(iou);
      // As written: what is not a number is not below anything.
      if (!(iou < lowest_)) candidates_.push_back({g, iou});
    }
    if (!undefined) return;
    // Boxes so large that areas overflow: no overlap is below theirs.
    candidates_.clear();
    for (std::uint32_t g = 0; g < truths_.size(); ++g) {
      const std::uint32_t i = truths_[g];
      candidates_.push_back({g, BoxIou(found,
                                       {truth_.x[i], truth_.y[i],
                                        truth_.width[i], truth_.height[i]},
                                       truth_.crowd[i] != 0)});
    }
  }

  // The truth that threshold `t` gives the detection in area `a`, or -1: the
  // last of the highest overlap among those free, those that are ignored only
  // where there is no other.
  std::int64_t Best(std::size_t a, std::size_t t) const {
    const std::uint8_t* taken =
        taken_.data() +
        (a * options_.iou_thresholds.size() + t) * truths_.size();
    double best = Start(t);
    std::int64_t m = -1;
    for (const bool ignored : {false, true}) {
      for (const Candidate& one : candidates_) {
        if (Ignored(one.truth, a) != ignored) continue;
        if (taken[one.truth] != 0 && truth_.crowd[truths_[one.truth]] == 0)
          continue;
        if (one.iou < best) continue;
        best = one.iou;
        m = one.truth;
      }
      if (m >= 0) return m;
    }
    return -1;
  }

  const Truth& truth_;
  const EvaluationOptions& options_;
  double lowest_ = 0;
  std::span<const std::uint32_t> truths_;
  std::span<const std::uint32_t> ignored_;
  std::vector<std::uint8_t> taken_;  // [A][T][truths]
  std::vector<Candidate> candidates_;
};

// The best detections of each image, in the order of accumulation.
void TakeBest(const Detections& detections,
              std::span<const std::uint32_t> mine,
              const EvaluationOptions& options,
              MatchScratch& scratch,
              CategoryMatches& made) {
  scratch.keyed.resize(mine.size());
  for (std::size_t i = 0; i < mine.size(); ++i)
    scratch.keyed[i] = {ScoreKey(detections.score[mine[i]]),
                        static_cast<std::uint32_t>(detections.image[mine[i]]),
                        mine[i]};
  SortByScore(scratch);
  const auto most = static_cast<std::uint32_t>(options.max_detections.back());
  const std::size_t n = mine.size();
  for (auto* column : {&made.detection, &made.image, &made.outside})
    column->reserve(n);
  made.level.reserve(n);
  for (const MatchScratch::Keyed& one : scratch.keyed) {
    const std::uint32_t rank = scratch.count[one.image]++;
    if (rank >= most) continue;
    std::uint8_t level = 0;
    while (rank >= static_cast<std::uint32_t>(options.max_detections[level]))
      ++level;
    made.detection.push_back(one.detection);
    made.image.push_back(one.image);
    made.level.push_back(level);
    made.outside.push_back(OutsideMask(
        detections.width[one.detection] * detections.height[one.detection],
        options.areas));
  }
  for (const MatchScratch::Keyed& one : scratch.keyed)
    scratch.count[one.image] = 0;
}

}  // namespace

CategoryMatches MatchCategory(const Truth& truth,
                              const TruthList& truths,
                              const Detections& detections,
                              std::span<const std::uint32_t> mine,
                              const EvaluationOptions& options,
                              MatchScratch& scratch) {
  CategoryMatches made;
  TakeBest(detections, mine, options, scratch, made);
  // Groups of truths with one image, and the detections in them.
  std::vector<std::uint32_t> begins;
  made.truth_image.reserve(truths.size());
  made.truth_ignored.reserve(truths.size());
  const std::uint32_t every = static_cast<std::uint32_t>(
      (std::uint64_t{1} << options.areas.size()) - 1);
  for (std::uint32_t i = 0; i < truths.size(); ++i) {
    const auto image = static_cast<std::uint32_t>(truth.image[truths[i]]);
    if (scratch.group[image] < 0) {
      scratch.group[image] = static_cast<std::int32_t>(begins.size());
      begins.push_back(i);
    }
    made.truth_image.push_back(image);
    made.truth_ignored.push_back(
        truth.crowd[truths[i]] != 0
            ? every
            : OutsideMask(truth.area[truths[i]], options.areas));
  }
  const std::size_t groups = begins.size();
  begins.push_back(static_cast<std::uint32_t>(truths.size()));
  std::vector<std::uint32_t> ends(groups + 1, 0);
  for (const std::uint32_t image : made.image)
    if (scratch.group[image] >= 0) ++ends[scratch.group[image] + 1];
  for (std::size_t g = 0; g < groups; ++g) ends[g + 1] += ends[g];
  std::vector<std::uint32_t> members(ends.back());
  {
    std::vector<std::uint32_t> next(ends.begin(), ends.end() - 1);
    for (std::uint32_t i = 0; i < made.image.size(); ++i) {
      const std::int32_t g = scratch.group[made.image[i]];
      if (g >= 0) members[next[g]++] = i;
    }
  }
  made.entry.assign(made.detection.size(), -1);
  MatchGroup group(truth, options);
  const std::size_t areas = options.areas.size();
  std::vector<Outcome> outcomes(areas);
  for (std::size_t g = 0; g < groups; ++g) {
    const std::uint32_t begin = begins[g];
    const std::size_t size = begins[g + 1] - begin;
    scratch.group[made.truth_image[begin]] = -1;
    if (ends[g] == ends[g + 1]) continue;
    group.Reset(std::span(truths).subspan(begin, size),
                std::span(made.truth_ignored).subspan(begin, size));
    for (std::uint32_t j = ends[g]; j < ends[g + 1]; ++j) {
      const std::uint32_t i = members[j];
      if (!group.Match(detections, made.detection[i], made.outside[i],
                       outcomes.data()))
        continue;
      made.entry[i] = static_cast<std::int32_t>(made.outcomes.size() / areas);
      made.outcomes.insert(made.outcomes.end(), outcomes.begin(),
                           outcomes.end());
    }
  }
  return made;
}

}  // namespace eyechart::detection
