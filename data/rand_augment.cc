#include "data/rand_augment.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "core/error.h"
#include "core/text.h"
#include "data/picture_ops.h"

namespace eyechart::data {
namespace {

// timm's ten: the level at which an operation is at its strongest.
constexpr double kTopLevel = 10.0;

double Share(double level) { return level / kTopLevel; }

// What an operation that has no argument is given.
double Nothing(double, double) { return 0; }

double Degrees(double level, double sign) { return sign * (Share(level) * 30); }

double Shear(double level, double sign) { return sign * (Share(level) * 0.3); }

double Shift(double level, double sign) { return sign * (Share(level) * 0.45); }

double Bits(double level, double) { return std::trunc(Share(level) * 4); }

double FewerBits(double level, double sign) { return 4 - Bits(level, sign); }

double Threshold(double level, double) {
  return std::min(256.0, std::trunc(Share(level) * 256));
}

double LowerThreshold(double level, double sign) {
  return 256 - Threshold(level, sign);
}

double Addend(double level, double) {
  return std::min(128.0, std::trunc(Share(level) * 110));
}

double Factor(double level, double) { return Share(level) * 1.8 + 0.1; }

// Away from 1, which changes nothing, on either side.
double FactorFromOne(double level, double sign) {
  return std::max(0.1, 1.0 + sign * (Share(level) * 0.9));
}

template <Image (*kOp)(const Image&)>
Image Alone(const Image& image, double, const Warp&) {
  return kOp(image);
}

template <Image (*kOp)(const Image&, int)>
Image Counted(const Image& image, double argument, const Warp&) {
  return kOp(image, static_cast<int>(argument));
}

template <Image (*kOp)(const Image&, double)>
Image Blended(const Image& image, double argument, const Warp&) {
  return kOp(image, argument);
}

// timm's names and sets; an operation that a set lacks is there under another
// name, with its level the other way round.
constexpr RandAugmentOp kOps[] = {
    {"AutoContrast", true, true, Nothing, Alone<AutoContrast>},
    {"Equalize", true, true, Nothing, Alone<Equalize>},
    {"Invert", true, true, Nothing, Alone<Invert>},
    {"Rotate", true, true, Degrees, Rotate},
    {"Posterize", true, false, Bits, Counted<Posterize>},
    {"PosterizeIncreasing", false, true, FewerBits, Counted<Posterize>},
    {"Solarize", true, false, Threshold, Counted<Solarize>},
    {"SolarizeIncreasing", false, true, LowerThreshold, Counted<Solarize>},
    {"SolarizeAdd", true, true, Addend, Counted<SolarizeAdd>},
    {"Color", true, false, Factor, Blended<AdjustSaturation>},
    {"ColorIncreasing", false, true, FactorFromOne, Blended<AdjustSaturation>},
    {"Contrast", true, false, Factor, Blended<AdjustContrast>},
    {"ContrastIncreasing", false, true, FactorFromOne, Blended<AdjustContrast>},
    {"Brightness", true, false, Factor, Blended<AdjustBrightness>},
    {"BrightnessIncreasing", false, true, FactorFromOne,
     Blended<AdjustBrightness>},
    {"Sharpness", true, false, Factor, Blended<AdjustSharpness>},
    {"SharpnessIncreasing", false, true, FactorFromOne,
     Blended<AdjustSharpness>},
    {"ShearX", true, true, Shear, ShearX},
    {"ShearY", true, true, Shear, ShearY},
    {"TranslateXRel", true, true, Shift, TranslateX},
    {"TranslateYRel", true, true, Shift, TranslateY},
};

// A section of a policy's text: letters, then a number in a range.
struct Key {
  std::string_view letters;
  double least;
  double most;
  bool whole;
  void (*set)(RandAugmentPolicy& policy, double value);
};

using Policy = RandAugmentPolicy;
constexpr Key kKeys[] = {
    {"m", 0, kTopLevel, true, [](Policy& p, double v) { p.magnitude = v; }},
    {"mstd", 0, 100, false, [](Policy& p, double v) { p.deviation = v; }},
    {"inc", 1, 1, true, [](Policy& p, double) { p.increasing = true; }},
    {"n", 1, 16, true,
     [](Policy& p, double v) { p.layers = static_cast<int>(v); }},
    {"p", 0, 1, false, [](Policy& p, double v) { p.probability = v; }},
};

constexpr std::string_view kRight =
    "should be like rand-m9-mstd0.5-inc1, of m (magnitude, 0 to 10), mstd (its "
    "deviation, 0 to 100), inc1, n (layers, 1 to 16) and p (probability, 0 to "
    "1)";

void ParseSection(const std::string& text,
                  std::string_view section,
                  std::vector<std::string_view>& seen,
                  RandAugmentPolicy& policy) {
  const std::size_t split =
      std::min(section.find_first_of("0123456789"), section.size());
  const std::string_view letters = section.substr(0, split);
  const auto key =
      std::find_if(std::begin(kKeys), std::end(kKeys),
                   [&](const Key& k) { return k.letters == letters; });
  EYECHART_REQUIRE(key != std::end(kKeys),
                   "rand_augment \"{}\": \"{}\" is not known; it {}", text,
                   section, kRight);
  EYECHART_REQUIRE(std::find(seen.begin(), seen.end(), letters) == seen.end(),
                   "rand_augment \"{}\": {} stands twice; it {}", text, letters,
                   kRight);
  seen.push_back(letters);
  const std::optional<double> value = ParseDouble(section.substr(split));
  EYECHART_REQUIRE(value && *value >= key->least && *value <= key->most &&
                       (!key->whole || *value == std::trunc(*value)),
                   "rand_augment \"{}\": in \"{}\" {} should be {} from {} to "
                   "{}",
                   text, section, letters,
                   key->whole ? "a whole number" : "a number", key->least,
                   key->most);
  key->set(policy, *value);
}

}  // namespace

RandAugmentPolicy ParseRandAugment(const std::string& text) {
  RandAugmentPolicy policy;
  std::vector<std::string_view> seen;
  std::string_view rest = text;
  for (bool first = true, last = false; !last; first = false) {
    const std::size_t end = rest.find('-');
    last = end == std::string_view::npos;
    const std::string_view section = rest.substr(0, end);
    if (first)
      EYECHART_REQUIRE(section == "rand",
                       "rand_augment \"{}\": \"{}\" is no policy; it {}", text,
                       section, kRight);
    else
      ParseSection(text, section, seen, policy);
    if (!last) rest.remove_prefix(end + 1);
  }
  return policy;
}

std::span<const RandAugmentOp> RandAugmentOps() { return kOps; }

double NormalDeviate(Random& random) {
  // 1 - u is never 0, so the logarithm is finite.
  const double radius = std::sqrt(-2.0 * std::log(1.0 - random.Uniform()));
  return radius * std::cos(2.0 * std::numbers::pi * random.Uniform());
}

std::vector<RandAugmentStep> DrawRandAugment(const RandAugmentPolicy& policy,
                                             std::optional<Filter> filter,
                                             Random& random) {
  std::vector<const RandAugmentOp*> ops;
  for (const RandAugmentOp& op : kOps)
    if (policy.increasing ? op.increasing : op.plain) ops.push_back(&op);
  std::vector<RandAugmentStep> steps;
  for (int layer = 0; layer < policy.layers; ++layer) {
    RandAugmentStep step;
    step.op = ops[random.Below(ops.size())];
    const bool applied = random.Uniform() < policy.probability;
    const double level =
        std::clamp(policy.magnitude + policy.deviation * NormalDeviate(random),
                   0.0, kTopLevel);
    const double sign = random.Uniform() < 0.5 ? -1 : 1;
    const bool cubic = random.Uniform() < 0.5;
    step.argument = step.op->argument(level, sign);
    step.filter = filter.value_or(cubic ? Filter::kBicubic : Filter::kBilinear);
    if (applied) steps.push_back(step);
  }
  return steps;
}

Image ApplyRandAugment(Image image,
                       const std::vector<RandAugmentStep>& steps,
                       const std::array<std::uint8_t, 3>& fill) {
  for (const RandAugmentStep& step : steps)
    image = step.op->apply(image, step.argument, {step.filter, fill});
  return image;
}

}  // namespace eyechart::data
