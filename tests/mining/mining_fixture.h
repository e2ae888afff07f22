// Small feature stores made in a test, and the pairs that brute force finds.
#pragma once

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "core/files.h"
#include "core/json.h"
#include "core/safetensors.h"
#include "data/feature_store.h"
#include "data/store_manifest.h"
#include "mining/mine.h"
#include "tests/fixture.h"

namespace eyechart::testing {

using Rows = std::vector<std::vector<float>>;

/// Writes a store of `rows` with shards of `shard_rows`.
inline data::FeatureStore MakeStore(const std::filesystem::path& folder,
                                    const Rows& rows,
                                    const std::vector<data::StoreItem>& items,
                                    std::size_t shard_rows = 5) {
  data::StoreManifest manifest;
  manifest.model = folder.filename().string();
  manifest.family = "clip";
  manifest.weights_sha256 = std::string(64, 'a');
  manifest.preprocess = Json::object();
  manifest.preprocess_sha256 = std::string(64, 'b');
  manifest.dataset = "made";
  manifest.dtype = "fp32";
  manifest.pool = "head";
  manifest.count = static_cast<std::int64_t>(rows.size());
  manifest.dim =
      rows.empty() ? 4 : static_cast<std::int64_t>(rows.front().size());
  manifest.complete = true;
  for (std::size_t begin = 0; begin < rows.size(); begin += shard_rows) {
    const std::size_t end = std::min(begin + shard_rows, rows.size());
    std::vector<float> values;
    for (std::size_t i = begin; i < end; ++i)
      values.insert(values.end(), rows[i].begin(), rows[i].end());
    TensorView view;
    view.shape = {static_cast<std::int64_t>(end - begin), manifest.dim};
    view.data = std::as_bytes(std::span(values));
    const std::string name =
        fmt::format("shard-{:05}.safetensors", begin / shard_rows);
    std::string bytes = SafetensorsHeader({{"pooled", view}});
    bytes.append(reinterpret_cast<const char*>(values.data()),
                 values.size() * sizeof(float));
    WriteText(folder / name, bytes);
    manifest.shards.push_back({name, view.shape[0], ""});
  }
  WriteText(folder / "items.csv", data::ItemsToCsv(items));
  WriteText(folder / "manifest.json", ManifestToJson(manifest).dump());
  return data::FeatureStore(folder);
}

/// Items p000, p001, ... with path, and label "even" or "odd".
inline std::vector<data::StoreItem> MakeItems(std::size_t count) {
  std::vector<data::StoreItem> items;
  for (std::size_t i = 0; i < count; ++i) {
    data::StoreItem item;
    item.id = fmt::format("p{:05}", i);
    item.path = item.id + ".png";
    item.label = i % 2 == 0 ? "even" : "odd";
    items.push_back(item);
  }
  return items;
}

/// `count` rows of `dim` values around `clusters` centres: with a small
/// `spread` most pairs of a cluster are near.
inline Rows MakeRows(std::size_t count,
                     std::size_t dim,
                     std::size_t clusters,
                     float spread) {
  std::normal_distribution<float> normal;
  const auto row = [&](float scale) {
    std::vector<float> values(dim);
    for (float& value : values) value = scale * normal(Rng());
    return values;
  };
  Rows centres;
  for (std::size_t c = 0; c < clusters; ++c) centres.push_back(row(1));
  Rows rows;
  for (std::size_t i = 0; i < count; ++i) {
    rows.push_back(row(spread));
    for (std::size_t d = 0; d < dim; ++d)
      rows.back()[d] += centres[i % clusters][d];
  }
  return rows;
}

/// Cosine by the definition, in double, clipped as a cosine is.
inline double CosineOf(const std::vector<float>& a,
                       const std::vector<float>& b) {
  double dot = 0;
  double aa = 0;
  double bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    dot += double{a[i]} * double{b[i]};
    aa += double{a[i]} * double{a[i]};
    bb += double{b[i]} * double{b[i]};
  }
  return std::clamp(dot / (std::sqrt(aa) * std::sqrt(bb)), -1.0, 1.0);
}

}  // namespace eyechart::testing
