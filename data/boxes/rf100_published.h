// Published scores on Roboflow-100 and RF100-VL: columns to read beside ours,
// never mixed into them.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace eyechart::data {

/// What the numbers of a row are of.
enum class PublishedScope {
  kSet,     // one data set, by its slug
  kDomain,  // mean over the sets of a domain
  kTotal,   // mean of the 7 domains' means, on the 88 sets that all models have
  kAllSets,  // mean over every set that the model has
};

/// mAP at an IoU of 0.5 as the trainers' own code gave it, not COCO's: YOLOv5
/// on the test part, YOLOv7 and YOLOv8 on the validation part by default.
/// GLIP-T is zero-shot. Fractions.
struct PublishedMap50 {
  PublishedScope scope;
  std::string_view name;  // slug or domain; empty for the means over all
  double yolov5s, yolov7, yolov8s, glip;
};

/// Source: Roboflow-100 (arXiv 2211.13523) and its repository's tables,
/// metadata/results.csv and datasets_stats.csv.
std::span<const PublishedMap50> PublishedRf100();

/// The row of a data set or a domain; nothing where none is published here. A
/// domain goes by the paper's name or the repository's ("games" and
/// "videogames"), with blanks or underscores.
std::optional<PublishedMap50> FindPublished(PublishedScope scope,
                                            std::string_view name);

/// Over how many sets a published mean is.
struct PublishedSets {
  int yolov5s, yolov7, yolov8s, glip;
};

/// Of the means over all sets, each model's own, or, for any other mean, of the
/// sets that all four have.
PublishedSets PublishedSetsOf(PublishedScope scope);

/// Mean AP over IoU 0.5 to 0.95 on RF100-VL, a fraction.
struct PublishedVl {
  std::string_view model;
  std::string_view regime;  // fully supervised, 10-shot, zero-shot
  double ap;
  std::string_view source;
};

std::span<const PublishedVl> PublishedRf100Vl();

}  // namespace eyechart::data
