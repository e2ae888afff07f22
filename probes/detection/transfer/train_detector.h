// Training a detection head on the maps of an encoder that is frozen, or but
// for its last blocks.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "core/progress.h"
#include "probes/detection/detection_head.h"
#include "probes/detection/transfer/map_source.h"

namespace eyechart::detection {

struct TrainDetectorOptions {
  std::int64_t steps = 1500;
  std::int64_t batch = 8;  // pictures a step; all where there are fewer
  /// Peak of the learning rate; 0: kDefaultRate.
  double rate = 0;
  /// Rate of an encoder's blocks that are trained too, as a part of the head's:
  /// a tenth is DETR's (1e-5 beside 1e-4; Carion et al. 2020) and RT-DETR's.
  double unfreeze_rate_factor = 0.1;
  std::int64_t warmup = 100;  // steps of a linear rise of the rate
  double decay = 0.05;        // AdamW's, of weights
  double clip = 10;           // norm that gradients are cut to
  double average = 0.998;     // decay of the moving average; 0: none
  std::uint64_t seed = 0;     // of the order
  /// Looks at the validation pictures, evenly over the run; the last step is
  /// one.
  std::int64_t looks = 10;
  /// Stop after so many looks without a better one; 0: never.
  std::int64_t patience = 0;
  /// Keep the head as at its best look, else as at the end.
  bool keep_best = true;
  /// File of the run's state; empty: none is kept.
  std::filesystem::path checkpoint;
  double checkpoint_seconds = 60;
  /// Says all that the run depends on; a checkpoint of another is refused.
  std::string identity;
  /// Folder that keeps the weights of all looks (kept_looks.h), for runs that
  /// differ in what `validate` says alone: where one has ended there, its looks
  /// are judged anew and no step is taken. Empty: none; and none with patience,
  /// with which the judgement ends the run, nor where blocks are trained too.
  std::filesystem::path kept_looks;
  /// Says all that the weights of the looks depend on: `identity` without the
  /// judgement, and what rounds otherwise.
  std::string kept_identity;
  /// What `validate` reads, for its pictures that could not be read; may be
  /// null.
  const MapSource* validation = nullptr;
};

/// One line of the training log.
struct TrainLogRow {
  std::int64_t step = 0;  // steps done
  double rate = 0;
  double norm = 0;  // of the gradient, before it was cut; mean since the last
  /// Means since the last row, by name; the whole is their sum.
  std::vector<std::pair<std::string, double>> losses;
  /// AP and AP50 on the validation pictures; NaN where that was not looked at.
  double validation_ap = 0;
  double validation_ap50 = 0;
  /// SHA-256 of the file that keeps the weights looked at; empty: none does.
  std::string kept = {};
};

struct TrainedDetector {
  std::vector<TrainLogRow> log;
  std::int64_t steps = 0;       // done in all
  std::int64_t steps_here = 0;  // in this call: fewer where it went on
  /// All calls together; of looks that another run kept, what that one took.
  double seconds = 0;
  bool stopped_early = false;
  std::int64_t best_step = 0;  // of the look that was kept; 0: the end
  /// AP on the validation pictures of the head that was kept; NaN: none there.
  double validation_ap = 0;
  /// Of pictures that could not be read, in training and by `validate`, all
  /// calls together.
  std::vector<std::string> problems;
  std::vector<std::string> validation_problems;
};

/// AP and AP50 of the head on the validation pictures; the first decides.
using ValidateDetector =
    std::function<std::pair<double, double>(const DetectionHead&)>;

/// The parameters of `blocks`, "blocks.11.qkv.weight": what they are trained
/// and filed as.
NamedTensors BlockParameters(const encoders::TrainableBlocks& blocks);

/// Of all kinds of heads. Published set decoders take 1e-4 to 2e-4, over runs a
/// hundred times as long; docs/detection.md has what 3e-4 gave here.
constexpr double kDefaultRate = 1e-3;

/// Trains `head`, which is on the device of the source's model, and the
/// source's blocks where it has some, which end as their average (of the best
/// look, where one is kept). `validate` may be empty. An interrupted run leaves
/// its checkpoint and throws Interrupted; the same call goes on from there to
/// the same weights, bit for bit, on the CPU with the same threads. A
/// checkpoint serves on any device; on another one, and on CUDA, the weights it
/// ends at differ by rounding. At the end the checkpoint holds the weights that
/// are kept, which the same call then takes without a step: it is the caller's
/// to remove, once what is made of them is safe. With `kept_looks` a run that
/// another one has trained ends as if it had been trained here. Throws
/// InputError for a checkpoint of another run, and where a loss is not finite.
TrainedDetector TrainDetector(DetectionHead& head,
                              MapSource& source,
                              const ValidateDetector& validate,
                              const TrainDetectorOptions& options,
                              Progress& progress);

/// The log as CSV: step, rate, gradient_norm, loss, a column a term,
/// validation_ap, validation_ap50 (empty where not looked at).
std::string LogToCsv(const std::vector<TrainLogRow>& log);

}  // namespace eyechart::detection
