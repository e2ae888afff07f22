#include "data/boxes/rf100_published.h"

#include <array>
#include <string>

namespace eyechart::data {
namespace {

using enum PublishedScope;

constexpr std::array kRf100 = {
    PublishedMap50{kTotal, "", .7071, .6583, .7811, .0860},
    PublishedMap50{kAllSets, "", .7183, .6702, .8024, .0854},
    PublishedMap50{kDomain, "aerial", .636, .504, .707, .024},
    PublishedMap50{kDomain, "documents", .716, .723, .798, .019},
    PublishedMap50{kDomain, "electromagnetic", .742, .639, .790, .070},
    PublishedMap50{kDomain, "games", .863, .783, .881, .163},
    PublishedMap50{kDomain, "microscopic", .651, .592, .747, .023},
    PublishedMap50{kDomain, "real world", .782, .705, .842, .117},
    PublishedMap50{kDomain, "underwater", .560, .662, .702, .188},
    PublishedMap50{kSet, "bccd-ouzjz", .912, .922, .927, .191},
    PublishedMap50{kSet, "chess-pieces-mjzgj", .977, .830, .988, .017},
};

constexpr std::string_view kFull = "fully supervised";
constexpr std::string_view kRfDetr = "arXiv 2511.09554, table 4; 100 epochs";
constexpr std::string_view kSecondary = "a secondary source";
constexpr std::array kVl = {
    PublishedVl{"YOLOv8-N", kFull, .550, kRfDetr},
    PublishedVl{"YOLOv8-S", kFull, .563, kRfDetr},
    PublishedVl{"YOLOv8-M", kFull, .565, kRfDetr},
    PublishedVl{"YOLO11-N", kFull, .555, kRfDetr},
    PublishedVl{"YOLO11-S", kFull, .564, kRfDetr},
    PublishedVl{"YOLO11-M", kFull, .570, kRfDetr},
    PublishedVl{"LW-DETR-T", kFull, .571, kRfDetr},
    PublishedVl{"LW-DETR-S", kFull, .574, kRfDetr},
    PublishedVl{"LW-DETR-M", kFull, .598, kRfDetr},
    PublishedVl{"D-FINE-N", kFull, .582, kRfDetr},
    PublishedVl{"D-FINE-S", kFull, .603, kRfDetr},
    PublishedVl{"D-FINE-M", kFull, .606, kRfDetr},
    PublishedVl{"RT-DETR-R18", kFull, .596, kRfDetr},
    PublishedVl{"RF-DETR-N", kFull, .576, kRfDetr},
    PublishedVl{"RF-DETR-S", kFull, .607, kRfDetr},
    PublishedVl{"RF-DETR-M", kFull, .615, kRfDetr},
    PublishedVl{"RF-DETR-2XL", kFull, .633, kRfDetr},
    PublishedVl{"GroundingDINO-T", kFull, .623, kRfDetr},
    PublishedVl{"LLMDet-T", kFull, .623, kRfDetr},
    PublishedVl{"SAM3", "10-shot", .357, kSecondary},
    PublishedVl{"MM-GDINO-L + HED", "10-shot", .419, "FT-FSOD, CVPR 2026"},
    PublishedVl{"SAM3", "zero-shot", .152, kSecondary},
    PublishedVl{"GroundingDINO", "zero-shot", .160, kSecondary},
    PublishedVl{"OWLv2", "zero-shot", .136, kSecondary},
    PublishedVl{"Gemini 2.5 Pro", "zero-shot", .133, kSecondary},
    PublishedVl{"GPT-5", "zero-shot", .015, kSecondary},
};

// As the table writes domains.
std::string Plain(std::string_view name) {
  std::string plain;
  for (char c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    plain += c == '_' || c == '-' ? ' ' : c;
  }
  return plain == "videogames" || plain == "video games" ? "games" : plain;
}

}  // namespace

std::span<const PublishedMap50> PublishedRf100() { return kRf100; }

std::optional<PublishedMap50> FindPublished(PublishedScope scope,
                                            std::string_view name) {
  const std::string wanted = scope == kDomain ? Plain(name) : std::string(name);
  for (const PublishedMap50& row : kRf100)
    if (row.scope == scope && row.name == wanted) return row;
  return std::nullopt;
}

PublishedSets PublishedSetsOf(PublishedScope scope) {
  if (scope == kAllSets) return {100, 97, 95, 95};
  return {88, 88, 88, 88};
}

std::span<const PublishedVl> PublishedRf100Vl() { return kVl; }

}  // namespace eyechart::data
