// COCO results from a JSON file: [{image_id, category_id, bbox, score}, ...].
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "probes/detection/evaluation/boxes.h"

namespace eyechart::detection {

/// Reads the results that belong to `truth`, on `threads` threads (0: all): the
/// list is cut between entries, and a part whose entries are all written alike
/// is read by a parser made for that; what it cannot take goes through
/// simdjson. An entry whose category `truth` lacks is kept with category -1 and
/// told of in a warning, as are, with how many there are and the first, boxes
/// without extent, of no area of COCO's and outside pictures of known size. An
/// empty list is allowed (pycocotools fails on it) and told of: nothing was
/// found. A UTF-8 byte order mark is skipped. Throws InputError naming the
/// entry for an image that `truth` lacks, missing keys, and numbers that are
/// not finite.
Detections ReadDetections(const std::filesystem::path& path,
                          const Truth& truth,
                          int threads,
                          std::vector<std::string>& warnings);
Detections ParseDetections(std::string_view json,
                           const std::string& source,
                           const Truth& truth,
                           std::vector<std::string>& warnings);

/// How the detections stand.
enum class Order {
  kByCategory,  // the file's within each: the fastest to evaluate
  kOfFile,      // what decides ties between categories too
};

/// Both files, the second while the first is still being read. What looks
/// across categories (FindErrorKinds, FindConfusion) should have kOfFile; the
/// evaluation is the same with both.
struct EvaluationFiles {
  Truth truth;
  Detections detections;
  std::vector<std::string> warnings;
};
EvaluationFiles ReadFiles(const std::filesystem::path& truth,
                          const std::filesystem::path& detections,
                          int threads,
                          Order order = Order::kByCategory);

}  // namespace eyechart::detection
