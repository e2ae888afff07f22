#include "probes/acuity/chart.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/error.h"
#include "data/scenes/encode.h"
#include "data/scenes/optotype.h"
#include "data/scenes/pattern.h"

namespace eyechart::probes {
namespace {

constexpr int kReferenceSize = 224;  // that the renderer's lengths are given at

bool IsOptotype(const Chart& chart, scenes::OptotypeKind kind) {
  return chart.name == scenes::OptotypeName(kind);
}

Chart OptotypeChart(scenes::OptotypeKind kind) {
  const std::span<const double> sizes = scenes::OptotypeSizes();
  return {std::string(scenes::OptotypeName(kind)),
          "px",
          true,
          {sizes.begin(), sizes.end()},
          {"right", "down", "left", "up"}};
}

std::vector<Chart> MakeCharts() {
  std::vector<Chart> charts = {OptotypeChart(scenes::OptotypeKind::kTumblingE),
                               OptotypeChart(scenes::OptotypeKind::kLandoltC)};
  for (const scenes::PatternInfo& pattern : scenes::Patterns())
    charts.push_back(
        {std::string(pattern.name),
         std::string(pattern.unit),
         pattern.pixels,
         {pattern.steps.begin(), pattern.steps.end()},
         {std::string(pattern.class_a), std::string(pattern.class_b)}});
  return charts;
}

}  // namespace

double Chart::StrengthAt(std::size_t step, int size) const {
  return pixels ? strengths[step] * size / kReferenceSize : strengths[step];
}

std::span<const Chart> Charts() {
  static const std::vector<Chart> charts = MakeCharts();
  return charts;
}

const Chart& FindChart(const std::string& name) {
  std::vector<std::string> names;
  for (const Chart& chart : Charts()) {
    if (chart.name == name) return chart;
    names.push_back(chart.name);
  }
  ThrowInput("no eye chart \"{}\"; there are {}", name, fmt::join(names, ", "));
}

std::int64_t Chart::WholeGroups(std::int64_t pictures) const {
  const auto group = static_cast<std::int64_t>(classes.size());
  return (pictures + group - 1) / group * group;
}

ChartPictures::ChartPictures(const Chart& chart, const ChartOptions& options)
    : chart_(chart), options_(options), name_("chart-" + chart.name) {
  EYECHART_REQUIRE(options.train > 0 && options.test > 0,
                   "eye chart: {} pictures to train on and {} to test; both "
                   "are to be above 0",
                   options.train, options.test);
  const auto classes = static_cast<std::int64_t>(chart.classes.size());
  for (std::size_t step = 0; step < chart.strengths.size(); ++step) {
    for (const bool test : {false, true}) {
      const std::int64_t groups =
          chart.WholeGroups(test ? options.test : options.train) / classes;
      for (std::int64_t group = 0; group < groups; ++group) {
        for (std::int64_t label = 0; label < classes; ++label) {
          places_.push_back({step, test, group, label});
          items_.push_back(
              {fmt::format("{}/{:02}/{}/{:05}-{}", chart.name, step,
                           test ? "test" : "train", group, label),
               "", chart.classes[static_cast<std::size_t>(label)]});
        }
      }
    }
  }
}

data::Image ChartPictures::Render(std::size_t index) const {
  const ChartItem& place = places_[index];
  // Two streams of seeds that never meet.
  const std::uint64_t seed = 2 * options_.seed + (place.test ? 1 : 0);
  scenes::RenderOptions render;
  render.size = options_.size;
  for (const scenes::OptotypeKind kind :
       {scenes::OptotypeKind::kTumblingE, scenes::OptotypeKind::kLandoltC}) {
    if (IsOptotype(chart_, kind))
      return scenes::RenderOptotype(
                 kind, chart_.StrengthAt(place.step, options_.size),
                 static_cast<int>(2 * place.label), seed, place.group, render)
          .image;
  }
  scenes::PatternPair pair = scenes::RenderPair(
      scenes::FindPattern(chart_.name), static_cast<int>(place.step), seed,
      place.group, render);
  return place.label == 0 ? std::move(pair.a) : std::move(pair.b);
}

std::string ChartPictures::Read(std::size_t index) const {
  return scenes::EncodePng(Render(index));
}

}  // namespace eyechart::probes
