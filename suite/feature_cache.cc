#include "suite/feature_cache.h"

#include <utility>

#include "core/files.h"
#include "core/record.h"
#include "data/first_items.h"
#include "data/label_names.h"
#include "probes/multiple_choice/benchmark_kind.h"

namespace eyechart::suite {

FeatureCache::FeatureCache(std::filesystem::path folder, Progress& progress)
    : folder_(std::move(folder)), progress_(progress) {}

std::unique_ptr<data::Dataset> OpenDataset(const DatasetSpec& spec) {
  std::unique_ptr<data::Dataset> dataset;
  if (multiple_choice::FindBenchmarkKind(spec.options.kind) != nullptr) {
    multiple_choice::ReadOptions read;
    read.path = spec.options.path;
    read.root = spec.options.root;
    read.kind = spec.options.kind;
    dataset = multiple_choice::BenchmarkPictures(
        multiple_choice::ReadBenchmark(read));
  } else {
    dataset = data::Dataset::Create(spec.options);
  }
  if (spec.limit > 0)
    dataset = data::FirstItems(std::move(dataset),
                               static_cast<std::size_t>(spec.limit));
  if (!spec.label_names.empty())
    dataset = data::WithLabelNames(std::move(dataset), spec.label_names);
  return dataset;
}

std::filesystem::path FeatureCache::StoreFolder(const EncoderSpec& encoder,
                                                const std::string& name) const {
  CreateFolder(folder_);
  return folder_ / CellSlug(encoder.name + "/" + SettingText(encoder.setting) +
                            "/" + name);
}

const data::Dataset& FeatureCache::Pictures(const DatasetSpec& spec) {
  std::unique_ptr<data::Dataset>& dataset = datasets_[spec.name];
  if (!dataset) dataset = OpenDataset(spec);
  return *dataset;
}

const CachedFeatures& FeatureCache::Encode(
    const EncoderSpec& encoder,
    const DatasetSpec& dataset,
    const encoders::EncodeOptions& options) {
  const std::string name =
      encoder.name + "/" + SettingText(encoder.setting) + "/" + dataset.name;
  const std::string with_tokens = CellSlug(name + "/tokens");
  const std::string key = options.tokens ? with_tokens : CellSlug(name);
  // A store with tokens has the pooled features too.
  for (const std::string& one : {key, with_tokens}) {
    const auto known = stores_.find(one);
    if (known != stores_.end()) return known->second;
  }
  const data::Dataset& pictures = Pictures(dataset);
  CreateFolder(folder_);
  CachedFeatures features;
  features.folder = folder_ / key;
  encoders::LoadedModel model = encoders::LoadModel(encoder.model);
  features.summary = encoders::EncodeDataset(model, pictures, features.folder,
                                             options, progress_);
  return stores_.emplace(key, std::move(features)).first->second;
}

}  // namespace eyechart::suite
