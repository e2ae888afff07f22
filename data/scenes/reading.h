// Instruments to read: analogue clocks and gauges, with the true value.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "data/image.h"
#include "data/scenes/render_options.h"

namespace eyechart::scenes {

/// A picture of an instrument, a question with four options, and the truth.
struct Reading {
  data::Image image;
  std::string question;
  std::array<std::string, 4> options;
  char answer = 'a';      // the right option, 'a' to 'd'
  std::string statement;  // "A clock showing 3:25"
  /// Clocks: minutes after 12 o'clock, 0 to 719. Gauges: the value in `unit`.
  double value = 0;
  double low = 0;  // range of the scale, in the value's unit
  double high = 0;
  std::string unit;      // "min", "bar", ...
  double tolerance = 0;  // a number this near to `value` is right
  /// Distance of the nearest wrong option: minutes, or per cent of the range.
  double difficulty = 0;
  std::string style;  // what varies in the face, for tables
  int jpeg_quality = 90;

  /// Where things are, for tests and for pointing: pixels and degrees
  /// clockwise from 12 o'clock.
  double center_x = 0;
  double center_y = 0;
  double radius = 0;
  double hand_degrees = 0;  // minute hand, or needle
  double hour_degrees = 0;  // clocks
};

/// An instrument and its steps: distances of the near misses, easy to hard.
struct ReadingInfo {
  std::string_view name;  // "clocks", "gauges"
  std::string_view unit;  // of the difficulty
  std::span<const double> steps;
  std::string_view measures;  // what the difficulty is
};

const ReadingInfo& ClockInfo();
const ReadingInfo& GaugeInfo();

/// Clock `index`; the hands stand at a whole minute. Nuisance: face, numerals,
/// ticks, second hand, colours, place, size, noise. Face and time depend on
/// (seed, index) alone, the options on the step too.
Reading RenderClock(int step,
                    std::uint64_t seed,
                    std::int64_t index,
                    const RenderOptions& options = {});

/// Gauge `index`: needle, range, unit, arc and labels are drawn.
Reading RenderGauge(int step,
                    std::uint64_t seed,
                    std::int64_t index,
                    const RenderOptions& options = {});

}  // namespace eyechart::scenes
