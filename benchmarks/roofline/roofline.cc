#include "benchmarks/roofline/roofline.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "benchmarks/load/load_json.h"
#include "core/error.h"

namespace eyechart::benchmarks {
namespace {

void RequireCeiling(const Ceiling& ceiling) {
  EYECHART_CHECK(ceiling.gflops > 0 && ceiling.gbps > 0,
                 "a ceiling of {} GFLOP/s and {} GB/s", ceiling.gflops,
                 ceiling.gbps);
}

Json Number(double value) {
  return std::isfinite(value) ? Json(value) : Json();
}

Json RooflinePointJson(const RooflinePoint& point, const Ceiling& ceiling) {
  const Utilisation used =
      Utilise(point.flops, point.bytes, point.seconds, ceiling);
  Json json = {{"encoder", point.name},
               {"dtype", point.dtype},
               {"batch", point.batch},
               {"flops", point.flops},
               {"bytes", point.bytes},
               {"seconds", point.seconds},
               {"gflops", used.gflops},
               {"gbps", used.gbps},
               {"intensity", Number(used.intensity)},
               {"attainable_gflops", used.attainable},
               {"share", used.share},
               {"bound", BoundName(used.bound)}};
  if (!point.setting.empty()) json["setting"] = point.setting;
  return json;
}

}  // namespace

std::string_view BoundName(Bound bound) {
  return bound == Bound::kCompute ? "compute" : "memory";
}

double RidgePoint(const Ceiling& ceiling) {
  RequireCeiling(ceiling);
  return ceiling.gflops / ceiling.gbps;
}

double AttainableGflops(double intensity, const Ceiling& ceiling) {
  RequireCeiling(ceiling);
  return std::min(ceiling.gflops, intensity * ceiling.gbps);
}

Utilisation Utilise(double flops,
                    double bytes,
                    double seconds,
                    const Ceiling& ceiling) {
  RequireCeiling(ceiling);
  EYECHART_CHECK(flops > 0 && bytes >= 0 && seconds > 0,
                 "{} operations and {} bytes in {} s", flops, bytes, seconds);
  Utilisation used;
  used.gflops = flops / seconds * 1e-9;
  used.gbps = bytes / seconds * 1e-9;
  used.intensity =
      bytes > 0 ? flops / bytes : std::numeric_limits<double>::infinity();
  used.attainable = AttainableGflops(used.intensity, ceiling);
  used.share = used.gflops / used.attainable;
  used.bound =
      used.intensity < RidgePoint(ceiling) ? Bound::kMemory : Bound::kCompute;
  return used;
}

Ceiling MachineCeilings::Of(const std::string& dtype) const {
  std::vector<std::string> known;
  for (const ProductRoof& product : products) {
    if (product.dtype == dtype) return {product.gflops, copy.gbps};
    known.push_back(product.dtype);
  }
  ThrowInput("no ceiling was measured in {}; there are: {}", dtype,
             fmt::join(known, ", "));
}

Json RooflineJson(const MachineCeilings& ceilings,
                  const std::vector<RooflinePoint>& points) {
  Json json = {{"schema", 1},
               {"device", ceilings.device},
               {"repetitions", ceilings.repetitions},
               {"copy",
                {{"gbps", ceilings.copy.gbps},
                 {"median_gbps", ceilings.copy.median_gbps},
                 {"bytes", ceilings.copy.bytes}}},
               {"products", Json::array()},
               {"meanwhile", ceilings.meanwhile},
               {"points", Json::array()}};
  if (ceilings.device == "cpu") json["threads"] = ceilings.threads;
  json.update(FindingsJson(ceilings.findings));
  for (const ProductRoof& product : ceilings.products)
    json["products"].push_back(
        {{"dtype", product.dtype},
         {"gflops", product.gflops},
         {"median_gflops", product.median_gflops},
         {"kernel", product.kernel},
         {"shape", {product.rows, product.inner, product.columns}},
         {"ridge", RidgePoint(ceilings.Of(product.dtype))}});
  for (const RooflinePoint& point : points)
    json["points"].push_back(
        RooflinePointJson(point, ceilings.Of(point.dtype)));
  return json;
}

}  // namespace eyechart::benchmarks
