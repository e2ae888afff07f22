// Quantity and position: several things, or two, and where they are.
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <vector>

#include "core/error.h"
#include "data/scenes/pattern_draft.h"
#include "data/scenes/scene_text.h"

namespace eyechart::scenes::internal {
namespace {

// Things to count, and the band of the picture that they fill.
struct Crowd {
  std::string_view name;
  std::string_view plural;
  double top;  // shares of the side
  double bottom;
  double yaw;
};

constexpr std::array kCrowds = {
    Crowd{"balloon", "balloons", 0.04, 0.9, 0},
    Crowd{"fish", "fish", 0.06, 0.88, 80},
    Crowd{"duck", "ducks", 0.5, 0.98, 70},
    Crowd{"apple", "apples", 0.56, 0.96, 0},
    Crowd{"flower", "flowers", 0.46, 0.99, 0},
};

// What moves, and the thing in whose middle it is compared: both symmetrical,
// so that their middles can be seen.
struct Meeting {
  std::string_view mover;
  std::string_view mark;
  double mover_share;  // height, as a share of the mark's
  double rise;         // of the mover's foot over the mark's, in mark heights
};

constexpr std::array kMeetings = {
    Meeting{"balloon", "tree", 0.42, 1.02},
    Meeting{"balloon", "house", 0.42, 1.02},
    Meeting{"ball", "chair", 0.3, -0.16},
    Meeting{"apple", "lamp", 0.32, -0.14},
    Meeting{"apple", "bottle", 0.26, -0.12},
    Meeting{"ball", "tree", 0.22, -0.12},
};

}  // namespace

Draft DraftQuantity(Chance& chance, double fraction) {
  constexpr int kColumns = 4;
  constexpr int kRows = 3;
  Rng& rng = chance.rng();
  const Crowd& crowd = rng.Pick(kCrowds);
  const Thing& thing = FindThing(crowd.name);
  const Look look = DrawLook(rng, thing);
  const double side = chance.side();
  const double cell_x = side * 0.94 / kColumns;
  const double cell_y = side * (crowd.bottom - crowd.top) / kRows;
  const double scale = chance.Vary(0.74, 0.9) *
                       std::min(cell_x / thing.width, cell_y / thing.height);
  std::array<int, kColumns * kRows> cells;
  std::iota(cells.begin(), cells.end(), 0);
  rng.Shuffle(cells);
  std::array<View, kColumns * kRows> views;
  for (int i = 0; i < kColumns * kRows; ++i) {
    const double x = chance.Vary(-0.5, 0.5);
    const double y = chance.Vary(-0.5, 0.5);
    View& view = views[static_cast<std::size_t>(i)];
    view.scale = scale;
    view.yaw = crowd.yaw;
    view.pitch = thing.pitch;
    view.at = {side * 0.03 + (i % kColumns + 0.5) * cell_x +
                   x * (cell_x - thing.width * scale),
               side * crowd.top + (i / kColumns + 1) * cell_y +
                   (y - 0.5) * (cell_y - thing.height * scale)};
  }
  Model model;
  thing.build(model, look.main, look.second);
  const int fewer = static_cast<int>(std::floor(1 / fraction + 0.5));

  Draft draft;
  draft.object = thing.name;
  const auto count = [&](int n) {
    return fmt::format("{} {}", NumberWord(n),
                       n == 1 ? crowd.name : crowd.plural);
  };
  draft.question = fmt::format("Are there {} or {} {}?", NumberWord(fewer),
                               NumberWord(fewer + 1), crowd.plural);
  draft.options = {std::string(NumberWord(fewer)),
                   std::string(NumberWord(fewer + 1))};
  draft.statements = {count(fewer), count(fewer + 1)};
  draft.setting = thing.setting;
  draft.keep = {0, 0, side, side};
  draft.paint = [=](Canvas& canvas, int more) {
    // From the back to the front.
    std::vector<int> shown(cells.begin(), cells.begin() + fewer + more);
    std::sort(shown.begin(), shown.end());
    data::Box extra;
    for (const int cell : shown) {
      const data::Box box =
          model.Paint(canvas, views[static_cast<std::size_t>(cell)]);
      if (cell == cells[static_cast<std::size_t>(fewer)]) extra = box;
    }
    return extra;
  };
  return draft;
}

Draft DraftPosition(Chance& chance, double pixels) {
  Rng& rng = chance.rng();
  const Meeting& meeting = rng.Pick(kMeetings);
  const Thing& mover = FindThing(meeting.mover);
  const Thing& mark = FindThing(meeting.mark);
  const Look mark_look = DrawLook(rng, mark);
  const Color natural = NaturalColor(mover, rng);
  const Color apart = ColorApartFrom(rng, mark_look.main, 50);
  const Color mover_color = mover.dyed ? apart : natural;
  const Color mover_second = ColorApartFrom(rng, mover_color, 50);
  View mark_view = DrawView(chance, mark, 0.5, 0.58);
  // A foot lower, for what stands in front, and head room for what floats.
  const double side = chance.side();
  mark_view.at.y = side * (meeting.rise > 0 ? 0.88 : 0.84);
  const double height = mark.height * mark_view.scale;
  View view;
  view.scale = height * meeting.mover_share / mover.height;
  view.pitch = mover.pitch;
  view.at = {mark_view.at.x, mark_view.at.y - meeting.rise * height};
  Model mark_model;
  mark.build(mark_model, mark_look.main, mark_look.second);
  Model model;
  mover.build(model, mover_color, mover_second);

  Draft draft;
  draft.object = fmt::format("{} and {}", mover.name, mark.name);
  draft.question = fmt::format(
      "Is the {} to the left or to the right of the middle of the {}?",
      mover.name, mark.name);
  draft.options = {"left", "right"};
  draft.statements = {
      fmt::format("{} left of {}", WithArticle(mover), WithArticle(mark)),
      fmt::format("{} right of {}", WithArticle(mover), WithArticle(mark))};
  draft.setting = mark.setting;
  draft.keep = {side * 0.15, 0, side * 0.85, side};
  draft.paint = [=](Canvas& canvas, int to_the_right) {
    PaintShadow(canvas, mark_view.at, mark.width * mark_view.scale);
    mark_model.Paint(canvas, mark_view);
    View moved = view;
    moved.at.x += to_the_right ? pixels / 2 : -pixels / 2;
    canvas.TakeTouched();
    if (meeting.rise < 0)
      PaintShadow(canvas, moved.at, mover.width * view.scale);
    const data::Box shadow = canvas.TakeTouched();
    return Union(shadow, model.Paint(canvas, moved));
  };
  return draft;
}

}  // namespace eyechart::scenes::internal
