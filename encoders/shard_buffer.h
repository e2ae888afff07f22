// The features of one shard of a store, while they come in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/safetensors.h"
#include "data/store_manifest.h"
#include "encoders/image_encoder.h"

namespace eyechart::encoders {

/// Rows of zeros until they are put.
class ShardBuffer {
 public:
  /// `items`: the shard's pictures, with id, path and label.
  ShardBuffer(const data::StoreManifest& identity,
              DType token_dtype,
              std::span<const data::StoreItem> items);

  /// Copies picture k of `features` to row rows[k]. `features` lies on the
  /// host, contiguous, pooled float32 and tokens of the buffer's type.
  void Put(const Features& features, std::span<const std::int64_t> rows);

  /// Bytes that a shard of `pictures` takes.
  static std::int64_t Bytes(const data::StoreManifest& identity,
                            DType token_dtype,
                            std::int64_t pictures);

  std::vector<data::StoreItem> items;

  std::span<const float> pooled() const { return pooled_; }
  std::span<const std::byte> tokens() const { return tokens_; }

 private:
  std::int64_t dim_;
  std::int64_t token_count_ = 0;
  std::int64_t token_bytes_ = 0;  // of one picture's tokens
  std::vector<float> pooled_;
  std::vector<std::byte> tokens_;
};

}  // namespace eyechart::encoders
