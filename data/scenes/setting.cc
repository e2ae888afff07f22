#include "data/scenes/setting.h"

#include <array>

namespace eyechart::scenes {
namespace {

// The canvas with what a place needs to furnish it. Lengths are shares of the
// picture's side.
struct Site {
  Canvas& canvas;
  Rng& rng;
  bool nuisance;
  double s;

  double Vary(double low, double high) {
    const double drawn = rng.Uniform(low, high);
    return nuisance ? drawn : (low + high) / 2;
  }
  template <std::size_t N>
  Color Vary(const std::array<Color, N>& colors) {
    const Color drawn = rng.Pick(colors);
    return nuisance ? drawn : colors[0];
  }
  void Fill(const Outline& outline, const Paint& paint) {
    canvas.Fill(Placed(outline, {}, s, s), paint);
  }
};

constexpr std::array kSkies = {Color{132, 184, 232}, Color{170, 206, 236},
                               Color{196, 204, 214}, Color{240, 196, 150},
                               Color{108, 160, 220}};
constexpr std::array kWalls = {Color{226, 214, 190}, Color{196, 212, 204},
                               Color{206, 196, 216}, Color{228, 196, 184},
                               Color{190, 204, 222}, Color{216, 216, 210}};
constexpr std::array kGrasses = {Color{124, 172, 84}, Color{146, 184, 92},
                                 Color{104, 156, 84}, Color{176, 180, 96}};
constexpr std::array kWoods = {Color{178, 134, 88}, Color{150, 104, 66},
                               Color{206, 168, 120}, Color{122, 86, 60}};

void Sky(Site& site, double horizon) {
  const Color high = site.Vary(kSkies);
  site.canvas.FillRows(0, horizon * site.s, high, Mixed(high, kWhite, 0.55));
}

void Cloud(Site& site, Point at, double r) {
  const Paint white = Flat(kWhite, 0.75);
  site.Fill(Ellipse({at.x - r, at.y}, r, r * 0.5), white);
  site.Fill(Ellipse({at.x, at.y - r * 0.3}, r, r * 0.7), white);
  site.Fill(Ellipse({at.x + r, at.y}, r, r * 0.45), white);
}

void Clouds(Site& site, int count, double low) {
  for (int i = 0; i < count; ++i) {
    const double x = site.Vary(0, 1);
    const double y = site.Vary(0.05, low);
    const double r = site.Vary(0.035, 0.075);
    if (site.nuisance) Cloud(site, {x, y}, r);
  }
}

Ground Meadow(Site& site) {
  const double horizon = site.Vary(0.48, 0.6);
  Sky(site, horizon);
  Clouds(site, 3, 0.25);
  const Color grass = site.Vary(kGrasses);
  for (int i = 0; i < 2; ++i) {
    const double x = site.Vary(0.1, 0.9);
    const double rise = site.Vary(0.06, 0.16);
    site.Fill(Ellipse({x, horizon + 0.02}, 0.55, rise),
              Flat(Mixed(grass, kSkies[0], i ? 0.3 : 0.5)));
  }
  site.canvas.FillRows(horizon * site.s, site.s, Mixed(grass, kWhite, 0.12),
                       Shaded(grass, 0.8));
  for (int i = 0; i < 10; ++i) {
    const double x = site.Vary(0, 1);
    const double y = site.Vary(horizon + 0.05, 1);
    if (!site.nuisance) continue;
    for (const double lean : {-0.015, 0.0, 0.015})
      site.Fill(Stroke({x, y}, {x + lean, y - 0.035}, 0.008, 0.002),
                Flat(Shaded(grass, 0.66)));
  }
  return {horizon, 0.93};
}

Ground Street(Site& site) {
  const double curb = site.Vary(0.56, 0.64);
  Sky(site, curb);
  Clouds(site, 1, 0.12);
  static constexpr std::array kFronts = {
      Color{190, 150, 124}, Color{204, 190, 164}, Color{160, 166, 178},
      Color{180, 128, 112}, Color{150, 160, 140}};
  double x = -0.05;
  for (int i = 0; i < 6 && x < 1; ++i) {
    const double width = site.Vary(0.18, 0.28);
    const double top = site.Vary(0.12, 0.36);
    const Color front = Mixed(site.Vary(kFronts), kWhite, 0.25);
    site.Fill(Rectangle(x, top, x + width, curb), Flat(front));
    for (double wx = x + 0.03; wx < x + width - 0.05; wx += 0.065) {
      for (double wy = top + 0.04; wy < curb - 0.1; wy += 0.1)
        site.Fill(Rectangle(wx, wy, wx + 0.035, wy + 0.055),
                  Flat(Shaded(front, 0.74)));
    }
    x += width;
  }
  site.canvas.FillRows(curb * site.s, (curb + 0.1) * site.s, {204, 202, 198},
                       {186, 184, 180});
  site.canvas.FillRows((curb + 0.1) * site.s, site.s, {122, 124, 128},
                       {96, 98, 102});
  const double phase = site.Vary(-0.2, 0);
  for (int i = 0; i < 6; ++i) {
    const double at = phase + i * 0.24;
    site.Fill(
        {{at, 0.955}, {at + 0.13, 0.955}, {at + 0.12, 0.98}, {at - 0.01, 0.98}},
        Flat({222, 220, 210}));
  }
  return {curb + 0.04, 0.92};
}

Ground Room(Site& site) {
  const double floor = site.Vary(0.6, 0.7);
  const Color wall = site.Vary(kWalls);
  const Color wood = site.Vary(kWoods);
  site.canvas.FillRows(0, floor * site.s, Mixed(wall, kWhite, 0.2), wall);
  const bool striped = site.rng.Chance(0.4);
  const bool window = site.rng.Chance(0.5);
  const double at = site.Vary(0.08, 0.62);
  if (site.nuisance && striped) {
    for (double x = 0.03; x < 1; x += 0.12)
      site.Fill(Rectangle(x, 0, x + 0.05, floor), Flat(Shaded(wall, 0.95)));
  }
  if (site.nuisance && window) {
    site.Fill(Rectangle(at, 0.07, at + 0.28, 0.4), Flat(kWhite));
    for (const double pane : {0.02, 0.15})
      site.Fill(Rectangle(at + pane, 0.09, at + pane + 0.11, 0.38),
                {kSkies[0], kSkies[1]});
  } else if (site.nuisance) {
    site.Fill(Rectangle(at, 0.1, at + 0.24, 0.28), Flat(Shaded(wood, 0.7)));
    site.Fill(Rectangle(at + 0.02, 0.12, at + 0.22, 0.26),
              {{214, 222, 216}, {136, 164, 134}});
  }
  site.canvas.FillRows(floor * site.s, site.s, wood, Shaded(wood, 0.82));
  site.Fill(Rectangle(-0.1, floor - 0.025, 1.1, floor), Flat(kWhite));
  for (int i = -4; i <= 4; ++i)
    site.Fill(Stroke({0.5 + i * 0.11, floor}, {0.5 + i * 0.2, 1.02}, 0.004),
              Flat(Shaded(wood, 0.7)));
  return {floor, 0.93};
}

Ground Wall(Site& site) {
  constexpr double kFoot = 0.86;
  const Color wall = site.Vary(kWalls);
  const Color wood = site.Vary(kWoods);
  const bool striped = site.rng.Chance(0.4);
  const double width = site.Vary(0.03, 0.07);
  site.canvas.FillRows(0, kFoot * site.s, Mixed(wall, kWhite, 0.2), wall);
  if (site.nuisance && striped) {
    for (double x = 0.02; x < 1; x += 2 * width)
      site.Fill(Rectangle(x, 0, x + width, kFoot), Flat(Shaded(wall, 0.95)));
  }
  site.canvas.FillRows(kFoot * site.s, site.s, wood, Shaded(wood, 0.82));
  site.Fill(Rectangle(-0.1, kFoot - 0.03, 1.1, kFoot), Flat(kWhite));
  return {kFoot, kFoot};
}

Ground Table(Site& site) {
  const double edge = site.Vary(0.58, 0.66);
  const Color wall = site.Vary(kWalls);
  const Color wood = site.Vary(kWoods);
  site.canvas.FillRows(0, edge * site.s, Mixed(wall, kWhite, 0.25),
                       Shaded(wall, 0.92));
  const bool tiled = site.rng.Chance(0.4);
  if (site.nuisance && tiled) {
    for (double y = 0.1; y < edge; y += 0.12)
      site.Fill(Rectangle(-0.1, y, 1.1, y + 0.006), Flat(Shaded(wall, 0.86)));
    for (double x = 0.06; x < 1; x += 0.12)
      site.Fill(Rectangle(x, -0.1, x + 0.006, edge), Flat(Shaded(wall, 0.86)));
  }
  site.canvas.FillRows(edge * site.s, 0.95 * site.s, Mixed(wood, kWhite, 0.15),
                       wood);
  site.canvas.FillRows(0.95 * site.s, site.s, Shaded(wood, 0.66),
                       Shaded(wood, 0.56));
  for (int i = 0; i < 4; ++i) {
    const double y = site.Vary(edge + 0.04, 0.92);
    const double x = site.Vary(0, 0.7);
    site.Fill(Stroke({x, y}, {x + 0.3, y + 0.004}, 0.005, 0.002),
              Flat(Shaded(wood, 0.84)));
  }
  return {edge, 0.9};
}

Ground Sea(Site& site) {
  const double horizon = site.Vary(0.4, 0.52);
  Sky(site, horizon);
  Clouds(site, 3, 0.25);
  static constexpr std::array kSeas = {Color{60, 124, 176}, Color{70, 150, 170},
                                       Color{80, 116, 150}};
  const Color sea = site.Vary(kSeas);
  site.canvas.FillRows(horizon * site.s, site.s, Mixed(sea, kWhite, 0.3), sea);
  for (int i = 0; i < 14; ++i) {
    const double x = site.Vary(0, 1);
    const double y = site.Vary(horizon + 0.03, 1);
    const double w = 0.02 + (y - horizon) * 0.1;
    if (site.nuisance)
      site.Fill(Stroke({x, y}, {x + w, y}, 0.008, 0.004),
                Flat(Mixed(sea, kWhite, 0.5), 0.7));
  }
  return {horizon, 0.88};
}

Ground UnderWater(Site& site) {
  static constexpr std::array kWaters = {
      Color{84, 170, 200}, Color{96, 186, 180}, Color{86, 140, 190}};
  const Color water = site.Vary(kWaters);
  site.canvas.FillRows(0, site.s, Mixed(water, kWhite, 0.25),
                       Shaded(water, 0.62));
  const double sand = site.Vary(0.86, 0.92);
  const double slope = site.Vary(-0.04, 0.04);
  site.Fill(
      {{-0.1, sand - slope}, {1.1, sand + slope}, {1.1, 1.1}, {-0.1, 1.1}},
      {{222, 204, 156}, {190, 168, 120}});
  for (int i = 0; i < 5; ++i) {
    const double x = site.Vary(0, 1);
    const double height = site.Vary(0.1, 0.24);
    const double bend = site.Vary(-0.04, 0.04);
    if (!site.nuisance) continue;
    site.Fill(Stroke({x, 0.97}, {x + bend, 0.97 - height * 0.6}, 0.03, 0.022),
              Flat({56, 128, 96}));
    site.Fill(Stroke({x + bend, 0.97 - height * 0.6}, {x, 0.97 - height}, 0.022,
                     0.006),
              Flat({64, 140, 100}));
  }
  for (int i = 0; i < 6; ++i) {
    const double x = site.Vary(0, 1);
    const double y = site.Vary(0.05, 0.8);
    const double r = site.Vary(0.006, 0.014);
    if (site.nuisance) site.Fill(Ellipse({x, y}, r, r), Flat(kWhite, 0.5));
  }
  return {0.3, 0.82};
}

Ground OpenSky(Site& site) {
  const double horizon = site.Vary(0.88, 0.96);
  Sky(site, horizon);
  Clouds(site, 5, 0.75);
  const Color grass = site.Vary(kGrasses);
  const double x = site.Vary(0.2, 0.8);
  site.canvas.FillRows(horizon * site.s, site.s, grass, Shaded(grass, 0.85));
  site.Fill(Ellipse({x, horizon + 0.03}, 0.6, 0.1), Flat(grass));
  return {0.3, 0.82};
}

}  // namespace

Ground PaintSetting(Canvas& canvas, Setting setting, Rng rng, bool nuisance) {
  Site site{canvas, rng, nuisance, static_cast<double>(canvas.size())};
  Ground ground;
  canvas.SetOwner(0);
  switch (setting) {
    case Setting::kMeadow:
      ground = Meadow(site);
      break;
    case Setting::kStreet:
      ground = Street(site);
      break;
    case Setting::kRoom:
      ground = Room(site);
      break;
    case Setting::kWall:
      ground = Wall(site);
      break;
    case Setting::kTable:
      ground = Table(site);
      break;
    case Setting::kSea:
      ground = Sea(site);
      break;
    case Setting::kUnderWater:
      ground = UnderWater(site);
      break;
    case Setting::kSky:
      ground = OpenSky(site);
      break;
  }
  canvas.TakeTouched();
  return {ground.horizon * site.s, ground.nearest * site.s};
}

void PaintShadow(Canvas& canvas, Point foot, double width) {
  canvas.Fill(Ellipse(foot, width * 0.56, width * 0.1), Flat(kBlack, 0.28));
}

std::string_view SettingPhrase(Setting setting) {
  switch (setting) {
    case Setting::kMeadow:
      return "in a meadow";
    case Setting::kStreet:
      return "in a street";
    case Setting::kRoom:
      return "in a room";
    case Setting::kWall:
      return "at a wall";
    case Setting::kTable:
      return "on a table";
    case Setting::kSea:
      return "on the sea";
    case Setting::kUnderWater:
      return "under water";
    case Setting::kSky:
      return "in the sky";
  }
  return "";
}

}  // namespace eyechart::scenes
