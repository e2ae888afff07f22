// What a head finds in the pictures of a set.
#pragma once

#include <cstdint>
#include <vector>

#include "core/progress.h"
#include "probes/detection/detection_head.h"
#include "probes/detection/nms/nms.h"
#include "probes/detection/transfer/map_source.h"

namespace eyechart::detection {

struct FindOptions {
  DetectOptions detect;
  /// Of heads that need it. 0.6 is what FCOS is published with.
  NmsOptions nms = {.iou_threshold = 0.6};
  /// Boxes kept a picture, the best. COCO counts no more than 100; where more
  /// are kept, so do the scores.
  std::int64_t most_kept = 100;
  std::int64_t batch = 32;  // pictures a forward pass
};

struct FoundBox {
  Corners corners{};          // pixels of the picture in the set, see ToSet
  float score = 0;            // 0 ... 1
  std::int64_t category = 0;  // its place in the set
};

/// One picture's, best first.
struct PictureBoxes {
  std::size_t image = 0;  // its place in the set
  int width = 0;          // as decoded, pixels; 0: it could not be read
  int height = 0;
  std::int64_t before_nms = 0;
  std::vector<FoundBox> boxes;
};

/// Runs `head`, which is on the device of the source's model, on every picture
/// of `source`, each as in epoch 0. Throws Interrupted between batches on a
/// signal.
std::vector<PictureBoxes> FindBoxes(const DetectionHead& head,
                                    MapSource& source,
                                    const FindOptions& options,
                                    Progress& progress);

/// One picture's boxes in pixels of the canvas, with `suppress` after NMS: on
/// the CPU, wherever they were found, so that the same stay on each device.
PictureBoxes KeepBoxes(const FoundBoxes& found,
                       bool suppress,
                       const FindOptions& options);

}  // namespace eyechart::detection
