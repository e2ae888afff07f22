#include "probes/detection/transfer/find_boxes.h"

#include <ATen/core/grad_mode.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <numeric>
#include <span>

#include "core/error.h"
#include "core/interrupt.h"
#include "probes/detection/nms/suppress_boxes.h"

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
  SuppressedBoxes stay;
  if (suppress) {
    NmsOptions nms = options.nms;
    // What is lowered below the least score goes, as what begins there does.
    if (IsSoftNms(nms.semantics))
      nms.score_threshold = static_cast<float>(options.detect.min_score);
    stay = SuppressBoxes(boxes, score, label, nms);
  } else {
    stay.kept.resize(n);
    std::iota(stay.kept.begin(), stay.kept.end(), 0);
    stay.scores.assign(score.begin(), score.end());
  }
  if (static_cast<std::int64_t>(stay.kept.size()) > options.most_kept)
    stay.kept.resize(static_cast<std::size_t>(options.most_kept));
  PictureBoxes made;
  made.before_nms = static_cast<std::int64_t>(n);
  for (std::size_t rank = 0; rank < stay.kept.size(); ++rank) {
    const auto i = static_cast<std::size_t>(stay.kept[rank]);
    made.boxes.push_back(
        {{boxes[4 * i], boxes[4 * i + 1], boxes[4 * i + 2], boxes[4 * i + 3]},
         stay.scores[rank],
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
        box.corners = ToSet(ToPicture(box.corners, batch.placings[i],
                                      source.canvas(), kept.width, kept.height),
                            examples.dataset().images[kept.image], kept.width,
                            kept.height);
      all.push_back(std::move(kept));
    }
    progress.Update(begin + static_cast<std::int64_t>(index.size()));
  }
  progress.End();
  return all;
}

}  // namespace eyechart::detection
