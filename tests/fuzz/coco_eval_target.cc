// Ground truth and results of the COCO evaluation, and what is made of them.
#include <cmath>

#include "core/error.h"
#include "probes/detection/evaluation/confusion.h"
#include "probes/detection/evaluation/error_kinds.h"
#include "probes/detection/evaluation/read_detections.h"
#include "probes/detection/evaluation/read_truth.h"
#include "probes/detection/evaluation/summary.h"
#include "tests/fuzz/input_folder.h"
#include "tests/fuzz/target.h"

namespace eyechart::fuzz {
namespace {

constexpr const char* kTruth =
    R"({"images": [{"id": 1}, {"id": 0}], "categories": [{"id": 3, "name":)"
    R"( "a"}, {"id": 4}], "annotations": [{"id": 0, "image_id": 1,)"
    R"( "category_id": 3, "bbox": [0, 0, 10, 10.5], "area": 105,)"
    R"( "iscrowd": 0},)"
    R"( {"id": 1, "image_id": 0, "category_id": 4, "bbox": [5, 5, 1e2, 7],)"
    R"( "area": 7e2, "iscrowd": 1}]})";

}  // namespace

bool Reads(const std::string& input) {
  const std::size_t end = input.find(kSeparator);
  const std::string truth_text = input.substr(0, end);
  const std::string found_text = end == input.npos ? "" : input.substr(end + 1);
  try {
    std::vector<std::string> warnings;
    const detection::Truth truth =
        detection::ParseTruth(truth_text, "truth", warnings);
    const detection::Detections found =
        detection::ParseDetections(found_text, "results", truth, warnings);
    for (const auto mode :
         {detection::Mode::kStrict, detection::Mode::kCorrected}) {
      detection::EvaluationOptions options;
      options.mode = mode;
      options.threads = 1;
      options.all_curves = true;
      const detection::Evaluation made =
          detection::Evaluate(truth, found, options);
      for (const auto& [name, value] :
           detection::Named(detection::Summarize(made)))
        EYECHART_CHECK(value == -1 || (value >= 0 && value <= 1), "{} is {}",
                       name, value);
    }
    detection::FindErrorKinds(truth, found, {});
    detection::FindConfusion(truth, found, {});
    return true;
  } catch (const InputError&) {
    return false;
  }
}

std::vector<std::string> Seeds() {
  const std::string truth = std::string(kTruth) + kSeparator;
  return {
      truth + "[]",
      truth +
          R"([{"image_id": 1, "category_id": 3, "bbox": [0, 0, 9.25, 10],)"
          R"( "score": 0.9132180213928223}, {"image_id": 0, "category_id": 4,)"
          R"( "bbox": [-1, 2e-3, 3.0, -4], "score": -1}])",
      truth + R"([ {"score":1e0,"id":7,"bbox":[1,2,3,4],"category_id":9,)"
              R"("image_id":1.0}, {"image_id": 1, "segmentation": [{}, {}],)"
              R"( "category_id": 3, "bbox": [1, 2, 3, 4], "score": 0}])",
      std::string(R"({"images": [{"id": "a"}], "annotations": [],)"
                  R"( "categories": []})") +
          kSeparator +
          R"([{"image_id": "a", "category_id": 1, "bbox": [0,0,1,1],)"
          R"( "score": 1}])",
  };
}

}  // namespace eyechart::fuzz
