// From two feature stores to the files of a mining run.
#pragma once

#include <filesystem>
#include <string>

#include "core/json.h"
#include "core/progress.h"
#include "data/dataset.h"
#include "mining/mine.h"
#include "mining/pair_selection.h"
#include "probes/multiple_choice/benchmark.h"

namespace eyechart::suite {

struct MineJob {
  std::filesystem::path near_store;
  std::filesystem::path far_store;
  mining::MineOptions options;
  mining::PairSelectionOptions select;  // which blind pairs are kept
  std::int64_t top = 0;                 // rows of pairs.csv; 0: every kept pair
  bool copies = false;  // copies.csv; the gallery looks for them anyway
  /// A folder for the first pairs as questions still to be written; empty:
  /// none.
  std::filesystem::path questions;
  bool gallery = false;       // gallery.html and gallery.json as well
  double encode_seconds = 0;  // of the stores, for the report
  std::string command;        // what repeats it, shown in the gallery
  /// The pictures, for the gallery, the copies and the questions; matched to
  /// the store by id.
  const data::Dataset* pictures = nullptr;
  /// Pairs that differ in a known property, to name it; null: none are known.
  const multiple_choice::Benchmark* benchmark = nullptr;
  std::filesystem::path out;  // folder; made if need be
};

struct MineOutcome {
  /// With every blind pair, the kept ones of which are in the files.
  mining::MiningResult result;
  Json json;  // what mining.json holds and --json prints
};

/// Throws the InputError of a job that can be known to fail before anything is
/// encoded.
void RequireMineJob(const MineJob& job);

/// Verifies the stores' checksums, mines and writes pairs.csv, mining.json and,
/// if asked, the gallery, copies.csv and the folder of questions, each whole or
/// not at all. A search that was broken off is gone on with from
/// mining.partial. Throws InputError.
MineOutcome MineToFolder(const MineJob& job, Progress& progress);

}  // namespace eyechart::suite
