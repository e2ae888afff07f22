// Detection transfer: the figures of each encoder, what went wrong, how
// training went, and the pictures in which most went wrong.
#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "reports/error_kinds.h"
#include "reports/html_parts.h"
#include "reports/training_log.h"

namespace eyechart::reports {
namespace {

constexpr std::size_t kMaxPictures = 6;  // of one encoder
// False alarms drawn on a picture, the best of them: a weak head makes dozens,
// under which nothing can be seen.
constexpr std::size_t kMaxAlarms = 6;

std::string ShareText(double value) {
  return value < 0 ? "\u2014" : fmt::format("{:.1f}", 100 * value);
}

std::string DetectionFigure(const DetectionRow& row, const char* name) {
  const auto found = row.stats.find(name);
  std::string text = ShareText(found == row.stats.end() ? -1 : found->second);
  const auto ci = row.intervals.find(name);
  if (ci != row.intervals.end())
    text += fmt::format("<small>[{}, {}]</small>", ShareText(ci->second.low),
                        ShareText(ci->second.high));
  return text;
}

std::string DifferenceText(const DetectionRow& row) {
  if (!row.difference)
    return row.not_compared.empty()
               ? "\u2014"
               : "\u2014<small style=\"white-space:normal\">" +
                     EscapeHtml(row.not_compared) + "</small>";
  std::string text = fmt::format("{:+.1f}", 100 * row.difference->mean);
  if (row.difference->ci)
    text += fmt::format("<small>[{:+.1f}, {:+.1f}]</small>",
                        100 * row.difference->ci->low,
                        100 * row.difference->ci->high);
  return text;
}

std::string DetectorName(const HtmlPage& page, const DetectionRow& row) {
  return page.RunPrefix(row.run) + DetectionName(row);
}

void DetectionTableHtml(HtmlPage& page, const DetectionTable& table) {
  page.html += Element("h3", DetectionTableName(table));
  page.html +=
      "<div class=\"scroll\"><table><caption>The best AP first</caption>"
      "<thead><tr>"
      "<th scope=\"col\">encoder</th>";
  for (const char* name : {"AP", "AP50", "AP75", "small", "medium", "large",
                           "AP over seeds", "less the first", "pictures"})
    page.html += fmt::format("<th scope=\"col\" class=\"num\">{}</th>", name);
  page.html += "</tr></thead>\n<tbody>\n";
  for (const DetectionRow& row : table.rows) {
    std::string name = EscapeHtml(DetectorName(page, row));
    if (row.stages == "own" &&
        row.differs.find("stages own") == std::string::npos)
      name += "<small>own stages</small>";
    page.html += "<tr><th scope=\"row\">" + name + "</th>";
    for (const char* figure : {"AP", "AP50", "AP75", "APs", "APm", "APl"})
      page.html +=
          "<td class=\"num\">" + DetectionFigure(row, figure) + "</td>";
    page.html += fmt::format(
        "<td class=\"num\">{}</td><td class=\"num\">{}</td>"
        "<td class=\"num\">{}<small>{} to test</small></td></tr>\n",
        SeedsHtml(row.seeds, ShareText), DifferenceText(row), row.train,
        row.test);
  }
  page.html += "</tbody></table></div>\n";
}

std::string BoxSvg(const ShownBox& box, const WorstPicture& picture) {
  const char* kind = box.score ? (box.wrong ? "alarm" : "hit")
                               : (box.wrong ? "miss" : "truth");
  const auto width = static_cast<double>(picture.width);
  const auto height = static_cast<double>(picture.height);
  std::string what = box.label;
  if (box.score) what += fmt::format(" {:.2f}", *box.score);
  return fmt::format(
      "<rect class=\"box-{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" "
      "height=\"{:.1f}\"><title>{}</title></rect>",
      kind, box.x * width, box.y * height, std::max(0.0, box.w * width),
      std::max(0.0, box.h * height), EscapeHtml(what));
}

std::string WorstPictureHtml(const WorstPicture& picture) {
  std::string missed, alarms;
  std::size_t count = 0;
  std::vector<bool> drawn;
  for (const ShownBox& box : picture.boxes) {
    const bool alarm = box.wrong && box.score;
    drawn.push_back(!alarm || count < kMaxAlarms);
    count += alarm ? 1 : 0;
    if (!box.wrong || !drawn.back()) continue;
    std::string& list = box.score ? alarms : missed;
    list += (list.empty() ? "" : ", ") + box.label;
    if (box.score) list += fmt::format(" {:.2f}", *box.score);
  }
  std::string html = fmt::format(
      "<li class=\"found\"><figure><svg viewBox=\"0 0 {0} {1}\" role=\"img\" "
      "aria-label=\"{2}: {3} found, {4} missed, {5} made up\">"
      "<image href=\"{6}\" width=\"{0}\" height=\"{1}\"/>",
      picture.width, picture.height, EscapeHtml(picture.id), picture.matched,
      picture.misses, picture.false_alarms, EscapeHtml(picture.src));
  // What is right lies below what is wrong.
  for (const bool wrong : {false, true})
    for (std::size_t i = 0; i < picture.boxes.size(); ++i)
      if (picture.boxes[i].wrong == wrong && drawn[i])
        html += BoxSvg(picture.boxes[i], picture);
  html += "</svg><figcaption><span class=\"id\">" + EscapeHtml(picture.id) +
          "</span>";
  if (!missed.empty())
    html += "<small>missed: " + EscapeHtml(missed) + "</small>";
  if (count > kMaxAlarms)
    alarms += fmt::format(", and {} more", count - kMaxAlarms);
  if (!alarms.empty())
    html += "<small>made up: " + EscapeHtml(alarms) + "</small>";
  return html + "</figcaption></figure></li>\n";
}

// What the records know of rows that found next to nothing.
void WeakRows(HtmlPage& page, const DetectionTable& table) {
  std::string list;
  for (const std::string& one :
       WeakRowSentences(table, DetectionPrefixes(page.labels)))
    list += Element("li", one);
  if (!list.empty()) page.html += "<ul>" + list + "</ul>\n";
}

void Worst(HtmlPage& page, const DetectionRow& row) {
  if (row.worst.empty()) return;
  page.html += fmt::format(
      "<details class=\"worst\"><summary>{}: the pictures in which most went "
      "wrong</summary><ol class=\"boxes\">\n",
      EscapeHtml(DetectorName(page, row)));
  for (std::size_t i = 0; i < std::min(kMaxPictures, row.worst.size()); ++i)
    page.html += WorstPictureHtml(row.worst[i]);
  page.html += "</ol></details>\n";
}

}  // namespace

void WriteDetections(HtmlPage& page) {
  if (page.detections.empty()) return;
  page.Open("detection", "Detection transfer");
  page.html +=
      "<p class=\"lead\">One light head, trained by one recipe on each "
      "encoder\u2019s maps, says where things are. The encoder is frozen, "
      "except where the heading says unfreeze and a number: there its last "
      "blocks were trained too, which is another protocol, in a table of its "
      "own. Average precision in "
      "per cent, as COCO defines it; sizes are small up to 32 \u00d7 32 "
      "pixels, "
      "large from 96 \u00d7 96. Intervals are over pictures (95%); differences "
      "are from the first row, the same seeds paired (Student\u2019s t), where "
      "all but the encoder is the same. The "
      "step that is kept is chosen on validation pictures, never on those "
      "tested.</p>\n";
  for (const DetectionTable& table : page.detections) {
    DetectionTableHtml(page, table);
    WeakRows(page, table);
    page.html += ErrorKindsHtml(page, table);
    page.html += TrainingLogHtml(page, table);
    for (const DetectionRow& row : table.rows) Worst(page, row);
  }
  if (std::any_of(page.detections.begin(), page.detections.end(),
                  [](const DetectionTable& table) {
                    return !KindsOfErrors(table).empty();
                  }))
    page.html += "<p class=\"hint\">" + EscapeHtml(ErrorKindsHint()) + "</p>\n";
  page.html +=
      "<p class=\"hint\">On the pictures: thin white, there and found; "
      "blue, found; dashed orange, missed; red, made up. Only boxes of a score "
      "of 0.3 and more are drawn, the best six of those made up; one counts as "
      "found from an overlap of 0.5 "
      "with a box of its class.</p>\n</section>\n";
}

}  // namespace eyechart::reports
