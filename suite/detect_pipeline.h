// Detection transfer from a checkpoint and a detection set to a folder of
// results; the command and the task kind share it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/progress.h"
#include "core/record.h"
#include "data/boxes/box_dataset.h"
#include "encoders/loaded_model.h"
#include "probes/detection/transfer/box_set_hash.h"
#include "probes/detection/transfer/transfer.h"

namespace eyechart::suite {

struct DetectJob {
  detection::TransferOptions options;
  std::filesystem::path root;  // of the detection set
  std::string train;  // part that is trained on; empty: train, or trainval
  std::string test;   // part that is tested on; empty: test, or valid
  data::BoxOptions data;
  /// Folder for detect.json, log.csv, detections.json, truth.json,
  /// outcomes.csv, errors.json and the detector; empty: none.
  std::filesystem::path out;
};

/// Checks what needs no data. Throws InputError.
void RequireDetectJob(const DetectJob& job);

struct DetectOutcome {
  detection::TransferResult result;
  Json json;                   // what detect.json holds
  std::string outcomes;        // CSV, a row a picture
  std::string dataset_sha256;  // of the test part's lists
};

/// Trains, tests and writes job.out. An interrupted job goes on in the next
/// call with the same one; what it needs for that, the heads of the seeds that
/// are trained among it, stays in job.out until RemoveTrainState. Throws
/// InputError, Interrupted.
DetectOutcome RunDetectJob(encoders::LoadedModel& model,
                           const DetectJob& job,
                           Progress& progress);

/// The same on the parts of job.root, read before.
DetectOutcome RunDetectJob(encoders::LoadedModel& model,
                           const detection::TransferSets& sets,
                           const DetectJob& job,
                           Progress& progress);

/// Removes the state of the training that made `out`: for callers of
/// RunDetectJob, once all that they write themselves stands.
void RemoveTrainState(const std::filesystem::path& out);

/// What detect.json will hold of that which two results must have in common to
/// be compared, before a model is read. Throws InputError.
Json PlanDetectJob(const detection::TransferSets& sets, const DetectJob& job);

/// The records of a job that was done, AP first; the caller knows cell, run and
/// times.
std::vector<Record> DetectRecords(const DetectOutcome& made);

using detection::BoxSetSha256;

/// Pictures in errors.json.
inline constexpr std::int64_t kWorstPictures = 24;

/// The pictures of `test` in which most went wrong, `count` at most: each with
/// a thumbnail, its boxes and those found, as parts of its sides, and what was
/// missed and made up. `decode` is how the detector saw them. Pictures that
/// could not be read are left out.
Json WorstPictures(const data::BoxDataset& test,
                   const std::vector<detection::PictureBoxes>& found,
                   std::int64_t count,
                   const data::DecodeOptions& decode);

}  // namespace eyechart::suite
