#include "probes/detection/transfer/evaluate.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "data/boxes/box_findings.h"
#include "probes/detection/transfer/picture_warnings.h"

namespace eyechart::detection {
namespace {

constexpr std::size_t kNamed = 5;  // classes in a warning

// Of boxes by class of the detector, none of which the set has.
std::string LackedText(const Detector& detector,
                       const data::BoxDataset& set,
                       const std::vector<std::int64_t>& boxes) {
  std::vector<std::size_t> classes;
  std::int64_t all = 0;
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    if (boxes[i] > 0) classes.push_back(i);
    all += boxes[i];
  }
  if (classes.empty()) return "";
  std::stable_sort(
      classes.begin(), classes.end(),
      [&](std::size_t a, std::size_t b) { return boxes[a] > boxes[b]; });
  std::string named;
  for (std::size_t i = 0; i < std::min(kNamed, classes.size()); ++i)
    named +=
        fmt::format("{}{} ({})", i > 0 ? ", " : "",
                    detector.categories[classes[i]].name, boxes[classes[i]]);
  return fmt::format(
      "{} boxes were found of {} classes that {} lacks, and count for nothing: "
      "{}{}",
      all, classes.size(), set.name, named,
      classes.size() > kNamed ? ", ..." : "");
}

}  // namespace

std::string NotLearnedText(const data::BoxDataset& set,
                           const std::vector<std::size_t>& categories) {
  if (categories.empty()) return "";
  std::string named;
  for (std::size_t i = 0; i < std::min(kNamed, categories.size()); ++i)
    named += (i > 0 ? ", " : "") + set.categories[categories[i]].name;
  return fmt::format(
      "{} categories of {} are none that the detector was trained on, and all "
      "of their boxes are missed: {}{}",
      categories.size(), set.name, named,
      categories.size() > kNamed ? ", ..." : "");
}

DetectorEvaluation Evaluate(const Detector& detector,
                            const BoxExamples& examples,
                            AppliedDetector applied,
                            const ScoreOptions& options) {
  const data::BoxDataset& set = examples.dataset();
  const std::vector<std::int64_t> classes = ClassesOf(detector, set);
  DetectorEvaluation made;
  if (std::string odd = data::FindingsText(set); !odd.empty())
    made.warnings.push_back(std::move(odd));
  std::vector<std::int64_t> places(detector.categories.size(), -1);
  std::vector<std::size_t> not_learned;
  for (std::size_t i = 0; i < classes.size(); ++i) {
    if (classes[i] >= 0)
      places[static_cast<std::size_t>(classes[i])] =
          static_cast<std::int64_t>(i);
    else
      not_learned.push_back(i);
  }
  if (std::string text = NotLearnedText(set, not_learned); !text.empty())
    made.warnings.push_back(std::move(text));
  for (std::string& warning : PictureWarnings(examples, applied))
    made.warnings.push_back(std::move(warning));
  made.found = std::move(applied.found);
  std::vector<std::int64_t> lacked(places.size(), 0);
  for (PictureBoxes& picture : made.found) {
    // Whatever is made of the boxes from here on, these are not among them.
    std::erase_if(picture.boxes, [&](FoundBox& box) {
      const auto own = static_cast<std::size_t>(box.category);
      box.category = places[own];
      if (box.category < 0) ++lacked[own];
      return box.category < 0;
    });
  }
  if (std::string text = LackedText(detector, set, lacked); !text.empty())
    made.warnings.push_back(std::move(text));
  made.scores = ScoreBoxes(set, made.found, options);
  return made;
}

}  // namespace eyechart::detection
