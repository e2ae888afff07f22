#include "data/scenes/reading.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <set>

#include "tests/fixture.h"

namespace eyechart::scenes {
namespace {

struct Pixel {
  int r;
  int g;
  int b;
};

// Degrees clockwise from 12 where `is_hand` likes the pixels at every one of
// `radii` (in dial radii: numerals and ticks do not run along them all), as the
// mean of those within `window` of `near`. NaN where there is none.
double AngleOf(const Reading& reading,
               std::initializer_list<double> radii,
               double near,
               double window,
               const std::function<bool(Pixel)>& is_hand) {
  double sum = 0;
  int count = 0;
  for (double away = -window; away <= window; away += 0.1) {
    const double angle = (near + away) * M_PI / 180;
    bool all = true;
    for (const double share : radii) {
      const double r = share * reading.radius;
      const int x = static_cast<int>(reading.center_x + r * std::sin(angle));
      const int y = static_cast<int>(reading.center_y - r * std::cos(angle));
      const std::size_t at =
          (static_cast<std::size_t>(y) * reading.image.width + x) * 3;
      all &= is_hand({reading.image.pixels[at], reading.image.pixels[at + 1],
                      reading.image.pixels[at + 2]});
    }
    if (!all) continue;
    sum += away;
    ++count;
  }
  return near + (count > 0 ? sum / count : std::nan(""));
}

bool Dark(Pixel p) { return p.r + p.g + p.b < 330; }
bool Red(Pixel p) { return p.r - p.g > 70; }

double Apart(double a, double b) {
  const double d = std::fmod(std::abs(a - b), 360);
  return std::min(d, 360 - d);
}

RenderOptions Plain(int size) {
  RenderOptions options;
  options.size = size;
  options.nuisance = false;
  return options;
}

// The whole ring is searched, not the neighbourhood of the truth: a hand drawn
// elsewhere fails.
TEST(Clock, HandsStandAtTheTime) {
  int read = 0;
  for (int i = 0; i < 60; ++i) {
    const Reading clock = RenderClock(0, 3, i, Plain(448));
    const int time = static_cast<int>(clock.value);
    EXPECT_DOUBLE_EQ(clock.hand_degrees, time % 60 * 6);
    EXPECT_DOUBLE_EQ(clock.hour_degrees, time * 0.5);
    const double minute =
        AngleOf(clock, {0.3, 0.45, 0.56, 0.66, 0.72, 0.77}, 180, 180, Dark);
    // A hand across 12 o'clock splits the mean over the seam.
    if (Apart(clock.hand_degrees, 0) > 6) {
      EXPECT_LT(Apart(minute, clock.hand_degrees), 1.5) << time;
    }
    if (Apart(clock.hour_degrees, clock.hand_degrees) < 30) continue;
    const double hour = AngleOf(clock, {0.25, 0.33, 0.4, 0.46},
                                clock.hand_degrees + 180, 165, Dark);
    EXPECT_LT(Apart(hour, clock.hour_degrees), 1.5) << time;
    ++read;
  }
  EXPECT_GT(read, 30);
}

TEST(Gauge, NeedleStandsAtTheValue) {
  for (int i = 0; i < 60; ++i) {
    const Reading gauge = RenderGauge(0, 3, i, Plain(448));
    // Plain gauges run over 270 degrees, their middle on top.
    const double share = (gauge.value - gauge.low) / (gauge.high - gauge.low);
    EXPECT_NEAR(gauge.hand_degrees, (share - 0.5) * 270, 1e-9);
    const double needle = AngleOf(gauge, {0.3, 0.4, 0.5}, 0, 178, Red);
    EXPECT_LT(Apart(needle, gauge.hand_degrees), 1.5) << gauge.statement;
  }
}

int MinutesOf(const std::string& text) {
  int hour = 0;
  int minute = 0;
  EXPECT_EQ(std::sscanf(text.c_str(), "%d:%d", &hour, &minute), 2) << text;
  return hour % 12 * 60 + minute;
}

TEST(Clock, NearestWrongOptionIsTheDifficulty) {
  for (std::size_t step = 0; step < ClockInfo().steps.size(); ++step) {
    for (int i = 0; i < 100; ++i) {
      const Reading clock =
          RenderClock(static_cast<int>(step), 3, i, Plain(32));
      const std::set<std::string> different(clock.options.begin(),
                                            clock.options.end());
      ASSERT_EQ(different.size(), 4u);
      int nearest = 1000;
      for (std::size_t option = 0; option < 4; ++option) {
        const int minutes = MinutesOf(clock.options[option]);
        const int away = std::abs(minutes - static_cast<int>(clock.value));
        const bool right = static_cast<char>('a' + option) == clock.answer;
        EXPECT_EQ(away == 0, right);
        if (!right) nearest = std::min({nearest, away, 720 - away});
      }
      EXPECT_EQ(nearest, ClockInfo().steps[step]);
      EXPECT_EQ(clock.difficulty, ClockInfo().steps[step]);
    }
  }
}

TEST(Gauge, NearestWrongOptionIsTheDifficulty) {
  for (std::size_t step = 0; step < GaugeInfo().steps.size(); ++step) {
    for (int i = 0; i < 100; ++i) {
      const Reading gauge =
          RenderGauge(static_cast<int>(step), 3, i, Plain(32));
      const double range = gauge.high - gauge.low;
      double nearest = 1e9;
      for (std::size_t option = 0; option < 4; ++option) {
        const double value = std::atof(gauge.options[option].c_str());
        EXPECT_GE(value, gauge.low);
        EXPECT_LE(value, gauge.high);
        const double away = 100 * std::abs(value - gauge.value) / range;
        const bool right = static_cast<char>('a' + option) == gauge.answer;
        EXPECT_EQ(away < 1e-6, right);
        if (!right) nearest = std::min(nearest, away);
      }
      EXPECT_NEAR(nearest, GaugeInfo().steps[step], 1e-6) << gauge.statement;
    }
  }
}

// Nobody should be able to answer from the options alone.
TEST(Readings, AnswersAreBalanced) {
  for (const auto render : {RenderClock, RenderGauge}) {
    std::array<int, 4> letters{};
    std::array<int, 4> ranks{};
    constexpr int kItems = 1200;
    for (int i = 0; i < kItems; ++i) {
      const Reading reading = render(i % 8, 11, i, Plain(32));
      ++letters[static_cast<std::size_t>(reading.answer - 'a')];
      // The right option's place among the options in order of value.
      const auto number = [&](const std::string& text) {
        return reading.unit == "min" ? MinutesOf(text)
                                     : std::atof(text.c_str());
      };
      int rank = 0;
      for (const std::string& option : reading.options)
        rank += number(option) < reading.value - 1e-9;
      ++ranks[static_cast<std::size_t>(rank)];
    }
    // Five standard deviations of a fair quarter.
    for (const int count : letters)
      EXPECT_NEAR(count, kItems / 4.0, 5 * std::sqrt(kItems * 3 / 16.0));
    for (const int count : ranks) {
      EXPECT_GT(count, kItems * 0.13);
      EXPECT_LT(count, kItems * 0.4);
    }
  }
}

TEST(Readings, RefuseStepsOutOfRange) {
  EXPECT_NE(testing::InputErrorOf([] { RenderClock(8, 1, 0); }), "");
  EXPECT_NE(testing::InputErrorOf([] { RenderGauge(-1, 1, 0); }), "");
}

}  // namespace
}  // namespace eyechart::scenes
