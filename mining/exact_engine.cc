// Every pair by blocked matrix products over the upper triangle: of the rows
// themselves, or of a bound that rules most pairs out for less.
#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <optional>

#include "mining/kernels.h"
#include "mining/pair_engine.h"
#include "mining/panels.h"
#include "mining/screen.h"

namespace eyechart::mining {
namespace {

// The largest float not above `value`: a threshold must not grow by rounding.
float RoundDown(double value) {
  const auto rounded = static_cast<float>(value);
  return static_cast<double>(rounded) > value
             ? std::nextafterf(rounded, -std::numeric_limits<float>::infinity())
             : rounded;
}

class ExactEngine : public PairEngine {
 public:
  explicit ExactEngine(const EngineOptions& options) : options_(options) {}

  std::string name() const override { return "exact"; }
  bool exact() const override { return true; }

  // Which bound screens them is no matter: the pairs are the same.
  std::string Plan(const FeatureRows&, Progress&) override {
    return fmt::format("squares of {}", options_.unit_rows);
  }

  void Search(const FeatureRows& rows,
              const CandidateSink& sink,
              SearchLog& log,
              Progress& progress) override {
    const double wanted = options_.near_min;
    if (rows.count() >= options_.screen_min_rows) {
      if (const std::optional<Screen> screen = Screen::Plan(rows, wanted)) {
        const auto load = [&](std::int64_t begin, std::int64_t n, float* out) {
          screen->Load(rows, begin, n, out);
        };
        SearchPanels({rows.count(), screen->width(), load},
                     RoundDown(screen->Threshold(wanted)), false, options_,
                     sink, log, progress);
        return;
      }
    }
    const auto load = [&](std::int64_t begin, std::int64_t n, float* out) {
      rows.ReadNormalised(begin, n, out);
    };
    SearchPanels({rows.count(), rows.dim(), load},
                 RoundDown(wanted - CosineError(rows.dim())), true, options_,
                 sink, log, progress);
  }

 private:
  EngineOptions options_;
};

}  // namespace

std::unique_ptr<PairEngine> MakeExactEngine(const EngineOptions& options) {
  return std::make_unique<ExactEngine>(options);
}

}  // namespace eyechart::mining
