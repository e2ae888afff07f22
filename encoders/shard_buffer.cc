#include "encoders/shard_buffer.h"

#include <cstring>

#include "core/error.h"

namespace eyechart::encoders {
namespace {

std::int64_t TokenBytes(const data::StoreManifest& identity,
                        DType token_dtype) {
  if (!identity.tokens) return 0;
  return identity.tokens->count * identity.tokens->dim *
         static_cast<std::int64_t>(DTypeSize(token_dtype));
}

}  // namespace

ShardBuffer::ShardBuffer(const data::StoreManifest& identity,
                         DType token_dtype,
                         std::span<const data::StoreItem> rows)
    : items(rows.begin(), rows.end()),
      dim_(identity.dim),
      token_count_(identity.tokens ? identity.tokens->count : 0),
      token_bytes_(TokenBytes(identity, token_dtype)),
      pooled_(rows.size() * static_cast<std::size_t>(dim_)),
      tokens_(rows.size() * static_cast<std::size_t>(token_bytes_)) {}

void ShardBuffer::Put(const Features& features,
                      std::span<const std::int64_t> rows) {
  const auto count = static_cast<std::int64_t>(rows.size());
  const at::Tensor& pooled = features.pooled;
  EYECHART_CHECK(pooled.size(0) == count && pooled.size(1) == dim_,
                 "pooled features of {} x {}", pooled.size(0), pooled.size(1));
  const auto* pooled_data = pooled.const_data_ptr<float>();
  for (std::int64_t k = 0; k < count; ++k)
    std::memcpy(pooled_.data() + rows[static_cast<std::size_t>(k)] * dim_,
                pooled_data + k * dim_,
                static_cast<std::size_t>(dim_) * sizeof(float));
  if (token_bytes_ == 0) return;
  const at::Tensor& tokens = features.tokens;
  EYECHART_CHECK(
      tokens.size(0) == count && tokens.size(1) == token_count_ &&
          static_cast<std::int64_t>(tokens.nbytes()) == count * token_bytes_,
      "tokens of {} x {}", tokens.size(1), tokens.size(2));
  const auto* token_data =
      static_cast<const std::byte*>(tokens.const_data_ptr());
  for (std::int64_t k = 0; k < count; ++k)
    std::memcpy(
        tokens_.data() + rows[static_cast<std::size_t>(k)] * token_bytes_,
        token_data + k * token_bytes_, static_cast<std::size_t>(token_bytes_));
}

std::int64_t ShardBuffer::Bytes(const data::StoreManifest& identity,
                                DType token_dtype,
                                std::int64_t pictures) {
  return pictures * (identity.dim * static_cast<std::int64_t>(sizeof(float)) +
                     TokenBytes(identity, token_dtype));
}

}  // namespace eyechart::encoders
