#include "data/boxes/yolo_labels.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "core/error.h"
#include "core/text.h"
#include "data/boxes/box_findings.h"
#include "data/boxes/name_list.h"

namespace eyechart::data::internal {
namespace {

std::vector<double> Numbers(std::string_view line, const std::string& place) {
  constexpr std::string_view kBlanks = " \t";
  std::vector<double> numbers;
  for (std::size_t at = line.find_first_not_of(kBlanks); at != line.npos;) {
    const std::size_t end =
        std::min(line.find_first_of(kBlanks, at), line.size());
    const std::string_view word = line.substr(at, end - at);
    const std::optional<double> number = ParseDouble(word);
    EYECHART_REQUIRE(number, "{}: \"{}\" is not a number", place,
                     word.substr(0, 80));
    numbers.push_back(*number);
    at = line.find_first_not_of(kBlanks, end);
  }
  return numbers;
}

// The bounding box of the points behind the class.
void Surround(const std::vector<double>& numbers, YoloBox& box) {
  double left = numbers[1], right = left, top = numbers[2], bottom = top;
  for (std::size_t i = 3; i < numbers.size(); i += 2) {
    left = std::min(left, numbers[i]);
    right = std::max(right, numbers[i]);
    top = std::min(top, numbers[i + 1]);
    bottom = std::max(bottom, numbers[i + 1]);
  }
  box.center_x = (left + right) / 2;
  box.center_y = (top + bottom) / 2;
  box.width = right - left;
  box.height = bottom - top;
  // min and max pass over what is not a number.
  for (const double number : numbers)
    if (!std::isfinite(number)) box.width = number;
  box.polygon = true;
}

// One line that is not blank. Throws InputError, `kind` being what is wrong.
YoloBox BoxOfLine(const std::vector<double>& numbers,
                  std::size_t classes,
                  std::size_t keypoint_numbers,
                  const std::string& place,
                  std::string_view& kind) {
  const bool keypoints = keypoint_numbers > 0;
  EYECHART_REQUIRE(!keypoints || numbers.size() == 5 + keypoint_numbers,
                   "{}: {} numbers; there should be {}: 5 (class, centre x and "
                   "y, width, height) and {} of keypoints, as kpt_shape says",
                   place, numbers.size(), 5 + keypoint_numbers,
                   keypoint_numbers);
  const bool outline =
      !keypoints && numbers.size() >= 7 && numbers.size() % 2 == 1;
  EYECHART_REQUIRE(keypoints || numbers.size() == 5 || outline,
                   "{}: {} numbers; there should be 5 (class, centre x and "
                   "y, width, height), or a class and 3 points or more",
                   place, numbers.size());
  kind = finding::kCategoryUnknown;
  EYECHART_REQUIRE(numbers[0] >= 0 && numbers[0] == std::floor(numbers[0]) &&
                       numbers[0] < static_cast<double>(classes),
                   "{}: class {}; the classes are 0 to {}", place, numbers[0],
                   classes - 1);
  YoloBox box;
  box.category = static_cast<std::size_t>(numbers[0]);
  box.keypoints = keypoints;
  if (outline) {
    Surround(numbers, box);
  } else {
    box.center_x = numbers[1];
    box.center_y = numbers[2];
    box.width = numbers[3];
    box.height = numbers[4];
  }
  return box;
}

}  // namespace

YoloLabels ParseYoloLabels(std::string_view text,
                           std::size_t classes,
                           const std::string& source,
                           std::size_t keypoint_numbers) {
  YoloLabels labels;
  for (std::size_t line = 1; !text.empty(); ++line) {
    const std::string_view content = TakeLine(text);
    const std::string place = fmt::format("{}: line {}", source, line);
    std::string_view kind = finding::kBoxNumbers;
    try {
      const std::vector<double> numbers = Numbers(content, place);
      if (numbers.empty()) continue;
      labels.boxes.push_back(
          BoxOfLine(numbers, classes, keypoint_numbers, place, kind));
      labels.boxes.back().line = line;
    } catch (const InputError& error) {
      labels.faults.push_back({kind, error.what()});
    }
  }
  return labels;
}

}  // namespace eyechart::data::internal
