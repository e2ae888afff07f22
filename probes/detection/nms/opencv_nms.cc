#include "probes/detection/nms/opencv_nms.h"

#include <algorithm>
#include <limits>
#include <tuple>

#include "probes/detection/nms/class_groups.h"

namespace eyechart::detection {
namespace {

bool Empty(const DoubleRect& rect) {
  return rect.width <= 0 || rect.height <= 0;
}

double AreaOf(const DoubleRect& rect) { return rect.width * rect.height; }

// Of a & b; lengths are taken from the side that begins first, as there.
double SharedArea(const DoubleRect& a, const DoubleRect& b) {
  if (Empty(a) || Empty(b)) return 0;
  const auto& [x_low, x_high] = a.x < b.x ? std::tie(a, b) : std::tie(b, a);
  const auto& [y_low, y_high] = a.y < b.y ? std::tie(a, b) : std::tie(b, a);
  if ((x_low.x < 0 && x_low.x + x_low.width < x_high.x) ||
      (y_low.y < 0 && y_low.y + y_low.height < y_high.y))
    return 0;
  const DoubleRect shared{
      x_high.x, y_high.y,
      std::min(x_low.width - (x_high.x - x_low.x), x_high.width),
      std::min(y_low.height - (y_high.y - y_low.y), y_high.height)};
  return Empty(shared) ? 0 : AreaOf(shared);
}

// NMSBoxesBatched: the largest coordinate is at least 0.
void MoveRectsApart(std::span<DoubleRect> rects,
                    std::span<const std::int64_t> classes) {
  double largest = 0;
  for (const DoubleRect& rect : rects)
    for (const double value :
         {rect.x, rect.y, rect.x + rect.width, rect.y + rect.height})
      largest = std::max(value, largest);
  for (std::size_t i = 0; i < rects.size(); ++i) {
    const double offset = static_cast<double>(classes[i]) * (largest + 1);
    rects[i].x += offset;
    rects[i].y += offset;
  }
}

// One call of NMSBoxes: `ranks` in order; kept[rank] is set.
void Suppress(std::span<const DoubleRect> rects,
              std::span<const std::uint32_t> order,
              std::span<const std::uint32_t> ranks,
              const NmsOptions& options,
              std::span<std::uint8_t> kept) {
  auto threshold = static_cast<float>(options.iou_threshold);
  std::vector<DoubleRect> stay;
  for (const std::uint32_t rank : ranks) {
    const DoubleRect& rect = rects[order[rank]];
    const bool stays =
        std::all_of(stay.begin(), stay.end(), [&](const DoubleRect& other) {
          return RectOverlap(rect, other) <= threshold;
        });
    kept[rank] = stays ? 1 : 0;
    if (!stays) continue;
    stay.push_back(rect);
    if (options.eta < 1 && threshold > 0.5f) threshold *= options.eta;
  }
}

}  // namespace

DoubleRect RectOf(const float* corners) {
  return {corners[0], corners[1], double{corners[2]} - corners[0],
          double{corners[3]} - corners[1]};
}

float RectOverlap(const DoubleRect& a, const DoubleRect& b) {
  const double areas = AreaOf(a) + AreaOf(b);
  if (areas <= std::numeric_limits<double>::epsilon()) return 1;
  const double shared = SharedArea(a, b);
  return 1.0f - static_cast<float>(1.0 - shared / (areas - shared));
}

std::vector<std::int64_t> OpenCvNms(std::span<const float> boxes,
                                    std::span<const std::int64_t> classes,
                                    std::span<const std::uint32_t> order,
                                    const NmsOptions& options) {
  std::vector<DoubleRect> rects(boxes.size() / 4);
  for (std::size_t i = 0; i < rects.size(); ++i)
    rects[i] = RectOf(&boxes[4 * i]);
  ClassGroups groups;
  if (options.classes == NmsClasses::kPerClass) {
    groups = GroupByClass(classes, order);
  } else {
    if (options.classes != NmsClasses::kAgnostic)
      MoveRectsApart(rects, classes);
    groups.members.resize(order.size());
    for (std::size_t rank = 0; rank < order.size(); ++rank)
      groups.members[rank] = static_cast<std::uint32_t>(rank);
    groups.starts = {0, static_cast<std::uint32_t>(order.size())};
  }
  std::vector<std::uint8_t> kept(order.size());
  for (std::size_t g = 0; g + 1 < groups.starts.size(); ++g)
    Suppress(
        rects, order,
        std::span(groups.members)
            .subspan(groups.starts[g], groups.starts[g + 1] - groups.starts[g]),
        options, kept);
  std::vector<std::int64_t> result;
  for (std::size_t rank = 0; rank < order.size(); ++rank)
    if (kept[rank] != 0) result.push_back(order[rank]);
  return result;
}

}  // namespace eyechart::detection
