#include "benchmarks/roofline/batch_curve.h"

#include <algorithm>

#include "core/error.h"

namespace eyechart::benchmarks {
namespace {

double Low(const BatchPoint& point) {
  return point.ci ? point.ci->low : point.throughput;
}

double High(const BatchPoint& point) {
  return point.ci ? point.ci->high : point.throughput;
}

std::vector<BatchPoint> Ordered(std::vector<BatchPoint> points) {
  EYECHART_CHECK(!points.empty(), "a curve without points");
  std::ranges::sort(points, {}, &BatchPoint::batch);
  for (std::size_t i = 0; i < points.size(); ++i) {
    const BatchPoint& point = points[i];
    EYECHART_CHECK(point.batch >= 1 && point.throughput > 0,
                   "batch {} with {} a second", point.batch, point.throughput);
    EYECHART_CHECK(
        Low(point) <= point.throughput && point.throughput <= High(point),
        "batch {}: {} is not in [{}, {}]", point.batch, point.throughput,
        Low(point), High(point));
    EYECHART_CHECK(i == 0 || points[i - 1].batch < point.batch,
                   "batch {} is there twice", point.batch);
  }
  return points;
}

Knee KneeOf(const std::vector<BatchPoint>& ordered, double share) {
  EYECHART_CHECK(share > 0 && share <= 1, "a share of {}", share);
  const BatchPoint& best =
      *std::ranges::max_element(ordered, {}, &BatchPoint::throughput);
  // Against itself the best point's ratio is 1, whatever its interval.
  const auto first = [&](const auto& reaches) {
    return std::ranges::find_if(ordered,
                                [&](const BatchPoint& point) {
                                  return point.batch == best.batch ||
                                         reaches(point);
                                })
        ->batch;
  };
  Knee knee;
  knee.best_batch = best.batch;
  knee.best = best.throughput;
  knee.batch = first([&](const BatchPoint& point) {
    return point.throughput >= share * best.throughput;
  });
  knee.from = first([&](const BatchPoint& point) {
    return High(point) >= share * Low(best);
  });
  knee.to = first([&](const BatchPoint& point) {
    return Low(point) >= share * High(best);
  });
  return knee;
}

Json BatchPointJson(const BatchPoint& point) {
  Json json = {{"batch", point.batch},
               {"throughput", point.throughput},
               {"low", nullptr},
               {"high", nullptr},
               {"level", nullptr}};
  if (!point.ci) return json;
  json["low"] = point.ci->low;
  json["high"] = point.ci->high;
  json["level"] = point.ci->level;
  return json;
}

}  // namespace

Knee FindKnee(const std::vector<BatchPoint>& points,
              const KneeOptions& options) {
  return KneeOf(Ordered(points), options.share);
}

Json BatchCurveJson(const BatchCurve& curve, const KneeOptions& options) {
  const std::vector<BatchPoint> ordered = Ordered(curve.points);
  const Knee knee = KneeOf(ordered, options.share);
  Json json = {
      {"schema", 1},
      {"encoder", curve.encoder},
      {"dtype", curve.dtype},
      {"device", curve.device},
      {"unit", curve.unit},
      {"share", options.share},
      {"points", Json::array()},
      {"best", {{"batch", knee.best_batch}, {"throughput", knee.best}}},
      {"knee", {{"batch", knee.batch}, {"from", knee.from}, {"to", knee.to}}}};
  if (!curve.setting.empty()) json["setting"] = curve.setting;
  for (const BatchPoint& point : ordered)
    json["points"].push_back(BatchPointJson(point));
  return json;
}

}  // namespace eyechart::benchmarks
