#include "data/boxes/box_statistics.h"

#include <algorithm>
#include <set>

namespace eyechart::data {
namespace {

// `sorted` is not empty; `quarter` of 4.
std::int64_t Quartile(const std::vector<std::int64_t>& sorted, int quarter) {
  const std::size_t rank = (sorted.size() * quarter + 3) / 4;  // from 1
  return sorted[std::max<std::size_t>(rank, 1) - 1];
}

}  // namespace

BoxStatistics StatisticsOf(const BoxDataset& dataset) {
  constexpr double kSmall = 32 * 32, kMedium = 96 * 96;
  BoxStatistics s;
  s.split = dataset.split;
  s.source = dataset.source;
  s.images = static_cast<std::int64_t>(dataset.images.size());
  s.boxes = static_cast<std::int64_t>(dataset.boxes.size());
  s.boxes_of_category.resize(dataset.categories.size());
  s.images_of_category.resize(dataset.categories.size());
  for (const TrueBox& box : dataset.boxes) {
    s.crowds += box.crowd;
    s.trainable +=
        !box.crowd && TrainingBox(box, dataset.images[box.image]).has_value();
    ++s.boxes_of_category[box.category];
    ++(box.area < kSmall ? s.small : box.area < kMedium ? s.medium : s.large);
  }
  std::vector<std::int64_t> counts;
  for (const std::vector<std::size_t>& boxes : BoxesOfImages(dataset)) {
    counts.push_back(static_cast<std::int64_t>(boxes.size()));
    s.images_without_boxes += boxes.empty();
    std::set<std::size_t> categories;
    for (const std::size_t i : boxes)
      categories.insert(dataset.boxes[i].category);
    for (const std::size_t category : categories)
      ++s.images_of_category[category];
  }
  std::sort(counts.begin(), counts.end());
  for (std::size_t q = 0; q < 5 && !counts.empty(); ++q)
    s.boxes_an_image[q] = Quartile(counts, static_cast<int>(q));
  return s;
}

}  // namespace eyechart::data
