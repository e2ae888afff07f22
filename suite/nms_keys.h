// Keys of suppression that tasks with a detector have in common with `detect`.
#pragma once

#include "probes/detection/nms/nms.h"
#include "suite/task.h"

namespace eyechart::suite {

inline constexpr TaskKey kNmsKey = {
    "nms", TaskKey::Type::kText, "torchvision", false,
    "dense, exported: whose suppression: torchvision, opencv, soft-linear or "
    "soft-gaussian"};
inline constexpr TaskKey kNmsClassesKey = {
    "nms_classes", TaskKey::Type::kText, "aware", false,
    "aware (each class by itself) or agnostic (all as one)"};
inline constexpr TaskKey kNmsSigmaKey = {
    "nms_sigma", TaskKey::Type::kNumber, "0.5", false,
    "of soft-gaussian, in squared overlap"};

/// What the three keys of `task` say, the rest as it is. Throws InputError
/// naming the task and the key.
detection::NmsOptions NmsOptionsOf(const TaskSpec& task);

}  // namespace eyechart::suite
