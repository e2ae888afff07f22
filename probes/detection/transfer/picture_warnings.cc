#include "probes/detection/transfer/picture_warnings.h"

#include <algorithm>
#include <utility>

#include "core/error.h"

namespace eyechart::detection {
namespace {

// Boxes that count, in the pictures at `images`.
std::int64_t TruthsOf(const data::BoxDataset& dataset,
                      const std::vector<std::size_t>& images) {
  std::vector<bool> asked(dataset.images.size(), false);
  for (const std::size_t image : images) asked[image] = true;
  return std::count_if(
      dataset.boxes.begin(), dataset.boxes.end(),
      [&](const data::TrueBox& box) { return asked[box.image] && !box.crowd; });
}

std::string LostText(const data::BoxDataset& dataset,
                     const std::vector<std::size_t>& images,
                     const char* what,
                     const std::string& first) {
  return fmt::format(
      "{}: {} pictures {}: their {} boxes count as missed; the first is {}",
      dataset.name, images.size(), what, TruthsOf(dataset, images), first);
}

}  // namespace

std::string MissingText(const data::BoxDataset& dataset) {
  std::vector<std::size_t> images;
  for (std::size_t i = 0; i < dataset.images.size(); ++i)
    if (dataset.images[i].missing) images.push_back(i);
  if (images.empty()) return "";
  return LostText(dataset, images, "are not on disk",
                  dataset.images[images.front()].path);
}

std::string UnreadableText(const data::BoxDataset& dataset,
                           const std::vector<std::size_t>& images,
                           const std::vector<std::string>& problems) {
  if (images.empty() || problems.empty()) return "";
  return LostText(dataset, images, "could not be read", problems.front());
}

std::string OtherSizesText(const BoxExamples& examples) {
  const std::vector<std::string> sizes = examples.other_sizes();
  if (sizes.empty()) return "";
  return fmt::format(
      "{}: {} pictures have another size than the set says: boxes are scaled "
      "between the two; the first is {}",
      examples.dataset().name, sizes.size(), sizes.front());
}

std::vector<std::string> PictureWarnings(const BoxExamples& examples,
                                         const AppliedDetector& applied) {
  const data::BoxDataset& dataset = examples.dataset();
  std::vector<std::size_t> unreadable;
  for (const PictureBoxes& picture : applied.found)
    if (picture.width <= 0) unreadable.push_back(picture.image);
  std::vector<std::string> warnings;
  for (std::string text :
       {MissingText(dataset),
        UnreadableText(dataset, unreadable, applied.problems),
        OtherSizesText(examples)})
    if (!text.empty()) warnings.push_back(std::move(text));
  return warnings;
}

}  // namespace eyechart::detection
