// State: things that open about a hinge.
#include <array>

#include "core/error.h"
#include "data/scenes/pattern_draft.h"

namespace eyechart::scenes::internal {
namespace {

constexpr Color kInside{52, 44, 44};
constexpr Color kStatePaper{242, 238, 226};

// `mirror` is 1 or -1: on which side the hinge is.
void BuildDoor(
    Model& m, Color main, Color second, double mirror, double degrees) {
  m.Box(kInside, {0, 0.5, -0.06}, {0.29, 0.5, 0.02});
  for (const double x : {-0.315, 0.315})
    m.Box(second, {x, 0.52, 0}, {0.04, 0.52, 0.04});
  m.Box(second, {0, 1.03, 0}, {0.355, 0.04, 0.04});
  m.SetHinge({-0.275 * mirror, 0, 0.02}, {0, 1, 0}, -degrees * mirror);
  m.Box(main, {0, 0.495, 0.03}, {0.275, 0.49, 0.018});
  m.Attach(true);
  for (const double y : {0.12, 0.56}) {
    for (const double x : {-0.2, 0.03}) {
      m.Plate(Shaded(main, 0.72), {{x, y, 0.049},
                                   {x + 0.17, y, 0.049},
                                   {x + 0.17, y + 0.32, 0.049},
                                   {x, y + 0.32, 0.049}});
    }
  }
  m.Disc({236, 204, 92}, {0.225 * mirror, 0.5, 0.05}, {0, 0, 1}, 0.032);
  m.Attach(false);
  m.ClearHinge();
}

void BuildChest(Model& m, Color main, Color second, double, double degrees) {
  m.Box(main, {0, 0.25, 0}, {0.5, 0.25, 0.32});
  m.Attach(true);
  m.Plate(kInside, {{-0.45, 0.502, 0.28},
                    {0.45, 0.502, 0.28},
                    {0.45, 0.502, -0.28},
                    {-0.45, 0.502, -0.28}});
  for (const double x : {-0.38, 0.3}) {
    m.Plate(second, {{x, 0, 0.322},
                     {x + 0.08, 0, 0.322},
                     {x + 0.08, 0.5, 0.322},
                     {x, 0.5, 0.322}});
  }
  m.Plate(kBlack, {{-0.06, 0.34, 0.323},
                   {0.06, 0.34, 0.323},
                   {0.06, 0.48, 0.323},
                   {-0.06, 0.48, 0.323}});
  m.Attach(false);
  m.SetHinge({0, 0.5, -0.32}, {1, 0, 0}, -degrees);
  m.Box(main, {0, 0.59, 0}, {0.52, 0.085, 0.34});
  m.Attach(true);
  for (const double x : {-0.38, 0.3}) {
    m.Plate(second, {{x, 0.505, 0.342},
                     {x + 0.08, 0.505, 0.342},
                     {x + 0.08, 0.675, 0.342},
                     {x, 0.675, 0.342}});
    m.Plate(second, {{x, 0.676, 0.34},
                     {x + 0.08, 0.676, 0.34},
                     {x + 0.08, 0.676, -0.34},
                     {x, 0.676, -0.34}});
  }
  m.Attach(false);
  m.ClearHinge();
}

void BuildLaptop(Model& m, Color main, Color second, double, double degrees) {
  m.Box(main, {0, 0.035, 0}, {0.5, 0.035, 0.35});
  m.Attach(true);
  m.Plate(kBlack, {{-0.42, 0.072, 0.06},
                   {0.42, 0.072, 0.06},
                   {0.42, 0.072, -0.26},
                   {-0.42, 0.072, -0.26}});
  m.Plate(Shaded(main, 0.7), {{-0.13, 0.072, 0.3},
                              {0.13, 0.072, 0.3},
                              {0.13, 0.072, 0.12},
                              {-0.13, 0.072, 0.12}});
  m.Attach(false);
  m.SetHinge({0, 0.075, -0.35}, {1, 0, 0}, -degrees);
  m.Box(main, {0, 0.1, 0}, {0.5, 0.022, 0.35});
  m.Attach(true);
  // Its face looks down while it is closed.
  m.Plate(Mixed(second, kWhite, 0.3), {{-0.45, 0.077, -0.3},
                                       {0.45, 0.077, -0.3},
                                       {0.45, 0.077, 0.31},
                                       {-0.45, 0.077, 0.31}});
  m.Disc(kWhite, {0, 0.124, 0}, {0, 1, 0}, 0.06);
  m.Attach(false);
  m.ClearHinge();
}

void BuildCoveredBook(
    Model& m, Color main, Color second, double mirror, double degrees) {
  m.Box(main, {0, 0.45, -0.1}, {0.33, 0.45, 0.02});
  m.Box(kStatePaper, {0.012 * mirror, 0.45, 0}, {0.295, 0.42, 0.08});
  m.Attach(true);
  for (int line = 0; line < 7; ++line) {
    const double y = 0.74 - line * 0.09;
    m.Plate({150, 146, 140}, {{-0.22, y, 0.082},
                              {0.22, y, 0.082},
                              {0.22, y + 0.02, 0.082},
                              {-0.22, y + 0.02, 0.082}});
  }
  m.Attach(false);
  m.Box(main, {-0.32 * mirror, 0.45, 0}, {0.02, 0.45, 0.11});
  m.SetHinge({-0.32 * mirror, 0, 0.1}, {0, 1, 0}, -degrees * mirror);
  m.Box(main, {0, 0.45, 0.115}, {0.33, 0.45, 0.02});
  m.Attach(true);
  m.Plate(second, {{-0.2, 0.6, 0.137},
                   {0.2, 0.6, 0.137},
                   {0.2, 0.74, 0.137},
                   {-0.2, 0.74, 0.137}});
  m.Plate(second, {{-0.2, 0.24, 0.137},
                   {0.2, 0.24, 0.137},
                   {0.2, 0.28, 0.137},
                   {-0.2, 0.28, 0.137}});
  m.Attach(false);
  m.ClearHinge();
}

struct StateKind {
  std::string_view name;
  Setting setting;
  double height;  // with it open
  double width;
  double pitch;
  double yaw;  // at most, to either side
  void (*build)(Model&, Color, Color, double, double);
};

constexpr std::array kStateKinds = {
    StateKind{"door", Setting::kWall, 1.1, 0.9, 6, 14, BuildDoor},
    StateKind{"chest", Setting::kRoom, 1.1, 1.2, 22, 28, BuildChest},
    StateKind{"laptop", Setting::kTable, 0.8, 1.15, 24, 26, BuildLaptop},
    StateKind{"book", Setting::kTable, 1.0, 1.1, 14, 16, BuildCoveredBook},
};

}  // namespace

Draft DraftState(Chance& chance, double degrees) {
  Rng& rng = chance.rng();
  const StateKind& kind = rng.Pick(kStateKinds);
  const Thing thing{kind.name,  "a",  kind.setting, kind.height, kind.width, 0,
                    kind.pitch, true, nullptr};
  static constexpr std::array kDyes = {
      Color{150, 60, 50},  Color{60, 96, 150},   Color{76, 122, 84},
      Color{172, 124, 76}, Color{120, 126, 134}, Color{196, 170, 110}};
  const Color main = rng.Pick(kDyes);
  const Color second = ColorApartFrom(rng, main, 45);
  const double mirror = rng.Chance(0.5) ? 1 : -1;
  View view = DrawView(chance, thing, 0.6, 0.76);
  view.yaw = chance.Vary(-kind.yaw, kind.yaw);
  // Doors stand at the wall's foot.
  if (kind.setting == Setting::kWall) view.at.y = chance.side() * 0.865;

  Draft draft;
  draft.object = kind.name;
  draft.question = fmt::format("Is the {} open or closed?", kind.name);
  draft.options = {"closed", "open"};
  draft.statements = {fmt::format("a closed {}", kind.name),
                      fmt::format("an open {}", kind.name)};
  draft.setting = kind.setting;
  draft.keep = Shrunk(ExtentOf(thing, view), 0.85);
  draft.paint = [=](Canvas& canvas, int side) {
    Model model;
    kind.build(model, main, second, mirror, side == 0 ? 0 : degrees);
    if (kind.setting != Setting::kWall)
      PaintShadow(canvas, view.at, kind.width * view.scale * 0.8);
    return model.Paint(canvas, view);
  };
  return draft;
}

}  // namespace eyechart::scenes::internal
