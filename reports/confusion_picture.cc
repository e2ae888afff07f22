#include "reports/confusion_picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <utility>

#include "core/text.h"
#include "reports/html_parts.h"
#include "reports/visible_text.h"

namespace eyechart::reports {
namespace {

// Of a page's width, with numbers that can be read; COCO has 80 classes.
constexpr std::size_t kMostClasses = 24;
constexpr double kCellSide = 30;     // pixels, as all below
constexpr double kNamesLeft = 140;   // of rows
constexpr double kNamesAbove = 120;  // of columns, which lean
constexpr double kNamesLean = 70;    // over the last column
constexpr std::size_t kNameBytes = 22;
// Of a cell's colour: something to see from one count on, and text on a whole
// row that still has a contrast of 4.5.
constexpr double kLeastShade = 0.06;
constexpr double kMostShade = 0.45;
constexpr std::int64_t kThousands = 10000;  // from where counts are short

std::string CountText(std::int64_t count) {
  return count < kThousands ? fmt::format("{}", count)
                            : fmt::format("{}k", (count + 500) / 1000);
}

// The picture of one matrix: the shown classes, then background.
class ConfusionPicture {
 public:
  ConfusionPicture(const ConfusionMatrix& matrix,
                   std::vector<std::size_t> shown)
      : matrix_(matrix), places_(std::move(shown)) {
    places_.push_back(matrix.classes.size());
    of_row_.resize(matrix.classes.size() + 1);
    for (const auto& [pair, count] : matrix.counts)
      of_row_[pair.first] += count;
  }

  std::string Svg(const std::string& title) const {
    const double side = kCellSide * static_cast<double>(places_.size());
    const double width = kNamesLeft + side + kNamesLean;
    const double height = kNamesAbove + side + 4;
    std::string svg = fmt::format(
        "<svg class=\"confusion\" width=\"{0:.0f}\" height=\"{1:.0f}\" "
        "viewBox=\"0 0 {0:.0f} {1:.0f}\" role=\"img\"><title>{2}</title>",
        width, height, EscapeHtml(title));
    svg += fmt::format(
        "<text class=\"end\" x=\"{0}\" y=\"{1}\">true class</text>"
        "<text class=\"end\" x=\"{0}\" y=\"{2}\">found as</text>",
        kNamesLeft - 8, kNamesAbove - 8, kNamesAbove - 26);
    for (std::size_t i = 0; i < places_.size(); ++i) svg += Names(i);
    for (std::size_t row = 0; row < places_.size(); ++row)
      for (std::size_t column = 0; column < places_.size(); ++column)
        svg += CellSvg(row, column);
    return svg + fmt::format(
                     "<rect class=\"frame\" x=\"{0}\" y=\"{1}\" "
                     "width=\"{2}\" height=\"{2}\"/></svg>",
                     kNamesLeft, kNamesAbove, side);
  }

 private:
  bool IsBackground(std::size_t place) const {
    return place == matrix_.classes.size();
  }

  std::string NameAt(std::size_t place) const {
    return IsBackground(place) ? "background" : matrix_.classes[place];
  }

  static double Offset(std::size_t i) {
    return kCellSide * static_cast<double>(i);
  }

  // Of row and column `i`.
  std::string Names(std::size_t i) const {
    const std::string name = NameAt(places_[i]);
    const std::string text = EscapeHtml(CutText(name, kNameBytes)) + "<title>" +
                             EscapeHtml(name) + "</title>";
    const double middle = Offset(i) + kCellSide / 2;
    return fmt::format(
        "<text class=\"end\" x=\"{}\" y=\"{}\">{}</text>"
        "<text transform=\"translate({} {}) rotate(-60)\">{}</text>",
        kNamesLeft - 8, kNamesAbove + middle + 4, text, kNamesLeft + middle + 4,
        kNamesAbove - 6, text);
  }

  std::string What(std::size_t truth, std::size_t found) const {
    if (IsBackground(truth)) return NameAt(found) + " on nothing";
    if (IsBackground(found)) return NameAt(truth) + " missed";
    return NameAt(truth) + " found as " + NameAt(found);
  }

