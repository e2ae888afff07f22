#include "data/boxes/few_shot.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "core/error.h"
#include "core/random.h"

namespace eyechart::data {
namespace {

// Streams of the seed, so that no two uses draw the same numbers. Those of
// classes follow the last.
enum Stream : std::uint64_t { kImages = 1, kValidation, kShots, kClasses };

// Fisher and Yates's shuffle.
void Shuffle(std::vector<std::size_t>& items,
             std::uint64_t seed,
             std::uint64_t stream) {
  Random random(seed, stream);
  for (std::size_t i = items.size(); i > 1; --i)
    std::swap(items[i - 1], items[random.Below(i)]);
}

std::vector<std::size_t> Shuffled(std::size_t count,
                                  std::uint64_t seed,
                                  std::uint64_t stream) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  Shuffle(order, seed, stream);
  return order;
}

bool IsExample(const BoxDataset& dataset, const TrueBox& box) {
  return !box.crowd && TrainingBox(box, dataset.images[box.image]).has_value();
}

// Indices of images that `taken` marks, ascending.
std::vector<std::size_t> Marked(const std::vector<bool>& taken) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < taken.size(); ++i)
    if (taken[i]) found.push_back(i);
  return found;
}

BoxDataset ShotsByBoxes(const BoxDataset& dataset,
                        const FewShotOptions& options) {
  std::vector<std::vector<std::size_t>> of_class(dataset.categories.size());
  for (std::size_t i = 0; i < dataset.boxes.size(); ++i)
    if (IsExample(dataset, dataset.boxes[i]))
      of_class[dataset.boxes[i].category].push_back(i);
  std::vector<bool> box_taken(dataset.boxes.size());
  std::vector<bool> image_taken(dataset.images.size());
  for (std::size_t c = 0; c < of_class.size(); ++c) {
    Shuffle(of_class[c], options.seed, kClasses + c);
    const std::size_t count = std::min(options.shots, of_class[c].size());
    for (std::size_t k = 0; k < count; ++k) {
      box_taken[of_class[c][k]] = true;
      image_taken[dataset.boxes[of_class[c][k]].image] = true;
    }
  }
  BoxDataset chosen = dataset;
  chosen.boxes.clear();
  for (std::size_t i = 0; i < dataset.boxes.size(); ++i)
    if (box_taken[i]) chosen.boxes.push_back(dataset.boxes[i]);
  return SelectImages(chosen, Marked(image_taken));
}

BoxDataset ShotsByPictures(const BoxDataset& dataset,
                           const FewShotOptions& options) {
  const std::vector<std::vector<std::size_t>> boxes = BoxesOfImages(dataset);
  std::vector<std::size_t> before(dataset.categories.size());
  std::vector<bool> taken(dataset.images.size());
  for (const std::size_t image :
       Shuffled(dataset.images.size(), options.seed, kShots)) {
    for (const std::size_t i : boxes[image]) {
      const TrueBox& box = dataset.boxes[i];
      if (IsExample(dataset, box) && before[box.category] < options.shots)
        taken[image] = true;
    }
    // A picture that is passed over has no class that is still wanted: whether
    // it counts makes no difference.
    for (const std::size_t i : boxes[image])
      before[dataset.boxes[i].category] += IsExample(dataset, dataset.boxes[i]);
  }
  return SelectImages(dataset, Marked(taken));
}

}  // namespace

BoxDataset FewShot(const BoxDataset& dataset, const FewShotOptions& options) {
  EYECHART_REQUIRE(options.shots > 0, "{}: 0 shots; there should be 1 or more",
                   dataset.source);
  BoxDataset part = options.rule == ShotRule::kBoxes
                        ? ShotsByBoxes(dataset, options)
                        : ShotsByPictures(dataset, options);
  EYECHART_REQUIRE(!part.boxes.empty(), "{}: no box can be trained on",
                   dataset.source);
  return part;
}

std::vector<std::size_t> SubsetOfImages(const BoxDataset& dataset,
                                        std::size_t count,
                                        std::uint64_t seed) {
  std::vector<std::size_t> order =
      Shuffled(dataset.images.size(), seed, kImages);
  order.resize(std::min(count, order.size()));
  std::sort(order.begin(), order.end());
  return order;
}

TrainValidation SplitImages(const BoxDataset& dataset,
                            double share,
                            std::uint64_t seed) {
  const std::size_t n = dataset.images.size();
  EYECHART_REQUIRE(share > 0 && share < 1,
                   "{}: a validation share of {}; it should be between 0 and 1",
                   dataset.source, share);
  EYECHART_REQUIRE(n >= 2, "{}: {} pictures; a validation part needs 2 or more",
                   dataset.source, n);
  const auto wanted =
      static_cast<std::size_t>(std::llround(share * static_cast<double>(n)));
  const std::size_t count = std::clamp<std::size_t>(wanted, 1, n - 1);
  const std::vector<std::size_t> order = Shuffled(n, seed, kValidation);
  const auto cut = order.begin() + static_cast<std::ptrdiff_t>(count);
  TrainValidation parts;
  parts.validation.assign(order.begin(), cut);
  parts.train.assign(cut, order.end());
  std::sort(parts.train.begin(), parts.train.end());
  std::sort(parts.validation.begin(), parts.validation.end());
  return parts;
}

}  // namespace eyechart::data
