// Non-maximum suppression on the CPU: of boxes that overlap, the one with the
// best score stays. Two published semantics, each to the bit; and, with decayed
// scores, Soft-NMS (suppress_boxes.h).
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace eyechart::detection {

/// Whose arithmetic, order and comparisons.
enum class NmsSemantics {
  /// torchvision 0.29.1, ops::nms and ops::batched_nms on the CPU: scores in
  /// stable descending order, NaN first; areas without + 1, float32 throughout;
  /// suppressed is what has IoU > threshold, the threshold a double. What is
  /// not a number (0/0 of two empty boxes, NaN corners, infinite areas) is not
  /// greater, so it suppresses nothing.
  kTorchvision,
  /// OpenCV 4.6, dnn::NMSBoxes on Rect2d, and NMSBoxesBatched of later
  /// releases: only scores > score_threshold (never NaN), stable descending;
  /// overlap = 1 - float(jaccardDistance) in double; kept is what has overlap
  /// <= threshold with all that were kept, so an overlap that is not a number
  /// suppresses. Two boxes without area overlap by 1, wherever they are.
  kOpenCv,
  /// Soft-NMS by its authors' rule (soft_nms.h), with edges that are places:
  /// overlapping boxes stay with lower scores, which SuppressBoxes gives
  /// (suppress_boxes.h) and Nms cannot. Linear: scores times 1 - IoU where
  /// IoU > iou_threshold.
  kSoftLinear,
  kSoftGaussian,  // times exp(-IoU^2 / sigma), whatever iou_threshold is
};

/// How boxes of different classes are kept apart.
enum class NmsClasses {
  /// What the semantics' own function does. torchvision: kOffset up to 4000
  /// coordinates (1000 boxes), else kPerClass. OpenCV: kOffset.
  kAuto,
  /// Each class is moved away by class * (largest coordinate + 1), in x and y.
  /// In float32 (torchvision) that rounds corners of large class ids, which
  /// changes IoUs; with negative coordinates classes can meet. Both as there.
  kOffset,
  /// Each class by itself.
  kPerClass,
  /// All boxes as one class.
  kAgnostic,
};

struct NmsOptions {
  NmsSemantics semantics = NmsSemantics::kTorchvision;
  NmsClasses classes = NmsClasses::kAuto;
  /// IoU above which the box of lower score goes; 0.5 is the commonest. OpenCV
  /// takes it as float32 and wants it not negative.
  double iou_threshold = 0.5;
  /// Only scores above it take part; minus infinity: all (with kOpenCv all but
  /// NaN and minus infinity). torchvision's detectors filter before they call.
  /// Soft-NMS: decayed scores below it are dropped.
  float score_threshold = -std::numeric_limits<float>::infinity();
  /// So many best scores of all classes together take part; 0: all, which
  /// Soft-NMS wants.
  std::int64_t top_k = 0;
  /// So many at most are returned, the best; 0: all.
  std::int64_t max_kept = 0;
  /// kOpenCv: the threshold is multiplied by it after each kept box while it is
  /// above 0.5 (adaptive NMS); 1: never. Anew for each class with kPerClass.
  float eta = 1;
  /// kSoftGaussian, in squared IoU; the paper's 0.5.
  double sigma = 0.5;
  /// Threads at most, 0: one a processor. Used for many boxes of many classes.
  int threads = 0;
};

bool IsSoftNms(NmsSemantics semantics);

/// Throws InputError naming an option that is out of range.
void CheckNmsOptions(const NmsOptions& options);

/// Which boxes stay, best score first, ties by index.
/// boxes: n rows x1, y1, x2, y2; scores: n; classes: n ids of any size (empty
/// with kAgnostic). The result is the same for any number of threads.
///
/// With kPerClass torchvision ends with a sort that is not stable, so its order
/// among equal scores is the machine's; here it is by index, the set is equal.
///
/// Throws InputError where lengths do not fit, an option is out of range, or
/// the semantics are Soft-NMS.
std::vector<std::int64_t> Nms(std::span<const float> boxes,
                              std::span<const float> scores,
                              std::span<const std::int64_t> classes,
                              const NmsOptions& options = {});

}  // namespace eyechart::detection
