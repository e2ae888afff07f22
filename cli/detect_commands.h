// The subcommands of `detect`, and what they share.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/options.h"
#include "suite/detect_pipeline.h"

namespace eyechart::cli {

Runner AddDetectCheck(Arguments& app);
Runner AddDetectCompare(Arguments& app);
Runner AddDetectEval(Arguments& app);
Runner AddDetectPredict(Arguments& app);
Runner AddDetectRf100(Arguments& app);
Runner AddDetectTrain(Arguments& app);

/// Whose suppression a dense head's boxes go through; filled by AddNmsFlags.
struct NmsFlags {
  std::string nms = "torchvision";
  std::string classes = "aware";
  double sigma = detection::NmsOptions().sigma;
};

void AddNmsFlags(Arguments& app, NmsFlags& flags);
/// Throws InputError for a text that is none of its choices, and where the IoU
/// in `options`, which is set already, does not suit them.
void SetNms(const NmsFlags& flags, detection::NmsOptions& options);

/// How a head is trained and tested; filled by AddTransferFlags.
struct TransferFlags {
  detection::TransferOptions options;
  NmsFlags nms;
  std::string stages = "last";
  std::string shot_rule = "boxes";
  std::string keep = "best";
  double cache_gb = 4;
  std::vector<std::int64_t> images = {0};  // to train on, each a run of its own
};

void AddTransferFlags(Arguments& app, TransferFlags& flags);
/// What boxes are kept: scores, overlap, numbers.
void AddFindFlags(Arguments& app, detection::TransferOptions& options);
/// The intervals of figures, for commands that have some.
void AddBootstrapFlag(Arguments& app, detection::TransferOptions& options);
/// Throws InputError for a text that is none of its choices.
detection::TransferOptions TransferOptionsOf(const TransferFlags& flags);

/// The parts of a set that a head is trained and tested on.
void AddPartFlags(Arguments& app, suite::DetectJob& job);

/// How a detection set is read; filled by AddBoxFlags.
struct BoxFlags {
  data::BoxOptions options;
  bool edges = false;  // VOC corners are edges
};

void AddBoxFlags(Arguments& app, BoxFlags& flags);
data::BoxOptions BoxOptionsOf(const BoxFlags& flags);

/// The part of the set at `root` that was named, or test, or valid, or the only
/// one. Throws InputError.
data::BoxDataset OpenTestPart(const std::string& root,
                              const std::string& part,
                              const BoxFlags& flags);

/// COCO's figures of `json` as lines for people.
void PrintDetectionScores(const Json& json);

}  // namespace eyechart::cli
