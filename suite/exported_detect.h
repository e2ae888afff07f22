// What task `detect` is of an exported detector: nothing is trained, its boxes
// are judged as a trained head's are.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/progress.h"
#include "core/record.h"
#include "data/boxes/box_dataset.h"
#include "encoders/loaded_model.h"
#include "probes/detection/transfer/find_boxes.h"

namespace eyechart::suite {

struct ExportedDetectJob {
  encoders::ModelSpec model;   // an exported detector's folder
  std::filesystem::path root;  // of the detection set
  std::string part;            // that is tested on; empty: test, or valid
  data::BoxOptions data;
  detection::FindOptions find;
  int resamples = 1000;  // of the bootstrap over test pictures
  /// Folder for detect.json, detections.json, truth.json, outcomes.csv and
  /// errors.json; empty: none.
  std::filesystem::path out;
};

struct ExportedDetectOutcome {
  Json json;                    // what detect.json holds
  std::string outcomes;         // CSV, a row a picture
  std::vector<Record> records;  // AP first
};

/// Tests and writes job.out. Throws InputError, Interrupted.
ExportedDetectOutcome RunExportedDetectJob(const ExportedDetectJob& job,
                                           Progress& progress);

}  // namespace eyechart::suite
