// Roboflow-100's protocol: a head on every set of a folder, means by domain.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/progress.h"
#include "encoders/loaded_model.h"
#include "suite/detect_pipeline.h"

namespace eyechart::suite {

/// One set of the folder, done or failed.
struct Rf100Row {
  std::string slug;
  std::string domain;
  std::string error;  // empty: it was done
  std::int64_t train = 0;
  std::int64_t test = 0;
  double ap = 0;
  double ap50 = 0;
  std::vector<std::string> warnings;  // of its training and testing
};

struct Rf100Mean {
  std::string domain;
  std::int64_t sets = 0;
  double ap = 0;
  double ap50 = 0;
};

struct Rf100Result {
  std::vector<Rf100Row> rows;      // by slug
  std::vector<Rf100Mean> domains;  // means over their sets, by name
  std::optional<Rf100Mean> sets;   // mean over the sets
  std::optional<Rf100Mean> means;  // mean of the domains' means: the headline
};

/// Means of the rows that were done.
Rf100Result SummarizeRf100(std::vector<Rf100Row> rows);

/// Runs `job` on every set under `root`, each with a folder `job.out`/SLUG. One
/// that was done with the same settings, pictures and boxes is taken as it is;
/// one that fails is a row. Throws InputError where `root` holds no set,
/// Interrupted.
Rf100Result RunRf100(encoders::LoadedModel& model,
                     const std::filesystem::path& root,
                     const DetectJob& job,
                     Progress& progress);

/// `sets`, `domains`, `mean_of_sets`, `mean_of_domains`, each with the
/// published scores beside ours where there are some, and where they come from.
Json Rf100ToJson(const Rf100Result& result);

}  // namespace eyechart::suite
