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
      {"near_min", options.near_min},
      {"far_max", options.far_max},
      {"engine", result.engine},
      {"recall", result.recall ? Json(*result.recall) : Json(nullptr)},
      {"per_1e9", Ratio(result.blind_pairs, result.candidate_pairs, 1e9)},
      {"relative_share", Ratio(result.blind_pairs, result.near_pairs, 1)},
      {"ci", Ci(result.blind_share_ci)},
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
