#include "probes/detection/transfer/evaluate.h"

#include <utility>

#include "core/error.h"
#include "data/boxes/box_findings.h"

namespace eyechart::detection {

DetectorEvaluation Evaluate(const Detector& detector,
                            const BoxExamples& examples,
                            AppliedDetector applied,
                            const ScoreOptions& options) {
  const data::BoxDataset& set = examples.dataset();
  const std::vector<std::int64_t> classes = ClassesOf(detector, set);
  DetectorEvaluation made;
  if (std::string odd = data::FindingsText(set); !odd.empty())
    made.warnings.push_back(std::move(odd));
  made.warnings.insert(made.warnings.end(), examples.problems().begin(),
                       examples.problems().end());
  std::vector<std::int64_t> places(detector.categories.size(), -1);
  for (std::size_t i = 0; i < classes.size(); ++i) {
    if (classes[i] >= 0)
      places[static_cast<std::size_t>(classes[i])] =
          static_cast<std::int64_t>(i);
    else
      made.warnings.push_back(fmt::format(
          "category \"{}\" is none that the detector was trained on: all of "
          "its boxes are missed",
          set.categories[i].name));
  }
  made.warnings.insert(made.warnings.end(), applied.problems.begin(),
                       applied.problems.end());
  made.found = std::move(applied.found);
  for (PictureBoxes& picture : made.found)
    for (FoundBox& box : picture.boxes)
      box.category = places[static_cast<std::size_t>(box.category)];
  made.scores = ScoreBoxes(set, made.found, options);
  return made;
}

}  // namespace eyechart::detection
