#include "probes/detection/nms/torchvision_nms.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <thread>

#include "probes/detection/nms/class_groups.h"
#include "probes/detection/nms/greedy.h"

namespace eyechart::detection {
namespace {

// batched_nms of torchvision 0.29.1, on the CPU: the trick up to so many
// coordinates.
constexpr std::size_t kOffsetCoordinates = 4000;
// Fewer candidates are done before a second thread has started.
constexpr std::size_t kManyBoxes = 20000;

std::vector<float> Gathered(std::span<const float> boxes,
                            std::span<const std::uint32_t> order) {
  std::vector<float> rows(4 * order.size());
  for (std::size_t i = 0; i < order.size(); ++i)
    std::memcpy(&rows[4 * i], &boxes[4 * std::size_t{order[i]}],
                4 * sizeof(float));
  return rows;
}

// torch.max: NaN where there is one.
float Largest(std::span<const float> values) {
  float largest = values[0];
  for (const float value : values) {
    if (std::isnan(value)) return value;
    largest = std::max(largest, value);
  }
  return largest;
}

// In float32 like torchvision: idxs.to(boxes) * (boxes.max() + 1).
void MoveRowsApart(std::span<float> rows,
                   std::span<const std::int64_t> classes,
                   std::span<const std::uint32_t> order) {
  const float step = Largest(rows) + 1.0f;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const float offset = static_cast<float>(classes[order[i]]) * step;
    for (std::size_t k = 0; k < 4; ++k) rows[4 * i + k] += offset;
  }
}

std::size_t ThreadsFor(const ClassGroups& groups, const NmsOptions& options) {
  if (groups.members.size() < kManyBoxes) return 1;
  const auto allowed = static_cast<std::size_t>(options.threads);
  const std::size_t most =
      allowed > 0 ? allowed : std::max(1u, std::thread::hardware_concurrency());
  return std::min(most, groups.starts.size() - 1);
}

// Each class by itself; kept[rank] is set.
void SuppressGroups(std::span<const float> boxes,
                    std::span<const std::uint32_t> order,
                    const ClassGroups& groups,
                    const NmsOptions& options,
                    std::span<std::uint8_t> kept) {
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    GreedySuppressor suppressor(options.iou_threshold);
    std::vector<float> rows;
    std::vector<std::uint8_t> stays;
    for (std::size_t g = next++; g + 1 < groups.starts.size(); g = next++) {
      const std::size_t begin = groups.starts[g];
      const std::size_t count = groups.starts[g + 1] - begin;
      rows.resize(4 * count);
      stays.resize(count);
      for (std::size_t i = 0; i < count; ++i)
        std::memcpy(&rows[4 * i],
                    &boxes[4 * std::size_t{order[groups.members[begin + i]]}],
                    4 * sizeof(float));
      suppressor.Run(rows, stays);
      for (std::size_t i = 0; i < count; ++i)
        kept[groups.members[begin + i]] = stays[i];
    }
  };
  std::vector<std::jthread> others;
  for (std::size_t t = 1; t < ThreadsFor(groups, options); ++t)
    others.emplace_back(work);
  work();
}

}  // namespace

std::vector<std::int64_t> TorchvisionNms(std::span<const float> boxes,
                                         std::span<const std::int64_t> classes,
                                         std::span<const std::uint32_t> order,
                                         const NmsOptions& options) {
  if (order.empty()) return {};
  NmsClasses method = options.classes;
  if (method == NmsClasses::kAuto)
    method = 4 * order.size() > kOffsetCoordinates ? NmsClasses::kPerClass
                                                   : NmsClasses::kOffset;
  std::vector<std::uint8_t> kept(order.size());
  if (method == NmsClasses::kPerClass) {
    SuppressGroups(boxes, order, GroupByClass(classes, order), options, kept);
  } else {
    std::vector<float> rows = Gathered(boxes, order);
    if (method == NmsClasses::kOffset) MoveRowsApart(rows, classes, order);
    GreedySuppressor(options.iou_threshold).Run(rows, kept);
  }
  std::vector<std::int64_t> result;
  for (std::size_t rank = 0; rank < order.size(); ++rank)
    if (kept[rank] != 0) result.push_back(order[rank]);
  return result;
}

}  // namespace eyechart::detection
