#include "data/augment.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "data/picture_ops.h"

namespace eyechart::data {
namespace {

constexpr int kMaxAugmentedSide = 65536;

double DrawBetween(double low, double high, Random& random) {
  return low + (high - low) * random.Uniform();
}

// Halves to even, as Python's round.
int RoundedToInt(double value) {
  return static_cast<int>(std::nearbyint(value));
}

Box BoxAt(int left, int top, int width, int height) {
  return {static_cast<double>(left), static_cast<double>(top),
          static_cast<double>(left + width), static_cast<double>(top + height)};
}

// The largest part of the picture, whole on its shorter side, whose ratio is
// within the range; in the middle, the odd pixel to the right and below.
Box CentralCrop(int width, int height, const AugmentOptions& options) {
  const double ratio = static_cast<double>(width) / height;
  int crop_width = width;
  int crop_height = height;
  // At least a pixel: where the range asks for a narrower or flatter part than
  // the picture can give, torchvision comes to an empty one.
  if (ratio < options.ratio_min)
    crop_height = std::max(1, RoundedToInt(width / options.ratio_min));
  else if (ratio > options.ratio_max)
    crop_width = std::max(1, RoundedToInt(height * options.ratio_max));
  return BoxAt((width - crop_width) / 2, (height - crop_height) / 2, crop_width,
               crop_height);
}

std::string_view FilterText(const std::optional<Filter>& filter) {
  return filter ? FilterName(*filter) : "random";
}

}  // namespace

AugmentOptions DinoLinearAugment(int size) {
  AugmentOptions options;
  options.height = options.width = size;
  return options;
}

AugmentOptions AimAttentiveAugment(int size) {
  AugmentOptions options;  // the table's ratio of 1.33 is 4/3, rounded
  options.height = options.width = size;
  options.jitter.brightness = 0.3;
  options.jitter.contrast = 0.3;
  options.jitter.saturation = 0.3;
  options.rand_augment = "rand-m9-mstd0.5-inc1";
  options.rand_augment_filter = Filter::kBicubic;
  return options;
}

void CheckAugment(const AugmentOptions& o) {
  EYECHART_REQUIRE(o.height >= 1 && o.height <= kMaxAugmentedSide &&
                       o.width >= 1 && o.width <= kMaxAugmentedSide,
                   "augmentation to {}x{} pixels: both sides should be 1 to {}",
                   o.height, o.width, kMaxAugmentedSide);
  EYECHART_REQUIRE(
      o.scale_min > 0 && o.scale_min <= o.scale_max && o.scale_max <= 1,
      "crop scale {} to {}: should be a range above 0 and up to 1", o.scale_min,
      o.scale_max);
  EYECHART_REQUIRE(o.ratio_min > 0 && o.ratio_min <= o.ratio_max &&
                       std::isfinite(o.ratio_max),
                   "crop ratio {} to {}: should be a range above 0",
                   o.ratio_min, o.ratio_max);
  EYECHART_REQUIRE(o.flip_probability >= 0 && o.flip_probability <= 1,
                   "flip probability {}: should be 0 to 1", o.flip_probability);
  const std::pair<const char*, double> strengths[] = {
      {"brightness", o.jitter.brightness},
      {"contrast", o.jitter.contrast},
      {"saturation", o.jitter.saturation}};
  for (const auto& [name, strength] : strengths)
    EYECHART_REQUIRE(strength >= 0 && std::isfinite(strength),
                     "{} jitter {}: should be 0 (off) or more", name, strength);
  EYECHART_REQUIRE(o.jitter.hue >= 0 && o.jitter.hue <= 0.5,
                   "hue jitter {}: should be 0 (off) to 0.5", o.jitter.hue);
  EYECHART_REQUIRE(!o.rand_augment_filter ||
                       *o.rand_augment_filter == Filter::kBilinear ||
                       *o.rand_augment_filter == Filter::kBicubic,
                   "RandAugment's filter is {}: should be bilinear or bicubic",
                   FilterText(o.rand_augment_filter));
  if (!o.rand_augment.empty()) ParseRandAugment(o.rand_augment);
}

Json AugmentToJson(const AugmentOptions& o) {
  Json json = {{"height", o.height},
               {"width", o.width},
               {"scale", {o.scale_min, o.scale_max}},
               {"ratio", {o.ratio_min, o.ratio_max}},
               {"resample", FilterName(o.filter)},
               {"flip", o.flip_probability},
               {"color_jitter",
                {{"brightness", o.jitter.brightness},
                 {"contrast", o.jitter.contrast},
                 {"saturation", o.jitter.saturation},
                 {"hue", o.jitter.hue}}},
               {"rand_augment", nullptr}};
  if (!o.rand_augment.empty()) {
    json["rand_augment"] = o.rand_augment;
    json["rand_augment_resample"] = FilterText(o.rand_augment_filter);
    json["fill"] = o.fill ? Json(*o.fill) : Json("mean");
  }
  return json;
}

Box DrawCrop(int width,
             int height,
             const AugmentOptions& options,
             Random& random) {
  constexpr int kTries = 10;
  const double area = static_cast<double>(width) * height;
  for (int i = 0; i < kTries; ++i) {
    const double target =
        area * DrawBetween(options.scale_min, options.scale_max, random);
    const double ratio = std::exp(DrawBetween(
        std::log(options.ratio_min), std::log(options.ratio_max), random));
    const double exact_width = std::sqrt(target * ratio);
    const double exact_height = std::sqrt(target / ratio);
    // In double first: an odd range may ask for more than an int holds.
    if (exact_width >= width + 1.0 || exact_height >= height + 1.0) continue;
    const int crop_width = RoundedToInt(exact_width);
    const int crop_height = RoundedToInt(exact_height);
    if (crop_width < 1 || crop_width > width || crop_height < 1 ||
        crop_height > height)
      continue;
    const auto offset = [&random](int room) {
      return static_cast<int>(
          random.Below(static_cast<std::uint64_t>(room) + 1));
    };
    const int top = offset(height - crop_height);
    const int left = offset(width - crop_width);
    return BoxAt(left, top, crop_width, crop_height);
  }
  return CentralCrop(width, height, options);
}

std::vector<JitterStep> DrawJitter(const ColorJitterOptions& options,
                                   Random& random) {
  constexpr JitterKind kKinds[] = {JitterKind::kBrightness,
                                   JitterKind::kContrast,
                                   JitterKind::kSaturation, JitterKind::kHue};
  const double strengths[] = {options.brightness, options.contrast,
                              options.saturation, options.hue};
  std::array<std::size_t, 4> order = {0, 1, 2, 3};
  for (std::size_t i = 3; i > 0; --i)
    std::swap(order[i], order[random.Below(i + 1)]);
  std::array<double, 4> amounts{};
  for (std::size_t i = 0; i < 4; ++i) {
    const double s = strengths[i];
    amounts[i] = kKinds[i] == JitterKind::kHue
                     ? DrawBetween(-s, s, random)
                     : DrawBetween(std::max(0.0, 1 - s), 1 + s, random);
  }
  std::vector<JitterStep> steps;
  for (const std::size_t i : order)
    if (strengths[i] > 0) steps.push_back({kKinds[i], amounts[i]});
  return steps;
}

AugmentPlan DrawAugment(int width,
                        int height,
                        const AugmentOptions& options,
                        Random& random) {
  AugmentPlan plan;
  plan.crop = DrawCrop(width, height, options, random);
  plan.flip = random.Uniform() < options.flip_probability;
  plan.jitter = DrawJitter(options.jitter, random);
  if (!options.rand_augment.empty())
    plan.rand_augment = DrawRandAugment(ParseRandAugment(options.rand_augment),
                                        options.rand_augment_filter, random);
  return plan;
}

Image ApplyAugment(const Image& image,
                   const AugmentPlan& plan,
                   const AugmentOptions& options,
                   const std::array<std::uint8_t, 3>& fill) {
  const Box& box = plan.crop;
  Image out =
      Resize(Crop(image, static_cast<int>(box.left), static_cast<int>(box.top),
                  static_cast<int>(box.right - box.left),
                  static_cast<int>(box.bottom - box.top)),
             options.width, options.height, options.filter);
  if (plan.flip) out = FlipHorizontally(out);
  for (const JitterStep& step : plan.jitter) {
    switch (step.kind) {
      case JitterKind::kBrightness:
        out = AdjustBrightness(out, step.amount);
        break;
      case JitterKind::kContrast:
        out = AdjustContrast(out, step.amount);
        break;
      case JitterKind::kSaturation:
        out = AdjustSaturation(out, step.amount);
        break;
      case JitterKind::kHue:
        out = ShiftHue(out, step.amount);
        break;
    }
  }
  return ApplyRandAugment(std::move(out), plan.rand_augment, fill);
}

std::array<std::uint8_t, 3> AugmentFill(const PreprocessOptions& preprocess,
                                        const AugmentOptions& options) {
  if (options.fill) return *options.fill;
  std::array<std::uint8_t, 3> fill = {128, 128, 128};
  if (!preprocess.normalize) return fill;
  for (std::size_t c = 0; c < 3; ++c) {
    const double value = preprocess.rescale
                             ? preprocess.mean[c] / preprocess.rescale_factor
                             : preprocess.mean[c];
    if (std::isfinite(value))
      fill[c] = static_cast<std::uint8_t>(
          std::clamp(std::nearbyint(value), 0.0, 255.0));
  }
  return fill;
}

Pixels Augment(const Image& image,
               const PreprocessOptions& preprocess,
               const AugmentOptions& options,
               Random& random) {
  CheckAugment(options);
  const AugmentPlan plan =
      DrawAugment(image.width, image.height, options, random);
  PreprocessOptions values_only = preprocess;
  values_only.resize = ResizeMode::kNone;
  values_only.center_crop = false;
  return Preprocess(
      ApplyAugment(image, plan, options, AugmentFill(preprocess, options)),
      values_only);
}

}  // namespace eyechart::data
