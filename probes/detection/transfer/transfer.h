// Detection transfer: how much of an encoder's picture survives where things
// are. One light head, trained by one recipe for all encoders: on frozen maps,
// or with the encoder's last blocks.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/progress.h"
#include "data/boxes/few_shot.h"
#include "probes/detection/transfer/detector.h"
#include "probes/detection/transfer/find_boxes.h"
#include "probes/detection/transfer/scores.h"
#include "probes/detection/transfer/train_detector.h"

namespace eyechart::detection {

struct TransferOptions {
  std::string head = "dense";  // or "set"
  std::int64_t width = 128;    // channels of the head's levels
  std::int64_t layers = 0;     // of its towers or decoder; 0: the kind's own
  /// Set heads: see HeadOptions. Off, as a step then takes 1.7 times as long
  /// for about a point of AP (docs/detection.md).
  std::int64_t denoising = 0;
  bool keep_aspect = false;  // see Canvas
  bool own_stages = false;   // of a hierarchical encoder: recorded
  /// Last blocks of the encoder, and the norm behind them, that are trained
  /// with the head, in float32; 0: the encoder is frozen.
  std::int64_t unfreeze = 0;
  /// Ways in which each training picture is laid, whose maps are kept; 0: anew
  /// each epoch, the encoder in the loop.
  std::int64_t variants = 4;
  /// Memory for kept maps, bytes; where it does not do, the encoder runs in the
  /// loop, on the same variants. With a model on CUDA the maps lie there if
  /// they take a quarter of its free memory at most, else on the host.
  std::int64_t cache_bytes = std::int64_t{4} << 30;
  JitterOptions jitter;
  TrainDetectorOptions train;  // steps, rate and so on; its seed is `seed`'s
  double epochs = 0;           // instead of train.steps; 0: those
  /// Share of the training pictures that is cut off, by seed, where the set has
  /// no validation part.
  double validation = 0.1;
  std::int64_t shots = 0;  // boxes a class to train on; 0: all
  data::ShotRule shot_rule = data::ShotRule::kBoxes;
  std::int64_t images = 0;  // pictures to train on; 0: all
  std::uint64_t seed = 0;   // of start values, order, jitter, cut and shots
  int runs = 1;             // seeds, from `seed` on
  FindOptions find;
  int resamples = 1000;  // of the bootstrap over test pictures
  std::int64_t encode_batch = 32;
  int workers = 0;  // decoding threads; 0: one a hardware thread
  /// Folder in which runs that differ in `find` alone share a training
  /// (TrainDetectorOptions::kept_looks): the first trains, the others judge the
  /// looks it kept by their own `find` and end at what they would have trained.
  /// Empty: none. It is the caller's to remove.
  std::filesystem::path shared;
};

struct TransferSets {
  data::BoxDataset train;
  data::BoxDataset validation;  // without pictures: cut from train
  data::BoxDataset test;
};

/// Reads the parts of `root`. `test` names the part that is tested on; empty:
/// test, or valid where there is no test part. `train` names that which is
/// trained on; empty: train, or trainval where there is none. Validation
/// pictures that are trained on too choose nothing: they are left out. Throws
/// InputError where a part is missing, where parts have other categories, where
/// a part that is trained on by name has pictures that are tested on, or where
/// there is nothing to train on.
TransferSets OpenTransferSets(const std::filesystem::path& root,
                              const std::string& test,
                              const data::BoxOptions& options,
                              const std::string& train = "");

/// The part of `root` that is tested on where nothing is trained: `part`, else
/// test, or valid, or the only one there is. Throws InputError.
data::BoxDataset OpenTestSet(const std::filesystem::path& root,
                             const std::string& part,
                             const data::BoxOptions& options);

/// One seed.
struct TransferRun {
  std::uint64_t seed = 0;
  TrainedDetector trained;
  DetectionScores scores;  // on the test part
  /// Where it was interrupted, all calls together; of a shared training, what
  /// that took when it was done.
  double train_seconds = 0;
};

struct TransferResult {
  TransferOptions options;
  std::vector<TransferRun> runs;
  // Of the first seed:
  Detector detector;
  std::vector<PictureBoxes> found;
  std::int64_t train_images = 0;
  std::int64_t train_boxes = 0;
  std::int64_t validation_images = 0;
  bool kept_maps = false;  // else the encoder ran in the loop
  double find_seconds = 0;
  /// What was odd in each part, in one line, and pictures that could not be
  /// read.
  std::vector<std::string> warnings;
};

/// What is settled of the first seed's training before a model is read.
struct TransferPlan {
  Json training;  // the recipe, as in Detector::training
  std::int64_t train_images = 0;
  std::int64_t train_boxes = 0;
  std::int64_t validation_images = 0;
};

/// Throws InputError where a part has no picture on disk.
TransferPlan PlanTransfer(const TransferSets& sets,
                          const TransferOptions& options);

/// Trains and tests a head a seed, on the model's device. `checkpoint`, a
/// folder, holds the state of an interrupted run, which the same call goes on
/// from, and the heads of the seeds that are trained; empty: none. It is the
/// caller's to remove, once the result is safe. Throws InputError, Interrupted.
TransferResult RunTransfer(encoders::LoadedModel& model,
                           const TransferSets& sets,
                           const TransferOptions& options,
                           const std::filesystem::path& checkpoint,
                           Progress& progress);

/// What a detector finds in a set.
struct AppliedDetector {
  std::vector<PictureBoxes> found;
  std::vector<std::string> problems;  // of pictures that could not be read
};

/// Finds boxes in a set with a detector that was trained before, and its own
/// blocks in place of the encoder's where it has some. On the model's device,
/// wherever the detector's head is.
AppliedDetector ApplyDetector(const Detector& detector,
                              encoders::LoadedModel& model,
                              const BoxExamples& examples,
                              const TransferOptions& options,
                              Progress& progress);

}  // namespace eyechart::detection
