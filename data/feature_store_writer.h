// Writing a feature store a shard at a time, so that a killed run goes on.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <vector>

#include "core/folder_lock.h"
#include "core/safetensors.h"
#include "data/store_manifest.h"

namespace eyechart::data {

struct StoreWriteOptions {
  /// Pictures a shard. Small enough that a killed run loses seconds, large
  /// enough that ImageNet has about a thousand files.
  std::int64_t shard_size = 1024;
  /// Element type of `tokens`; `pooled` is always float32.
  DType token_dtype = DType::kF32;
};

/// Fills `<folder>.partial` and renames it to `<folder>` when complete. What a
/// former run left there is taken over, shard by shard, after its checksums are
/// compared; the rest is then cut into shards as that run had it.
///
/// One writer a store: a second process waits for the first. The manifest in
/// the partial folder lists the shards that are whole; each shard's rows of
/// items.csv lie beside it until the end.
class FeatureStoreWriter {
 public:
  /// `identity` is a manifest without items_sha256, shards and complete;
  /// `items` has id, path and label of every picture. Throws InputError if the
  /// store, or what was begun of it, is of another model, preprocessing, dtype
  /// or images.
  FeatureStoreWriter(const std::filesystem::path& folder,
                     const StoreManifest& identity,
                     std::vector<StoreItem> items,
                     const StoreWriteOptions& options);

  /// True where `folder` is already whole: nothing is left to write.
  bool complete() const { return complete_; }
  std::int64_t shard_count() const;
  std::int64_t shard_begin(std::int64_t shard) const;
  std::int64_t shard_end(std::int64_t shard) const;
  /// A former run wrote this shard and its checksums match.
  bool done(std::int64_t shard) const;
  /// The rows as they stand: with status and sha256 where the shard is done.
  const std::vector<StoreItem>& items() const { return items_; }
  const StoreManifest& manifest() const { return manifest_; }

  /// `pooled` is (n, dim) float32; `tokens` the bytes of (n, count, dim), empty
  /// without tokens; `rows` the shard's items with status, note and sha256.
  void WriteShard(std::int64_t shard,
                  std::span<const float> pooled,
                  std::span<const std::byte> tokens,
                  std::span<const StoreItem> rows);

  /// Writes items.csv and the manifest and renames. All shards must be done.
  void Finish();

  /// Removes what was begun; nothing of it is left on the disk.
  void Abandon();

 private:
  // Lists the shards anew, by the size of the options, none of them done.
  void CutShards();
  void TakeOver();
  void RequireSame(const StoreManifest& found, const std::string& where) const;
  void TakeOverItems(std::int64_t shard,
                     const std::vector<StoreItem>& rows,
                     const std::string& where);
  void WriteManifest();
  std::filesystem::path RowsPath(std::int64_t shard) const;
  // The rows' files go only once items.csv is in its place with the store.
  void RemoveRows() const;

  std::filesystem::path folder_;
  std::filesystem::path partial_;
  std::optional<FolderLock> lock_;  // on partial_
  StoreManifest manifest_;
  std::vector<StoreItem> items_;
  StoreWriteOptions options_;
  std::vector<bool> done_;
  bool complete_ = false;
};

}  // namespace eyechart::data
