// Small feature stores for tests.
#pragma once

#include <string>
#include <vector>

#include "data/feature_store_writer.h"

namespace eyechart::testing {

inline data::StoreManifest StoreIdentity(std::int64_t dim) {
  data::StoreManifest manifest;
  manifest.model = "model";
  manifest.family = "clip";
  manifest.weights_sha256 = "weights";
  manifest.preprocess = {{"size", 224}};
  manifest.preprocess_sha256 = "preprocess";
  manifest.dataset = "photos";
  manifest.dtype = "fp32";
  manifest.pool = "head";
  manifest.dim = dim;
  return manifest;
}

/// Items "0", "1", ... with path and label.
inline std::vector<data::StoreItem> StoreItems(std::int64_t count) {
  std::vector<data::StoreItem> items;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::string id = std::to_string(i);
    items.push_back({id, id + ".jpg", "label," + id, "", "", ""});
  }
  return items;
}

/// Row i of a store is i, i + 1/8, i + 2/8, ...
inline void WriteRows(data::FeatureStoreWriter& writer,
                      std::int64_t shard,
                      std::int64_t dim) {
  std::vector<float> pooled;
  std::vector<data::StoreItem> rows;
  for (std::int64_t i = writer.shard_begin(shard); i < writer.shard_end(shard);
       ++i) {
    for (std::int64_t k = 0; k < dim; ++k)
      pooled.push_back(static_cast<float>(i) + static_cast<float>(k) / 8);
    rows.push_back(writer.items()[static_cast<std::size_t>(i)]);
    rows.back().status = "ok";
    rows.back().sha256 = "sha" + std::to_string(i);
  }
  writer.WriteShard(shard, pooled, {}, rows);
}

}  // namespace eyechart::testing
