#include "data/scenes/models.h"

namespace eyechart::scenes {
namespace {

constexpr Color kWood{168, 118, 70};
constexpr Color kBrass{206, 170, 84};

// A bar bent into an arc in the plane z = 0.
void Arc(Model& m,
         Color color,
         Vec center,
         double rx,
         double ry,
         double from,
         double to,
         double r) {
  Vec last;
  for (int i = 0; i <= 8; ++i) {
    const double angle = from + (to - from) * i / 8;
    const Vec next{center.x + rx * SinDegrees(angle),
                   center.y + ry * CosDegrees(angle), center.z};
    if (i > 0) {
      m.Tube(color, last, r, next, r);
      m.Ball(color, next, {r, r, r});
    }
    last = next;
  }
}

}  // namespace

void BuildCup(Model& m, Color main, Color second) {
  Arc(m, main, {0.33, 0.4, 0}, 0.24, 0.22, 0, 180, 0.045);
  m.Tube(main, {0, 0, 0}, 0.29, {0, 0.76, 0}, 0.36);
  m.Attach(true);
  m.Disc(Shaded(main, 0.6), {0, 0.765, 0}, {0, 1, 0}, 0.325);
  m.Disc(second, {0, 0.767, 0}, {0, 1, 0}, 0.27);
  m.Attach(false);
}

void BuildBottle(Model& m, Color main, Color second) {
  m.Tube(main, {0, 0, 0}, 0.19, {0, 0.56, 0}, 0.19);
  m.Tube(main, {0, 0.56, 0}, 0.19, {0, 0.76, 0}, 0.075);
  m.Tube(main, {0, 0.76, 0}, 0.07, {0, 0.96, 0}, 0.07);
  m.Tube(kBrass, {0, 0.95, 0}, 0.08, {0, 1.03, 0}, 0.08);
  m.Tube(second, {0, 0.16, 0.012}, 0.192, {0, 0.44, 0.012}, 0.192);
}

void BuildChair(Model& m, Color main, Color second) {
  for (const double x : {-0.25, 0.25}) {
    m.Box(main, {x, 0.5, -0.25}, {0.035, 0.5, 0.035});
    m.Box(main, {x, 0.22, 0.25}, {0.035, 0.22, 0.035});
  }
  for (const double y : {0.68, 0.88})
    m.Box(main, {0, y, -0.25}, {0.24, 0.065, 0.025});
  m.Box(second, {0, 0.46, 0.01}, {0.3, 0.04, 0.3});
}

void BuildLamp(Model& m, Color main, Color second) {
  m.Tube(second, {0, 0, 0}, 0.2, {0, 0.06, 0}, 0.18);
  m.Tube(second, {0, 0.06, 0}, 0.03, {0, 0.62, 0}, 0.03);
  m.Tube(main, {0, 0.54, 0.01}, 0.36, {0, 0.98, 0.01}, 0.18);
}

void BuildApple(Model& m, Color main, Color) {
  m.Ball(main, {-0.09, 0.4, 0}, {0.32, 0.38, 0.34}, 0, 8);
  m.Ball(main, {0.09, 0.4, 0}, {0.32, 0.38, 0.34}, 0, -8);
  m.Attach(true);
  m.Ball(Mixed(main, kWhite, 0.6), {-0.1, 0.54, 0.25}, {0.05, 0.09, 0.02}, 0,
         -20);
  m.Attach(false);
  m.Tube({96, 64, 40}, {0, 0.72, 0.02}, 0.022, {0.05, 0.92, 0.02}, 0.03);
  m.Ball({76, 150, 60}, {0.18, 0.86, 0.03}, {0.14, 0.055, 0.02}, 0, 22);
}

void BuildBall(Model& m, Color main, Color second) {
  m.Ball(main, {0, 0.45, 0}, {0.45, 0.45, 0.45});
  m.Attach(true);
  m.Ball(second, {0, 0.45, 0.4}, {0.445, 0.11, 0.1}, 0, 18);
  m.Ball(Mixed(main, kWhite, 0.75), {-0.15, 0.68, 0.35}, {0.06, 0.05, 0.02});
  m.Attach(false);
}

void BuildBook(Model& m, Color main, Color second) {
  m.Box({240, 236, 222}, {0.01, 0.45, -0.01}, {0.3, 0.42, 0.075});
  m.Box(main, {0, 0.45, -0.1}, {0.33, 0.45, 0.02});
  m.Box(main, {-0.32, 0.45, 0}, {0.02, 0.45, 0.1});
  m.Box(main, {0, 0.45, 0.1}, {0.33, 0.45, 0.02});
  m.Attach(true);
  m.Plate(second, {{-0.2, 0.6, 0.125},
                   {0.2, 0.6, 0.125},
                   {0.2, 0.74, 0.125},
                   {-0.2, 0.74, 0.125}});
  m.Plate(second, {{-0.2, 0.24, 0.125},
                   {0.2, 0.24, 0.125},
                   {0.2, 0.28, 0.125},
                   {-0.2, 0.28, 0.125}});
  m.Attach(false);
}

void BuildClock(Model& m, Color main, Color second) {
  for (const double side : {-0.24, 0.24})
    m.Tube(kBrass, {side * 1.2, 0, 0.02}, 0.04, {side, 0.2, 0}, 0.04);
  for (const double side : {-0.2, 0.2})
    m.Ball(kBrass, {side, 0.93, -0.02}, {0.15, 0.1, 0.1}, 0, side * -140);
  m.Tube(main, {0, 0.52, -0.12}, 0.44, {0, 0.52, 0.12}, 0.44);
  m.Attach(true);
  m.Disc(second, {0, 0.52, 0.122}, {0, 0, 1}, 0.37);
  for (int hour = 0; hour < 12; ++hour) {
    const double angle = hour * 30;
    m.Disc(kBlack,
           {0.31 * SinDegrees(angle), 0.52 + 0.31 * CosDegrees(angle), 0.123},
           {0, 0, 1}, hour % 3 ? 0.018 : 0.032);
  }
  m.Plate(kBlack, {{-0.02, 0.5, 0.124},
                   {0.02, 0.5, 0.124},
                   {0.012, 0.79, 0.124},
                   {-0.012, 0.79, 0.124}});
  m.Plate(kBlack, {{0, 0.49, 0.124},
                   {0.19, 0.6, 0.124},
                   {0.18, 0.64, 0.124},
                   {-0.02, 0.53, 0.124}});
  m.Attach(false);
}

void BuildHand(Model& m, Color main, Color second) {
  m.Tube(second, {0, 0, 0}, 0.17, {0, 0.26, 0}, 0.19);
  m.Ball(main, {0, 0.46, 0}, {0.22, 0.24, 0.09});
  constexpr double kTop[] = {0.9, 1.02, 1.06, 0.98};
  for (int i = 0; i < 4; ++i) {
    const double x = 0.165 - i * 0.11;
    const Vec tip{x * 1.35, kTop[i], 0.02};
    m.Tube(main, {x, 0.56, 0.01}, 0.055, tip, 0.05);
    m.Ball(main, tip, {0.05, 0.05, 0.05});
  }
  const Vec thumb{-0.4, 0.68, 0.03};
  m.Tube(main, {-0.16, 0.42, 0.02}, 0.07, thumb, 0.055);
  m.Ball(main, thumb, {0.055, 0.055, 0.05});
}

}  // namespace eyechart::scenes
