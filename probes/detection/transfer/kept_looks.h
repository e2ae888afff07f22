// The weights of every look of a training run, kept for runs that would train
// the same and differ in how the looks are judged alone.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/folder_lock.h"
#include "probes/detection/detection_head.h"
#include "probes/detection/transfer/train_detector.h"

namespace eyechart::detection {

/// What is known of a run that has ended, whoever judges its looks.
struct EndedTraining {
  /// All rows, those of looks with `kept`; without validation figures, NaN.
  std::vector<TrainLogRow> log;
  double seconds = 0;                 // all calls together
  std::vector<std::string> problems;  // of training pictures
};

/// A folder of one run: step-N.safetensors a look, and ended.json, which is
/// written last and says which they are. Locked as long as this lives: another
/// process that wants the same training waits for it.
class KeptLooks {
 public:
  /// `identity` says all that the weights depend on. Throws InputError where
  /// the folder cannot be made, Interrupted on a signal while waiting.
  KeptLooks(std::filesystem::path folder, const std::string& identity);

  /// Writes the weights of the look after `step` steps, in the place of those
  /// that an interrupted run left; returns the file's SHA-256, for
  /// TrainLogRow::kept. Throws InputError.
  std::string Keep(std::int64_t step, const NamedTensors& weights) const;

  /// Writes ended.json. Throws InputError.
  void End(const EndedTraining& ended) const;

  /// What End wrote; nothing where there is none, where it is of another
  /// identity or damaged, or where a look's file is not as Keep wrote it or
  /// holds other tensors than `weights` has.
  std::optional<EndedTraining> Ended(const NamedTensors& weights) const;

  /// The weights of the look after `step` steps. Throws InputError.
  NamedTensors WeightsOf(std::int64_t step) const;

 private:
  std::filesystem::path FileOf(std::int64_t step) const;

  std::filesystem::path folder_;
  std::string identity_;  // its SHA-256
  FolderLock lock_;
};

}  // namespace eyechart::detection
