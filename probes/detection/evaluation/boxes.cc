#include "probes/detection/evaluation/boxes.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>

#include "core/error.h"

namespace eyechart::detection {
namespace {

template <typename T>
void RequireIndices(const Column<std::int32_t>& column,
                    const T& things,
                    std::int32_t least,
                    const char* name) {
  const auto n = static_cast<std::int64_t>(things.size());
  for (std::size_t i = 0; i < column.size(); ++i)
    EYECHART_REQUIRE(column[i] >= least && column[i] < n,
                     "{}[{}] is {}; it should be from {} to {}", name, i,
                     column[i], least, n - 1);
}

void RequireFinite(const Column<double>& column, const char* name) {
  for (std::size_t i = 0; i < column.size(); ++i)
    EYECHART_REQUIRE(std::isfinite(column[i]),
                     "{}[{}] is {}; it should be finite", name, i, column[i]);
}

void RequireLengths(std::size_t wanted,
                    std::initializer_list<std::size_t> lengths) {
  for (const std::size_t length : lengths)
    EYECHART_REQUIRE(length == wanted,
                     "columns of {} and {} elements; they should be alike",
                     wanted, length);
}

}  // namespace

std::int32_t ImageIds::Find(std::int64_t number) const {
  const auto it = std::lower_bound(numbers.begin(), numbers.end(), number);
  if (it == numbers.end() || *it != number) return -1;
  return static_cast<std::int32_t>(it - numbers.begin());
}

std::int32_t ImageIds::Find(std::string_view text) const {
  const auto it = std::lower_bound(texts.begin(), texts.end(), text);
  if (it == texts.end() || *it != text) return -1;
  return static_cast<std::int32_t>(static_cast<std::ptrdiff_t>(numbers.size()) +
                                   (it - texts.begin()));
}

std::string ImageIds::Name(std::size_t index) const {
  return index < numbers.size() ? std::to_string(numbers[index])
                                : texts.at(index - numbers.size());
}

void Truth::Add(std::int32_t image_index,
                std::int32_t category_index,
                double left,
                double top,
                double box_width,
                double box_height,
                bool is_crowd) {
  id.push_back(static_cast<std::int64_t>(id.size()) + 1);
  image.push_back(image_index);
  category.push_back(category_index);
  x.push_back(left);
  y.push_back(top);
  width.push_back(box_width);
  height.push_back(box_height);
  area.push_back(box_width * box_height);
  crowd.push_back(is_crowd ? 1 : 0);
}

void Detections::Add(std::int32_t image_index,
                     std::int32_t category_index,
                     double left,
                     double top,
                     double box_width,
                     double box_height,
                     double confidence) {
  image.push_back(image_index);
  category.push_back(category_index);
  x.push_back(left);
  y.push_back(top);
  width.push_back(box_width);
  height.push_back(box_height);
  score.push_back(confidence);
}

void MergeCategories(Truth& truth, Detections& detections) {
  truth.categories = {{-1, "all classes"}};
  for (Column<std::int32_t>* column : {&truth.category, &detections.category})
    for (std::int32_t& category : *column) category = std::min(category, 0);
}

void RequireUsable(const Truth& t) {
  RequireLengths(t.size(),
                 {t.category.size(), t.x.size(), t.y.size(), t.width.size(),
                  t.height.size(), t.area.size(), t.crowd.size(), t.id.size()});
  EYECHART_REQUIRE(t.sizes.empty() || t.sizes.size() == t.images.size(),
                   "{} sizes of {} images; there should be one each or none",
                   t.sizes.size(), t.images.size());
  for (std::size_t i = 1; i < t.categories.size(); ++i)
    EYECHART_REQUIRE(t.categories[i - 1].id < t.categories[i].id,
                     "category ids {} and {}: they should be ascending",
                     t.categories[i - 1].id, t.categories[i].id);
  const auto ascends = [](const auto& ids) {
    return std::adjacent_find(ids.begin(), ids.end(),
                              [](const auto& a, const auto& b) {
                                return !(a < b);
                              }) == ids.end();
  };
  EYECHART_REQUIRE(ascends(t.images.numbers) && ascends(t.images.texts),
                   "image ids should be distinct and ascending");
  RequireIndices(t.image, t.images, -1, "truth image");
  RequireIndices(t.category, t.categories, -1, "truth category");
  RequireFinite(t.x, "truth x");
  RequireFinite(t.y, "truth y");
  RequireFinite(t.width, "truth width");
  RequireFinite(t.height, "truth height");
  RequireFinite(t.area, "truth area");
}

void RequireUsable(const Detections& d, const Truth& truth) {
  RequireLengths(d.size(), {d.category.size(), d.x.size(), d.y.size(),
                            d.width.size(), d.height.size(), d.score.size()});
  RequireIndices(d.image, truth.images, 0, "detection image");
  RequireIndices(d.category, truth.categories, -1, "detection category");
  RequireFinite(d.x, "detection x");
  RequireFinite(d.y, "detection y");
  RequireFinite(d.width, "detection width");
  RequireFinite(d.height, "detection height");
  RequireFinite(d.score, "detection score");
}

}  // namespace eyechart::detection
