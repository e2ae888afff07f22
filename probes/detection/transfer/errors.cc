#include "probes/detection/transfer/errors.h"

#include <algorithm>

namespace eyechart::detection {
namespace {

Corners CornersOf(const data::TrueBox& box) {
  return {box.x, box.y, box.x + box.w, box.y + box.h};
}

double Area(const Corners& box) {
  return std::max(0.0, box[2] - box[0]) * std::max(0.0, box[3] - box[1]);
}

double Shared(const Corners& a, const Corners& b) {
  return Area({std::max(a[0], b[0]), std::max(a[1], b[1]), std::min(a[2], b[2]),
               std::min(a[3], b[3])});
}

double Iou(const Corners& a, const Corners& b) {
  const double both = Shared(a, b);
  return both > 0 ? both / (Area(a) + Area(b) - both) : 0;
}

}  // namespace

std::vector<PictureErrors> ErrorsOf(const data::BoxDataset& dataset,
                                    const std::vector<PictureBoxes>& found,
                                    const ErrorOptions& options) {
  const std::vector<std::vector<std::size_t>> boxes =
      data::BoxesOfImages(dataset);
  std::vector<PictureErrors> all;
  for (const PictureBoxes& picture : found) {
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
      if (one.score < options.min_score) continue;
      double most = options.iou;
      auto best = open.end();
      for (auto it = open.begin(); it != open.end(); ++it) {
        const data::TrueBox& truth = dataset.boxes[*it];
        if (static_cast<std::int64_t>(truth.category) != one.category) continue;
        const double iou = Iou(one.corners, CornersOf(truth));
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
            return 2 * Shared(one.corners, CornersOf(dataset.boxes[box])) >=
                   Area(one.corners);
          });
      if (!in_crowd) errors.false_alarms.push_back(i);
    }
    errors.misses = std::move(open);
    all.push_back(std::move(errors));
  }
  return all;
}

}  // namespace eyechart::detection
