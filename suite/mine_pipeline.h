// From two feature stores to the files of a mining run.
#pragma once

#include <filesystem>
#include <string>

#include "core/json.h"
#include "core/progress.h"
#include "data/dataset.h"
#include "mining/mine.h"

namespace eyechart::suite {

struct MineJob {
  std::filesystem::path near_store;
  std::filesystem::path far_store;
  mining::MineOptions options;
  std::int64_t top = 0;       // rows of pairs.csv; 0: every blind pair
  bool gallery = false;       // gallery.html and gallery.json as well
  double encode_seconds = 0;  // of the stores, for the report
  std::string command;        // what repeats it, shown in the gallery
  /// The pictures, for the gallery; matched to the store by id.
  const data::Dataset* pictures = nullptr;
  std::filesystem::path out;  // folder; made if need be
};

struct MineOutcome {
  mining::MiningResult result;
  Json json;  // what mining.json holds and --json prints
};

/// Verifies the stores' checksums, mines and writes pairs.csv, mining.json and,
/// if asked, the gallery, each whole or not at all. Throws InputError.
MineOutcome MineToFolder(const MineJob& job, Progress& progress);

}  // namespace eyechart::suite
