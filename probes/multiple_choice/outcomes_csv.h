// outcomes.csv: one row an item.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "probes/multiple_choice/benchmark.h"
#include "probes/multiple_choice/result.h"

namespace eyechart::multiple_choice {

/// `id,truth,prediction,correct,score,pair,pattern,step,status,pair_correct,
/// pair_cosine,pair_rank,read`, in the benchmark's order. `correct` is 0 or 1;
/// it and what follows from it are empty where nothing was asked.
std::string OutcomesToCsv(const Benchmark& benchmark, const Result& result);

/// One row, as another run wrote it.
struct OutcomeRow {
  std::string truth;
  std::string pair;
  bool correct = false;
};

/// Reads `id`, `correct` and, where they are there, `truth` and `pair`, by id.
/// Throws InputError naming file and row: a missing column, a repeated id, a
/// `correct` other than 0 or 1.
std::map<std::string, OutcomeRow> ReadOutcomes(
    const std::filesystem::path& file);

}  // namespace eyechart::multiple_choice
