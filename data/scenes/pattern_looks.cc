// Colour and structure: the same thing in another paint, or of another shape.
#include <array>
#include <cmath>

#include "core/error.h"
#include "data/scenes/pattern_draft.h"

namespace eyechart::scenes::internal {
namespace {

enum class Shape { kWindow, kPicture, kBook, kBalloon };

struct LookKind {
  std::string_view name;
  Setting setting;
  Shape shape;
};

constexpr std::array kLookKinds = {
    LookKind{"window", Setting::kWall, Shape::kWindow},
    LookKind{"picture", Setting::kWall, Shape::kPicture},
    LookKind{"book", Setting::kTable, Shape::kBook},
    LookKind{"balloon", Setting::kSky, Shape::kBalloon},
};

// A flat thing that fills `box`.
void PaintFlatThing(Canvas& canvas,
                    Shape shape,
                    const data::Box& box,
                    const Look& look) {
  const double w = box.right - box.left;
  const double h = box.bottom - box.top;
  const double unit = std::sqrt(w * h);
  const auto inside = [&](double l, double t, double r, double b) {
    return Rectangle(box.left + l * w, box.top + t * h, box.left + r * w,
                     box.top + b * h);
  };
  const auto framed = [&](double margin) {
    const double m = margin * unit;
    return Rectangle(box.left + m, box.top + m, box.right - m, box.bottom - m);
  };
  const Color edge = kBlack;
  switch (shape) {
    case Shape::kWindow: {
      const double m = 0.05 * unit;
      canvas.Fill(framed(0), Lit(kWhite));
      const double middle_x = (box.left + box.right) / 2;
      const double middle_y = (box.top + box.bottom) / 2;
      for (const double x : {box.left + m, middle_x + m / 3}) {
        for (const double y : {box.top + m, middle_y + m / 3}) {
          canvas.Fill(
              Rectangle(x, y, x + w / 2 - m * 4 / 3, y + h / 2 - m * 4 / 3),
              {{120, 176, 222}, {196, 224, 236}});
        }
      }
      break;
    }
    case Shape::kPicture:
      canvas.Fill(framed(0), Lit(look.main));
      canvas.Fill(framed(0.07), Flat(kWhite));
      canvas.Fill(framed(0.12), {{150, 196, 230}, {214, 226, 220}});
      canvas.Fill({{box.left + 0.12 * unit, box.bottom - 0.12 * unit},
                   {box.left + 0.4 * w, box.top + 0.4 * h},
                   {box.left + 0.58 * w, box.top + 0.66 * h},
                   {box.left + 0.7 * w, box.top + 0.52 * h},
                   {box.right - 0.12 * unit, box.bottom - 0.12 * unit}},
                  Lit({96, 128, 92}));
      break;
    case Shape::kBook:
      canvas.Fill(framed(0), Flat(edge));
      canvas.Fill(framed(0.012), Lit(look.main));
      canvas.Fill(inside(0.03, 0.012, 0.09, 0.988),
                  Flat(Shaded(look.main, 0.66)));
      canvas.Fill(inside(0.22, 0.16, 0.86, 0.34), Flat(look.second));
      canvas.Fill(inside(0.22, 0.78, 0.86, 0.83), Flat(look.second));
      break;
    case Shape::kBalloon: {
      const Point middle{(box.left + box.right) / 2,
                         (box.top + box.bottom) / 2};
      canvas.Fill(Ellipse(middle, w / 2, h / 2), Flat(edge));
      canvas.Fill(Ellipse(middle, w / 2 - 0.01 * unit, h / 2 - 0.01 * unit),
                  Lit(look.main));
      canvas.Fill(
          Ellipse({middle.x - 0.2 * w, middle.y - 0.22 * h}, 0.07 * w, 0.1 * h),
          Flat(kWhite, 0.7));
      break;
    }
  }
}

}  // namespace

Draft DraftColor(Chance& chance, double delta_e) {
  static constexpr std::array<std::string_view, 7> kNames = {
      "car", "cup", "balloon", "flower", "chair", "book", "house"};
  Rng& rng = chance.rng();
  const Thing& thing = FindThing(rng.Pick(kNames));
  const double lightness = chance.Vary(58, 68);
  View view = DrawView(chance, thing, 0.55, 0.8);
  const double turn = chance.Vary(-1, 1);
  view.yaw = thing.yaw * turn;
  // From a neutral gray half the distance either way, along the line from blue
  // to orange in L*a*b*; lightness is the same.
  std::array<Color, 2> paints;
  for (int side = 0; side < 2; ++side) {
    const double along = (side == 0 ? 0.5 : -0.5) * delta_e;
    paints[static_cast<std::size_t>(side)] =
        ToColor({lightness, along * 0.42, along * 0.9075});
  }

  Draft draft;
  draft.object = thing.name;
  draft.question = fmt::format(
      "Is the {} of a warm color (orange, brown) or of a cool one (blue)?",
      thing.name);
  draft.options = {"warm", "cool"};
  draft.statements = {fmt::format("a warm-colored {}", thing.name),
                      fmt::format("a cool-colored {}", thing.name)};
  draft.setting = thing.setting;
  draft.keep = Shrunk(ExtentOf(thing, view), 0.8);
  draft.paint = [=](Canvas& canvas, int side) {
    Model model;
    thing.build(model, paints[static_cast<std::size_t>(side)], {232, 232, 232});
    if (thing.setting != Setting::kSky)
      PaintShadow(canvas, view.at, thing.width * view.scale * 0.9);
    return model.Paint(canvas, view);
  };
  return draft;
}

Draft DraftStructure(Chance& chance, double percent) {
  Rng& rng = chance.rng();
  const LookKind& kind = rng.Pick(kLookKinds);
  Look look;
  look.main = rng.Pick(NamedColors()).color;
  look.second = ColorApartFrom(rng, look.main, 45);
  const double side = chance.side();
  const double size = side * chance.Vary(0.3, 0.44);
  const double x = side * chance.Vary(0.4, 0.6);
  const double y = side * chance.Vary(0.34, 0.44);
  const double foot = side * chance.Vary(0.8, 0.88);
  const double stretch = std::sqrt(1 + percent / 100);

  Draft draft;
  draft.object = kind.name;
  draft.question = fmt::format(
      "Is the {} taller than it is wide, or wider than it is tall?", kind.name);
  draft.options = {"taller than wide", "wider than tall"};
  draft.statements = {fmt::format("a {} taller than wide", kind.name),
                      fmt::format("a {} wider than tall", kind.name)};
  draft.setting = kind.setting;
  // What stands keeps its foot, what hangs keeps its middle.
  const bool stands = kind.shape == Shape::kBook;
  const double reach = size * 0.75;
  draft.keep = {x - reach, (stands ? foot - 2 * reach : y - reach), x + reach,
                (stands ? foot : y + reach)};
  draft.paint = [=](Canvas& canvas, int wide) {
    const double w = size * (wide ? stretch : 1 / stretch);
    const double h = size * (wide ? 1 / stretch : stretch);
    const double top = stands ? foot - h : y - h / 2;
    canvas.TakeTouched();
    if (kind.shape == Shape::kBalloon)
      canvas.Fill(Stroke({x, top + h}, {x, top + h + size * 0.6}, side * 0.008),
                  Flat({210, 210, 210}));
    if (stands) PaintShadow(canvas, {x, foot}, w);
    PaintFlatThing(canvas, kind.shape, {x - w / 2, top, x + w / 2, top + h},
                   look);
    return canvas.TakeTouched();
  };
  return draft;
}

}  // namespace eyechart::scenes::internal