  std::string CellSvg(std::size_t row, std::size_t column) const {
    const std::size_t truth = places_[row], found = places_[column];
    const auto count = matrix_.counts.find({truth, found});
    if (count == matrix_.counts.end()) return "";
    const double share = static_cast<double>(count->second) /
                         static_cast<double>(of_row_[truth]);
    const double x = kNamesLeft + Offset(column);
    const double y = kNamesAbove + Offset(row);
    return fmt::format(
        "<g><title>{}: {} of {} ({:.1f}%)</title><rect class=\"{}\" x=\"{}\" "
        "y=\"{}\" width=\"{}\" height=\"{}\" fill-opacity=\"{:.3f}\"/>"
        "<text class=\"count\" x=\"{}\" y=\"{}\">{}</text></g>",
        EscapeHtml(What(truth, found)), count->second, of_row_[truth],
        100 * share, truth == found ? "right" : "wrong", x, y, kCellSide,
        kCellSide, kLeastShade + (kMostShade - kLeastShade) * share,
        x + kCellSide / 2, y + kCellSide / 2 + 4, CountText(count->second));
  }

  const ConfusionMatrix& matrix_;
  std::vector<std::size_t> places_;   // of rows and columns, background last
  std::vector<std::int64_t> of_row_;  // counts of a truth, shown or not
};

std::string LeftOutSentence(const ConfusionMatrix& matrix,
                            const std::vector<std::size_t>& shown) {
  const std::size_t classes = matrix.classes.size();
  if (shown.size() == classes) return "";
  std::int64_t all = 0, hidden = 0;
  for (const auto& [pair, count] : matrix.counts) {
    const auto& [truth, found] = pair;
    if (truth == found || truth == classes || found == classes) continue;
    all += count;
    const auto is_shown = [&](std::size_t place) {
      return std::binary_search(shown.begin(), shown.end(), place);
    };
    if (!is_shown(truth) || !is_shown(found)) hidden += count;
  }
  return fmt::format(
      " Shown are the {} of {} classes that are most often confused; {} are "
      "left out, and with them {} of the {} boxes that were taken for another "
      "class.",
      shown.size(), classes, classes - shown.size(), hidden, all);
}

}  // namespace

std::vector<std::size_t> MostConfusedClasses(const ConfusionMatrix& matrix,
                                             std::size_t most) {
  const std::size_t classes = matrix.classes.size();
  // Taken for another class or another for it, and with background.
  std::vector<std::pair<std::int64_t, std::int64_t>> wrong(classes);
  for (const auto& [pair, count] : matrix.counts) {
    const auto& [truth, found] = pair;
    if (truth == found) continue;
    if (truth == classes) {
      wrong[found].second += count;
    } else if (found == classes) {
      wrong[truth].second += count;
    } else {
      wrong[truth].first += count;
      wrong[found].first += count;
    }
  }
  std::vector<std::size_t> places(classes);
  std::iota(places.begin(), places.end(), std::size_t{0});
  std::stable_sort(
      places.begin(), places.end(),
      [&](std::size_t a, std::size_t b) { return wrong[a] > wrong[b]; });
  places.resize(std::min(most, classes));
  std::sort(places.begin(), places.end());
  return places;
}

std::string ConfusionPictureHtml(const HtmlPage& page,
                                 const DetectionRow& row) {
  if (!row.matrix || row.matrix->counts.empty()) return "";
  const ConfusionMatrix& matrix = *row.matrix;
  const std::string title = page.RunPrefix(row.run) + DetectionName(row) +
                            ": which class is found as which";
  std::vector<std::size_t> shown = MostConfusedClasses(matrix, kMostClasses);
  const std::string left_out = LeftOutSentence(matrix, shown);
  const std::string name = EscapeHtml(title);
  // The keyboard reaches what is wider than a narrow page.
  return "<details><summary>" + name +
         "</summary>\n<div class=\"scroll\" tabindex=\"0\" role=\"group\" "
         "aria-label=\"" +
         name + "\">" + ConfusionPicture(matrix, std::move(shown)).Svg(title) +
         "</div>\n<p class=\"hint\">" +
         EscapeHtml(fmt::format(
             "Boxes of a score of {:g} and more, on a truth from an overlap of "
             "{:g}, whatever the class; the best box takes it. A row is a true "
             "class, its last column what was missed; the last row has boxes "
             "on nothing. The shade is the part of the row.{}",
             matrix.min_score, matrix.iou, left_out)) +
         "</p></details>\n";
}

}  // namespace eyechart::reports
