#include "data/feature_store_writer.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "core/error.h"
#include "core/files.h"
#include "core/hash.h"

namespace eyechart::data {
namespace {

namespace fs = std::filesystem;

std::string ShardName(std::int64_t shard) {
  return fmt::format("shard-{:05d}.safetensors", shard);
}

std::string RowsName(std::int64_t shard) {
  return fmt::format("items-{:05d}.csv", shard);
}

bool IsStore(const fs::path& folder) {
  return fs::exists(folder / "manifest.json");
}

std::string_view AsText(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

FeatureStoreWriter::FeatureStoreWriter(const fs::path& folder,
                                       const StoreManifest& identity,
                                       std::vector<StoreItem> items,
                                       const StoreWriteOptions& options)
    : folder_(folder),
      partial_(folder.string() + ".partial"),
      manifest_(identity),
      items_(std::move(items)),
      options_(options) {
  EYECHART_CHECK(options_.shard_size > 0, "shard size");
  manifest_.count = static_cast<std::int64_t>(items_.size());
  manifest_.complete = false;
  CutShards();
  if (!IsStore(folder_)) {
    // The other process may finish while we wait for its lock.
    lock_.emplace(partial_);
  }
  TakeOver();
  if (complete_) {
    if (lock_) Abandon();
    return;
  }
  WriteManifest();
}

void FeatureStoreWriter::CutShards() {
  manifest_.shards.clear();
  for (std::int64_t k = 0; k < shard_count(); ++k)
    manifest_.shards.push_back(
        {ShardName(k), shard_end(k) - shard_begin(k), ""});
  done_.assign(static_cast<std::size_t>(shard_count()), false);
}

std::int64_t FeatureStoreWriter::shard_count() const {
  return (manifest_.count + options_.shard_size - 1) / options_.shard_size;
}

std::int64_t FeatureStoreWriter::shard_begin(std::int64_t shard) const {
  return shard * options_.shard_size;
}

std::int64_t FeatureStoreWriter::shard_end(std::int64_t shard) const {
  return std::min(manifest_.count, (shard + 1) * options_.shard_size);
}

bool FeatureStoreWriter::done(std::int64_t shard) const {
  return done_[static_cast<std::size_t>(shard)];
}

fs::path FeatureStoreWriter::RowsPath(std::int64_t shard) const {
  return partial_ / RowsName(shard);
}

void FeatureStoreWriter::RemoveRows() const {
  std::error_code ignored;
  for (std::int64_t k = 0; k < shard_count(); ++k)
    fs::remove(folder_ / RowsName(k), ignored);
}

void FeatureStoreWriter::RequireSame(const StoreManifest& found,
                                     const std::string& where) const {
  const auto same = [&where](const char* what, const auto& is,
                             const auto& wanted) {
    EYECHART_REQUIRE(is == wanted,
                     "{}: the store was made with {} {}, now it is {}; remove "
                     "it or write to another folder",
                     where, what, is, wanted);
  };
  same("weights", found.weights_sha256, manifest_.weights_sha256);
  same("preprocessing", found.preprocess_sha256, manifest_.preprocess_sha256);
  same("dtype", found.dtype, manifest_.dtype);
  const auto computed_in = [](const StoreManifest& m) {
    return m.computed_in.empty() ? m.dtype : m.computed_in;
  };
  same("products in", computed_in(found), computed_in(manifest_));
  // Without the key it was a device that has no TF32.
  const auto tf32 = [](const StoreManifest& m) {
    return std::string(m.tf32 == "on" ? "on" : "off");
  };
  same("TF32", tf32(found), tf32(manifest_));
  same("pool", found.pool, manifest_.pool);
  same("dim", found.dim, manifest_.dim);
  same("a number of pictures of", found.count, manifest_.count);
  const auto shape = [](const std::optional<TokenShape>& tokens) {
    return tokens ? fmt::format("{} x {}", tokens->count, tokens->dim)
                  : std::string("none");
  };
  same("tokens", shape(found.tokens), shape(manifest_.tokens));
}

void FeatureStoreWriter::TakeOverItems(std::int64_t shard,
                                       const std::vector<StoreItem>& rows,
                                       const std::string& where) {
  for (std::int64_t i = shard_begin(shard); i < shard_end(shard); ++i) {
    StoreItem& item = items_[static_cast<std::size_t>(i)];
    const StoreItem& row =
        rows[static_cast<std::size_t>(i - shard_begin(shard))];
    EYECHART_REQUIRE(row.id == item.id && row.label == item.label,
                     "{}: picture {} was \"{}\" (label \"{}\"), now it is "
                     "\"{}\" (\"{}\"); the store is of other images: remove it "
                     "or write to another folder",
                     where, i, row.id, row.label, item.id, item.label);
    item = row;
  }
}

void FeatureStoreWriter::TakeOver() {
  if (IsStore(folder_)) {
    const std::string where = folder_.string();
    const StoreManifest found = ManifestFromJson(
        ReadJsonFile(folder_ / "manifest.json"), where + "/manifest.json");
    RequireSame(found, where);
    const std::vector<StoreItem> rows = ReadItems(folder_ / "items.csv");
    EYECHART_REQUIRE(rows.size() == items_.size(),
                     "{}/items.csv: {} rows where the manifest counts {}",
                     where, rows.size(), items_.size());
    for (std::int64_t k = 0; k < shard_count(); ++k)
      TakeOverItems(
          k, {rows.begin() + shard_begin(k), rows.begin() + shard_end(k)},
          where);
    manifest_ = found;
    done_.assign(done_.size(), true);
    complete_ = true;
    RemoveRows();
    return;
  }
  EYECHART_REQUIRE(!fs::exists(folder_) || fs::is_empty(folder_),
                   "{}: exists and is no feature store; choose another folder",
                   folder_.string());
  const fs::path path = partial_ / "manifest.json";
  if (!fs::exists(path)) return;
  const StoreManifest found =
      ManifestFromJson(ReadJsonFile(path), path.string());
  RequireSame(found, partial_.string());
  // All but the last are of one size. One that is too large for another batch
  // than the former run's would only cost time.
  if (!found.shards.empty() && found.shards.front().count > 0 &&
      shard_count() > 0 &&
      found.shards.front().count != manifest_.shards.front().count) {
    options_.shard_size = found.shards.front().count;
    CutShards();
  }
  for (std::int64_t k = 0; k < shard_count(); ++k) {
    const auto index = static_cast<std::size_t>(k);
    if (index >= found.shards.size() || found.shards[index].sha256.empty() ||
        found.shards[index].count != manifest_.shards[index].count)
      continue;
    // Whatever does not check out is computed again, not complained of: a
    // killed machine leaves such things.
    const fs::path shard_path = partial_ / manifest_.shards[index].file;
    if (!fs::exists(shard_path) || !fs::exists(RowsPath(k)) ||
        Sha256File(shard_path) != found.shards[index].sha256)
      continue;
    const std::vector<StoreItem> rows = ReadItems(RowsPath(k));
    if (static_cast<std::int64_t>(rows.size()) != shard_end(k) - shard_begin(k))
      continue;
    TakeOverItems(k, rows, partial_.string());
    manifest_.shards[index].sha256 = found.shards[index].sha256;
    done_[index] = true;
  }
}

void FeatureStoreWriter::WriteShard(std::int64_t shard,
                                    std::span<const float> pooled,
                                    std::span<const std::byte> tokens,
                                    std::span<const StoreItem> rows) {
  const std::int64_t n = shard_end(shard) - shard_begin(shard);
  EYECHART_CHECK(
      static_cast<std::int64_t>(pooled.size()) == n * manifest_.dim &&
          static_cast<std::int64_t>(rows.size()) == n,
      "shard {} holds {} pictures", shard, n);
  const std::span<const std::byte> bytes = std::as_bytes(pooled);
  std::vector<std::pair<std::string, TensorView>> tensors;
  tensors.emplace_back("pooled",
                       TensorView{DType::kF32, {n, manifest_.dim}, bytes});
  if (manifest_.tokens) {
    const TokenShape& shape = *manifest_.tokens;
    EYECHART_CHECK(
        tokens.size() == static_cast<std::size_t>(n * shape.count * shape.dim) *
                             DTypeSize(options_.token_dtype),
        "tokens of shard {}", shard);
    tensors.emplace_back(
        "tokens",
        TensorView{options_.token_dtype, {n, shape.count, shape.dim}, tokens});
  }
  std::string content = SafetensorsHeader(tensors);
  content.reserve(content.size() + bytes.size() + tokens.size());
  content += AsText(bytes);
  content += AsText(tokens);
  // The rows first: a shard counts only once the manifest has its checksum.
  WriteFileAtomic(RowsPath(shard),
                  ItemsToCsv(std::vector<StoreItem>(rows.begin(), rows.end())));
  const auto index = static_cast<std::size_t>(shard);
  WriteFileAtomic(partial_ / manifest_.shards[index].file, content);
  manifest_.shards[index].sha256 = Sha256Hex(content);
  std::copy(rows.begin(), rows.end(), items_.begin() + shard_begin(shard));
  done_[index] = true;
  WriteManifest();
}

void FeatureStoreWriter::WriteManifest() {
  WriteFileAtomic(partial_ / "manifest.json",
                  ManifestToJson(manifest_).dump(1) + "\n");
}

void FeatureStoreWriter::Abandon() {
  std::error_code ignored;
  fs::remove_all(partial_, ignored);
  lock_.reset();
}

void FeatureStoreWriter::Finish() {
  if (complete_) return;
  EYECHART_CHECK(std::find(done_.begin(), done_.end(), false) == done_.end(),
                 "a shard is missing");
  const std::string items = ItemsToCsv(items_);
  WriteFileAtomic(partial_ / "items.csv", items);
  manifest_.items_sha256 = Sha256Hex(items);
  manifest_.complete = true;
  WriteManifest();
  std::error_code error;
  if (fs::exists(folder_)) fs::remove(folder_, error);  // empty, as checked
  fs::rename(partial_, folder_, error);
  EYECHART_REQUIRE(!error, "{}: cannot be renamed into place: {}",
                   partial_.string(), error.message());
  const fs::path parent = folder_.parent_path();
  SyncToDisk(parent.empty() ? fs::path(".") : parent);
  RemoveRows();
  lock_.reset();
  complete_ = true;
}

}  // namespace eyechart::data
