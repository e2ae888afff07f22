#include "data/scenes/generated_item.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "core/text.h"
#include "data/scenes/optotype.h"
#include "data/scenes/pattern.h"
#include "data/scenes/random.h"
#include "data/scenes/reading.h"

namespace eyechart::scenes::internal {
namespace {

std::vector<const PatternInfo*> ChosenPatterns(const GenerateOptions& options) {
  std::vector<const PatternInfo*> chosen;
  for (const std::string& name : options.patterns) {
    const PatternInfo* pattern = &FindPattern(name);
    EYECHART_REQUIRE(
        std::find(chosen.begin(), chosen.end(), pattern) == chosen.end(),
        "pattern \"{}\": given twice", name);
    chosen.push_back(pattern);
  }
  if (chosen.empty()) {
    for (const PatternInfo& pattern : Patterns()) chosen.push_back(&pattern);
  }
  return chosen;
}

// The steps come in turn, so that any number of items covers them evenly.
int StepFor(const GenerateOptions& options,
            std::int64_t index,
            std::size_t steps) {
  if (options.steps.empty())
    return static_cast<int>(index % static_cast<std::int64_t>(steps));
  const auto given = static_cast<std::int64_t>(options.steps.size());
  return options.steps[static_cast<std::size_t>(index % given)];
}

std::string Numbered(std::string_view folder,
                     std::int64_t index,
                     std::string_view suffix = "") {
  return fmt::format("images/{}/{:06d}{}", folder, index + 1, suffix);
}

Item RenderPatternItem(const GenerateOptions& options, std::int64_t at) {
  const std::vector<const PatternInfo*> patterns = ChosenPatterns(options);
  const PatternInfo& pattern =
      *patterns[static_cast<std::size_t>(at / options.count)];
  const std::int64_t index = at % options.count;
  const int step = StepFor(options, index, pattern.steps.size());
  PatternPair pair =
      RenderPair(pattern, step, options.seed, index, options.render);
  Item item;
  for (int side = 0; side < 2; ++side) {
    QuestionRow row;
    row.id = row.path = Numbered(pattern.name, index, side == 0 ? "_a" : "_b");
    row.pair = at + 1;
    row.pattern = pattern.name;
    row.question = pair.question;
    row.options = {pair.option_a, pair.option_b, "", ""};
    row.answer = side == 0 ? pair.answer_a : pair.answer_b;
    row.statement = side == 0 ? pair.statement_a : pair.statement_b;
    row.difficulty = FormatDouble(pair.difficulty);
    row.unit = pattern.unit;
    row.step = step;
    item.pictures.push_back(
        {row.path, std::move(side == 0 ? pair.a : pair.b), pair.jpeg_quality});
    item.rows.push_back(std::move(row));
  }
  return item;
}

Item RenderReadingItem(const GenerateOptions& options, std::int64_t index) {
  const bool clock = options.kind == ClockInfo().name;
  const ReadingInfo& info = clock ? ClockInfo() : GaugeInfo();
  const int step = StepFor(options, index, info.steps.size());
  Reading reading = (clock ? RenderClock : RenderGauge)(step, options.seed,
                                                        index, options.render);
  QuestionRow row;
  row.id = row.path = Numbered(info.name, index);
  row.pattern = info.name;
  row.question = reading.question;
  row.options = reading.options;
  row.answer = reading.answer;
  row.statement = reading.statement;
  row.difficulty = FormatDouble(reading.difficulty);
  row.unit = info.unit;
  row.step = step;
  row.value = FormatDouble(reading.value);
  row.tolerance = FormatDouble(reading.tolerance);
  row.share = FormatDouble((reading.value - reading.low) /
                           (reading.high - reading.low));
  row.low = FormatDouble(reading.low);
  row.high = FormatDouble(reading.high);
  Item item;
  item.pictures.push_back(
      {row.path, std::move(reading.image), reading.jpeg_quality});
  item.rows.push_back(std::move(row));
  return item;
}

SceneOptions SceneOptionsOf(const GenerateOptions& options) {
  SceneOptions scene;
  scene.render = options.render;
  scene.caption_detail = options.caption_detail;
  return scene;
}

Item RenderSceneItem(const GenerateOptions& options, std::int64_t index) {
  Scene scene = RenderScene(options.seed, index, SceneOptionsOf(options));
  Item item;
  const std::string stem = Numbered("scenes", index);
  int number = 0;
  for (SceneQuestion& question : scene.questions) {
    QuestionRow row;
    // Several a picture: numbered, so that ids stay unique.
    row.id = fmt::format("{}#{}", stem, ++number);
    row.path = stem;
    row.pattern = question.pattern;
    row.question = question.question;
    for (std::size_t i = 0; i < question.options.size(); ++i)
      row.options[i] = question.options[i];
    row.answer = question.answer;
    row.statement = scene.caption;
    item.rows.push_back(std::move(row));
  }
  item.objects = std::move(scene.objects);
  item.caption = std::move(scene.caption);
  item.detailed = scene.detailed;
  item.pictures.push_back({stem, std::move(scene.image), scene.jpeg_quality});
  return item;
}

constexpr OptotypeKind kOptotypes[] = {OptotypeKind::kTumblingE,
                                       OptotypeKind::kLandoltC};

Item RenderChartItem(const GenerateOptions& options, std::int64_t at) {
  const OptotypeKind kind =
      kOptotypes[static_cast<std::size_t>(at / options.count)];
  const std::int64_t index = at % options.count;
  const std::string_view name = OptotypeName(kind);
  const int step = StepFor(options, index, OptotypeSizes().size());
  Rng rng(options.seed, "orientation of optotype", at);
  const bool eight = options.directions == 8 && kind == OptotypeKind::kLandoltC;
  const int orientation = eight ? rng.Below(8) : 2 * rng.Below(4);
  const double size = OptotypeSizes()[static_cast<std::size_t>(step)] *
                      options.render.size / 224.0;
  Optotype optotype = RenderOptotype(kind, size, orientation, options.seed,
                                     index, options.render);
  QuestionRow row;
  row.id = row.path = Numbered(name, index);
  row.pattern = name;
  row.question = kind == OptotypeKind::kTumblingE
                     ? "Which way does the letter E open?"
                     : "On which side is the gap of the ring?";
  // The right one and its quarter turns.
  for (int i = 0; i < 4; ++i)
    row.options[static_cast<std::size_t>(i)] =
        DirectionName(orientation % 2 + 2 * i);
  row.answer = static_cast<char>('a' + orientation / 2);
  row.statement =
      fmt::format("{} {}",
                  kind == OptotypeKind::kTumblingE ? "A letter E that opens"
                                                   : "A ring with its gap",
                  optotype.answer);
  row.difficulty = FormatDouble(size);
  row.unit = "px";
  row.step = step;
  row.value = FormatDouble(orientation * 45);
  Item item;
  item.pictures.push_back(
      {row.path, std::move(optotype.image), optotype.jpeg_quality});
  item.rows.push_back(std::move(row));
  return item;
}

RenderOptions SheetOptions() {
  RenderOptions options;
  options.size = kSheetSide * kSheetScale;
  return options;
}

std::vector<SheetRow> PatternSheet(const GenerateOptions& options) {
  std::vector<SheetRow> rows;
  std::int64_t index = 0;
  for (const PatternInfo* pattern : ChosenPatterns(options)) {
    SheetRow row{std::string(pattern->name), {}};
    for (std::size_t step = 0; step < pattern->steps.size(); ++step) {
      PatternPair pair = RenderPair(*pattern, static_cast<int>(step),
                                    options.seed, index, SheetOptions());
      Cell cell;
      cell.label = fmt::format("{:.3g} {}", pattern->steps[step],
                               pattern->name == "quantity" ? "Weber"
                               : pattern->name == "color"  ? "Delta E"
                                                           : pattern->unit);
      cell.images.push_back(std::move(pair.a));
      cell.images.push_back(std::move(pair.b));
      row.cells.push_back(std::move(cell));
    }
    rows.push_back(std::move(row));
    ++index;
  }
  return rows;
}

std::vector<SheetRow> ReadingSheet(const GenerateOptions& options) {
  const bool clock = options.kind == ClockInfo().name;
  std::vector<SheetRow> rows;
  for (int i = 0; i < 4; ++i) {
    SheetRow row{i == 0 ? options.kind : "", {}};
    for (int j = 0; j < 10; ++j) {
      Reading reading = (clock ? RenderClock : RenderGauge)(
          0, options.seed, i * 10 + j, SheetOptions());
      Cell cell;
      cell.label =
          reading.options[static_cast<std::size_t>(reading.answer - 'a')];
      cell.images.push_back(std::move(reading.image));
      row.cells.push_back(std::move(cell));
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<SheetRow> SceneSheet(const GenerateOptions& options) {
  SceneOptions scene_options = SceneOptionsOf(options);
  scene_options.render = SheetOptions();
  std::vector<SheetRow> rows;
  for (int i = 0; i < 4; ++i) {
    SheetRow row{i == 0 ? "scenes" : "", {}};
    for (int j = 0; j < 10; ++j) {
      Scene scene = RenderScene(options.seed, i * 10 + j, scene_options);
      row.cells.push_back({{std::move(scene.image)}, scene.setting});
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<SheetRow> ChartSheet(const GenerateOptions& options) {
  std::vector<SheetRow> rows;
  for (const OptotypeKind kind : kOptotypes) {
    SheetRow row{std::string(OptotypeName(kind)), {}};
    for (std::size_t step = 0; step < OptotypeSizes().size(); step += 2) {
      Optotype o = RenderOptotype(
          kind, OptotypeSizes()[step], static_cast<int>(step % 8), options.seed,
          static_cast<std::int64_t>(step), SheetOptions());
      row.cells.push_back({{std::move(o.image)},
                           fmt::format("{:g} px", OptotypeSizes()[step])});
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::size_t StepCount(const GenerateOptions& options) {
  if (options.kind == "clocks") return ClockInfo().steps.size();
  if (options.kind == "gauges") return GaugeInfo().steps.size();
  if (options.kind == "chart") return OptotypeSizes().size();
  std::size_t least = 1000;
  for (const PatternInfo* pattern : ChosenPatterns(options))
    least = std::min(least, pattern->steps.size());
  return least;
}

Json StepRow(std::string_view unit,
             std::span<const double> steps,
             double scale) {
  Json values = Json::array();
  for (const double step : steps) values.push_back(step * scale);
  return {{"unit", unit}, {"steps", values}};
}

}  // namespace

KindParts PartsOf(const GenerateOptions& options) {
  std::vector<std::string> names;
  bool known = false;
  for (const GeneratedKind& kind : GeneratedKinds()) {
    names.emplace_back(kind.name);
    known |= kind.name == options.kind;
  }
  EYECHART_REQUIRE(known, "kind \"{}\": unknown{}; known are {}", options.kind,
                   DidYouMean(options.kind, names), fmt::join(names, ", "));
  EYECHART_REQUIRE(options.count >= 1 && options.count <= 999999,
                   "count {}: should be 1 to 999999", options.count);
  EYECHART_REQUIRE(options.patterns.empty() || options.kind == "patterns",
                   "a pattern was named, but the kind is {}", options.kind);
  EYECHART_REQUIRE(options.directions == 4 || options.directions == 8,
                   "directions {}: should be 4 or 8", options.directions);
  EYECHART_REQUIRE(options.steps.empty() || options.kind != "scenes",
                   "scenes have no steps of difficulty");
  if (!options.steps.empty()) {
    const auto steps = static_cast<int>(StepCount(options));
    for (const int step : options.steps)
      EYECHART_REQUIRE(step >= 0 && step < steps,
                       "step {}: should be 0 (easiest) to {}", step, steps - 1);
  }
  if (options.kind == "patterns") {
    const auto patterns =
        static_cast<std::int64_t>(ChosenPatterns(options).size());
    return {patterns * options.count, RenderPatternItem, PatternSheet};
  }
  if (options.kind == "scenes")
    return {options.count, RenderSceneItem, SceneSheet};
  if (options.kind == "chart")
    return {2 * options.count, RenderChartItem, ChartSheet};
  return {options.count, RenderReadingItem, ReadingSheet};
}

Json StepsOf(const GenerateOptions& options) {
  const double scale = options.render.size / 224.0;
  Json rows = Json::object();
  if (options.kind == "patterns") {
    for (const PatternInfo* pattern : ChosenPatterns(options))
      rows[std::string(pattern->name)] =
          StepRow(pattern->unit, pattern->steps, pattern->pixels ? scale : 1);
  } else if (options.kind == "chart") {
    for (const OptotypeKind kind : kOptotypes)
      rows[std::string(OptotypeName(kind))] =
          StepRow("px", OptotypeSizes(), scale);
  } else if (options.kind != "scenes") {
    const ReadingInfo& info =
        options.kind == "clocks" ? ClockInfo() : GaugeInfo();
    rows[options.kind] = StepRow(info.unit, info.steps, 1);
  }
  return rows;
}

}  // namespace eyechart::scenes::internal
