#include "mining/mining_json.h"

namespace eyechart::mining {
namespace {

Json Ratio(std::int64_t part, std::int64_t whole, double scale) {
  if (whole == 0) return nullptr;
  return scale * static_cast<double>(part) / static_cast<double>(whole);
}

Json Model(const data::StoreManifest& manifest) {
  return {{"model", manifest.model},
          {"family", manifest.family},
          {"weights_sha256", manifest.weights_sha256},
          {"preprocess_sha256", manifest.preprocess_sha256},
          {"pool", manifest.pool},
          {"dtype", manifest.dtype}};
}

Json Ci(const std::optional<Interval>& ci) {
  if (!ci) return nullptr;
  return {{"low", ci->low},
          {"high", ci->high},
          {"level", ci->level},
          {"method", ci->method}};
}

Json Optional(const auto& value) {
  if (!value) return nullptr;
  return *value;
}

// Rows by near threshold, columns by far threshold.
Json Surface(const std::optional<CountSurface>& surface) {
  if (!surface) return nullptr;
  const std::size_t columns = surface->far_max.size();
  Json blind = Json::array();
  for (std::size_t i = 0; i < surface->near_min.size(); ++i)
    blind.push_back(Json(std::vector<std::int64_t>(
        surface->blind.begin() + static_cast<std::ptrdiff_t>(i * columns),
        surface->blind.begin() +
            static_cast<std::ptrdiff_t>((i + 1) * columns))));
  return {{"near_min", surface->near_min},
          {"far_max", surface->far_max},
          {"near_pairs", surface->near},
          {"blind_pairs", std::move(blind)}};
}

Json Histogram(const CosineHistogram& histogram) {
  const std::size_t columns = histogram.far_edges.size() - 1;
  Json rows = Json::array();
  for (std::size_t i = 0; i + 1 < histogram.near_edges.size(); ++i)
    rows.push_back(Json(std::vector<double>(
        histogram.counts.begin() + static_cast<std::ptrdiff_t>(i * columns),
        histogram.counts.begin() +
            static_cast<std::ptrdiff_t>((i + 1) * columns))));
  return {{"near_edges", histogram.near_edges},
          {"far_edges", histogram.far_edges},
          {"pairs", std::move(rows)},
          {"exact_from", histogram.exact_from},
          {"sampled", histogram.sampled}};
}

}  // namespace

Json MiningToJson(const MiningResult& result,
                  const data::StoreManifest& near_manifest,
                  const data::StoreManifest& far_manifest,
                  const MineOptions& options,
                  double encode_seconds,
                  const std::string& pairs_csv) {
  return {
      {"schema", 1},
      {"command", "mine"},
      {"warnings", result.warnings},
      {"images", result.images},
      {"unreadable", result.unreadable},
      {"candidate_pairs", result.candidate_pairs},
      {"near_pairs", result.near_pairs},
      {"blind_pairs", result.blind_pairs},
      {"duplicates_dropped", result.duplicates_dropped},
      {"not_finite", result.not_finite},
      {"zero", result.zero},
      {"near_min", result.near_min},
      {"far_max", result.far_max},
      {"near_quantile", Optional(options.near_quantile)},
      {"far_quantile", Optional(options.far_quantile)},
      {"engine", result.engine},
      {"recall", Optional(result.recall)},
      {"products", Optional(result.products)},
      {"per_1e9", Ratio(result.blind_pairs, result.candidate_pairs, 1e9)},
      {"relative_share", Ratio(result.blind_pairs, result.near_pairs, 1)},
      {"ci", Ci(result.blind_share_ci)},
      {"surface", Surface(result.surface)},
      {"histogram", Histogram(result.histogram)},
      {"near", Model(near_manifest)},
      {"far", Model(far_manifest)},
      {"seconds",
       {{"encode", encode_seconds},
        {"search", result.search_seconds},
        {"verify", result.verify_seconds}}},
      {"pairs_csv", pairs_csv},
  };
}

}  // namespace eyechart::mining
