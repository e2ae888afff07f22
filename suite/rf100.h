// Roboflow-100's protocol: a head on every set of a folder, means by domain.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/progress.h"
#include "core/statistics.h"
#include "encoders/loaded_model.h"
#include "suite/detect_pipeline.h"

namespace eyechart::suite {

/// One set of the folder, done, failed or skipped.
struct Rf100Row {
  std::string slug;
  std::string domain;
  std::string error;     // empty: it was done
  bool skipped = false;  // it is no set at all, as `error` says
  std::int64_t train = 0;
  std::int64_t test = 0;
  std::vector<double> ap;  // a seed each; empty: the test part has no truth
  std::vector<double> ap50;
  std::vector<std::string> warnings;  // of its training and testing
};

/// A mean over sets, a seed each.
struct Rf100Mean {
  std::string domain;
  std::int64_t sets = 0;
  std::vector<double> ap;
  std::vector<double> ap50;
};

struct Rf100Result {
  std::vector<std::uint64_t> seeds;
  std::vector<Rf100Row> rows;      // by slug
  std::vector<Rf100Mean> domains;  // means over their sets, by name
  std::optional<Rf100Mean> sets;   // mean over the sets
  std::optional<Rf100Mean> means;  // mean of the domains' means: the headline
};

/// What seeds say of one figure.
struct SeedSpread {
  double mean = 0;
  double deviation = 0;        // of the seeds, n - 1; 0 of a single one
  std::optional<Interval> ci;  // of the mean, Student's t; two seeds or more
};
SeedSpread SpreadOfSeeds(const std::vector<double>& values);

/// Means of the rows that were done and have a score, all with as many seeds.
Rf100Result SummarizeRf100(std::vector<Rf100Row> rows);

/// Runs `job` on every set under `root`, each with a folder `job.out`/SLUG. One
/// that was done with the same settings, pictures and boxes is taken as it is;
/// one that fails is a row, and so is a folder that is no set, but for
/// `job.out`. Throws InputError where `root` holds no set, Interrupted.
Rf100Result RunRf100(encoders::LoadedModel& model,
                     const std::filesystem::path& root,
                     const DetectJob& job,
                     Progress& progress);

/// `seeds`, `sets`, `domains`, `mean_of_sets`, `mean_of_domains`, the last four
/// with the published scores beside ours where there are some, and where they
/// come from. AP and AP50 are means over the seeds; of two seeds or more `runs`
/// has each one's, deviation and interval.
Json Rf100ToJson(const Rf100Result& result);

/// The published table of RF100-VL: `what`, `rows`.
Json Rf100VlToJson();

}  // namespace eyechart::suite
