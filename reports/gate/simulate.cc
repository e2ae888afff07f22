// gate_simulation [GRIDS] [SEED]: how often the gate cries wolf, and how often
// it sees one. GRIDS (1000) grids of 200 cells of two runs that do not differ:
// the share with some "regressed"; then one cell of each grid is made worse by
// the loss that the gate prints as the least it finds: the share found. The
// margin is 0, which is the hardest: any margin makes false alarms rarer.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/random.h"
#include "core/statistics.h"
#include "core/text.h"
#include "reports/gate/decide.h"

namespace eyechart::reports {
namespace {

enum class Kind { kOutcomes, kScores, kRatios, kSamples };
constexpr std::array<const char*, 4> kKindNames = {
    "right or wrong, paired", "scores, paired", "latency, ABBA pairs",
    "latency, unpaired"};
constexpr std::array kCells = {150, 25, 12, 13};  // of each kind in a grid

// A cell's truth, drawn once a grid.
struct Model {
  Kind kind = Kind::kOutcomes;
  int n = 0;
  double level = 0;  // accuracy, or latency in ns
  double noise = 0;  // discordant share, or relative spread
};

Model DrawModel(Kind kind, Random& random) {
  constexpr std::array kItems = {150, 300, 1000};
  constexpr std::array kPairs = {25, 40, 60};
  const std::uint64_t size = random.Below(3);
  switch (kind) {
    case Kind::kOutcomes:
      return {kind, kItems[size], 0.5 + 0.4 * random.Uniform(),
              0.02 + 0.1 * random.Uniform()};
    case Kind::kScores:
      return {kind, kItems[size] / 2, 1, 0.05 + 0.2 * random.Uniform()};
    case Kind::kRatios:
      return {kind, kPairs[size], 5e6, 0.01 + 0.05 * random.Uniform()};
    case Kind::kSamples:
      break;
  }
  return {Kind::kSamples, 2 * kPairs[size], 5e6, 0.02 + 0.1 * random.Uniform()};
}

// Laplace: heavier tails than the normal distribution, as timings have.
double Laplace(Random& random) {
  const double u = random.Uniform() - 0.5;
  const double size = -std::log(std::max(1e-300, 1 - 2 * std::abs(u)));
  return u < 0 ? -size : size;
}

CellEstimate DrawOutcomes(const Model& model, double loss, Random& random) {
  std::int64_t both = 0;
  std::int64_t before = 0;
  std::int64_t after = 0;
  std::int64_t neither = 0;
  const double flipped =
      std::min(1.0, loss / ((1 - model.noise) * model.level));
  for (int i = 0; i < model.n; ++i) {
    const double u = random.Uniform();
    if (u < model.noise)
      ++(u < model.noise / 2 ? before : after);
    else if (random.Uniform() >= model.level)
      ++neither;
    else
      ++(random.Uniform() < flipped ? before : both);
  }
  return EstimateOutcomes(both, before, after, neither);
}

CellEstimate DrawScores(const Model& model,
                        double loss,
                        const ResampleOptions& options,
                        Random& random) {
  PairedItems items;
  items.strata.emplace_back();
  for (int i = 0; i < model.n; ++i) {
    const double score = model.level * (0.5 + random.Uniform());
    items.baseline.push_back(score);
    // A third of the items comes out the same to the bit.
    const bool same = random.Uniform() < 1.0 / 3;
    items.candidate.push_back(score - loss +
                              (same ? 0 : model.noise * Laplace(random)));
    items.weights.push_back(1.0 / model.n);
    items.strata[0].push_back(static_cast<std::uint32_t>(i));
  }
  return EstimateItems(items, options);
}

CellEstimate Draw(const Model& model,
                  double loss,
                  const ResampleOptions& options,
                  Random& random) {
  if (model.kind == Kind::kOutcomes) return DrawOutcomes(model, loss, random);
  if (model.kind == Kind::kScores)
    return DrawScores(model, loss, options, random);
  const double slower = 1 + loss / model.level;
  std::vector<double> ratios;
  std::vector<double> before;
  std::vector<double> after;
  for (int i = 0; i < model.n; ++i) {
    if (model.kind == Kind::kRatios) {
      ratios.push_back(slower * std::exp(model.noise * Laplace(random)));
      continue;
    }
    // A tail of slow calls on top of the spread.
    const auto latency = [&] {
      const double spike = random.Uniform() < 0.05 ? 1 + random.Uniform() : 1;
      return model.level * spike * std::exp(model.noise * Laplace(random));
    };
    before.push_back(latency());
    after.push_back(slower * latency());
  }
  if (model.kind == Kind::kRatios)
    return EstimateRatios(ratios, model.level, options);
  // Sizes are even; of the middle two the upper one serves.
  return EstimateSamples(
      before, after, "medians",
      [](std::vector<double>& values) {
        const auto middle =
            values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
        std::nth_element(values.begin(), middle, values.end());
        return *middle;
      },
      options);
}

Question Ask(const Model& model, const CellEstimate& estimate) {
  const bool score =
      model.kind == Kind::kOutcomes || model.kind == Kind::kScores;
  Question question;
  question.estimate = &estimate;
  question.direction = score ? Direction::kHigher : Direction::kLower;
  return question;
}

struct Count {
  std::int64_t hits = 0;
  std::int64_t of = 0;
  void Add(bool hit) {
    ++of;
    hits += hit ? 1 : 0;
  }
  std::string Text() const {
    const Interval ci = WilsonInterval(hits, of);
    return fmt::format("{:5.1f} %  ({} of {}; [{:.1f}, {:.1f}] %)",
                       100.0 * static_cast<double>(hits) /
                           static_cast<double>(std::max<std::int64_t>(of, 1)),
                       hits, of, 100 * ci.low, 100 * ci.high);
  }
};

void Simulate(std::int64_t grids, std::uint64_t seed) {
  ResampleOptions options;
  options.draws = 500;  // a fourth of the gate's own, for time
  Count alarms;
  std::array<Count, 4> found;
  std::array<std::int64_t, 4> never = {};
  for (std::int64_t grid = 0; grid < grids; ++grid) {
    Random random(seed, static_cast<std::uint64_t>(grid));
    std::vector<Model> models;
    for (std::size_t kind = 0; kind < kCells.size(); ++kind)
      for (int i = 0; i < kCells[kind]; ++i)
        models.push_back(DrawModel(static_cast<Kind>(kind), random));
    std::vector<CellEstimate> estimates;
    for (const Model& model : models)
      estimates.push_back(Draw(model, 0, options, random));
    std::vector<Question> questions;
    for (std::size_t i = 0; i < models.size(); ++i)
      questions.push_back(Ask(models[i], estimates[i]));
    const std::vector<Decision> decisions = Decide(questions);
    alarms.Add(std::ranges::any_of(decisions, [](const Decision& decision) {
      return decision.verdict == Verdict::kRegressed;
    }));
    // One cell of each kind in turn is made worse; the others stay.
    for (std::size_t kind = 0, first = 0; kind < kCells.size(); ++kind) {
      const std::size_t cell =
          first + random.Below(static_cast<std::uint64_t>(kCells[kind]));
      first += static_cast<std::size_t>(kCells[kind]);
      if (!decisions[cell].least_loss) {
        ++never[kind];
        continue;
      }
      const CellEstimate worse =
          Draw(models[cell], *decisions[cell].least_loss, options, random);
      std::vector<Question> planted = questions;
      planted[cell].estimate = &worse;
      found[kind].Add(Decide(planted)[cell].verdict == Verdict::kRegressed);
    }
  }
  fmt::print("A/A grids of 200 cells with a regressed verdict: {}\n",
             alarms.Text());
  for (std::size_t kind = 0; kind < found.size(); ++kind)
    fmt::print(
        "least loss found, {:24} {}{}\n", kKindNames[kind], found[kind].Text(),
        never[kind] > 0 ? fmt::format(", {} too few to tell", never[kind])
                        : "");
}

std::int64_t Number(const char* text) {
  const std::optional<std::int64_t> value = ParseInt(text);
  EYECHART_REQUIRE(value && *value > 0, "{}: should be a positive integer",
                   text);
  return *value;
}

}  // namespace
}  // namespace eyechart::reports

int main(int argc, char** argv) {
  using eyechart::reports::Number;
  try {
    eyechart::reports::Simulate(
        argc > 1 ? Number(argv[1]) : 1000,
        argc > 2 ? static_cast<std::uint64_t>(Number(argv[2])) : 1);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "gate_simulation: %s\n", error.what());
    return 2;
  }
}
