// Why detections are wrong, and what each reason costs.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "probes/detection/evaluation/boxes.h"

namespace eyechart::detection {

struct ErrorKindOptions {
  double found = 0.5;        // overlap from which a detection is right
  double background = 0.1;   // overlap up to which it is on nothing
  int max_detections = 100;  // best of an image, all classes together
};

enum class ErrorKind {
  kClass,         // right place, other class
  kLocalisation,  // right class, overlap between the two thresholds
  kBoth,          // other class and such an overlap
  kDuplicate,     // of a truth that a better one has found
  kBackground,    // on nothing
  kMissed,        // a truth that no error of class or place is near
};
inline constexpr std::size_t kErrorKinds = 6;
std::string_view NameOf(ErrorKind kind);

struct ErrorKinds {
  /// Mean over classes at `found`; classes with detections and no truth count
  /// as 0 here, unlike in COCO's AP.
  double AP = 0;
  struct Kind {
    std::int64_t count = 0;
    double gain = 0;  // of AP, if all of this kind alone were mended
  };
  std::array<Kind, kErrorKinds> kinds;
  double false_alarm_gain = 0;  // if every wrong detection had score 0
  double miss_gain = 0;         // if no truth were left to be found

  const Kind& of(ErrorKind kind) const {
    return kinds[static_cast<std::size_t>(kind)];
  }
};

/// TIDE (Bolya, Foley, Hays, Hoffman, ECCV 2020), after its released
/// implementation tidecv 1.0.1: an image's detections are matched by descending
/// score over all classes; crowds take what lies in them by more than `found`.
/// Mending: a class or place is set right where its truth is free, by the best
/// such detection, other ones go; duplicates, background and both go; missed
/// truths are no longer asked for; where that leaves nothing AP is 1. Equal
/// scores of an image stand as in `detections`, of several by image. Fractions,
/// where tidecv has percent.
ErrorKinds FindErrorKinds(const Truth& truth,
                          const Detections& detections,
                          const ErrorKindOptions& options);

}  // namespace eyechart::detection
