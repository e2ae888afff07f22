#include <vector>

#include "data/scenes/models.h"

namespace eyechart::scenes {
namespace {

constexpr Color kGlass{168, 206, 226};
constexpr Color kRubber{40, 40, 44};
constexpr Color kHub{196, 198, 204};
constexpr Color kLeaf{62, 138, 58};
constexpr Color kBark{116, 78, 48};
constexpr Color kSteel{112, 116, 122};

void Wheels(Model& m, double x, double front, double back, double r) {
  for (const double side : {-1.0, 1.0}) {
    for (const double z : {back, front}) {
      m.Tube(kRubber, {side * (x - 0.07), r, z}, r, {side * (x + 0.02), r, z},
             r);
      m.Attach(true);
      m.Disc(kHub, {side * (x + 0.025), r, z}, {side, 0, 0}, r * 0.52);
      m.Attach(false);
    }
  }
}

// A window or the like on a side wall; `x` carries the side's sign.
void SidePane(Model& m,
              Color color,
              double x,
              double y0,
              double y1,
              double z0,
              double z1) {
  if (x > 0)
    m.Plate(color, {{x, y0, z1}, {x, y0, z0}, {x, y1, z0}, {x, y1, z1}});
  else
    m.Plate(color, {{x, y0, z0}, {x, y0, z1}, {x, y1, z1}, {x, y1, z0}});
}

void FrontPane(Model& m,
               Color color,
               double z,
               double x0,
               double x1,
               double y0,
               double y1) {
  if (z > 0)
    m.Plate(color, {{x0, y0, z}, {x1, y0, z}, {x1, y1, z}, {x0, y1, z}});
  else
    m.Plate(color, {{x1, y0, z}, {x0, y0, z}, {x0, y1, z}, {x1, y1, z}});
}

}  // namespace

void BuildCar(Model& m, Color main, Color second) {
  m.Box(main, {0, 0.32, 0}, {0.36, 0.17, 0.82});
  m.Attach(true);
  for (const double x : {-0.25, 0.25}) {
    FrontPane(m, {255, 240, 180}, 0.825, x - 0.08, x + 0.08, 0.32, 0.43);
    FrontPane(m, {200, 30, 30}, -0.825, x - 0.08, x + 0.08, 0.32, 0.43);
  }
  FrontPane(m, kRubber, 0.826, -0.12, 0.12, 0.24, 0.38);
  for (const double x : {-0.364, 0.364}) {
    SidePane(m, Shaded(main, 0.7), x, 0.2, 0.48, -0.13, -0.11);
    SidePane(m, second, x, 0.4, 0.43, -0.3, -0.2);
  }
  m.Attach(false);
  m.StandOnLast();
  m.Box(main, {0, 0.64, -0.24}, {0.31, 0.16, 0.44});
  m.Attach(true);
  for (const double x : {-0.315, 0.315}) {
    SidePane(m, kGlass, x, 0.53, 0.76, -0.62, -0.26);
    SidePane(m, kGlass, x, 0.53, 0.76, -0.2, 0.14);
    // The windscreen slants down to the bonnet.
    const std::vector<Vec> slope = {
        {x, 0.49, 0.2}, {x, 0.49, 0.42}, {x, 0.79, 0.2}};
    m.Plate(kGlass,
            x < 0 ? slope : std::vector<Vec>{slope[2], slope[1], slope[0]});
  }
  m.Plate(kGlass, {{-0.3, 0.49, 0.42},
                   {0.3, 0.49, 0.42},
                   {0.3, 0.79, 0.205},
                   {-0.3, 0.79, 0.205}});
  FrontPane(m, kGlass, -0.685, -0.27, 0.27, 0.54, 0.76);
  m.Attach(false);
  for (const double x : {-0.27, 0.27}) {
    m.Ball({255, 236, 160}, {x, 0.39, 0.83}, {0.06, 0.06, 0.04});
    m.Ball({206, 40, 40}, {x, 0.39, -0.83}, {0.06, 0.05, 0.03});
  }
  m.Box({150, 152, 156}, {0, 0.2, 0.83}, {0.37, 0.045, 0.05});
  Wheels(m, 0.36, 0.5, -0.5, 0.17);
}

void BuildBus(Model& m, Color main, Color second) {
  m.Box(main, {0, 0.56, 0}, {0.34, 0.42, 0.95});
  m.Attach(true);
  for (const double x : {-0.345, 0.345}) {
    SidePane(m, second, x, 0.36, 0.44, -0.94, 0.94);
    for (int i = 0; i < 5; ++i)
      SidePane(m, kGlass, x, 0.54, 0.86, -0.88 + i * 0.36, -0.6 + i * 0.36);
  }
  FrontPane(m, kGlass, 0.955, -0.29, 0.29, 0.5, 0.88);
  FrontPane(m, kGlass, -0.955, -0.24, 0.24, 0.6, 0.86);
  for (const double x : {-0.24, 0.24})
    m.Disc({255, 240, 180}, {x, 0.28, 0.956}, {0, 0, 1}, 0.06);
  m.Attach(false);
  Wheels(m, 0.34, 0.58, -0.58, 0.16);
}

void BuildHouse(Model& m, Color main, Color second) {
  m.Box(main, {0, 0.32, 0}, {0.45, 0.32, 0.4});
  m.Attach(true);
  FrontPane(m, {116, 72, 44}, 0.405, -0.1, 0.1, 0, 0.4);
  m.Disc({240, 210, 90}, {0.06, 0.19, 0.407}, {0, 0, 1}, 0.02);
  for (const double x : {-0.28, 0.28}) {
    FrontPane(m, kWhite, 0.405, x - 0.115, x + 0.115, 0.21, 0.48);
    FrontPane(m, kGlass, 0.407, x - 0.09, x - 0.01, 0.24, 0.45);
    FrontPane(m, kGlass, 0.407, x + 0.01, x + 0.09, 0.24, 0.45);
  }
  for (const double x : {-0.455, 0.455}) {
    SidePane(m, kWhite, x, 0.21, 0.48, -0.13, 0.13);
    SidePane(m, kGlass, x * 1.004, 0.24, 0.45, -0.1, 0.1);
  }
  m.Attach(false);
  // A chimney behind the ridge, then the roof's four slopes.
  m.Box({170, 88, 66}, {0.22, 0.95, -0.12}, {0.07, 0.15, 0.07});
  const double w = 0.54;
  const double d = 0.5;
  const double eaves = 0.6;
  const double ridge = 1.02;
  m.Plate(second,
          {{-w, eaves, d}, {w, eaves, d}, {0.3, ridge, 0}, {-0.3, ridge, 0}});
  m.Plate(Shaded(second, 0.9),
          {{w, eaves, -d}, {-w, eaves, -d}, {-0.3, ridge, 0}, {0.3, ridge, 0}});
  m.Plate(second, {{w, eaves, d}, {w, eaves, -d}, {0.3, ridge, 0}});
  m.Plate(second, {{-w, eaves, -d}, {-w, eaves, d}, {-0.3, ridge, 0}});
}

void BuildTree(Model& m, Color main, Color second) {
  m.Tube(second, {0, 0, 0}, 0.1, {0, 0.55, 0}, 0.065);
  m.Ball(Shaded(main, 0.85), {-0.2, 0.66, -0.02}, {0.24, 0.22, 0.2});
  m.Ball(Shaded(main, 0.85), {0.21, 0.68, -0.02}, {0.24, 0.22, 0.2});
  m.Ball(main, {0, 0.82, 0.02}, {0.33, 0.28, 0.26});
  m.Ball(Mixed(main, kWhite, 0.1), {-0.06, 0.95, 0.05}, {0.2, 0.15, 0.16});
}

void BuildFlower(Model& m, Color main, Color second) {
  m.Tube(kLeaf, {0, 0, 0}, 0.025, {0, 0.68, 0}, 0.025);
  m.Ball(kLeaf, {-0.13, 0.26, 0}, {0.15, 0.055, 0.03}, 0, -30);
  m.Ball(kLeaf, {0.13, 0.36, 0}, {0.15, 0.055, 0.03}, 0, 30);
  for (int i = 0; i < 7; ++i) {
    const double angle = i * 360.0 / 7;
    m.Ball(main,
           {0.19 * SinDegrees(angle), 0.74 + 0.19 * CosDegrees(angle), -0.04},
           {0.085, 0.13, 0.025}, 0, -angle);
  }
  m.Ball(second, {0, 0.74, 0.07}, {0.11, 0.11, 0.05});
}

void BuildBoat(Model& m, Color main, Color second) {
  m.Tube(kBark, {0, 0.2, 0.02}, 0.018, {0, 1.1, 0.02}, 0.014);
  m.Plate(kWhite, {{0, 0.32, 0.04}, {0, 1.06, 0.04}, {0, 0.32, 0.6}});
  m.Plate(second, {{0, 0.32, -0.03}, {0, 0.32, -0.5}, {0, 0.95, -0.03}});
  m.Plate(main, {{-0.01, 0.26, 0.78},
                 {0, 0.26, -0.62},
                 {0, 0.02, -0.46},
                 {0, 0.02, 0.5}});
  m.Ball(main, {0, 0.18, 0.06}, {0.16, 0.1, 0.6});
}

void BuildPlane(Model& m, Color main, Color second) {
  m.Plate(second, {{0.06, 0.5, 0.22},
                   {0.82, 0.5, -0.16},
                   {0.82, 0.5, -0.3},
                   {0.06, 0.5, -0.16}});
  m.Plate(second, {{-0.06, 0.5, 0.22},
                   {-0.82, 0.5, -0.16},
                   {-0.82, 0.5, -0.3},
                   {-0.06, 0.5, -0.16}});
  m.Plate(second, {{0, 0.52, -0.5},
                   {0.3, 0.52, -0.68},
                   {0.3, 0.52, -0.76},
                   {0, 0.52, -0.66}});
  m.Plate(second, {{0, 0.52, -0.5},
                   {-0.3, 0.52, -0.68},
                   {-0.3, 0.52, -0.76},
                   {0, 0.52, -0.66}});
  m.Ball(main, {0, 0.52, 0}, {0.1, 0.1, 0.78});
  m.Ball(kGlass, {0, 0.59, 0.56}, {0.06, 0.045, 0.1});
  m.Plate(
      second,
      {{0, 0.58, -0.48}, {0, 0.86, -0.72}, {0, 0.86, -0.82}, {0, 0.56, -0.74}});
}

void BuildBalloon(Model& m, Color main, Color) {
  m.Tube({220, 220, 220}, {0, 0, 0}, 0.008, {0, 0.42, 0}, 0.008);
  m.Tube(Shaded(main, 0.8), {0, 0.38, 0}, 0.05, {0, 0.46, 0}, 0.01);
  m.Ball(main, {0, 0.74, 0}, {0.26, 0.31, 0.26});
  m.Attach(true);
  m.Ball(Mixed(main, kWhite, 0.7), {-0.1, 0.86, 0.2}, {0.045, 0.07, 0.02}, 0,
         -25);
  m.Attach(false);
}

void BuildTrafficLight(Model& m, Color, Color) {
  m.Tube(kSteel, {0, 0, 0}, 0.04, {0, 0.5, 0}, 0.04);
  m.Box({46, 50, 54}, {0, 0.78, 0}, {0.16, 0.34, 0.12});
  m.Attach(true);
  constexpr Color kLamps[] = {{70, 190, 90}, {240, 190, 50}, {220, 50, 44}};
  for (int i = 0; i < 3; ++i)
    m.Disc(kLamps[i], {0, 0.56 + 0.22 * i, 0.122}, {0, 0, 1}, 0.088);
  m.Attach(false);
}

void BuildArrowSign(Model& m, Color main, Color second) {
  m.Tube(kSteel, {0, 0, -0.02}, 0.035, {0, 1, -0.02}, 0.035);
  m.Plate(main, {{-0.4, 0.62, 0.03},
                 {0.25, 0.62, 0.03},
                 {0.48, 0.8, 0.03},
                 {0.25, 0.98, 0.03},
                 {-0.4, 0.98, 0.03}});
  m.Attach(true);
  m.Plate(second, {{-0.3, 0.75, 0.035},
                   {0.12, 0.75, 0.035},
                   {0.12, 0.85, 0.035},
                   {-0.3, 0.85, 0.035}});
  m.Plate(second,
          {{0.08, 0.68, 0.035}, {0.32, 0.8, 0.035}, {0.08, 0.92, 0.035}});
  m.Attach(false);
}

}  // namespace eyechart::scenes
