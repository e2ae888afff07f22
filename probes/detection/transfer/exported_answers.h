// What an exported detector's program gives, and how it is read as boxes.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "encoders/exported_program.h"
#include "probes/detection/detection_head.h"
#include "probes/detection/transfer/canvas.h"

namespace eyechart::detection {

/// One answer among the program's results.
struct AnswerPlace {
  const char* key = "";   // of "detector", for errors
  Json output;            // an index into the results, or a dictionary's key
  std::int64_t from = 0;  // first of a box's values
  std::int64_t to = -1;   // behind the last; -1: all
};

/// How class scores are made of what the program gives.
enum class ScoreRule {
  kProbability,  // they are there already, each class by itself
  kSigmoid,      // of logits, each class by itself
  kSoftmax,      // of logits over the classes, one class a box
};

/// The object "detector" of an eyechart.json.
struct AnswerLayout {
  std::string source;  // the file, for errors
  AnswerPlace boxes;
  bool centres = false;  // x, y of the middle, width, height; else corners
  bool normalized =
      false;             // parts of the input's width and height; else pixels
  bool columns = false;  // (pictures, values, boxes) and not (..., boxes,
                         // values), as YOLO's exports are
  // Either both, a box's best class and its score:
  std::optional<AnswerPlace> scores;
  std::optional<AnswerPlace> labels;
  std::int64_t first_label = 0;  // that of the first category
  // or a number a class:
  std::optional<AnswerPlace> logits;
  ScoreRule rule = ScoreRule::kProbability;
  std::int64_t before = 0;  // columns of `logits` before the first category
  std::int64_t after = 0;   // and behind the last: "no object"
  bool needs_nms = false;
  std::int64_t classes = 0;
};

/// Reads it. Throws InputError in one line that names file, key and value for
/// what is missing, unknown or has a wrong value.
AnswerLayout ReadAnswerLayout(const Json& detector,
                              std::int64_t classes,
                              const std::string& source);

/// The answers on `pictures` pictures as an exported head takes them, float32
/// on the host: boxes (B, N, 4), and scores and labels (B, N) each, or logits
/// (B, N, columns). A program for single pictures may leave B out. Throws
/// InputError for an output that is not there and for shapes that do not fit.
std::vector<at::Tensor> PickAnswers(const AnswerLayout& layout,
                                    const encoders::ProgramResults& results,
                                    std::int64_t pictures);

/// Reads what PickAnswers gives, in place of maps. Boxes are in pixels of
/// `canvas` and may reach beyond it; those whose corners are no numbers or
/// stand the wrong way round, and those with a label below the first, are left
/// out. With kProbability and kSigmoid a box is found once for each class whose
/// score is enough. Detect throws InputError for a score above 1 and a label
/// that no category has; Losses throws it always.
std::unique_ptr<DetectionHead> MakeExportedHead(const AnswerLayout& layout,
                                                const Canvas& canvas);

}  // namespace eyechart::detection
