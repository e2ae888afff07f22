#include "probes/detection/evaluation/image_groups.h"

#include <algorithm>

namespace eyechart::detection {
namespace {

ByImage GroupByImage(const Column<std::int32_t>& image,
                     const Column<std::int32_t>& category,
                     std::size_t images) {
  ByImage made;
  made.begin.assign(images + 1, 0);
  const auto known = [&](std::size_t i) {
    return image[i] >= 0 && category[i] >= 0;
  };
  for (std::size_t i = 0; i < image.size(); ++i)
    if (known(i)) ++made.begin[static_cast<std::size_t>(image[i]) + 1];
  for (std::size_t i = 0; i < images; ++i) made.begin[i + 1] += made.begin[i];
  made.items.resize(made.begin.back());
  std::vector<std::size_t> next(made.begin.begin(), made.begin.end() - 1);
  for (std::size_t i = 0; i < image.size(); ++i)
    if (known(i))
      made.items[next[static_cast<std::size_t>(image[i])]++] =
          static_cast<std::uint32_t>(i);
  return made;
}

}  // namespace

ByImage TruthsByImage(const Truth& truth) {
  return GroupByImage(truth.image, truth.category, truth.images.size());
}

ByImage DetectionsByImage(const Detections& detections,
                          std::size_t images,
                          std::size_t most) {
  ByImage all = GroupByImage(detections.image, detections.category, images);
  ByImage made;
  made.begin.push_back(0);
  for (std::size_t i = 0; i < images; ++i) {
    const auto first =
        all.items.begin() + static_cast<std::ptrdiff_t>(all.begin[i]);
    const auto last =
        all.items.begin() + static_cast<std::ptrdiff_t>(all.begin[i + 1]);
    std::stable_sort(first, last, [&](std::uint32_t a, std::uint32_t b) {
      return detections.score[a] > detections.score[b];
    });
    const auto n = std::min(static_cast<std::size_t>(last - first), most);
    made.items.insert(made.items.end(), first,
                      first + static_cast<std::ptrdiff_t>(n));
    made.begin.push_back(made.items.size());
  }
  return made;
}

}  // namespace eyechart::detection
