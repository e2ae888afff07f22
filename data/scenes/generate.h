// Folders of generated pictures: rendered on threads, written beside their name
// and renamed when complete.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "core/progress.h"
#include "data/scenes/render_options.h"

namespace eyechart::scenes {

struct GenerateOptions {
  /// patterns, clocks, gauges, scenes or chart.
  std::string kind;
  /// The folder to write. One that exists is refused unless it is empty.
  std::filesystem::path out;
  /// Pairs a pattern, or pictures of the other kinds (chart: of each optotype).
  /// 100 gives intervals of about ten points either way.
  std::int64_t count = 100;
  /// Patterns by name; none: all nine.
  std::vector<std::string> patterns;
  /// Steps of difficulty, 0 the easiest; none: all in turn, item by item.
  std::vector<int> steps;
  /// Pictures of different seeds are unrelated.
  std::uint64_t seed = 0;
  RenderOptions render;
  /// PNG instead of JPEG; the chart's are always PNG.
  bool png = false;
  /// Replaces an existing folder, if it is one that was generated.
  bool force = false;
  /// Share of scene captions that tell count, heading and place too.
  double caption_detail = 0.1;
  /// Directions that the chart's Landolt C opens to: 4 or 8.
  int directions = 4;
  /// Threads; 0: one a hardware thread. No byte depends on it.
  int threads = 0;
};

struct GenerateSummary {
  std::int64_t pictures = 0;
  std::int64_t pairs = 0;  // 0 where pictures are not paired
  double seconds = 0;
  /// Half the width of the 95 % Wilson interval of a share of one half, over
  /// the pairs of one pattern, or the pictures.
  double half_width = 0;
  Json manifest;  // as written
};

struct GeneratedKind {
  std::string_view name;
  std::string_view what;
};
std::span<const GeneratedKind> GeneratedKinds();

/// Draws and writes the folder: manifest.json, questions.csv, images/,
/// contact_sheet.jpg, and for scenes instances.json and captions.csv. Throws
/// InputError for options that cannot be, and Interrupted; then nothing is
/// left.
GenerateSummary Generate(const GenerateOptions& options, Progress& progress);

/// The expected half width for `n` outcomes at p = 0.5, level 95 %.
double ExpectedHalfWidth(std::int64_t n);

}  // namespace eyechart::scenes
