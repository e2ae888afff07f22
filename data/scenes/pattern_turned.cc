// Orientation and viewpoint: the same solids turned one way or the other.
#include <algorithm>
#include <array>

#include "core/error.h"
#include "data/scenes/pattern_draft.h"

namespace eyechart::scenes::internal {
namespace {

// All but the lowest part: grass may stand before feet, not before a face.
data::Box AboveFeet(data::Box box) {
  box.bottom -= 0.16 * (box.bottom - box.top);
  return box;
}

// The square base that turns with what stands on it: it shows the camera's
// side where the thing itself is nearly seen from the front.
void AddBase(Model& model, double half, Color tiles) {
  model.Box(Shaded(tiles, 0.8), {0, -0.04, 0}, {half, 0.04, half});
  model.Attach(true);
  const double cell = half / 2;
  for (int row = 0; row < 4; ++row) {
    for (int column = row % 2; column < 4; column += 2) {
      const double x = -half + column * cell;
      const double z = -half + row * cell;
      model.Plate(tiles, {{x, 0.001, z + cell},
                          {x + cell, 0.001, z + cell},
                          {x + cell, 0.001, z},
                          {x, 0.001, z}});
    }
  }
  model.Attach(false);
}

}  // namespace

Draft DraftOrientation(Chance& chance, double degrees) {
  static constexpr std::array<std::string_view, 7> kNames = {
      "dog", "cat", "horse", "bird", "duck", "car", "fish"};
  const Thing& thing = FindThing(chance.rng().Pick(kNames));
  const Look look = DrawLook(chance.rng(), thing);
  View view = DrawView(chance, thing, 0.55, 0.8);
  Model model;
  thing.build(model, look.main, look.second);

  Draft draft;
  draft.object = thing.name;
  draft.question = fmt::format(
      "Which way does the {} face: to the viewer's left or right?", thing.name);
  draft.options = {"left", "right"};
  draft.statements = {fmt::format("{} facing left", WithArticle(thing)),
                      fmt::format("{} facing right", WithArticle(thing))};
  draft.setting = thing.setting;
  draft.keep = AboveFeet(ExtentOf(thing, view));
  draft.paint = [=](Canvas& canvas, int side) {
    View turned = view;
    turned.yaw = side == 0 ? -degrees / 2 : degrees / 2;
    if (thing.setting != Setting::kUnderWater)
      PaintShadow(canvas, view.at, thing.width * view.scale * 0.7);
    return model.Paint(canvas, turned);
  };
  return draft;
}

Draft DraftViewpoint(Chance& chance, double degrees) {
  static constexpr std::array<std::string_view, 5> kNames = {
      "house", "car", "chair", "bus", "clock"};
  const Thing& thing = FindThing(chance.rng().Pick(kNames));
  const Look look = DrawLook(chance.rng(), thing);
  View view = DrawView(chance, thing, 0.44, 0.54);
  view.pitch = chance.Vary(16, 28);
  const double base = thing.width * 0.58;
  view.at.y -= base * view.scale * 0.3;
  static constexpr std::array kTiles = {
      Color{214, 200, 178}, Color{178, 190, 200}, Color{200, 178, 172}};
  Model model;
  AddBase(model, base, chance.rng().Pick(kTiles));
  thing.build(model, look.main, look.second);

  Draft draft;
  draft.object = thing.name;
  draft.question = fmt::format(
      "Which side of the {} is seen beside its front: the one on the viewer's "
      "left or on the viewer's right?",
      thing.name);
  draft.options = {"the left side", "the right side"};
  draft.statements = {
      fmt::format("{} seen from the left", WithArticle(thing)),
      fmt::format("{} seen from the right", WithArticle(thing))};
  draft.setting = thing.setting;
  draft.keep = AboveFeet(ExtentOf(thing, view));
  draft.paint = [=](Canvas& canvas, int side) {
    View turned = view;
    // A camera on the left sees the front turned to its right.
    turned.yaw = side == 0 ? degrees / 2 : -degrees / 2;
    return model.Paint(canvas, turned);
  };
  return draft;
}

}  // namespace eyechart::scenes::internal
