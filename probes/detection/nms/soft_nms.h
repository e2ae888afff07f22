// Soft-NMS (Bodla, Singh, Chellappa and Davis 2017, "Soft-NMS: improving object
// detection with one line of code"): boxes that overlap with a better one keep
// their place with a lower score.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace eyechart::detection {

enum class SoftNmsDecay {
  kLinear,    // times 1 - IoU where IoU > iou_threshold
  kGaussian,  // times exp(-IoU^2 / sigma), whatever iou_threshold says
};

/// Whose rules. Both take the box of the best score, decay the others, and go
/// on with the rest. They differ in
/// - what is dropped: the authors' code drops a box once it shares some area
///   with the one taken and its decayed score is below score_threshold, so a
///   low score that nothing touches stays; OpenCV stops at the first best
///   score below it, and decays no score below it.
/// - equal scores: OpenCV takes the lower index; the authors' code the first in
///   an array in which boxes taken and dropped have changed places.
/// - IoU: float32, with inclusive edges in the authors' code; in OpenCV
///   1 - float(jaccardDistance) in double, 1 for two boxes without area.
/// - exp: of a double, rounded, in the authors' code; of a float32 in OpenCV.
enum class SoftNmsRule { kAuthors, kOpenCv };

struct SoftNmsOptions {
  SoftNmsRule rule = SoftNmsRule::kAuthors;
  SoftNmsDecay decay = SoftNmsDecay::kGaussian;
  /// Of kLinear; the paper's 0.3.
  float iou_threshold = 0.3f;
  /// Of kGaussian, in squared IoU; the paper's 0.5.
  float sigma = 0.5f;
  /// Decayed scores below it are dropped (above); the authors' 0.001.
  float score_threshold = 0.001f;
  /// kAuthors: corners are inclusive pixels, sides are x2 - x1 + 1, as in the
  /// authors' code. Off, as corners are places on an axis everywhere else here.
  bool inclusive = false;
  /// All boxes as one class.
  bool class_agnostic = false;
  /// So many boxes at most are returned, the best; 0: all.
  std::int64_t max_kept = 0;
};

/// Boxes that stay, best decayed score first.
struct SoftNmsResult {
  std::vector<std::int64_t> kept;
  std::vector<float> scores;  // decayed, of each kept box
};

/// boxes: n rows x1, y1, x2, y2; scores: n; classes: n ids of any size (empty
/// if class_agnostic). Of several classes each is decayed by itself, and the
/// results are ordered by decayed score, ties by index. Quadratic in the boxes
/// of a class. Throws InputError where lengths do not fit or an option is out
/// of range.
SoftNmsResult SoftNms(std::span<const float> boxes,
                      std::span<const float> scores,
                      std::span<const std::int64_t> classes,
                      const SoftNmsOptions& options = {});

}  // namespace eyechart::detection
