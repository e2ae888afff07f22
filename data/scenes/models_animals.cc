#include "data/scenes/models.h"

namespace eyechart::scenes {
namespace {

constexpr Color kDark{34, 30, 34};
constexpr Color kPale{250, 250, 246};
constexpr Color kBeak{240, 160, 40};

void Legs(Model& m, Color color, double x, double z, double top, double r) {
  for (const double side : {-x, x}) {
    for (const double end : {-z, z}) {
      m.Tube(color, {side, 0, end}, r, {side, top, end}, r * 1.25);
      m.Ball(Shaded(color, 0.92), {side, 0.02, end + r * 0.7},
             {r * 1.25, r * 0.9, r * 1.7});
    }
  }
}

// On the head added before.
void Eyes(Model& m, Vec between, double x, double r) {
  m.Attach(true);
  for (const double side : {-x, x}) {
    m.Ball(kPale, {between.x + side, between.y, between.z},
           {r * 1.25, r * 1.45, r});
    m.Ball(kDark, {between.x + side, between.y, between.z + r * 0.5},
           {r * 0.85, r, r});
  }
  m.Attach(false);
}

}  // namespace

void BuildDog(Model& m, Color main, Color second) {
  Legs(m, main, 0.13, 0.33, 0.42, 0.06);
  m.Ball(main, {0, 0.52, 0}, {0.2, 0.19, 0.46});
  m.Tube(main, {0, 0.56, 0.32}, 0.14, {0, 0.82, 0.48}, 0.12);
  m.Tube(main, {0, 0.58, -0.4}, 0.055, {0, 0.92, -0.6}, 0.03);
  m.Ball(main, {0, 0.9, 0.5}, {0.19, 0.18, 0.2});
  Eyes(m, {0, 0.95, 0.65}, 0.085, 0.032);
  m.Ball(second, {0, 0.82, 0.72}, {0.1, 0.085, 0.16});
  m.Ball(kDark, {0, 0.86, 0.87}, {0.05, 0.042, 0.04});
  for (const double side : {-1.0, 1.0})
    m.Ball(Shaded(main, 0.62), {side * 0.19, 0.86, 0.47}, {0.05, 0.19, 0.1}, 0,
           side * 12);
}

void BuildCat(Model& m, Color main, Color second) {
  Legs(m, main, 0.11, 0.26, 0.36, 0.05);
  m.Ball(main, {0, 0.46, 0}, {0.17, 0.17, 0.38});
  Vec from{0, 0.5, -0.34};
  for (const Vec to :
       {Vec{0, 0.62, -0.5}, Vec{0, 0.82, -0.55}, Vec{0, 0.98, -0.46}}) {
    m.Tube(main, from, 0.045, to, 0.045);
    m.Ball(main, to, {0.045, 0.045, 0.045});
    from = to;
  }
  for (const double side : {-1.0, 1.0}) {
    m.Tube(main, {side * 0.13, 0.86, 0.4}, 0.085, {side * 0.18, 1.08, 0.38},
           0.012);
  }
  m.Ball(main, {0, 0.76, 0.4}, {0.21, 0.18, 0.18});
  m.Attach(true);
  for (const double side : {-1.0, 1.0}) {
    m.Ball({150, 200, 70}, {side * 0.09, 0.8, 0.55}, {0.048, 0.052, 0.03});
    m.Ball(kDark, {side * 0.09, 0.8, 0.575}, {0.018, 0.045, 0.02});
  }
  m.Attach(false);
  m.Ball(second, {0, 0.7, 0.555}, {0.08, 0.055, 0.05});
  m.Ball({230, 120, 130}, {0, 0.735, 0.605}, {0.03, 0.022, 0.02});
  for (const double side : {-1.0, 1.0}) {
    for (const double rise : {-0.03, 0.03})
      m.Tube(kPale, {side * 0.06, 0.7, 0.57}, 0.006,
             {side * 0.32, 0.7 + rise, 0.54}, 0.004);
  }
}

void BuildHorse(Model& m, Color main, Color second) {
  Legs(m, main, 0.11, 0.32, 0.5, 0.05);
  m.Ball(main, {0, 0.62, 0}, {0.19, 0.19, 0.46});
  m.Tube(main, {0, 0.66, 0.34}, 0.15, {0, 1.04, 0.56}, 0.09);
  m.Ball(main, {0, 1.02, 0.7}, {0.09, 0.1, 0.24}, 32);
  m.Ball(Shaded(main, 0.7), {0, 0.91, 0.85}, {0.075, 0.075, 0.08});
  m.Attach(true);
  for (const double side : {-0.07, 0.07})
    m.Ball(kDark, {side, 0.98, 0.9}, {0.014, 0.018, 0.016});
  m.Attach(false);
  for (const double side : {-0.06, 0.06})
    m.Tube(main, {side, 1.08, 0.56}, 0.035, {side * 1.2, 1.24, 0.55}, 0.008);
  for (const double side : {-0.085, 0.085})
    m.Ball(kDark, {side, 1.06, 0.68}, {0.02, 0.028, 0.028});
  for (int i = 0; i < 5; ++i)
    m.Ball(second, {0, 0.76 + i * 0.085, 0.26 + i * 0.055}, {0.05, 0.08, 0.07});
  m.Tube(second, {0, 0.7, -0.42}, 0.05, {0, 0.26, -0.6}, 0.08);
}

void BuildBird(Model& m, Color main, Color second) {
  for (const double side : {-0.09, 0.09}) {
    m.Tube(kBeak, {side, 0, 0.02}, 0.02, {side, 0.3, -0.02}, 0.02);
    m.Tube(kBeak, {side, 0.01, 0}, 0.02, {side, 0.01, 0.12}, 0.015);
  }
  m.Ball(main, {0, 0.46, 0}, {0.22, 0.22, 0.34}, -18);
  m.Ball(second, {0, 0.44, 0.14}, {0.16, 0.17, 0.2}, -18);
  m.Plate(Shaded(main, 0.7), {{-0.09, 0.42, -0.28},
                              {0.09, 0.42, -0.28},
                              {0.13, 0.3, -0.66},
                              {-0.13, 0.3, -0.66}});
  for (const double side : {-1.0, 1.0})
    m.Ball(Shaded(main, 0.72), {side * 0.2, 0.47, -0.08}, {0.05, 0.14, 0.27},
           -14);
  m.Ball(main, {0, 0.8, 0.24}, {0.17, 0.17, 0.17});
  Eyes(m, {0, 0.85, 0.36}, 0.1, 0.03);
  m.Tube(kBeak, {0, 0.78, 0.38}, 0.065, {0, 0.75, 0.6}, 0.006);
}

void BuildDuck(Model& m, Color main, Color second) {
  m.Ball(main, {0, 0.3, 0}, {0.26, 0.24, 0.42}, -6);
  m.Tube(main, {0, 0.38, -0.32}, 0.13, {0, 0.54, -0.54}, 0.015);
  for (const double side : {-1.0, 1.0})
    m.Ball(Shaded(main, 0.82), {side * 0.23, 0.34, -0.06}, {0.06, 0.13, 0.26});
  m.Tube(main, {0, 0.42, 0.24}, 0.12, {0, 0.7, 0.3}, 0.1);
  m.Ball(second, {0, 0.78, 0.32}, {0.16, 0.16, 0.17});
  Eyes(m, {0, 0.83, 0.44}, 0.09, 0.028);
  m.Ball(kBeak, {0, 0.74, 0.54}, {0.1, 0.035, 0.13});
}

void BuildFish(Model& m, Color main, Color second) {
  m.Plate(second, {{0, 0.5, -0.36}, {0, 0.82, -0.74}, {0, 0.5, -0.62}});
  m.Plate(second, {{0, 0.5, -0.36}, {0, 0.5, -0.62}, {0, 0.18, -0.74}});
  m.Plate(second, {{0, 0.7, 0.16}, {0, 0.94, -0.14}, {0, 0.68, -0.24}});
  m.Plate(second, {{0, 0.3, 0.06}, {0, 0.12, -0.14}, {0, 0.32, -0.16}});
  m.Ball(main, {0, 0.5, 0}, {0.14, 0.26, 0.46});
  m.Attach(true);
  for (const double side : {-1.0, 1.0}) {
    for (const double z : {0.12, -0.1})
      m.Ball(second, {side * 0.14, 0.5, z}, {0.01, 0.18, 0.035});
    m.Ball(kPale, {side * 0.1, 0.58, 0.3}, {0.03, 0.055, 0.055});
    m.Ball(kDark, {side * 0.12, 0.58, 0.31}, {0.02, 0.03, 0.03});
  }
  m.Attach(false);
}

}  // namespace eyechart::scenes
