// Mined pairs as pictures: two side by side, both cosines as bars.
#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "reports/comparison.h"
#include "reports/html_parts.h"
#include "reports/methods.h"

namespace eyechart::reports {
namespace {

std::string GalleryPictureHtml(const GalleryPicture& picture) {
  std::string html = "<figure>";
  const std::string alternative =
      picture.label.empty() ? picture.id : picture.label + ", " + picture.id;
  if (picture.src.empty()) {
    html += "<div class=\"nopic\">no thumbnail</div>";
  } else {
    html += fmt::format("<img src=\"{}\" alt=\"{}\" decoding=\"async\">",
                        EscapeHtml(picture.src), EscapeHtml(alternative));
  }
  html += "<figcaption>";
  if (!picture.label.empty())
    html += "<b>" + EscapeHtml(picture.label) + "</b> ";
  return html + "<span class=\"id\">" + EscapeHtml(picture.id) +
         "</span></figcaption></figure>";
}

// Percent of a bar that a cosine fills; below zero it stays empty.
double BarPercent(double cosine) { return std::clamp(cosine, 0.0, 1.0) * 100; }

std::string BarHtml(const std::string& model,
                    double cosine,
                    double threshold,
                    std::string_view kind) {
  return fmt::format(
      "<div class=\"cos {}\"><dt>{}</dt><dd><span class=\"bar\" "
      "style=\"--v:{:.1f}%;--t:{:.1f}%\" aria-hidden=\"true\"></span>"
      "<span class=\"num\">{:.3f}</span></dd></div>",
      kind, EscapeHtml(model), BarPercent(cosine), BarPercent(threshold),
      cosine);
}

std::string PairHtml(const Gallery& gallery, const GalleryPair& pair) {
  return fmt::format(
      "<li class=\"pair\"><p class=\"rank\"><span>Pair {}</span>"
      "<span>gap {:.3f}</span></p><div class=\"pics\">{}{}</div>"
      "<dl>{}{}</dl></li>\n",
      pair.rank, pair.gap, GalleryPictureHtml(pair.a),
      GalleryPictureHtml(pair.b),
      BarHtml(gallery.near_model, pair.near_cosine, gallery.near_min, "near"),
      BarHtml(gallery.far_model, pair.far_cosine, gallery.far_max, "far"));
}

}  // namespace

std::string GalleryHtml(const Gallery& gallery, const std::string& heading) {
  std::string html = fmt::format(
      "<h3>{}</h3>\n<p class=\"lead\">{}</p>\n", EscapeHtml(heading),
      EscapeHtml(BlindPairSentence(gallery.near_model, gallery.far_model,
                                   FormatDouble(gallery.near_min),
                                   FormatDouble(gallery.far_max))));
  if (gallery.pairs.empty()) return html + "<p>No such pair was found.</p>\n";
  const std::size_t shown = std::min(gallery.pairs.size(), kMaxGalleryPairs);
  html += fmt::format(
      "<p class=\"hint\">{}, widest gap first. The bars are cosines from 0 to "
      "1, the mark on each is its threshold.{}</p>\n",
      shown < gallery.pairs.size()
          ? fmt::format("{} of {} pairs", shown, gallery.pairs.size())
          : Plural(shown, "pair"),
      shown < gallery.pairs.size()
          ? " The others are in the run folder's artifacts."
          : "");
  html += "<ol class=\"pairs\">\n";
  for (std::size_t i = 0; i < shown; ++i)
    html += PairHtml(gallery, gallery.pairs[i]);
  return html + "</ol>\n";
}

}  // namespace eyechart::reports
