#include "data/boxes/box_dataset.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "data/boxes/box_builder.h"
#include "data/boxes/box_kinds.h"
#include "data/boxes/name_list.h"
#include "data/boxes/split_names.h"
#include "data/dataset_kinds.h"

namespace eyechart::data {

BoxDataset OpenBoxDataset(const std::filesystem::path& root,
                          const std::string& split,
                          const BoxOptions& options) {
  const BoxKind& kind = FindBoxKind(root, options);
  internal::BoxBuilder builder;
  BoxDataset& dataset = builder.dataset();
  dataset.split = internal::MatchSplit(kind.splits(root), split, root.string());
  // They stand in what is written, after all of the training.
  internal::RequireUtf8(root.string(), "the set's folder");
  internal::RequireUtf8(dataset.split, root.string());
  dataset.name = internal::LastComponent(root);
  dataset.kind = kind.name;
  dataset.source = root.string();
  kind.read(root, dataset.split, options, builder);
  return builder.Finish(options);
}

std::vector<std::string> BoxSplits(const std::filesystem::path& root,
                                   const BoxOptions& options) {
  return internal::InOrder(FindBoxKind(root, options).splits(root));
}

std::optional<TrueBox> TrainingBox(const TrueBox& box, const BoxImage& image) {
  TrueBox part = box;
  if (image.width > 0 && image.height > 0) {
    part.x = std::max(box.x, 0.0);
    part.y = std::max(box.y, 0.0);
    part.w = std::min<double>(box.x + box.w, image.width) - part.x;
    part.h = std::min<double>(box.y + box.h, image.height) - part.y;
  }
  if (box.w <= 0 || box.h <= 0 || part.w <= 0 || part.h <= 0)
    return std::nullopt;
  part.area = part.w * part.h;
  return part;
}

std::vector<std::vector<std::size_t>> BoxesOfImages(const BoxDataset& dataset) {
  std::vector<std::vector<std::size_t>> boxes(dataset.images.size());
  for (std::size_t i = 0; i < dataset.boxes.size(); ++i)
    boxes[dataset.boxes[i].image].push_back(i);
  return boxes;
}

BoxDataset SelectImages(const BoxDataset& dataset,
                        std::span<const std::size_t> images) {
  constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  BoxDataset part;
  part.name = dataset.name;
  part.kind = dataset.kind;
  part.split = dataset.split;
  part.source = dataset.source;
  part.categories = dataset.categories;
  part.single_class = dataset.single_class;
  std::vector<std::size_t> place(dataset.images.size(), kNone);
  for (const std::size_t image : images) {
    EYECHART_CHECK(image < place.size() && place[image] == kNone,
                   "image {} of {} is chosen twice or not there", image,
                   place.size());
    place[image] = part.images.size();
    part.images.push_back(dataset.images[image]);
  }
  for (TrueBox box : dataset.boxes) {
    if (place[box.image] == kNone) continue;
    box.image = place[box.image];
    part.boxes.push_back(box);
  }
  return part;
}

}  // namespace eyechart::data
