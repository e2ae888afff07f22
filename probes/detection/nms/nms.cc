#include "probes/detection/nms/nms.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.h"
#include "probes/detection/nms/opencv_nms.h"
#include "probes/detection/nms/score_order.h"
#include "probes/detection/nms/torchvision_nms.h"

namespace eyechart::detection {
namespace {

// Places of blocks of kept boxes are 32-bit, a box in up to 17 of them.
constexpr std::size_t kMostBoxes = std::size_t{1} << 25;

void CheckLengths(std::span<const float> boxes,
                  std::span<const float> scores,
                  std::span<const std::int64_t> classes,
                  const NmsOptions& options) {
  EYECHART_REQUIRE(boxes.size() == 4 * scores.size(),
                   "nms: {} box coordinates for {} scores, 4 each are due",
                   boxes.size(), scores.size());
  EYECHART_REQUIRE(scores.size() <= kMostBoxes,
                   "nms: {} boxes; at most {} are taken", scores.size(),
                   kMostBoxes);
  EYECHART_REQUIRE(
      classes.size() == scores.size() ||
          (options.classes == NmsClasses::kAgnostic && classes.empty()),
      "nms: {} class ids for {} scores, one each is due", classes.size(),
      scores.size());
}

// The candidates, best first.
std::vector<std::uint32_t> Candidates(std::span<const float> scores,
                                      const NmsOptions& options) {
  std::vector<std::uint32_t> order = ScoreOrder(scores);
  const bool all =
      options.semantics == NmsSemantics::kTorchvision &&
      options.score_threshold == -std::numeric_limits<float>::infinity();
  if (!all)
    std::erase_if(order, [&](std::uint32_t index) {
      return !(scores[index] > options.score_threshold);
    });
  const auto most = static_cast<std::size_t>(options.top_k);
  if (most > 0 && order.size() > most) order.resize(most);
  return order;
}

}  // namespace

bool IsSoftNms(NmsSemantics semantics) {
  return semantics == NmsSemantics::kSoftLinear ||
         semantics == NmsSemantics::kSoftGaussian;
}

void CheckNmsOptions(const NmsOptions& options) {
  EYECHART_REQUIRE(!std::isnan(options.iou_threshold),
                   "nms: the IoU threshold is not a number");
  EYECHART_REQUIRE(!std::isnan(options.score_threshold),
                   "nms: the score threshold is not a number");
  EYECHART_REQUIRE(options.top_k >= 0,
                   "nms: top_k is {}, 0 (all) or more is due", options.top_k);
  EYECHART_REQUIRE(options.max_kept >= 0,
                   "nms: max_kept is {}, 0 (all) or more is due",
                   options.max_kept);
  EYECHART_REQUIRE(options.threads >= 0,
                   "nms: threads is {}, 0 (one a processor) or more is due",
                   options.threads);
  const bool soft = IsSoftNms(options.semantics);
  if (options.semantics != NmsSemantics::kOpenCv)
    EYECHART_REQUIRE(options.eta == 1,
                     "nms: eta is {}; with {} semantics there is none (1)",
                     options.eta, soft ? "Soft-NMS's" : "torchvision's");
  if (options.semantics == NmsSemantics::kTorchvision) return;
  EYECHART_REQUIRE(options.iou_threshold >= 0,
                   "nms: the IoU threshold is {}; {} semantics want 0 or more",
                   options.iou_threshold, soft ? "Soft-NMS's" : "OpenCV's");
  if (soft) {
    EYECHART_REQUIRE(options.sigma > 0, "nms: sigma is {}, more than 0 is due",
                     options.sigma);
    EYECHART_REQUIRE(options.top_k == 0,
                     "nms: top_k is {}; Soft-NMS wants all (0)", options.top_k);
    EYECHART_REQUIRE(options.classes != NmsClasses::kOffset,
                     "nms: Soft-NMS moves no classes apart: it takes each by "
                     "itself, or all as one");
    return;
  }
  EYECHART_REQUIRE(options.eta > 0, "nms: eta is {}, more than 0 is due",
                   options.eta);
}

std::vector<std::int64_t> Nms(std::span<const float> boxes,
                              std::span<const float> scores,
                              std::span<const std::int64_t> classes,
                              const NmsOptions& options) {
  CheckLengths(boxes, scores, classes, options);
  CheckNmsOptions(options);
  EYECHART_REQUIRE(!IsSoftNms(options.semantics),
                   "nms: Soft-NMS lowers scores, which indices alone do not "
                   "tell: torchvision's or OpenCV's semantics are due");
  const std::vector<std::uint32_t> order = Candidates(scores, options);
  std::vector<std::int64_t> kept =
      options.semantics == NmsSemantics::kTorchvision
          ? TorchvisionNms(boxes, classes, order, options)
          : OpenCvNms(boxes, classes, order, options);
  const auto most = static_cast<std::size_t>(options.max_kept);
  if (most > 0 && kept.size() > most) kept.resize(most);
  return kept;
}

}  // namespace eyechart::detection
