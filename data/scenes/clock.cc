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

constexpr int kHalfDay = 720;
constexpr std::array kClockSteps = {90.0, 60.0, 30.0, 15.0,
                                    10.0, 5.0,  3.0,  1.0};

enum class Numerals { kNone, kQuarters, kArabic, kRoman };
enum class Ticks { kNone, kHours, kMinutes };

constexpr std::array<std::string_view, 4> kNumeralNames = {
    "no numerals", "quarters", "arabic", "roman"};
constexpr std::array<std::string_view, 3> kTickNames = {
    "no ticks", "hour ticks", "minute ticks"};
constexpr std::array<std::string_view, 12> kRoman = {
    "XII", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI"};

struct ClockDial {
  Numerals numerals = Numerals::kArabic;
  Ticks ticks = Ticks::kMinutes;
  bool square = false;
  bool second_hand = false;
  int second = 0;
  Face face = Face::kSimplex;
  Color rim;
  Color ground;
  Color ink;
  bool tapered = false;
};

std::string TimeText(double minutes) {
  const int m = static_cast<int>(minutes);
  const int hour = m / 60 == 0 ? 12 : m / 60;
  return fmt::format("{}:{:02d}", hour, m % 60);
}

void PaintHand(Canvas& canvas,
               Point center,
               double degrees,
               double length,
               double width,
               double tail,
               bool tapered,
               Color color) {
  canvas.Fill(Stroke(OnCircle(center, -tail, degrees),
                     OnCircle(center, length, degrees), width,
                     tapered ? width * 0.35 : width),
              Flat(color));
}

void PaintClockDial(Canvas& canvas,
                    const ClockDial& dial,
                    Point center,
                    double r) {
  if (dial.square) {
    canvas.Fill(
        RoundRectangle(center.x - r * 1.12, center.y - r * 1.12,
                       center.x + r * 1.12, center.y + r * 1.12, r * 0.2),
        Lit(dial.rim));
    canvas.Fill(RoundRectangle(center.x - r, center.y - r, center.x + r,
                               center.y + r, r * 0.14),
                Flat(dial.ground));
  } else {
    canvas.Fill(Ellipse(center, r * 1.13, r * 1.13), Lit(dial.rim));
    canvas.Fill(Ellipse(center, r, r), Flat(dial.ground));
  }
  for (int minute = 0; minute < 60; ++minute) {
    const bool hour = minute % 5 == 0;
    if (dial.ticks == Ticks::kNone || (dial.ticks == Ticks::kHours && !hour))
      continue;
    canvas.Fill(Stroke(OnCircle(center, r * 0.95, minute * 6),
                       OnCircle(center, r * (hour ? 0.84 : 0.9), minute * 6),
                       r * (hour ? 0.04 : 0.018)),
                Flat(dial.ink));
  }
  for (int hour = 0; hour < 12; ++hour) {
    if (dial.numerals == Numerals::kNone ||
        (dial.numerals == Numerals::kQuarters && hour % 3 != 0))
      continue;
    const std::string text =
        dial.numerals == Numerals::kRoman
            ? std::string(kRoman[static_cast<std::size_t>(hour)])
            : std::to_string(hour == 0 ? 12 : hour);
    const double height = r * (dial.numerals == Numerals::kRoman ? 0.13 : 0.17);
    PaintText(canvas, text,
              OnCircle(center, r * (dial.ticks == Ticks::kNone ? 0.82 : 0.69),
                       hour * 30),
              height, height * 0.13, dial.face, Flat(dial.ink));
  }
}

ClockDial DrawClockDial(Rng& rng) {
  static constexpr std::array kRims = {
      Color{60, 62, 70},   Color{150, 44, 40}, Color{40, 84, 140},
      Color{176, 134, 70}, Color{70, 120, 84}, Color{188, 190, 196}};
  static constexpr std::array kGrounds = {
      Color{248, 247, 242}, Color{244, 234, 206}, Color{222, 234, 240},
      Color{40, 42, 50}};
  ClockDial dial;
  dial.numerals = static_cast<Numerals>(rng.Below(4));
  dial.ticks = static_cast<Ticks>(rng.Below(3));
  // With neither, there would be nothing to read against.
  if (dial.numerals == Numerals::kNone && dial.ticks == Ticks::kNone)
    dial.ticks = Ticks::kHours;
  dial.square = rng.Chance(0.25);
  dial.second_hand = rng.Chance(0.4);
  dial.second = rng.Below(60);
  dial.face = static_cast<Face>(rng.Below(kFaceCount));
  dial.rim = rng.Pick(kRims);
  dial.ground = rng.Pick(kGrounds);
  dial.ink = ToLab(dial.ground).l < 40 ? kWhite : kBlack;
  dial.tapered = rng.Chance(0.5);
  return dial;
}

// The hands taken for one another: the minute hand's hour, and the hour hand as
// minutes.
int Swapped(int time) {
  return time % 60 / 5 * 60 + (time / 60 * 5 + time % 60 / 12) % 60;
}

// Wrong times, the first three that fit are offered. They are made in pairs: a
// slip of the time, and the same slip of its near miss. The four options then
// look alike from every one of them, and cannot be told apart without the
// picture.
std::vector<double> NearMisses(int time, int distance, Rng& rng) {
  const int near = time + (rng.Chance(0.5) ? distance : -distance);
  const int hour = (rng.Chance(0.5) ? 60 : -60) * (distance < 60 ? 1 : 2);
  const bool swap = rng.Chance(0.4) && distance < 30;
  const int wrapped = (near + kHalfDay) % kHalfDay;
  std::vector<double> misses = {static_cast<double>(near)};
  if (swap) {
    misses.push_back(Swapped(time));
    misses.push_back(Swapped(wrapped));
  }
  for (const int miss : {time + hour, near + hour, time - hour, near - hour,
                         time + kHalfDay / 2, near + kHalfDay / 2})
    misses.push_back(miss);
  return misses;
}

}  // namespace

