#include "data/feature_store.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/error.h"
#include "core/files.h"
#include "core/hash.h"

namespace eyechart::data {
namespace {

namespace fs = std::filesystem;

float HalfToFloat(std::uint16_t half) {
  const std::uint32_t sign = std::uint32_t{half & 0x8000u} << 16;
  const std::uint32_t exponent = (half >> 10) & 31;
  const std::uint32_t mantissa = half & 1023;
  if (exponent == 0) {  // zero and subnormals: mantissa x 2^-24, exact
    const float value = static_cast<float>(mantissa) * 0x1p-24f;
    return sign ? -value : value;
  }
  const std::uint32_t wide = exponent == 31 ? 255 : exponent + 112;
  return std::bit_cast<float>(sign | (wide << 23) | (mantissa << 13));
}

StoreManifest ReadManifest(const fs::path& folder) {
  EYECHART_REQUIRE(fs::is_directory(folder), "{}: no such feature store",
                   folder.string());
  const fs::path path = folder / "manifest.json";
  EYECHART_REQUIRE(fs::exists(path),
                   "{}: not a feature store: it has no manifest.json",
                   folder.string());
  return ManifestFromJson(ReadJsonFile(path), path.string());
}

const TensorView& RequireTensor(const SafetensorsFile& file,
                                const std::string& name,
                                const std::vector<std::int64_t>& shape) {
  const TensorView& tensor = file.at(name);
  const std::string path = file.path().string();
  EYECHART_REQUIRE(tensor.shape == shape,
                   "{}: tensor {} has shape [{}]; the manifest says [{}]", path,
                   name, fmt::join(tensor.shape, ", "), fmt::join(shape, ", "));
  const DType dtype = tensor.dtype;
  EYECHART_REQUIRE(
      dtype == DType::kF32 || dtype == DType::kF16 || dtype == DType::kBF16,
      "{}: tensor {} is {}; F32, F16 or BF16 is read", path, name,
      DTypeName(dtype));
  return tensor;
}

}  // namespace

void ConvertToFloat(DType dtype,
                    const std::byte* data,
                    std::int64_t n,
                    float* out) {
  if (dtype == DType::kF32) {
    std::memcpy(out, data, static_cast<std::size_t>(n) * sizeof(float));
    return;
  }
  EYECHART_CHECK(dtype == DType::kF16 || dtype == DType::kBF16, "dtype {}",
                 DTypeName(dtype));
  for (std::int64_t i = 0; i < n; ++i) {
    std::uint16_t bits;
    std::memcpy(&bits, data + 2 * i, 2);
    out[i] = dtype == DType::kF16
                 ? HalfToFloat(bits)
                 : std::bit_cast<float>(std::uint32_t{bits} << 16);
  }
}

FeatureStore::FeatureStore(const fs::path& folder)
    : folder_(folder), manifest_(ReadManifest(folder)) {
  const std::string name = (folder / "manifest.json").string();
  EYECHART_REQUIRE(manifest_.complete,
                   "{}: the store is incomplete; run the command that made it "
                   "again to finish it",
                   name);
  std::int64_t begin = 0;
  for (const StoreShard& row : manifest_.shards) {
    Shard shard{begin,
                row.count,
                SafetensorsFile(SafeJoin(folder, row.file, name)),
                {},
                {}};
    shard.pooled =
        RequireTensor(shard.file, "pooled", {row.count, manifest_.dim});
    if (const std::optional<TokenShape>& tokens = manifest_.tokens)
      shard.tokens = RequireTensor(shard.file, "tokens",
                                   {row.count, tokens->count, tokens->dim});
    begin += row.count;
    shards_.push_back(std::move(shard));
  }
  EYECHART_REQUIRE(begin == manifest_.count,
                   "{}: count is {}, but the shards hold {}", name,
                   manifest_.count, begin);
  items_ = ReadItems(folder / "items.csv");
  EYECHART_REQUIRE(static_cast<std::int64_t>(items_.size()) == begin,
                   "{}: {} rows, but the shards hold {} pictures",
                   (folder / "items.csv").string(), items_.size(), begin);
}

void FeatureStore::Verify() const {
  const auto check = [](const fs::path& path, const std::string& expected) {
    EYECHART_REQUIRE(expected.empty() || Sha256File(path) == expected,
                     "{}: its SHA-256 is not the one in manifest.json; the "
                     "file is damaged or was changed",
                     path.string());
  };
  check(folder_ / "items.csv", manifest_.items_sha256);
  for (const StoreShard& shard : manifest_.shards)
    check(folder_ / shard.file, shard.sha256);
}

const FeatureStore::Shard& FeatureStore::ShardOf(std::int64_t row) const {
  EYECHART_CHECK(row >= 0 && row < count(), "row {} of {}", row, count());
  const auto after = std::upper_bound(
      shards_.begin(), shards_.end(), row,
      [](std::int64_t r, const Shard& shard) { return r < shard.begin; });
  return *(after - 1);
}

void FeatureStore::Read(TensorView Shard::*member,
                        std::int64_t width,
                        std::int64_t begin,
                        std::int64_t n,
                        float* out) const {
  while (n > 0) {
    const Shard& shard = ShardOf(begin);
    const TensorView& tensor = shard.*member;
    const std::int64_t first = begin - shard.begin;
    const std::int64_t rows = std::min(n, shard.count - first);
    const auto bytes =
        width * static_cast<std::int64_t>(DTypeSize(tensor.dtype));
    ConvertToFloat(tensor.dtype, tensor.data.data() + first * bytes,
                   rows * width, out);
    begin += rows;
    n -= rows;
    out += rows * width;
  }
}

void FeatureStore::ReadPooled(std::int64_t begin,
                              std::int64_t n,
                              float* out) const {
  Read(&Shard::pooled, dim(), begin, n, out);
}

void FeatureStore::ReadTokens(std::int64_t begin,
                              std::int64_t n,
                              float* out) const {
  EYECHART_CHECK(manifest_.tokens.has_value(), "{}: no tokens",
                 folder_.string());
  Read(&Shard::tokens, manifest_.tokens->count * manifest_.tokens->dim, begin,
       n, out);
}

const float* FeatureStore::PooledRow(std::int64_t row) const {
  const Shard& shard = ShardOf(row);
  if (shard.pooled.dtype != DType::kF32) return nullptr;
  return reinterpret_cast<const float*>(shard.pooled.data.data()) +
         (row - shard.begin) * dim();
}

}  // namespace eyechart::data
