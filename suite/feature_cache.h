// Feature stores of a run, made once for each encoder and data set however many
// tasks ask for them.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "core/progress.h"
#include "data/dataset.h"
#include "encoders/encode_dataset.h"
#include "suite/suite_spec.h"

namespace eyechart::suite {

/// A store and how it came to be.
struct CachedFeatures {
  std::filesystem::path folder;
  encoders::EncodeSummary summary;
};

class FeatureCache {
 public:
  /// Stores lie under `folder`, named after encoder, setting and data set.
  FeatureCache(std::filesystem::path folder, Progress& progress);

  /// Opens the data set, once. Throws InputError.
  const data::Dataset& Pictures(const DatasetSpec& spec);

  /// Encodes, or takes what is there. Throws InputError.
  const CachedFeatures& Encode(const EncoderSpec& encoder,
                               const DatasetSpec& dataset,
                               const encoders::EncodeOptions& options);

  /// Where a store lies that a task makes by itself; `name` says of what.
  std::filesystem::path StoreFolder(const EncoderSpec& encoder,
                                    const std::string& name) const;

 private:
  std::filesystem::path folder_;
  Progress& progress_;
  std::map<std::string, std::unique_ptr<data::Dataset>> datasets_;
  std::map<std::string, CachedFeatures> stores_;
};

/// Opens `spec`, cut to its limit. Throws InputError.
std::unique_ptr<data::Dataset> OpenDataset(const DatasetSpec& spec);

}  // namespace eyechart::suite
