// RandAugment (Cubuk and others, arXiv 1909.13719) as timm does it.
//
// A policy is a text such as "rand-m9-mstd0.5-inc1". Each layer draws one
// operation and, with a probability, applies it at a level: the policy's
// magnitude plus normal noise, within 0 ... 10. What is drawn is kept apart
// from what is done with it, so that a drawn plan can be looked at and
// repeated. Source: timm, timm/data/auto_augment.py.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/random.h"
#include "data/affine.h"
#include "data/image.h"
#include "data/resize.h"

namespace eyechart::data {

struct RandAugmentPolicy {
  double magnitude = 10;     // m: the mean level, 0 to 10
  double deviation = 0;      // mstd: of the level's noise, in levels
  bool increasing = false;   // inc1: a higher level always changes more
  int layers = 2;            // n: operations drawn, with replacement
  double probability = 0.5;  // p: that a layer's operation is applied
};

/// "rand-mM-mstdS-inc1-nN-pP", all but the first in any order or absent.
/// Throws InputError for what timm reads and we do not (w, t, mmax) as for any
/// other text. inc0 is refused: timm takes it for inc1.
RandAugmentPolicy ParseRandAugment(const std::string& text);

/// One row of the table of operations.
struct RandAugmentOp {
  std::string_view name;   // timm's
  bool plain = true;       // drawn from without inc1
  bool increasing = true;  // drawn from with inc1
  /// The operation's argument at a level of 0 to 10; `sign` is 1 or -1, for
  /// those that have a direction.
  double (*argument)(double level, double sign);
  Image (*apply)(const Image& image, double argument, const Warp& warp);
};

/// All of them; a policy draws from 15.
std::span<const RandAugmentOp> RandAugmentOps();

/// An operation with its argument, as drawn.
struct RandAugmentStep {
  const RandAugmentOp* op = nullptr;  // a row of RandAugmentOps()
  double argument = 0;
  Filter filter = Filter::kBicubic;  // for the geometric ones
};

/// The layers that are applied, in order. `filter` is that of the geometric
/// operations; without one, each draws bilinear or bicubic. A layer takes as
/// many numbers from `random` whatever is drawn.
std::vector<RandAugmentStep> DrawRandAugment(const RandAugmentPolicy& policy,
                                             std::optional<Filter> filter,
                                             Random& random);

/// The steps in turn; `fill` is the RGB of what comes from outside the picture.
Image ApplyRandAugment(Image image,
                       const std::vector<RandAugmentStep>& steps,
                       const std::array<std::uint8_t, 3>& fill);

/// A standard normal deviate from two uniform ones (Box and Muller 1958).
double NormalDeviate(Random& random);

}  // namespace eyechart::data
