// Noticing that a store changes while it is being read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/feature_store.h"

namespace eyechart::mining {

/// Remembers the files of a store as they were: which file it is, its size and
/// when it was written.
class StoreWatch {
 public:
  explicit StoreWatch(const data::FeatureStore& store);

  /// Throws InputError, naming the file, where one is not as it was.
  void Check() const;

  /// What the features are, as text: the manifest's content, and of shards
  /// whose checksum it does not tell, size and time.
  const std::string& identity() const { return identity_; }

 private:
  struct Entry {
    std::filesystem::path path;
    std::string state;  // empty: it is not there
  };
  static std::string StateOf(const std::filesystem::path& path);

  std::vector<Entry> files_;
  std::string identity_;
};

}  // namespace eyechart::mining
