// The calls that harness_probe and harness_google time: one function on one
// input for both.
#pragma once

#include <functional>
#include <string_view>
#include <utility>

#include "benchmarks/micro/made_boxes.h"
#include "benchmarks/micro/made_image.h"
#include "core/error.h"
#include "data/resize.h"
#include "probes/detection/nms/nms.h"

namespace eyechart::benchmarks {

/// What the compiler may not leave out.
inline void KeepResult(const void* data) {
  asm volatile("" : : "r"(data) : "memory");
}

/// "nms" or "resize", as Nms/torchvision/1000 and Resize/bicubic/640/480/224 of
/// eyechart-micro call them, or "nothing", which shows what timing a call adds
/// to it. Inputs are made here, not in the call. Throws InputError for another
/// subject.
inline std::function<void()> CallOf(std::string_view subject) {
  if (subject == "nothing") return [] { KeepResult(nullptr); };
  if (subject == "nms") {
    detection::NmsOptions options;
    options.iou_threshold = 0.6;
    options.threads = 1;
    return [options, made = MakeBoxes(1000, 5)] {
      KeepResult(detection::Nms(made.boxes, made.scores, made.classes, options)
                     .data());
    };
  }
  EYECHART_REQUIRE(subject == "resize", "{}: there are nms, resize and nothing",
                   subject);
  return [image = MakeImage(640, 480, 1)] {
    KeepResult(
        data::Resize(image, 224, 224, data::Filter::kBicubic).pixels.data());
  };
}

}  // namespace eyechart::benchmarks
