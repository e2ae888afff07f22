// Between the table of patterns and the files that draw each: what a pattern
// decides about a pair before anything is painted.
#pragma once

#include <array>
#include <functional>
#include <string>

#include "data/scenes/models.h"
#include "data/scenes/pattern.h"
#include "data/scenes/random.h"
#include "data/scenes/setting.h"

namespace eyechart::scenes::internal {

/// Chance that can be switched off: draws always, so that the stream stays the
/// same, and gives the middle where nuisance is off.
class Chance {
 public:
  Chance(Rng& rng, const RenderOptions& options)
      : rng_(rng), options_(options) {}
  Rng& rng() { return rng_; }
  /// The picture's side in pixels.
  double side() const { return options_.size; }
  double Vary(double low, double high) {
    const double drawn = rng_.Uniform(low, high);
    return options_.nuisance ? drawn : (low + high) / 2;
  }

 private:
  Rng& rng_;
  const RenderOptions& options_;
};

/// A pair before it is painted. Two strings: true of picture a, true of b.
struct Draft {
  std::string object;
  std::string question;
  std::array<std::string, 2> options;
  std::array<std::string, 2> statements;
  Setting setting = Setting::kRoom;
  /// What no occluder may cover, in pixels; the same at every step.
  data::Box keep;
  /// Paints picture a (0) or b (1) over the setting; returns the box that the
  /// property may change.
  std::function<data::Box(Canvas&, int)> paint;
};

/// A pattern's own part. Everything but the property is drawn from `chance`,
/// the same draws at every difficulty.
using Drafter = Draft (*)(Chance& chance, double difficulty);

Draft DraftOrientation(Chance& chance, double degrees);
Draft DraftPresence(Chance& chance, double pixels);
Draft DraftState(Chance& chance, double degrees);
Draft DraftQuantity(Chance& chance, double fraction);
Draft DraftPosition(Chance& chance, double pixels);
Draft DraftColor(Chance& chance, double delta_e);
Draft DraftStructure(Chance& chance, double percent);
Draft DraftText(Chance& chance, double pixels);
Draft DraftViewpoint(Chance& chance, double degrees);

/// Colours of a thing: the main one natural or dyed, the second one apart.
struct Look {
  Color main;
  Color second;
};
Look DrawLook(Rng& rng, const Thing& thing);
/// A named colour at least `distance` (CIE 1976) from `from`.
Color ColorApartFrom(Rng& rng, Color from, double distance);

/// Where and how large: `share` of the picture's side for the larger extent.
View DrawView(Chance& chance, const Thing& thing, double low, double high);

/// Box around a thing in any turn, and a box's inner part.
data::Box ExtentOf(const Thing& thing, const View& view);
data::Box Shrunk(const data::Box& box, double share);

/// Something in the foreground that leaves `keep` free, if there is room.
void PaintOccluder(Canvas& canvas, Rng rng, const data::Box& keep);

}  // namespace eyechart::scenes::internal
