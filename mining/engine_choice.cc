#include "mining/engine_choice.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/mm.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "core/text.h"
#include "mining/pair_engine.h"
#include "mining/screen.h"
#include "mining/stopwatch.h"

namespace eyechart::mining {
namespace {

// What any machine reaches, float operations a second: a search that takes no
// second at this rate needs no measurement.
constexpr double kLeastRate = 1e9;
// Cells a row looks into, iterations of training and rows a cell that it sees:
// what ivf_cells.h and probe_choice.h do, or mostly come to.
constexpr double kProbes = 8;
constexpr double kTraining = 10 * 40;
// Gathering rows and short products keep the cells from the full rate.
constexpr double kCellSlowness = 2;

double MeasuredRate() {
  constexpr std::int64_t kSide = 512;
  const at::Tensor a = at::full({kSide, kSide}, 0.5f);
  const at::Tensor b = at::full({kSide, kSide}, 0.25f);
  at::Tensor out = at::empty({kSide, kSide});
  at::mm_out(out, a, b);
  double best = 0;
  const Stopwatch total;
  while (total.seconds() < 0.1) {
    const Stopwatch watch;
    at::mm_out(out, a, b);
    best = std::max(best, 2.0 * kSide * kSide * kSide / watch.seconds());
  }
  return best;
}

std::string Duration(double seconds) {
  if (seconds < 1) return "less than a second";
  if (seconds < 120) return fmt::format("about {:.0f} s", seconds);
  if (seconds < 7200) return fmt::format("about {:.0f} min", seconds / 60);
  return fmt::format("about {:.0f} h", seconds / 3600);
}

}  // namespace

EngineChoice ChooseEngine(const FeatureRows& rows,
                          const EngineChoiceOptions& options) {
  const auto n = static_cast<double>(rows.count());
  const auto dim = static_cast<double>(rows.dim());
  const double full = n * (n - 1) / 2 * 2 * dim;  // float operations
  double rate = options.rate;
  if (rate <= 0) rate = full < kLeastRate ? kLeastRate : MeasuredRate();
  const double cells = std::max(1.0, std::min(4 * std::sqrt(n), n / 40));

  EngineChoice choice;
  choice.exact_seconds = full / rate;
  // The engine will look for a screen itself; here only where it could decide.
  if (choice.exact_seconds > options.patience &&
      rows.count() >= EngineOptions().screen_min_rows)
    if (const std::optional<Screen> screen =
            Screen::Plan(rows, options.near_min))
      choice.exact_seconds *= static_cast<double>(screen->width()) / dim;
  choice.ivf_seconds =
      2 * dim *
      (kTraining * cells * cells + n * cells + std::min(2000.0, n / 25) * n +
       kCellSlowness * n * n * kProbes / cells) /
      rate;
  const bool exact =
      options.recall >= 1 || choice.exact_seconds <= options.patience ||
      choice.exact_seconds <= options.factor * choice.ivf_seconds;
  choice.engine = exact ? "exact" : "faiss-ivf";
  choice.note =
      fmt::format("engine {}: {} for {} pictures of {} values", choice.engine,
                  Duration(exact ? choice.exact_seconds : choice.ivf_seconds),
                  rows.count(), rows.dim());
  if (!exact)
    choice.note +=
        fmt::format(", {} of the near pairs; all of them (--engine exact) {}",
                    options.recall, Duration(choice.exact_seconds));
  else if (options.recall < 1 && choice.exact_seconds > options.patience)
    choice.note +=
        fmt::format("; faiss-ivf would take {}", Duration(choice.ivf_seconds));
  return choice;
}

}  // namespace eyechart::mining
