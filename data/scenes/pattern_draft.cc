#include "data/scenes/pattern_draft.h"

#include <algorithm>

namespace eyechart::scenes::internal {

Look DrawLook(Rng& rng, const Thing& thing) {
  const Color dyed = rng.Pick(NamedColors()).color;
  const Color natural = NaturalColor(thing, rng);
  Look look;
  look.main = thing.dyed ? dyed : natural;
  const Color apart = ColorApartFrom(rng, look.main, 40);
  static constexpr Color kBark{112, 78, 50};
  look.second = thing.dyed                 ? apart
                : thing.build == BuildTree ? kBark
                : thing.build == BuildHand ? apart
                : thing.build == BuildDuck ? Mixed(look.main, kWhite, 0.2)
                                           : Mixed(look.main, kWhite, 0.35);
  return look;
}

Color ColorApartFrom(Rng& rng, Color from, double distance) {
  // Some named colour is far enough from any other; the first draw's successor
  // in the list that is keeps the stream's length the same.
  const std::span<const NamedColor> colors = NamedColors();
  const auto first =
      static_cast<std::size_t>(rng.Below(static_cast<int>(colors.size())));
  for (std::size_t i = 0; i < colors.size(); ++i) {
    const Color color = colors[(first + i) % colors.size()].color;
    if (DeltaE(ToLab(color), ToLab(from)) >= distance) return color;
  }
  return ToLab(from).l > 50 ? kBlack : kWhite;
}

View DrawView(Chance& chance, const Thing& thing, double low, double high) {
  View view;
  const double share = chance.Vary(low, high);
  const double x = chance.Vary(-0.07, 0.07);
  const double foot = chance.Vary(0.83, 0.9);
  const double tilt = chance.Vary(-3, 5);
  const double side = chance.side();
  view.scale = side * share / std::max(thing.height, thing.width);
  view.pitch = thing.pitch + tilt;
  view.at = {side * (0.5 + x), side * foot};
  // What floats is in the middle of its sky or water.
  if (thing.setting == Setting::kSky || thing.setting == Setting::kUnderWater)
    view.at.y = side * (foot - 0.36) + thing.height * view.scale / 2;
  return view;
}

data::Box ExtentOf(const Thing& thing, const View& view) {
  const double half = thing.width * view.scale / 2;
  return {view.at.x - half, view.at.y - thing.height * view.scale,
          view.at.x + half, view.at.y};
}

data::Box Shrunk(const data::Box& box, double share) {
  const double x = (box.right - box.left) * (1 - share) / 2;
  const double y = (box.bottom - box.top) * (1 - share) / 2;
  return {box.left + x, box.top + y, box.right - x, box.bottom - y};
}

void PaintOccluder(Canvas& canvas, Rng rng, const data::Box& keep) {
  static constexpr std::array kLeaves = {Color{66, 120, 60}, Color{90, 132, 58},
                                         Color{50, 96, 70}};
  static constexpr Color kPost{110, 100, 92};
  const double s = canvas.size();
  const bool post = rng.Chance(0.4);
  const Color leaf = rng.Pick(kLeaves);
  for (int attempt = 0; attempt < 6; ++attempt) {
    const double x = rng.Uniform(0.04, 0.96) * s;
    const double width = rng.Uniform(0.03, 0.05) * s;
    const double height = rng.Uniform(0.18, 0.4) * s;
    const double half = post ? width / 2 : width * 2.2;
    const data::Box box{x - half, post ? 0 : s - height, x + half, s};
    if (Overlap(box, keep)) continue;
    if (post) {
      canvas.Fill(Rectangle(x - half, -2, x + half, s + 2),
                  {Mixed(kPost, kWhite, 0.3), Shaded(kPost, 0.8)});
      return;
    }
    for (const double lean : {-0.9, 0.9, -0.45, 0.5, 0.0}) {
      const double tip_x = x + lean * half;
      const double tip_y = s - height * (1 - 0.35 * lean * lean);
      const Point middle{x + lean * half * 0.35, (tip_y + s) / 2};
      const Point outline[] = {{x - width * 0.2, s + 4},
                               {middle.x - width * 0.42, middle.y},
                               {tip_x, tip_y},
                               {middle.x + width * 0.42, middle.y},
                               {x + width * 0.2, s + 4}};
      canvas.Fill(Smooth(outline), Lit(leaf));
    }
    return;
  }
}

}  // namespace eyechart::scenes::internal
