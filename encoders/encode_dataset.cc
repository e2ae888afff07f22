#include "encoders/encode_dataset.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <map>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/interrupt.h"
#include "data/feature_store_writer.h"
#include "encoders/pixel_loader.h"

namespace eyechart::encoders {
namespace {

constexpr std::int64_t kMaxShardBytes = std::int64_t{64} << 20;
constexpr std::int64_t kMaxShardPictures = 512;

DType StoredDType(c10::ScalarType type) {
  if (type == c10::kHalf) return DType::kF16;
  return type == c10::kBFloat16 ? DType::kBF16 : DType::kF32;
}

c10::ScalarType TorchDType(DType type) {
  if (type == DType::kF16) return c10::kHalf;
  return type == DType::kBF16 ? c10::kBFloat16 : c10::kFloat;
}

// Small enough that a killed run loses little and a shard of tokens fits in
// memory; fixed by the shapes alone, so that a resumed run cuts alike.
std::int64_t ShardSize(const data::StoreManifest& manifest, DType tokens) {
  std::int64_t bytes = manifest.dim * 4;
  if (manifest.tokens)
    bytes += manifest.tokens->count * manifest.tokens->dim *
             static_cast<std::int64_t>(DTypeSize(tokens));
  return std::clamp<std::int64_t>(kMaxShardBytes / bytes, 1, kMaxShardPictures);
}

// The features of one shard while it is being filled.
struct ShardBuffer {
  std::vector<float> pooled;
  std::vector<std::byte> tokens;
  std::vector<data::StoreItem> rows;
};

// Encodes the pictures of one batch, in groups of equal size, into `shard` from
// row `first` on. A fixed input size makes it one group.
void EncodeBatch(LoadedModel& model,
                 const std::vector<LoadedPicture>& batch,
                 std::int64_t first,
                 const data::StoreManifest& manifest,
                 DType token_dtype,
                 ShardBuffer& shard) {
  std::map<std::pair<int, int>, std::vector<std::size_t>> groups;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (batch[i].status == "ok")
      groups[{batch[i].pixels.height, batch[i].pixels.width}].push_back(i);
  }
  const EncodeRequest request{model.pool, manifest.tokens.has_value(), false};
  const std::int64_t dim = manifest.dim;
  for (const auto& [size, members] : groups) {
    const auto count = static_cast<std::int64_t>(members.size());
    const std::int64_t plane = std::int64_t{3} * size.first * size.second;
    at::Tensor pixels = at::empty({count, 3, size.first, size.second});
    auto* out = pixels.mutable_data_ptr<float>();
    for (std::size_t k = 0; k < members.size(); ++k)
      std::memcpy(out + static_cast<std::int64_t>(k) * plane,
                  batch[members[k]].pixels.values.data(),
                  static_cast<std::size_t>(plane) * sizeof(float));
    Features features = model.encoder->Encode(pixels, request);
    const at::Tensor pooled =
        features.pooled.to(c10::kCPU, c10::kFloat).contiguous();
    EYECHART_CHECK(pooled.size(1) == dim, "pooled width {}", pooled.size(1));
    at::Tensor tokens;
    std::int64_t token_bytes = 0;
    if (manifest.tokens) {
      tokens =
          features.tokens.to(c10::kCPU, TorchDType(token_dtype)).contiguous();
      EYECHART_CHECK(tokens.size(1) == manifest.tokens->count, "tokens {}",
                     tokens.size(1));
      token_bytes = static_cast<std::int64_t>(tokens.nbytes()) / count;
    }
    for (std::size_t k = 0; k < members.size(); ++k) {
      const std::int64_t row = first + static_cast<std::int64_t>(members[k]);
      const auto source = static_cast<std::int64_t>(k);
      std::memcpy(shard.pooled.data() + row * dim,
                  pooled.const_data_ptr<float>() + source * dim,
                  static_cast<std::size_t>(dim) * sizeof(float));
      if (token_bytes > 0)
        std::memcpy(shard.tokens.data() + row * token_bytes,
                    static_cast<const std::byte*>(tokens.const_data_ptr()) +
                        source * token_bytes,
                    static_cast<std::size_t>(token_bytes));
    }
  }
}

data::StoreManifest MakeIdentity(const LoadedModel& model,
                                 const data::Dataset& dataset,
                                 const EncodeOptions& options) {
  data::StoreManifest manifest;
  manifest.model = model.checkpoint.name;
  manifest.family = model.encoder->info().family;
  manifest.weights_sha256 = model.weights_sha256;
  manifest.preprocess = data::PreprocessToJson(model.preprocess);
  manifest.preprocess_sha256 = data::PreprocessSha256(model.preprocess);
  manifest.dataset = dataset.name();
  manifest.dtype = model.dtype;
  manifest.pool = PoolName(model.pool);
  manifest.dim = model.encoder->info().pools.at(model.pool);
  if (options.tokens) {
    const data::InputSize size = data::FixedInputSize(model.preprocess);
    EYECHART_REQUIRE(size.height > 0,
                     "--tokens: pictures of this processor come in varying "
                     "sizes; give --resolution N or HxW");
    manifest.tokens =
        data::TokenShape{model.encoder->TokenCount(size.height, size.width),
                         model.encoder->info().token_width};
  }
  return manifest;
}

std::vector<data::StoreItem> ItemsOf(const data::Dataset& dataset) {
  std::vector<data::StoreItem> items;
  items.reserve(dataset.size());
  for (std::size_t i = 0; i < dataset.size(); ++i) {
    const data::Item& item = dataset.item(i);
    items.push_back({item.id, item.path, item.label, "", "", ""});
  }
  return items;
}

// Fills the rest of `summary` from the finished rows.
void CountItems(const std::vector<data::StoreItem>& items,
                EncodeSummary& summary) {
  summary.images = static_cast<std::int64_t>(items.size());
  for (const data::StoreItem& item : items) {
    if (!item.note.empty()) ++summary.noted;
    if (item.ok()) continue;
    ++summary.unreadable;
    if (summary.first_problem.empty())
      summary.first_problem = item.id + ": " + item.status;
  }
}

void RequireUnchanged(const LoadedPicture& picture,
                      const data::StoreItem& row,
                      const std::filesystem::path& folder) {
  EYECHART_REQUIRE(picture.sha256 == row.sha256,
                   "{}: picture \"{}\" has changed since its features were "
                   "stored; remove the store or write to another folder",
                   folder.string(), row.id);
}

}  // namespace

