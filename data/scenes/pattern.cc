#include "data/scenes/pattern.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/text.h"
#include "data/scenes/capture.h"
#include "data/scenes/pattern_draft.h"

namespace eyechart::scenes {
namespace {

constexpr std::array kHeadings = {180.0, 120.0, 80.0, 50.0,
                                  30.0,  18.0,  10.0, 6.0};
constexpr std::array kFeatures = {40.0, 28.0, 20.0, 14.0, 10.0, 7.0, 5.0, 3.5};
constexpr std::array kOpenings = {90.0, 60.0, 40.0, 25.0, 16.0, 10.0, 6.0, 4.0};
// (n + 1 - n) / n for n = 1, 2, 3, 4, 5, 6, 8, 10.
constexpr std::array kFractions = {1.0,     1.0 / 2, 1.0 / 3, 1.0 / 4,
                                   1.0 / 5, 1.0 / 6, 1.0 / 8, 1.0 / 10};
constexpr std::array kOffsets = {96.0, 64.0, 42.0, 28.0, 18.0, 12.0, 8.0, 5.0};
constexpr std::array kDeltas = {70.0, 45.0, 30.0, 20.0, 13.0, 8.0, 5.0, 3.0};
constexpr std::array kAspects = {100.0, 60.0, 40.0, 25.0, 16.0, 10.0, 6.0, 4.0};
constexpr std::array kGlyphs = {30.0, 22.0, 16.0, 12.0, 9.0, 7.0, 5.0, 3.5};
constexpr std::array kCameras = {120.0, 80.0, 55.0, 36.0,
                                 24.0,  16.0, 10.0, 6.0};

struct Row {
  PatternInfo info;
  internal::Drafter draft;
};

const std::array<Row, 9>& Rows() {
  static const std::array<Row, 9> rows = {{
      {{"orientation", "Orientation and Direction", "degrees", kHeadings, false,
        "faces left", "faces right", "angle between the two headings"},
       internal::DraftOrientation},
      {{"presence", "Presence of Specific Features", "px", kFeatures, true,
        "without the feature", "with it", "width of the feature"},
       internal::DraftPresence},
      {{"state", "State and Condition", "degrees", kOpenings, false, "closed",
        "open", "opening angle"},
       internal::DraftState},
      {{"quantity", "Quantity and Count", "Weber fraction", kFractions, false,
        "one fewer", "one more", "(more - fewer) / fewer"},
       internal::DraftQuantity},
      {{"position", "Positional and Relational Context", "px", kOffsets, true,
        "left of the middle", "right of the middle",
        "distance between the two places"},
       internal::DraftPosition},
      {{"color", "Color and Appearance", "CIE 1976 Delta E", kDeltas, false,
        "warm", "cool", "distance between the two colours in L*a*b*"},
       internal::DraftColor},
      {{"structure", "Structural and Physical Characteristics", "%", kAspects,
        false, "taller than wide", "wider than tall",
        "longer side over shorter side, less 1"},
       internal::DraftStructure},
      {{"text", "Text", "px", kGlyphs, true, "the letter with a stroke less",
        "the letter with a stroke more", "height of the capitals"},
       internal::DraftText},
      {{"viewpoint", "Viewpoint and Perspective", "degrees", kCameras, false,
        "seen from the left", "seen from the right",
        "angle between the two cameras"},
       internal::DraftViewpoint},
  }};
  return rows;
}

const Row& RowOf(const PatternInfo& pattern) {
  for (const Row& row : Rows()) {
    if (row.info.name == pattern.name) return row;
  }
  EYECHART_CHECK(false, "no pattern is called {}", pattern.name);
}

// A sentence's first letter; all statements begin with an ASCII one.
std::string Sentence(const std::string& text) {
  std::string sentence = text;
  for (char& first : sentence) {
    if (first >= 'a' && first <= 'z')
      first = static_cast<char>(first - 'a' + 'A');
    break;
  }
  return sentence;
}

// Outwards to whole pixels inside the picture.
data::Box Whole(const data::Box& box, double side) {
  return {std::max(0.0, std::floor(box.left)),
          std::max(0.0, std::floor(box.top)),
          std::min(side, std::ceil(box.right)),
          std::min(side, std::ceil(box.bottom))};
}

}  // namespace

std::span<const PatternInfo> Patterns() {
  static const std::vector<PatternInfo> infos = [] {
    std::vector<PatternInfo> all;
    for (const Row& row : Rows()) all.push_back(row.info);
    return all;
  }();
  return infos;
}

const PatternInfo& FindPattern(std::string_view name) {
  std::vector<std::string> names;
  for (const PatternInfo& pattern : Patterns()) {
    if (pattern.name == name) return pattern;
    names.emplace_back(pattern.name);
  }
  ThrowInput("pattern \"{}\": unknown{}; known are {}", name,
             DidYouMean(name, names), fmt::join(names, ", "));
}

PatternPair RenderPair(const PatternInfo& pattern,
                       int step,
                       std::uint64_t seed,
                       std::int64_t index,
                       const RenderOptions& options) {
  const auto steps = static_cast<int>(pattern.steps.size());
  EYECHART_REQUIRE(step >= 0 && step < steps,
                   "pattern {}: step {} should be 0 to {}", pattern.name, step,
                   steps - 1);
  PatternPair pair;
  pair.difficulty = pattern.steps[static_cast<std::size_t>(step)];
  if (pattern.pixels) pair.difficulty *= options.size / 224.0;

  Rng rng(seed, pattern.name, index);
  const Capture capture = DrawCapture(rng, options);
  const bool swapped = rng.Chance(0.5);
  const bool occluded = rng.Chance(0.4) && options.nuisance;
  const Rng setting_rng(rng.Next(), "setting", 0);
  const Rng occluder_rng(rng.Next(), "occluder", 0);
  internal::Chance chance(rng, options);
  internal::Draft draft = RowOf(pattern).draft(chance, pair.difficulty);

  Canvas ground(options.size);
  PaintSetting(ground, draft.setting, setting_rng, options.nuisance);
  data::Box region;
  for (int side = 0; side < 2; ++side) {
    Canvas canvas = ground;
    region = Union(region, draft.paint(canvas, side));
    if (occluded) internal::PaintOccluder(canvas, occluder_rng, draft.keep);
    Develop(canvas.image(), capture, options);
    (side == 0 ? pair.a : pair.b) = std::move(canvas.image());
  }
  pair.region = Whole(region, options.size);
  pair.object = std::move(draft.object);
  pair.question = std::move(draft.question);
  pair.option_a = draft.options[swapped ? 1 : 0];
  pair.option_b = draft.options[swapped ? 0 : 1];
  pair.answer_a = swapped ? 'b' : 'a';
  pair.answer_b = swapped ? 'a' : 'b';
  pair.statement_a = Sentence(draft.statements[0]);
  pair.statement_b = Sentence(draft.statements[1]);
  pair.jpeg_quality = capture.jpeg_quality;
  return pair;
}

}  // namespace eyechart::scenes