const ReadingInfo& ClockInfo() {
  static const ReadingInfo info{
      "clocks", "min", kClockSteps,
      "distance of the nearest wrong option, in minutes"};
  return info;
}

Reading RenderClock(int step,
                    std::uint64_t seed,
                    std::int64_t index,
                    const RenderOptions& options) {
  const double distance = internal::StepOf(ClockInfo(), step);
  Rng rng(seed, "clocks", index);
  const Capture capture = DrawCapture(rng, options);
  const Rng setting_rng(rng.Next(), "setting", 0);
  Rng option_rng(rng.Next(), "options", step);
  ClockDial dial = DrawClockDial(rng);
  const int time = rng.Below(kHalfDay);
  const double size = rng.Uniform(0.26, 0.34);
  const double x = rng.Uniform(-0.08, 0.08);
  const double y = rng.Uniform(-0.09, -0.06);
  if (!options.nuisance) {
    dial = ClockDial{};
    dial.rim = {60, 62, 70};
    dial.ground = kWhite;
    dial.ink = kBlack;
  }
  const double side = options.size;
  const double r = side * (options.nuisance ? size : 0.34);
  const Point center{side * (0.5 + (options.nuisance ? x : 0)),
                     side * (0.5 + (options.nuisance ? y : -0.07))};

  Reading reading;
  reading.value = time;
  reading.low = 0;
  reading.high = kHalfDay;
  reading.unit = "min";
  reading.tolerance = dial.ticks == Ticks::kMinutes ? 1 : 3;
  reading.difficulty = distance;
  reading.question = "What time does the clock show?";
  reading.statement = fmt::format("A clock showing {}", TimeText(time));
  reading.style =
      fmt::format("{}, {}, {}{}", dial.square ? "square" : "round",
                  kNumeralNames[static_cast<std::size_t>(dial.numerals)],
                  kTickNames[static_cast<std::size_t>(dial.ticks)],
                  dial.second_hand ? ", second hand" : "");
  reading.jpeg_quality = capture.jpeg_quality;
  reading.center_x = center.x;
  reading.center_y = center.y;
  reading.radius = r;
  reading.hand_degrees = time % 60 * 6;
  reading.hour_degrees = time * 0.5;
  const std::vector<double> misses =
      NearMisses(time, static_cast<int>(distance), option_rng);
  internal::FillOptions(reading, option_rng, misses, distance, kHalfDay,
                        TimeText);

  Canvas canvas(options.size);
  PaintSetting(canvas, Setting::kWall, setting_rng, options.nuisance);
  PaintClockDial(canvas, dial, center, r);
  PaintHand(canvas, center, reading.hour_degrees, r * 0.5, r * 0.085, r * 0.08,
            dial.tapered, dial.ink);
  PaintHand(canvas, center, reading.hand_degrees, r * 0.8, r * 0.055, r * 0.1,
            dial.tapered, dial.ink);
  if (dial.second_hand)
    PaintHand(canvas, center, dial.second * 6, r * 0.84, r * 0.022, r * 0.2,
              false, {210, 40, 36});
  canvas.Fill(Ellipse(center, r * 0.055, r * 0.055), Flat(dial.ink));
  reading.image = std::move(canvas.image());
  Develop(reading.image, capture, options);
  return reading;
}

}  // namespace eyechart::scenes
