#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "core/error.h"
#include "data/scenes/canvas.h"
#include "data/scenes/capture.h"
#include "data/scenes/lettering.h"
#include "data/scenes/reading.h"
#include "data/scenes/reading_options.h"
#include "data/scenes/setting.h"

namespace eyechart::scenes {
namespace {

constexpr std::array kGaugeSteps = {30.0, 20.0, 12.0, 8.0, 5.0, 3.0, 2.0, 1.0};
// Values are whole hundredths of the range, so that steps are too.
constexpr int kParts = 100;

struct Scale {
  std::string_view what;  // "pressure gauge"
  std::string_view unit;
  double low;
  double high;
  int majors;  // spaces between labelled marks
  int minors;  // spaces between marks in each of them
  int digits;  // decimals that tell a hundredth of the range
};

constexpr std::array kScales = {
    Scale{"pressure gauge", "bar", 0, 10, 5, 4, 1},
    Scale{"pressure gauge", "psi", 0, 200, 5, 4, 0},
    Scale{"thermometer dial", "C", -20, 80, 5, 4, 0},
    Scale{"speedometer", "km/h", 0, 200, 10, 2, 0},
    Scale{"voltmeter", "V", 0, 5, 5, 5, 2},
    Scale{"ammeter", "A", 0, 20, 4, 5, 1},
    Scale{"fuel gauge", "%", 0, 100, 4, 5, 0},
    Scale{"tachometer", "x1000 rpm", 0, 8, 8, 2, 2},
};

struct GaugeDial {
  double span = 270;    // degrees of the arc, its middle on top
  double inner = 0.84;  // where marks begin, in radii
  bool labels = true;   // at every major mark, or at the ends alone
  bool zone = false;    // a red zone at the end
  bool tapered = true;
  Face face = Face::kSimplex;
  Color rim{60, 62, 70};
  Color ground = kWhite;
  Color ink = kBlack;
  Color needle{200, 36, 32};
};

GaugeDial DrawGaugeDial(Rng& rng) {
  static constexpr std::array kRims = {Color{60, 62, 70}, Color{120, 124, 130},
                                       Color{176, 134, 70}, Color{40, 70, 110}};
  static constexpr std::array kGrounds = {
      Color{248, 247, 242}, Color{236, 232, 216}, Color{38, 40, 46}};
  static constexpr std::array kNeedles = {
      Color{206, 40, 34}, Color{236, 120, 30}, Color{40, 90, 190}};
  GaugeDial dial;
  dial.span = 60.0 * rng.Between(3, 5);
  dial.inner = rng.Uniform(0.8, 0.88);
  dial.labels = rng.Chance(0.75);
  dial.zone = rng.Chance(0.35);
  dial.tapered = rng.Chance(0.6);
  dial.face = static_cast<Face>(rng.Below(kFaceCount));
  dial.rim = rng.Pick(kRims);
  dial.ground = rng.Pick(kGrounds);
  dial.ink = ToLab(dial.ground).l < 40 ? kWhite : kBlack;
  dial.needle = rng.Pick(kNeedles);
  return dial;
}

void PaintGaugeDial(Canvas& canvas,
                    const GaugeDial& dial,
                    const Scale& scale,
                    Point center,
                    double r) {
  canvas.Fill(Ellipse(center, r * 1.12, r * 1.12), Lit(dial.rim));
  canvas.Fill(Ellipse(center, r, r), Flat(dial.ground));
  const auto angle = [&](double share) { return (share - 0.5) * dial.span; };
  if (dial.zone)
    canvas.Fill(RingSector(center, r * (dial.inner - 0.03), r * dial.inner,
                           angle(0.8), angle(1)),
                Flat({214, 60, 50}));
  const int marks = scale.majors * scale.minors;
  for (int i = 0; i <= marks; ++i) {
    const bool major = i % scale.minors == 0;
    const double degrees = angle(static_cast<double>(i) / marks);
    canvas.Fill(
        Stroke(
            OnCircle(center, r * 0.95, degrees),
            OnCircle(center, r * (major ? dial.inner : dial.inner * 0.5 + 0.47),
                     degrees),
            r * (major ? 0.032 : 0.018)),
        Flat(dial.ink));
    if (!major || (!dial.labels && i != 0 && i != marks)) continue;
    const double value = scale.low + (scale.high - scale.low) * i / marks;
    const double height = r * (scale.majors > 8 ? 0.1 : 0.125);
    PaintText(canvas, fmt::format("{:g}", value),
              OnCircle(center, r * (dial.inner - 0.15), degrees), height,
              height * 0.13, dial.face, Flat(dial.ink));
  }
  PaintText(canvas, std::string(scale.unit), {center.x, center.y + r * 0.36},
            r * 0.13, r * 0.016, dial.face, Flat(dial.ink));
}

}  // namespace

const ReadingInfo& GaugeInfo() {
  static const ReadingInfo info{
      "gauges", "% of range", kGaugeSteps,
      "distance of the nearest wrong option, in per cent of the range"};
  return info;
}

Reading RenderGauge(int step,
                    std::uint64_t seed,
                    std::int64_t index,
                    const RenderOptions& options) {
  const double percent = internal::StepOf(GaugeInfo(), step);
  Rng rng(seed, "gauges", index);
  const Capture capture = DrawCapture(rng, options);
  const Rng setting_rng(rng.Next(), "setting", 0);
  Rng option_rng(rng.Next(), "options", step);
  const Scale& scale = rng.Pick(kScales);
  GaugeDial dial = DrawGaugeDial(rng);
  const int part = rng.Between(3, kParts - 3);
  const double size = rng.Uniform(0.26, 0.35);
  const double x = rng.Uniform(-0.07, 0.07);
  const double y = rng.Uniform(-0.1, -0.06);
  if (!options.nuisance) dial = GaugeDial{};
  // Ten labels need room.
  if (scale.majors > 8) dial.span = std::max(dial.span, 240.0);
  const double side = options.size;
  const double r = side * (options.nuisance ? size : 0.34);
  const Point center{side * (0.5 + (options.nuisance ? x : 0)),
                     side * (0.5 + (options.nuisance ? y : -0.07))};
  const auto value = [&](double parts) {
    return scale.low + (scale.high - scale.low) * parts / kParts;
  };
  const auto text = [&](double v) {
    return fmt::format("{:.{}f} {}", v, scale.digits, scale.unit);
  };

  Reading reading;
  reading.value = value(part);
  reading.low = scale.low;
  reading.high = scale.high;
  reading.unit = scale.unit;
  // Half a space between neighbouring marks.
  reading.tolerance =
      (scale.high - scale.low) / (2.0 * scale.majors * scale.minors);
  reading.difficulty = percent;
  reading.question =
      fmt::format("What does the {} read, in {}?", scale.what, scale.unit);
  reading.statement =
      fmt::format("{} {} reading {}", scale.what.front() == 'a' ? "An" : "A",
                  scale.what, text(reading.value));
  reading.style = fmt::format("{}, {:g} degrees, {}", scale.what, dial.span,
                              dial.labels ? "labelled" : "ends labelled");
  reading.jpeg_quality = capture.jpeg_quality;
  reading.center_x = center.x;
  reading.center_y = center.y;
  reading.radius = r;
  reading.hand_degrees = (static_cast<double>(part) / kParts - 0.5) * dial.span;
  // In pairs, as a clock's: a slip of the value and the same slip of its near
  // miss. Slips: the dial read backwards, or one labelled mark too far.
  const bool above = option_rng.Chance(0.5);
  const bool fits = above ? part + percent <= kParts : part - percent >= 0;
  const double near = part + (above == fits ? percent : -percent);
  const double mark = static_cast<double>(kParts) / scale.majors *
                      (option_rng.Chance(0.5) ? 1 : -1);
  const double far = percent > 25 ? 2 * percent : 2 * percent + 9;
  std::vector<double> parts = {near};
  if (option_rng.Chance(0.5)) {
    parts.push_back(kParts - part);
    parts.push_back(kParts - near);
  }
  for (const double slip : {mark, -mark, far, -far, 45.0, -45.0, percent,
                            -percent, 2 * percent, -2 * percent}) {
    parts.push_back(part + slip);
    parts.push_back(near + slip);
  }
  std::vector<double> misses;
  for (const double p : parts) misses.push_back(value(p));
  internal::FillOptions(reading, option_rng, misses,
                        (scale.high - scale.low) * percent / kParts, 0, text);

  Canvas canvas(options.size);
  PaintSetting(canvas, Setting::kWall, setting_rng, options.nuisance);
  PaintGaugeDial(canvas, dial, scale, center, r);
  canvas.Fill(Stroke(OnCircle(center, -r * 0.18, reading.hand_degrees),
                     OnCircle(center, r * 0.82, reading.hand_degrees), r * 0.05,
                     r * (dial.tapered ? 0.012 : 0.05)),
              Flat(dial.needle));
  canvas.Fill(Ellipse(center, r * 0.08, r * 0.08), Lit(dial.rim));
  reading.image = std::move(canvas.image());
  Develop(reading.image, capture, options);
  return reading;
}

}  // namespace eyechart::scenes
