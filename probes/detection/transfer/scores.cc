#include "probes/detection/transfer/scores.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/error.h"
#include "probes/detection/evaluation/bootstrap.h"
#include "probes/detection/evaluation/error_kinds.h"
#include "probes/detection/evaluation/evaluate.h"
#include "probes/detection/evaluation/summary.h"
#include "probes/detection/transfer/found_json.h"

namespace eyechart::detection {
namespace {

constexpr std::array kCurveOverlaps = {0.5, 0.75};
constexpr double kShownScore = 0.3;        // as ErrorOptions has it
constexpr double kShownOverlap = 0.5;      // the same
constexpr std::size_t kMostConfused = 24;  // a file's, of hundreds of classes

// Places of `count` things by ascending `key`.
template <typename Key>
std::vector<std::size_t> OrderBy(std::size_t count, const Key& key) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(
      order.begin(), order.end(),
      [&](std::size_t a, std::size_t b) { return key(a) < key(b); });
  return order;
}

// The place of each in `order`.
std::vector<std::int32_t> PlacesIn(const std::vector<std::size_t>& order) {
  std::vector<std::int32_t> places(order.size());
  for (std::size_t i = 0; i < order.size(); ++i)
    places[order[i]] = static_cast<std::int32_t>(i);
  return places;
}

// A set as the evaluator has it, and where its pictures and categories went.
struct Converted {
  Truth truth;
  std::vector<std::size_t> categories;  // of the set, as the truth has them
  std::vector<std::int32_t> image;      // place in the truth, by the set's
  std::vector<std::int32_t> category;
};

Converted Convert(const data::BoxDataset& dataset) {
  Converted made;
  made.categories = OrderBy(dataset.categories.size(), [&](std::size_t i) {
    return dataset.categories[i].id;
  });
  // Numbers before texts, which is the evaluator's order of a file's ids: equal
  // scores of several pictures are ordered by it.
  const std::vector<Json> ids = ImageIdsOf(dataset);
  const std::vector<std::size_t> images =
      OrderBy(ids.size(), [&](std::size_t i) -> const Json& { return ids[i]; });
  for (const std::size_t i : made.categories)
    made.truth.categories.push_back(
        {dataset.categories[i].id, dataset.categories[i].name});
  for (const std::size_t i : images) {
    if (ids[i].is_string())
      made.truth.images.texts.push_back(ids[i].get<std::string>());
    else
      made.truth.images.numbers.push_back(ids[i].get<std::int64_t>());
  }
  made.image = PlacesIn(images);
  made.category = PlacesIn(made.categories);
  std::int64_t id = 0;
  for (const data::TrueBox& box : dataset.boxes) {
    made.truth.Add(made.image[box.image], made.category[box.category], box.x,
                   box.y, box.w, box.h, box.crowd);
    made.truth.area.back() = box.area;
    made.truth.id.back() = ++id;
  }
  return made;
}

// Of area "all", the first, and the number of boxes that AP is over, the last.
std::vector<PrecisionAt> CurvesOf(const Evaluation& made) {
  std::vector<PrecisionAt> curves;
  for (std::size_t t = 0; t < made.thresholds(); ++t) {
    const double iou = made.options.iou_thresholds[t];
    if (std::none_of(kCurveOverlaps.begin(), kCurveOverlaps.end(),
                     [&](double one) { return std::abs(one - iou) < 1e-9; }))
      continue;
    PrecisionAt curve{iou, std::vector<double>(kRecallPoints, 0)};
    double classes = 0;
    for (std::size_t k = 0; k < made.categories; ++k) {
      const std::size_t cell = made.Cell(t, k, 0, made.numbers() - 1);
      if (made.recall[cell] < 0) continue;  // a class without truth
      ++classes;
      for (std::size_t r = 0; r < kRecallPoints; ++r)
        curve.precision[r] += made.precision[cell * kRecallPoints + r];
    }
    if (classes == 0) continue;
    for (double& one : curve.precision) one /= classes;
    curves.push_back(std::move(curve));
  }
  return curves;
}

std::vector<ClassConfusion> ConfusionsOf(const Truth& truth,
                                         const Confusion& made) {
  std::vector<ClassConfusion> pairs;
  for (std::size_t i = 0; i < made.classes; ++i)
    for (std::size_t j = 0; j < made.classes; ++j)
      if (i != j && made.at(i, j) > 0)
        pairs.push_back({truth.categories[i].name, truth.categories[j].name,
                         made.at(i, j)});
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const ClassConfusion& a, const ClassConfusion& b) {
                     return a.count > b.count;
                   });
  if (pairs.size() > kMostConfused) pairs.resize(kMostConfused);
  return pairs;
}

// Of hundreds of classes few pairs have a count.
Json MatrixJson(const Confusion& matrix,
                const std::vector<ClassScore>& classes) {
  Json names = Json::array(), counts = Json::array();
  for (const ClassScore& one : classes) names.push_back(one.name);
  for (std::size_t truth = 0; truth <= matrix.classes; ++truth)
    for (std::size_t found = 0; found <= matrix.classes; ++found)
      if (const std::int64_t count = matrix.at(truth, found); count > 0)
        counts.push_back({truth, found, count});
  return {{"iou", kShownOverlap},
          {"min_score", kShownScore},
          {"classes", names},
          {"counts", counts}};
}

