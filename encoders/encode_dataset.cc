#include "encoders/encode_dataset.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <map>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/interrupt.h"
#include "data/feature_store_writer.h"
#include "encoders/batch_engine.h"
#include "encoders/batch_runner.h"
#include "encoders/pixel_loader.h"
#include "encoders/placement.h"
#include "encoders/shard_buffer.h"

namespace eyechart::encoders {
namespace {

constexpr std::int64_t kMaxShardBytes = std::int64_t{64} << 20;
constexpr std::int64_t kMaxShardPictures = 512;

DType StoredDType(c10::ScalarType type) {
  if (type == c10::kHalf) return DType::kF16;
  return type == c10::kBFloat16 ? DType::kBF16 : DType::kF32;
}

// Small enough that a killed run loses little and a shard of tokens fits in
// memory, but of whole batches: no forward pass crosses a shard, so that those
// of a resumed run are the same.
std::int64_t ShardSize(const data::StoreManifest& manifest,
                       DType tokens,
                       std::int64_t batch) {
  const std::int64_t pictures = std::clamp<std::int64_t>(
      kMaxShardBytes / ShardBuffer::Bytes(manifest, tokens, 1), 1,
      kMaxShardPictures);
  return (pictures + batch - 1) / batch * batch;
}

// Hands the pictures of one batch to `runner`, in groups of equal size, for
// `shard` from row `first` on. A fixed input size makes it one group.
void SubmitBatch(std::vector<LoadedPicture> batch,
                 std::int64_t first,
                 const std::shared_ptr<ShardBuffer>& shard,
                 BatchRunner& runner) {
  std::map<std::pair<int, int>, std::vector<std::int64_t>> groups;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (batch[i].status == "ok")
      groups[{batch[i].pixels.height, batch[i].pixels.width}].push_back(
          static_cast<std::int64_t>(i));
  }
  for (auto& [size, members] : groups) {
    const auto count = static_cast<std::int64_t>(members.size());
    const std::int64_t plane = std::int64_t{3} * size.first * size.second;
    const at::Tensor pixels =
        runner.HostPixels({count, 3, size.first, size.second});
    auto* out = pixels.mutable_data_ptr<float>();
    for (std::int64_t& member : members) {
      data::Pixels& picture = batch[static_cast<std::size_t>(member)].pixels;
      std::memcpy(out, picture.values.data(),
                  static_cast<std::size_t>(plane) * sizeof(float));
      out += plane;
      picture = {};  // not needed beside its copy while the model computes
      member += first;
    }
    runner.Submit(pixels, [shard, rows = std::move(members)](
                              const Features& features, std::int64_t begin) {
      shard->Put(features,
                 std::span(rows).subspan(
                     static_cast<std::size_t>(begin),
                     static_cast<std::size_t>(features.pooled.size(0))));
    });
  }
}

// Half precision on a processor that has no instructions for it.
bool ComputedInFloat(const LoadedModel& model) {
  const Placement placement =
      MakePlacement(ParseEncoderDType(model.dtype), model.device);
  return placement.dtype != placement.rounded;
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
  if (ComputedInFloat(model)) manifest.computed_in = "fp32";
  if (model.device.is_cuda()) manifest.tf32 = model.tf32 ? "on" : "off";
  manifest.pool = PoolName(model.pool);
  manifest.dim = model.encoder->info().PoolWidth(model.pool);
  if (model.pool == Pool::kBlocks)
    manifest.parts = model.encoder->info().block_parts;
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

bool RowIsFinite(std::span<const float> row) {
  return std::all_of(row.begin(), row.end(),
                     [](float value) { return std::isfinite(value); });
}

// What helps where features are no numbers.
std::string CureOf(const LoadedModel& model) {
  if (model.dtype == "fp16")
    return "fp16 ends at 65504, which this model's activations may pass: give "
           "--dtype bf16 or fp32";
  return "look for damaged weights, or a config of another model";
}

constexpr const char* kNotFinite = "its features are not finite numbers";

// Notes it in the rows whose features are no numbers, as of a picture that is
// too much for fp16: commands that read the store leave such rows out or name
// them. Throws InputError where they are all of the first shard that could be
// read: it is the model then.
void NoteFeaturesThatAreNotFinite(ShardBuffer& shard,
                                  const LoadedModel& model,
                                  bool first_shard) {
  const auto dim = shard.pooled().size() / shard.items.size();
  std::int64_t readable = 0, bad = 0;
  const data::StoreItem* first = nullptr;
  for (std::size_t i = 0; i < shard.items.size(); ++i) {
    data::StoreItem& item = shard.items[i];
    if (!item.ok()) continue;
    ++readable;
    if (RowIsFinite(shard.pooled().subspan(i * dim, dim))) continue;
    if (bad++ == 0) first = &item;
    item.note += item.note.empty() ? "" : "; ";
    item.note += kNotFinite;
  }
  EYECHART_REQUIRE(
      !first_shard || bad == 0 || bad < readable,
      "{}: the features of {} pictures, all of the first that could be read, "
      "are not finite numbers; the first is \"{}\" ({}); {}",
      model.checkpoint.name, bad, first->id, first->path, CureOf(model));
}

// Of a store that is whole; empty where all of its features are numbers.
std::string NotFiniteText(std::span<const data::StoreItem> items,
                          const LoadedModel& model) {
  std::int64_t bad = 0;
  const data::StoreItem* first = nullptr;
  for (const data::StoreItem& item : items)
    if (item.note.ends_with(kNotFinite) && bad++ == 0) first = &item;
  if (first == nullptr) return "";
  return fmt::format(
      "{}: the features of {} of {} pictures are not finite numbers; the first "
      "is \"{}\" ({}); {}",
      model.checkpoint.name, bad, items.size(), first->id, first->path,
      CureOf(model));
}

bool NothingDone(const data::FeatureStoreWriter& writer) {
  for (std::int64_t k = 0; k < writer.shard_count(); ++k)
    if (writer.done(k)) return false;
  return true;
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
  store_options.shard_size = ShardSize(identity, token_dtype, options.batch);
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

  BatchEngineOptions engine_options;
  engine_options.device = model.device;
  engine_options.request = {model.pool, options.tokens, false};
  engine_options.token_dtype = ParseEncoderDType(model.dtype);
  engine_options.cuda_graphs = options.cuda_graphs;
  engine_options.tf32 = model.tf32;
  const std::unique_ptr<BatchEngine> engine =
      BatchEngine::Create(*model.encoder, engine_options);
  BatchRunner runner(*engine, {options.batch, model.device.str()});

  EncodeSummary summary;
  progress.Begin("encoding " + model.checkpoint.name,
                 static_cast<std::int64_t>(dataset.size()));
  for (std::int64_t k = 0; k < writer.shard_count(); ++k) {
    const std::int64_t begin = writer.shard_begin(k);
    const std::int64_t n = writer.shard_end(k) - begin;
    const std::span<const data::StoreItem> items =
        std::span(writer.items())
            .subspan(static_cast<std::size_t>(begin),
                     static_cast<std::size_t>(n));
    const bool done = writer.done(k);
    // Shared: its last batch may be under way while the next shard begins.
    std::shared_ptr<ShardBuffer> shard;
    if (!done)
      shard = std::make_shared<ShardBuffer>(identity, token_dtype, items);
    for (std::int64_t row = 0; row < n; row += options.batch) {
      ThrowIfInterrupted();
      const std::int64_t size = std::min<std::int64_t>(options.batch, n - row);
      std::vector<LoadedPicture> batch;
      for (std::int64_t i = 0; i < size; ++i) {
        batch.push_back(loader.Next());
        const auto at = static_cast<std::size_t>(row + i);
        if (done) {
          RequireUnchanged(batch.back(), items[at], folder);
          continue;
        }
        shard->items[at].status = batch.back().status;
        shard->items[at].note = batch.back().note;
        shard->items[at].sha256 = batch.back().sha256;
      }
      if (!done) {
        SubmitBatch(std::move(batch), row, shard, runner);
        summary.encoded += size;
      }
      progress.Update(begin + row + size);
    }
    if (!done)
      runner.Then([&writer, &model, k, shard] {
        const bool first = NothingDone(writer);
        try {
          NoteFeaturesThatAreNotFinite(*shard, model, first);
        } catch (const InputError&) {
          // What is left would stand in the way of another --dtype.
          writer.Abandon();
          throw;
        }
        writer.WriteShard(k, shard->pooled(), shard->tokens(), shard->items);
      });
  }
  runner.Finish();
  summary.batch = runner.batch();
  summary.warnings = model.checkpoint.notes;
  for (std::string& warning : runner.Warnings())
    summary.warnings.push_back(std::move(warning));
  if (ComputedInFloat(model))
    summary.warnings.push_back(fmt::format(
        "{} is rounded to {} and computed with in fp32: this processor has no "
        "instructions for it",
        model.checkpoint.name, model.dtype));
  progress.End();
  CountItems(writer.items(), summary);
  if (std::string odd = NotFiniteText(writer.items(), model); !odd.empty())
    summary.warnings.push_back(std::move(odd));
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