EncodeSummary EncodeDataset(LoadedModel& model,
                            const data::Dataset& dataset,
                            const std::filesystem::path& folder,
                            const EncodeOptions& options,
                            Progress& progress) {
  EYECHART_REQUIRE(options.batch > 0, "--batch {}: should be at least 1",
                   options.batch);
  const auto start = std::chrono::steady_clock::now();
  const data::StoreManifest identity = MakeIdentity(model, dataset, options);
  const DType token_dtype = StoredDType(ParseEncoderDType(model.dtype));
  data::StoreWriteOptions store_options;
  store_options.token_dtype = token_dtype;
  store_options.shard_size = ShardSize(identity, token_dtype);
  data::FeatureStoreWriter writer(folder, identity, ItemsOf(dataset),
                                  store_options);

  std::vector<bool> decode(dataset.size());
  for (std::int64_t k = 0; k < writer.shard_count(); ++k)
    std::fill(decode.begin() + writer.shard_begin(k),
              decode.begin() + writer.shard_end(k), !writer.done(k));
  PixelLoaderOptions loader_options;
  loader_options.workers = options.workers;
  loader_options.capacity = 2 * std::int64_t{options.batch};
  PixelLoader loader(dataset, model.preprocess, std::move(decode),
                     loader_options);

  EncodeSummary summary;
  progress.Begin("encoding " + model.checkpoint.name,
                 static_cast<std::int64_t>(dataset.size()));
  ShardBuffer shard;
  for (std::int64_t k = 0; k < writer.shard_count(); ++k) {
    const std::int64_t begin = writer.shard_begin(k);
    const std::int64_t n = writer.shard_end(k) - begin;
    const bool done = writer.done(k);
    if (!done) {
      shard.pooled.assign(static_cast<std::size_t>(n * identity.dim), 0.0f);
      if (identity.tokens)
        shard.tokens.assign(
            static_cast<std::size_t>(n * identity.tokens->count *
                                     identity.tokens->dim) *
                DTypeSize(token_dtype),
            std::byte{0});
      shard.rows.assign(writer.items().begin() + begin,
                        writer.items().begin() + begin + n);
    }
    for (std::int64_t row = 0; row < n; row += options.batch) {
      ThrowIfInterrupted();
      const std::int64_t size = std::min<std::int64_t>(options.batch, n - row);
      std::vector<LoadedPicture> batch;
      for (std::int64_t i = 0; i < size; ++i) {
        batch.push_back(loader.Next());
        const auto at = static_cast<std::size_t>(row + i);
        if (done) {
          RequireUnchanged(batch.back(),
                           writer.items()[static_cast<std::size_t>(begin) + at],
                           folder);
          continue;
        }
        shard.rows[at].status = batch.back().status;
        shard.rows[at].note = batch.back().note;
        shard.rows[at].sha256 = batch.back().sha256;
      }
      if (!done) {
        EncodeBatch(model, batch, row, identity, token_dtype, shard);
        summary.encoded += size;
      }
      progress.Update(begin + row + size);
    }
    if (!done) writer.WriteShard(k, shard.pooled, shard.tokens, shard.rows);
  }
  progress.End();
  CountItems(writer.items(), summary);
  if (summary.unreadable == summary.images) {
    writer.Abandon();
    ThrowInput("{}: none of the {} pictures could be read; the first is {}",
               dataset.name(), summary.images, summary.first_problem);
  }
  writer.Finish();
  summary.items_sha256 = writer.manifest().items_sha256;
  summary.preprocess_sha256 = identity.preprocess_sha256;
  summary.weights_sha256 = identity.weights_sha256;
  summary.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count();
  return summary;
}

}  // namespace eyechart::encoders
