// Text: two words that differ in one letter, by one stroke.
#include <array>

#include "core/error.h"
#include "data/scenes/lettering.h"
#include "data/scenes/pattern_draft.h"

namespace eyechart::scenes::internal {
namespace {

// The second word's letter is the first one's with a stroke more.
struct Words {
  const char* fewer;
  const char* more;
};

constexpr std::array kWords = {
    Words{"FAST", "EAST"}, Words{"FAR", "EAR"},   Words{"PAT", "RAT"},
    Words{"PUN", "RUN"},   Words{"PAIN", "RAIN"}, Words{"COAT", "GOAT"},
    Words{"CAP", "GAP"},   Words{"COLD", "GOLD"}, Words{"CAME", "GAME"}};

enum class Board { kStreetSign, kPoster, kBillboard, kBook };

struct TextKind {
  std::string_view name;
  std::string_view preposition;
  Setting setting;
  Board board;
};

constexpr std::array kTextKinds = {
    TextKind{"street sign", "on", Setting::kStreet, Board::kStreetSign},
    TextKind{"poster", "on", Setting::kWall, Board::kPoster},
    TextKind{"billboard", "on", Setting::kStreet, Board::kBillboard},
    TextKind{"book", "on", Setting::kTable, Board::kBook},
};

// The board around `at`, 0.66 x 0.26 sides large or more.
void PaintBoard(
    Canvas& canvas, Board board, Point at, Color ground, Color ink) {
  const double s = canvas.size();
  const double w = 0.33 * s;
  const double h = 0.14 * s;
  const double line = 0.012 * s;
  switch (board) {
    case Board::kStreetSign:
      canvas.Fill(Rectangle(at.x - 0.025 * s, at.y, at.x + 0.025 * s, s),
                  {{170, 174, 180}, {110, 114, 120}});
      canvas.Fill(
          RoundRectangle(at.x - w, at.y - h, at.x + w, at.y + h, 0.04 * s),
          Flat(ink));
      canvas.Fill(RoundRectangle(at.x - w + line, at.y - h + line,
                                 at.x + w - line, at.y + h - line, 0.03 * s),
                  Flat(ground));
      break;
    case Board::kPoster:
      canvas.Fill(Rectangle(at.x - w, at.y - 2 * h, at.x + w, at.y + 1.4 * h),
                  Flat(ground));
      canvas.Fill(Star({at.x, at.y - 1.35 * h}, 0.06 * s, 5, 0.45), Flat(ink));
      for (const double y : {0.85, 1.05})
        canvas.Fill(Rectangle(at.x - w * 0.7, at.y + y * h, at.x + w * 0.7,
                              at.y + y * h + line * 0.6),
                    Flat(Mixed(ground, ink, 0.5)));
      break;
    case Board::kBillboard:
      for (const double x : {-0.24, 0.24})
        canvas.Fill(
            Rectangle(at.x + x * s - line, at.y, at.x + x * s + line, 0.74 * s),
            Lit({120, 90, 62}));
      canvas.Fill(Rectangle(at.x - w, at.y - h, at.x + w, at.y + h),
                  Lit({140, 100, 62}));
      canvas.Fill(Rectangle(at.x - w + 2 * line, at.y - h + 2 * line,
                            at.x + w - 2 * line, at.y + h - 2 * line),
                  Flat(ground));
      break;
    case Board::kBook: {
      const double bottom = at.y + 2.4 * h;
      PaintShadow(canvas, {at.x, bottom}, 2 * w);
      canvas.Fill(Rectangle(at.x - w, at.y - 1.5 * h, at.x + w, bottom),
                  Flat(kBlack));
      canvas.Fill(
          Rectangle(at.x - w + 1, at.y - 1.5 * h + 1, at.x + w - 1, bottom - 1),
          Flat(ground));
      canvas.Fill(Rectangle(at.x - w + 1, at.y - 1.5 * h + 1,
                            at.x - w + 0.05 * s, bottom - 1),
                  Flat(Mixed(ground, kBlack, 0.25)));
      canvas.Fill(Rectangle(at.x - w * 0.5, at.y + 1.5 * h, at.x + w * 0.7,
                            at.y + 1.5 * h + line),
                  Flat(ink));
      break;
    }
  }
}

}  // namespace

Draft DraftText(Chance& chance, double pixels) {
  Rng& rng = chance.rng();
  const TextKind& kind = rng.Pick(kTextKinds);
  const Words& words = rng.Pick(kWords);
  const auto face = static_cast<Face>(rng.Below(kFaceCount));
  const double side = chance.side();
  const Point at{side * chance.Vary(0.46, 0.54) +
                     (kind.board == Board::kBook ? side * 0.02 : 0),
                 side * (kind.board == Board::kBook ? chance.Vary(0.42, 0.48)
                                                    : chance.Vary(0.36, 0.46))};
  const double weight = chance.Vary(0.08, 0.13);
  const Color ground = rng.Pick(NamedColors()).color;
  const Color ink = ToLab(ground).l > 58 ? kBlack : kWhite;

  Draft draft;
  draft.object = kind.name;
  draft.question =
      fmt::format("Which word is {} the {}: {} or {}?", kind.preposition,
                  kind.name, words.fewer, words.more);
  draft.options = {words.fewer, words.more};
  draft.statements = {fmt::format("a {} that says {}", kind.name, words.fewer),
                      fmt::format("a {} that says {}", kind.name, words.more)};
  draft.setting = kind.setting;
  draft.keep = {at.x - 0.33 * side, at.y - 0.14 * side, at.x + 0.33 * side,
                at.y + 0.14 * side};
  // Set to the left, so that the letters that both words share stay in place.
  const double width = TextWidth(words.fewer, pixels, face);
  draft.paint = [=](Canvas& canvas, int more) {
    PaintBoard(canvas, kind.board, at, ground, ink);
    const std::string first(more ? words.more : words.fewer, 1);
    const std::string rest(words.fewer + 1);
    const double left = at.x - width / 2;
    const double slot = width - TextWidth(rest, pixels, face);
    const double stroke = pixels * weight;
    PaintText(canvas, rest, {at.x + slot / 2, at.y}, pixels, stroke, face,
              Flat(ink));
    return PaintText(canvas, first, {left + slot / 2, at.y}, pixels, stroke,
                     face, Flat(ink));
  };
  return draft;
}

}  // namespace eyechart::scenes::internal
