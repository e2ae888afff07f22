// Training-time augmentation: what a picture goes through before a probe that
// trains on the encoder's output sees it.
//
// What is drawn is kept apart from what is done with it: a plan holds every
// random decision, and applying it is deterministic and, operation by
// operation, bit-identical to Pillow 13. All decisions come from one
// eyechart::Random; give each picture of each epoch a stream of its own, and
// the result depends on nothing else.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/random.h"
#include "data/image.h"
#include "data/preprocess.h"
#include "data/rand_augment.h"
#include "data/resize.h"

namespace eyechart::data {

/// torchvision's ColorJitter. Each factor is uniform in
/// [max(0, 1 - strength), 1 + strength]; 0 switches one off.
struct ColorJitterOptions {
  double brightness = 0;  // strength, 0 or more
  double contrast = 0;    // strength, 0 or more
  double saturation = 0;  // strength, 0 or more
  double hue = 0;         // turns of the colour circle either way, 0 to 0.5
};

/// The defaults are torchvision's RandomResizedCrop at ImageNet's size, with
/// the bicubic filter that both recipes below name.
struct AugmentOptions {
  int height = 224;              // of the output, pixels
  int width = 224;               // of the output, pixels
  double scale_min = 0.08;       // the crop's area, of the picture's, above 0
  double scale_max = 1;          // the same, at most 1
  double ratio_min = 3.0 / 4.0;  // the crop's width by its height, above 0
  double ratio_max = 4.0 / 3.0;  // the same; drawn evenly in its logarithm
  Filter filter = Filter::kBicubic;  // from the crop to the output
  double flip_probability = 0.5;     // left and right exchanged
  ColorJitterOptions jitter;         // off
  std::string rand_augment;  // a policy that ParseRandAugment reads; "": none
  // RandAugment's geometric operations: bilinear or bicubic. None: each draws
  // one of the two, timm's default where no interpolation is asked for.
  std::optional<Filter> rand_augment_filter;
  // What they bring in from outside the picture, RGB. None: the mean of the
  // preprocessing, as timm's create_transform has it; without one, 128.
  std::optional<std::array<std::uint8_t, 3>> fill;
};

/// RandomResizedCrop bicubic and a flip: DINOv2's training transform of the
/// linear evaluation (dinov2/eval/linear.py). size: both sides, pixels.
AugmentOptions DinoLinearAugment(int size);

/// AIMv2's attentive probe (arXiv 2411.14402, Table A2): the same crop and
/// flip, colour jitter 0.3 and rand-m9-mstd0.5-inc1. timm switches colour
/// jitter off where a policy is given; the table lists both, so both are
/// applied here, and a caller can clear either. Geometric operations are
/// bicubic like the crop, which is what timm makes of that interpolation.
AugmentOptions AimAttentiveAugment(int size);

/// Throws InputError for what cannot be served, naming the field.
void CheckAugment(const AugmentOptions& options);

/// For records; what a switched-off step would do does not tell two apart.
Json AugmentToJson(const AugmentOptions& options);

enum class JitterKind { kBrightness, kContrast, kSaturation, kHue };

struct JitterStep {
  JitterKind kind = JitterKind::kBrightness;
  double amount = 1;  // a factor; for kHue the turn, -0.5 to 0.5
};

/// Every random decision about one picture.
struct AugmentPlan {
  Box crop;  // whole pixels
  bool flip = false;
  std::vector<JitterStep> jitter;  // in the order drawn
  std::vector<RandAugmentStep> rand_augment;
};

/// The crop of a picture of width x height, whole pixels. Ten tries, then the
/// largest central part whose ratio is in range. Source: torchvision's
/// RandomResizedCrop.get_params.
Box DrawCrop(int width,
             int height,
             const AugmentOptions& options,
             Random& random);

/// The steps that are on, in random order. As many numbers are taken from
/// `random` whatever is on. Source: torchvision's ColorJitter.get_params.
std::vector<JitterStep> DrawJitter(const ColorJitterOptions& options,
                                   Random& random);

/// The decisions in the order in which they are applied: a later step being on
/// or off leaves the earlier ones as they are.
AugmentPlan DrawAugment(int width,
                        int height,
                        const AugmentOptions& options,
                        Random& random);

/// Crop, resize, flip, jitter, RandAugment: (options.height, options.width).
/// `fill` as in ApplyRandAugment. (timm, made to do both, has RandAugment
/// before the jitter; the paper does not say.)
Image ApplyAugment(const Image& image,
                   const AugmentPlan& plan,
                   const AugmentOptions& options,
                   const std::array<std::uint8_t, 3>& fill);

/// options.fill, or else what its comment says.
std::array<std::uint8_t, 3> AugmentFill(const PreprocessOptions& preprocess,
                                        const AugmentOptions& options);

/// A drawn plan applied, then rescaled and normalised as `preprocess` says; its
/// resize and crop play no part. (3, options.height, options.width), float32.
/// `image` has at least one pixel. Throws InputError as CheckAugment does.
Pixels Augment(const Image& image,
               const PreprocessOptions& preprocess,
               const AugmentOptions& options,
               Random& random);

}  // namespace eyechart::data
