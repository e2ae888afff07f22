// Suppression by whichever rule a user names, with the scores that are left:
// what a command's --nms and --nms-classes mean.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/json.h"
#include "probes/detection/nms/nms.h"

namespace eyechart::detection {

/// Boxes that stay, best score first.
struct SuppressedBoxes {
  std::vector<std::int64_t> kept;
  std::vector<float> scores;  // of each kept box; Soft-NMS lowers some
};

/// Nms, or SoftNms by its authors' rule, as options.semantics says; arguments
/// and errors are Nms's. Of kAuto Soft-NMS takes each class by itself.
SuppressedBoxes SuppressBoxes(std::span<const float> boxes,
                              std::span<const float> scores,
                              std::span<const std::int64_t> classes,
                              const NmsOptions& options);

/// torchvision, opencv, soft-linear or soft-gaussian. Throws InputError that
/// begins with `where` for another text.
NmsSemantics ParseNmsSemantics(const std::string& text,
                               const std::string& where);

/// aware (kAuto) or agnostic. Throws InputError that begins with `where`.
NmsClasses ParseNmsClasses(const std::string& text, const std::string& where);

std::string NmsSemanticsName(NmsSemantics semantics);

/// "agnostic", or "aware" for every other way: whether boxes of two classes
/// suppress each other.
std::string NmsClassesName(NmsClasses classes);

/// {"semantics": "torchvision", "classes": "aware", "iou": 0.6}, with "sigma"
/// beside them for kSoftGaussian: for results.
Json NmsToJson(const NmsOptions& options);

/// What differs from torchvision's class-aware suppression, for records and for
/// what tells one result from another: "nms" and "nms_classes", and "nms_sigma"
/// with kSoftGaussian. Empty for the default, so that what was recorded before
/// there was a choice stays equal.
std::map<std::string, std::string> NmsSetting(const NmsOptions& options);

}  // namespace eyechart::detection
