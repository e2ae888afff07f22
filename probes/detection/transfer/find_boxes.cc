#include "probes/detection/transfer/find_boxes.h"

#include <ATen/core/grad_mode.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <numeric>
#include <span>

#include "core/error.h"
#include "core/interrupt.h"

namespace eyechart::detection {

PictureBoxes KeepBoxes(const FoundBoxes& found,
                       bool suppress,
                       const FindOptions& options) {
  const at::Tensor corners =
      found.corners.to(at::kCPU, at::kFloat).contiguous();
  const at::Tensor scores = found.scores.to(at::kCPU, at::kFloat).contiguous();
  const at::Tensor classes = found.classes.cpu().contiguous();
  const auto n = static_cast<std::size_t>(scores.numel());
  EYECHART_CHECK(static_cast<std::size_t>(corners.numel()) == 4 * n &&
                     static_cast<std::size_t>(classes.numel()) == n,
                 "{} scores of {} corners", n, corners.numel());
  const std::span boxes(corners.const_data_ptr<float>(), 4 * n);
  const std::span score(scores.const_data_ptr<float>(), n);
  const std::span label(classes.const_data_ptr<std::int64_t>(), n);
  std::vector<std::int64_t> kept(n);
  std::iota(kept.begin(), kept.end(), 0);
  if (suppress) kept = Nms(boxes, score, label, options.nms);
  if (static_cast<std::int64_t>(kept.size()) > options.most_kept)
    kept.resize(static_cast<std::size_t>(options.most_kept));
  PictureBoxes made;
  made.before_nms = static_cast<std::int64_t>(n);
  for (const std::int64_t index : kept) {
    const auto i = static_cast<std::size_t>(index);
    made.boxes.push_back(
        {{boxes[4 * i], boxes[4 * i + 1], boxes[4 * i + 2], boxes[4 * i + 3]},
         score[i],
         label[i]});
  }
  return made;
}

std::vector<PictureBoxes> FindBoxes(const DetectionHead& head,
                                    MapSource& source,
                                    const FindOptions& options,
                                    Progress& progress) {
  std::vector<PictureBoxes> all;
  const BoxExamples& examples = source.examples();
  progress.Begin("finding boxes", examples.size());
  for (std::int64_t begin = 0; begin < examples.size();
       begin += options.batch) {
    ThrowIfInterrupted();
    std::vector<std::int64_t> index(static_cast<std::size_t>(
        std::min(options.batch, examples.size() - begin)));
    std::iota(index.begin(), index.end(), begin);
    const MapBatch batch = [&] {
      const at::NoGradGuard no_grad;
      return source.Load(index, 0);
    }();
    const c10::InferenceMode inference;
    const std::vector<FoundBoxes> found =
        head.Detect(batch.maps, options.detect);
    for (std::size_t i = 0; i < index.size(); ++i) {
      const data::PictureSize& size = batch.sizes[i];
      PictureBoxes kept;
      if (size.width > 0) kept = KeepBoxes(found[i], head.needs_nms(), options);
      kept.image = examples.image(index[i]);
      kept.width = static_cast<int>(size.width);
      kept.height = static_cast<int>(size.height);
      for (FoundBox& box : kept.boxes)
        box.corners = ToPicture(box.corners, batch.placings[i], source.canvas(),
                                kept.width, kept.height);
      all.push_back(std::move(kept));
    }
    progress.Update(begin + static_cast<std::int64_t>(index.size()));
  }
  progress.End();
  return all;
}

}  // namespace eyechart::detection
