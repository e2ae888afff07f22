#include "probes/detection/nms/suppress_boxes.h"

#include <fmt/ranges.h>

#include <array>
#include <utility>

#include "core/error.h"
#include "core/text.h"
#include "probes/detection/nms/soft_nms.h"

namespace eyechart::detection {
namespace {

constexpr const char* kAware = "aware";
constexpr const char* kAgnostic = "agnostic";

constexpr std::array<std::pair<const char*, NmsSemantics>, 4> kNmsNames = {
    {{"torchvision", NmsSemantics::kTorchvision},
     {"opencv", NmsSemantics::kOpenCv},
     {"soft-linear", NmsSemantics::kSoftLinear},
     {"soft-gaussian", NmsSemantics::kSoftGaussian}}};

SoftNmsOptions SoftOptionsOf(const NmsOptions& options) {
  SoftNmsOptions soft;
  soft.decay = options.semantics == NmsSemantics::kSoftLinear
                   ? SoftNmsDecay::kLinear
                   : SoftNmsDecay::kGaussian;
  soft.iou_threshold = static_cast<float>(options.iou_threshold);
  soft.sigma = static_cast<float>(options.sigma);
  soft.score_threshold = options.score_threshold;
  soft.class_agnostic = options.classes == NmsClasses::kAgnostic;
  soft.max_kept = options.max_kept;
  return soft;
}

}  // namespace

SuppressedBoxes SuppressBoxes(std::span<const float> boxes,
                              std::span<const float> scores,
                              std::span<const std::int64_t> classes,
                              const NmsOptions& options) {
  SuppressedBoxes made;
  if (IsSoftNms(options.semantics)) {
    CheckNmsOptions(options);
    SoftNmsResult soft =
        SoftNms(boxes, scores, classes, SoftOptionsOf(options));
    made.kept = std::move(soft.kept);
    made.scores = std::move(soft.scores);
    return made;
  }
  made.kept = Nms(boxes, scores, classes, options);
  made.scores.reserve(made.kept.size());
  for (const std::int64_t index : made.kept)
    made.scores.push_back(scores[static_cast<std::size_t>(index)]);
  return made;
}

NmsSemantics ParseNmsSemantics(const std::string& text,
                               const std::string& where) {
  std::vector<std::string> names;
  for (const auto& [name, semantics] : kNmsNames) {
    if (text == name) return semantics;
    names.emplace_back(name);
  }
  ThrowInput("{} {}: should be {}{}", where, text, fmt::join(names, ", "),
             DidYouMean(text, names));
}

NmsClasses ParseNmsClasses(const std::string& text, const std::string& where) {
  EYECHART_REQUIRE(text == kAware || text == kAgnostic,
                   "{} {}: should be {} or {}", where, text, kAware, kAgnostic);
  return text == kAware ? NmsClasses::kAuto : NmsClasses::kAgnostic;
}

std::string NmsSemanticsName(NmsSemantics semantics) {
  for (const auto& [name, known] : kNmsNames)
    if (known == semantics) return name;
  EYECHART_CHECK(false, "semantics {} have no name",
                 static_cast<int>(semantics));
}

std::string NmsClassesName(NmsClasses classes) {
  return classes == NmsClasses::kAgnostic ? kAgnostic : kAware;
}

Json NmsToJson(const NmsOptions& options) {
  Json json = {{"semantics", NmsSemanticsName(options.semantics)},
               {"classes", NmsClassesName(options.classes)},
               {"iou", options.iou_threshold}};
  if (options.semantics == NmsSemantics::kSoftGaussian)
    json["sigma"] = options.sigma;
  return json;
}

std::map<std::string, std::string> NmsSetting(const NmsOptions& options) {
  std::map<std::string, std::string> setting;
  if (options.semantics != NmsSemantics::kTorchvision)
    setting["nms"] = NmsSemanticsName(options.semantics);
  if (options.semantics == NmsSemantics::kSoftGaussian)
    setting["nms_sigma"] = FormatDouble(options.sigma);
  if (options.classes == NmsClasses::kAgnostic)
    setting["nms_classes"] = NmsClassesName(options.classes);
  return setting;
}

}  // namespace eyechart::detection