int MostCounted(const ScoreOptions& options) {
  return static_cast<int>(std::min<std::int64_t>(
      options.most_kept, std::numeric_limits<int>::max()));
}

}  // namespace

DetectionScores ScoreBoxes(const data::BoxDataset& dataset,
                           const std::vector<PictureBoxes>& found,
                           const ScoreOptions& options) {
  const Converted set = Convert(dataset);
  Detections detections;
  for (const PictureBoxes& picture : found)
    for (const FoundBox& box : picture.boxes) {
      if (box.category < 0) continue;
      const Corners& c = box.corners;
      detections.Add(set.image[picture.image],
                     set.category[static_cast<std::size_t>(box.category)], c[0],
                     c[1], c[2] - c[0], c[3] - c[1],
                     static_cast<double>(box.score));
    }
  EvaluationOptions evaluation;
  evaluation.mode = Mode::kCorrected;
  evaluation.threads = options.threads;
  evaluation.keep_matches = options.resamples > 0;
  // Beside 100, not in its place: AR100 stays what it is called.
  const int most = MostCounted(options);
  if (most > evaluation.max_detections.back())
    evaluation.max_detections.push_back(most);
  const Evaluation made = Evaluate(set.truth, detections, evaluation);
  DetectionScores scores;
  scores.images = static_cast<std::int64_t>(dataset.images.size());
  scores.truths = static_cast<std::int64_t>(dataset.boxes.size());
  scores.found = static_cast<std::int64_t>(detections.size());
  scores.max_detections = made.options.max_detections;
  for (const auto& [name, value] : Named(Summarize(made)))
    scores.stats[name] = value;
  if (options.resamples > 0) {
    for (auto& [name, interval] :
         BootstrapImages(made, set.truth.images.size(),
                         {.resamples = options.resamples,
                         .seed = options.seed,
                         .threads = options.threads}))
      if (std::isfinite(interval.low)) scores.intervals[name] = interval;
    ErrorKindOptions kinds;
    kinds.max_detections = std::max(kinds.max_detections, most);
    const ErrorKinds errors = FindErrorKinds(set.truth, detections, kinds);
    for (std::size_t i = 0; i < kErrorKinds; ++i) {
      const auto kind = static_cast<ErrorKind>(i);
      scores.errors.push_back({std::string(NameOf(kind)), errors.of(kind).count,
                               errors.of(kind).gain});
    }
    scores.curves = CurvesOf(made);
    scores.confusion_matrix =
        FindConfusion(set.truth, detections,
                      {.overlap = kShownOverlap, .score = kShownScore});
    scores.confusions = ConfusionsOf(set.truth, *scores.confusion_matrix);
  }
  const std::vector<ClassStats> classes = SummarizeClasses(made);
  std::vector<std::int64_t> truths(classes.size(), 0);
  for (const data::TrueBox& box : dataset.boxes)
    if (!box.crowd)
      ++truths[static_cast<std::size_t>(set.category[box.category])];
  for (std::size_t k = 0; k < classes.size(); ++k)
    scores.classes.push_back({set.truth.categories[k].name, truths[k],
                              classes[k].AP, classes[k].AP50});
  return scores;
}

Json ScoresToJson(const DetectionScores& scores) {
  Json stats = Json::object(), ci = Json::object(), classes = Json::array();
  for (const auto& [name, value] : scores.stats) stats[name] = value;
  for (const auto& [name, interval] : scores.intervals)
    ci[name] = {{"low", interval.low},
                {"high", interval.high},
                {"level", interval.level},
                {"method", interval.method}};
  Json errors = Json::array();
  for (const ErrorCount& one : scores.errors)
    errors.push_back(
        {{"kind", one.kind}, {"count", one.count}, {"gain", one.gain}});
  Json curves = Json::array(), confusions = Json::array();
  for (const PrecisionAt& one : scores.curves)
    curves.push_back({{"iou", one.iou}, {"precision", one.precision}});
  for (const ClassConfusion& one : scores.confusions)
    confusions.push_back(
        {{"truth", one.truth}, {"found", one.found}, {"count", one.count}});
  for (const ClassScore& one : scores.classes)
    classes.push_back({{"name", one.name},
                       {"truths", one.truths},
                       {"AP", one.ap < 0 ? Json() : Json(one.ap)},
                       {"AP50", one.ap50 < 0 ? Json() : Json(one.ap50)}});
  Json json = {{"images", scores.images},
               {"ground_truths", scores.truths},
               {"detections", scores.found},
               {"max_dets", scores.max_detections},
               {"stats", stats},
               {"ci", ci},
               {"errors", errors},
               {"pr_curve", curves},
               {"confusions", confusions},
               {"per_class", classes}};
  if (scores.confusion_matrix)
    json["confusion_matrix"] =
        MatrixJson(*scores.confusion_matrix, scores.classes);
  return json;
}

}  // namespace eyechart::detection
