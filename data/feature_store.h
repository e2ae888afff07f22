// Reading a feature store: a folder of manifest.json, items.csv and safetensors
// shards, memory-mapped.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "core/safetensors.h"
#include "data/store_manifest.h"

namespace eyechart::data {

/// An open, complete store. Rows are in data-set order.
class FeatureStore {
 public:
  /// Throws InputError, naming file and place, for a folder that is no store,
  /// an incomplete manifest, another schema, or shards, items and manifest that
  /// do not agree.
  explicit FeatureStore(const std::filesystem::path& folder);

  const std::filesystem::path& folder() const { return folder_; }
  const StoreManifest& manifest() const { return manifest_; }
  const std::vector<StoreItem>& items() const { return items_; }
  std::int64_t count() const { return manifest_.count; }
  std::int64_t dim() const { return manifest_.dim; }

  /// Compares every shard's SHA-256 and that of items.csv with the manifest;
  /// throws InputError naming the file that differs.
  void Verify() const;

  /// Copies pooled rows [begin, begin + n) to `out` (n x dim, row-major) as
  /// float32, whatever the shards hold.
  void ReadPooled(std::int64_t begin, std::int64_t n, float* out) const;

  /// Copies the tokens of rows [begin, begin + n) to `out` (n x T x C,
  /// row-major, of manifest().tokens) as float32. Throws std::logic_error for a
  /// store without tokens.
  void ReadTokens(std::int64_t begin, std::int64_t n, float* out) const;

  /// The row in place where the shard holds float32, else null: no copy.
  const float* PooledRow(std::int64_t row) const;

 private:
  struct Shard {
    std::int64_t begin = 0;
    std::int64_t count = 0;
    SafetensorsFile file;
    TensorView pooled;
    TensorView tokens;  // where the manifest tells of some
  };
  // Copies rows of `member`, each of `width` values, as float32.
  void Read(TensorView Shard::*member,
            std::int64_t width,
            std::int64_t begin,
            std::int64_t n,
            float* out) const;
  const Shard& ShardOf(std::int64_t row) const;

  std::filesystem::path folder_;
  StoreManifest manifest_;
  std::vector<StoreItem> items_;
  std::vector<Shard> shards_;
};

/// `n` values of a tensor's data as float32: F32, F16 and BF16 are read.
void ConvertToFloat(DType dtype,
                    const std::byte* data,
                    std::int64_t n,
                    float* out);

}  // namespace eyechart::data
