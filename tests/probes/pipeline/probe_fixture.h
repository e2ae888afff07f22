// Labelled feature stores for the probes' tests.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/randn.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "data/feature_store.h"
#include "data/feature_store_writer.h"
#include "tests/data/store_fixture.h"

namespace eyechart::testing {

struct MadeStore {
  at::Tensor pooled;                // (n, d)
  at::Tensor tokens;                // (n, T, C); undefined: none
  std::vector<std::string> labels;  // n
  std::vector<std::string> status;  // n; empty: all ok
  std::vector<std::string> parts;   // of the pool `blocks`
  std::string weights = "weights";
};

/// Writes `made` as a store of float32 in `folder` and opens it.
inline std::shared_ptr<const data::FeatureStore> WriteStore(
    const std::filesystem::path& folder, const MadeStore& made) {
  const std::int64_t n = made.pooled.size(0);
  data::StoreManifest identity = StoreIdentity(made.pooled.size(1));
  identity.weights_sha256 = made.weights;
  identity.parts = made.parts;
  if (!made.parts.empty()) identity.pool = "blocks";
  if (made.tokens.defined())
    identity.tokens =
        data::TokenShape{made.tokens.size(1), made.tokens.size(2)};
  std::vector<data::StoreItem> items = StoreItems(n);
  for (std::int64_t i = 0; i < n; ++i)
    items[static_cast<std::size_t>(i)].label =
        made.labels[static_cast<std::size_t>(i)];
  data::StoreWriteOptions options;
  options.shard_size = 7;
  data::FeatureStoreWriter writer(folder, identity, items, options);
  for (std::int64_t shard = 0; shard < writer.shard_count(); ++shard) {
    const std::int64_t begin = writer.shard_begin(shard);
    const std::int64_t count = writer.shard_end(shard) - begin;
    std::vector<data::StoreItem> rows;
    for (std::int64_t i = begin; i < begin + count; ++i) {
      const auto at = static_cast<std::size_t>(i);
      rows.push_back(writer.items()[at]);
      rows.back().status = made.status.empty() ? "ok" : made.status[at];
    }
    const at::Tensor pooled = made.pooled.narrow(0, begin, count).contiguous();
    std::span<const std::byte> bytes;
    at::Tensor tokens;
    if (made.tokens.defined()) {
      tokens = made.tokens.narrow(0, begin, count).contiguous();
      bytes = {static_cast<const std::byte*>(tokens.const_data_ptr()),
               tokens.nbytes()};
    }
    writer.WriteShard(shard,
                      {pooled.const_data_ptr<float>(),
                       static_cast<std::size_t>(pooled.numel())},
                      bytes, rows);
  }
  writer.Finish();
  return std::make_shared<const data::FeatureStore>(folder);
}

/// n rows of `classes` classes around centres of their own, in d dimensions;
/// class i % classes is called "c0", "c1", ...
inline MadeStore Clusters(std::int64_t n,
                          std::int64_t classes,
                          std::int64_t d) {
  MadeStore made;
  at::Tensor centres = at::randn({classes, d}) * 3;
  made.pooled = at::randn({n, d});
  for (std::int64_t i = 0; i < n; ++i) {
    made.pooled[i].add_(centres[i % classes]);
    made.labels.push_back(fmt::format("c{}", i % classes));
  }
  return made;
}

/// The first `train` rows of `made` and the rest, as two stores.
inline std::pair<MadeStore, MadeStore> Halves(const MadeStore& made,
                                              std::int64_t train) {
  std::pair<MadeStore, MadeStore> halves{made, made};
  const auto take = [&made](MadeStore& part, std::int64_t begin,
                            std::int64_t count) {
    part.pooled = made.pooled.narrow(0, begin, count);
    if (made.tokens.defined())
      part.tokens = made.tokens.narrow(0, begin, count);
    part.labels.assign(made.labels.begin() + begin,
                       made.labels.begin() + begin + count);
  };
  take(halves.first, 0, train);
  take(halves.second, train, made.pooled.size(0) - train);
  return halves;
}

}  // namespace eyechart::testing
