// mining.json, which is also what `eyechart mine --json` prints.
#pragma once

#include <string>

#include "core/json.h"
#include "data/store_manifest.h"
#include "mining/mine.h"

namespace eyechart::mining {

/// The object of design §3.1 with, beside its keys,
///   per_1e9         blind pairs per 10^9 candidate pairs, null without any
///   relative_share  blind / near pairs, null without near pairs
///   ci              interval of relative_share, or null
///   not_finite, zero          readable pictures without a direction
///   near_quantile, far_quantile  what the thresholds were asked as, or null
///   products        dot products made, or null where they are not counted
///   surface         {near_min[], far_max[], near_pairs[], blind_pairs[][]}
///   histogram       {near_edges[], far_edges[], pairs[][], exact_from,
///   sampled} near, far       model, family, weights_sha256, preprocess_sha256,
///   pool
///                   and dtype of the two stores.
/// Every number in it is finite. `pairs_csv` is the path as it is to be shown.
Json MiningToJson(const MiningResult& result,
                  const data::StoreManifest& near_manifest,
                  const data::StoreManifest& far_manifest,
                  const MineOptions& options,
                  double encode_seconds,
                  const std::string& pairs_csv);

}  // namespace eyechart::mining
