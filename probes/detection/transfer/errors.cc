#include "probes/detection/transfer/errors.h"

#include <algorithm>

#include "probes/detection/evaluation/box_iou.h"

namespace eyechart::detection {
namespace {

Box BoxOf(const data::TrueBox& box) { return {box.x, box.y, box.w, box.h}; }

Box BoxOf(const Corners& c) { return {c[0], c[1], c[2] - c[0], c[3] - c[1]}; }

}  // namespace

std::vector<PictureErrors> ErrorsOf(const data::BoxDataset& dataset,
                                    const std::vector<PictureBoxes>& found,
                                    const ErrorOptions& options) {
  const std::vector<std::vector<std::size_t>> boxes =
      data::BoxesOfImages(dataset);
  std::vector<PictureErrors> all;
  std::vector<bool> looked(dataset.images.size(), false);
  for (const PictureBoxes& picture : found) looked[picture.image] = true;
  std::vector<PictureBoxes> absent;
  for (std::size_t i = 0; i < looked.size(); ++i)
    if (!looked[i]) absent.emplace_back().image = i;
  const auto add = [&](const PictureBoxes& picture) {
    PictureErrors errors;
    errors.image = picture.image;
    const data::BoxImage& image = dataset.images[picture.image];
    std::vector<std::size_t> open, crowds;
    for (const std::size_t box : boxes[picture.image]) {
      if (dataset.boxes[box].crowd)
        crowds.push_back(box);
      else if (data::TrainingBox(dataset.boxes[box], image))
        open.push_back(box);
    }
    errors.truths = static_cast<std::int64_t>(open.size());
    for (std::size_t i = 0; i < picture.boxes.size(); ++i) {
      const FoundBox& one = picture.boxes[i];
      if (one.score < options.min_score || one.category < 0) continue;
      double most = options.iou;
      auto best = open.end();
      for (auto it = open.begin(); it != open.end(); ++it) {
        const data::TrueBox& truth = dataset.boxes[*it];
        if (static_cast<std::int64_t>(truth.category) != one.category) continue;
        const double iou =
            BoxIou(BoxOf(one.corners), BoxOf(truth), /*crowd=*/false);
        if (iou < most) continue;
        most = iou;
        best = it;
      }
      if (best != open.end()) {
        open.erase(best);
        ++errors.matched;
        continue;
      }
      const bool in_crowd =
          std::any_of(crowds.begin(), crowds.end(), [&](std::size_t box) {
            return BoxIou(BoxOf(one.corners), BoxOf(dataset.boxes[box]),
                          /*crowd=*/true) >= 0.5;
          });
      if (!in_crowd) errors.false_alarms.push_back(i);
    }
    errors.misses = std::move(open);
    all.push_back(std::move(errors));
  };
  for (const PictureBoxes& picture : found) add(picture);
  for (const PictureBoxes& picture : absent) add(picture);
  return all;
}

}  // namespace eyechart::detection
