// The places where things stand: painted before them, from the same seed for
// both pictures of a pair.
#pragma once

#include <string_view>

#include "data/scenes/canvas.h"
#include "data/scenes/models.h"
#include "data/scenes/random.h"

namespace eyechart::scenes {

/// Where feet may go, in pixels from the top.
struct Ground {
  double horizon = 0;  // sky or wall above, ground below
  double nearest = 0;  // the lowest place for something to stand
};

/// Paints the place over the whole canvas. `rng` decides its colours and
/// furniture; without `nuisance` every place of a kind is the same and plain.
Ground PaintSetting(Canvas& canvas, Setting setting, Rng rng, bool nuisance);

/// A soft shadow on the ground under something `width` pixels wide.
void PaintShadow(Canvas& canvas, Point foot, double width);

/// "in a meadow", for captions.
std::string_view SettingPhrase(Setting setting);

}  // namespace eyechart::scenes
