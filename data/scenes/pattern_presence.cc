// Presence: a feature of a given width, there or not.
#include <array>

#include "core/error.h"
#include "data/scenes/pattern_draft.h"

namespace eyechart::scenes::internal {
namespace {

enum class Feature { kApple, kRoundWindow, kStar, kHeart, kFlag };

struct PresenceKind {
  std::string_view thing;
  Feature feature;
  std::string_view phrase;  // "an apple in the tree"
  std::string_view noun;    // "an apple"
  double yaw;
  double low;  // size, as a share of the picture
  Vec at;      // the feature's middle on the model
  Vec spread;  // how far it may stray
};

constexpr std::array kPresenceKinds = {
    PresenceKind{"tree",
                 Feature::kApple,
                 "an apple in the tree",
                 "an apple",
                 0,
                 0.78,
                 {0, 0.78, 0.26},
                 {0.17, 0.12, 0}},
    PresenceKind{"house",
                 Feature::kRoundWindow,
                 "a round window in the roof",
                 "a round window",
                 0,
                 0.74,
                 {0, 0.79, 0.3},
                 {0.16, 0.03, 0}},
    PresenceKind{"car",
                 Feature::kStar,
                 "a star on the side of the car",
                 "a star",
                 90,
                 0.8,
                 {-0.37, 0.36, -0.05},
                 {0, 0.03, 0.25}},
    PresenceKind{"cup",
                 Feature::kHeart,
                 "a heart on the cup",
                 "a heart",
                 0,
                 0.66,
                 {-0.02, 0.4, 0.33},
                 {0.07, 0.1, 0}},
    PresenceKind{"boat",
                 Feature::kFlag,
                 "a flag on the mast",
                 "a flag",
                 90,
                 0.7,
                 {0, 1.08, 0.02},
                 {0, 0, 0}},
};

Outline ShapeOf(Feature feature, Point at, double width) {
  switch (feature) {
    case Feature::kApple:
    case Feature::kRoundWindow:
      return Ellipse(at, width / 2, width / 2);
    case Feature::kStar:
      // The tips of a five-pointed star span 1.902 radii.
      return Star(at, width / 1.902, 5, 0.42);
    case Feature::kHeart:
      return Heart(at, width / 2);
    case Feature::kFlag:
      return Rectangle(at.x, at.y - width * 0.3, at.x + width,
                       at.y + width * 0.3);
  }
  return {};
}

}  // namespace

Draft DraftPresence(Chance& chance, double pixels) {
  const PresenceKind& kind = chance.rng().Pick(kPresenceKinds);
  const Thing& thing = FindThing(kind.thing);
  const Look look = DrawLook(chance.rng(), thing);
  View view = DrawView(chance, thing, kind.low, kind.low + 0.12);
  view.yaw = kind.yaw;
  Vec spot = kind.at;
  spot.x += kind.spread.x * chance.Vary(-1, 1);
  spot.y += kind.spread.y * chance.Vary(-1, 1);
  spot.z += kind.spread.z * chance.Vary(-1, 1);
  const Color under = kind.feature == Feature::kRoundWindow ? look.second
                      : kind.feature == Feature::kFlag ? kWhite  // the sail's
                                                       : look.main;
  const Color dyed = ColorApartFrom(chance.rng(), under, 55);
  const Color paint = kind.feature == Feature::kApple ? Color{206, 36, 36}
                      : kind.feature == Feature::kRoundWindow ? kWhite
                                                              : dyed;
  Model model;
  thing.build(model, look.main, look.second);
  const Point at = Model::Project(spot, view);

  Draft draft;
  draft.object = thing.name;
  draft.question = fmt::format("Is there {}?", kind.phrase);
  draft.options = {"no", "yes"};
  draft.statements = {
      fmt::format("{} without {}", WithArticle(thing), kind.noun),
      fmt::format("{} with {}", WithArticle(thing), kind.noun)};
  draft.setting = thing.setting;
  draft.keep = ExtentOf(thing, view);
  draft.paint = [=, feature = kind.feature](Canvas& canvas, int side) {
    if (thing.setting != Setting::kSea)
      PaintShadow(canvas, view.at, thing.width * view.scale);
    model.Paint(canvas, view);
    if (side == 0) return data::Box{};
    canvas.TakeTouched();
    canvas.Fill(ShapeOf(feature, at, pixels), Lit(paint));
    if (feature == Feature::kRoundWindow)
      canvas.Fill(Ellipse(at, pixels * 0.36, pixels * 0.36),
                  Flat({120, 170, 200}));
    return canvas.TakeTouched();
  };
  return draft;
}

}  // namespace eyechart::scenes::internal
