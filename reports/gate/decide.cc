#include "reports/gate/decide.h"

#include <cmath>

#include "core/error.h"
#include "reports/display.h"
#include "reports/gate/multiple_testing.h"

namespace eyechart::reports {
namespace {

// The interval turned so that above 0 is better.
struct Gain {
  double low = 0;
  double high = 0;
};

Gain GainOf(const Interval& interval, Direction direction) {
  if (direction == Direction::kHigher) return {interval.low, interval.high};
  return {-interval.high, -interval.low};
}

std::string WhyInconclusive(const Question& question,
                            const Gain& gain,
                            bool significant) {
  if (!significant && gain.high < -question.margin)
    return "worse, but so among this many cells by chance alone";
  return fmt::format("the interval holds the margin of {}",
                     FormatNumber(question.margin));
}

Decision Judge(const Question& question, bool significant, double level) {
  const CellEstimate& estimate = *question.estimate;
  Decision decision;
  if (question.direction == Direction::kNone) {
    decision.reason = "no direction is better: not judged";
    return decision;
  }
  if (estimate.n < question.min_n) {
    decision.verdict = Verdict::kInconclusive;
    decision.reason =
        fmt::format("{} items, min_n is {}", estimate.n, question.min_n);
    return decision;
  }
  if (!estimate.interval) {
    decision.verdict =
        estimate.difference == 0 ? Verdict::kPass : Verdict::kInconclusive;
    decision.reason = estimate.note;
    return decision;
  }
  decision.interval = estimate.interval(level);
  if (estimate.identical) {
    decision.reason = estimate.paired ? "the same on every item"
                                      : "the same value and interval";
    return decision;
  }
  const Gain gain = GainOf(*decision.interval, question.direction);
  // A margin of 1 % and a loss of 1 % are equal but for rounding.
  const double rounding = 1e-12 * std::abs(estimate.baseline);
  if (significant && gain.high < -question.margin - rounding) {
    decision.verdict = Verdict::kRegressed;
    decision.reason = fmt::format("the interval lies past the margin of {}",
                                  FormatNumber(question.margin));
  } else if (significant && gain.low > rounding) {
    decision.verdict = Verdict::kImproved;
  } else if (gain.low < -question.margin - rounding) {
    decision.verdict = Verdict::kInconclusive;
    decision.reason = WhyInconclusive(question, gain, significant);
  }
  return decision;
}

}  // namespace

std::vector<Decision> Decide(std::span<const Question> questions) {
  std::vector<double> p;
  for (const Question& question : questions)
    if (question.direction != Direction::kNone && question.estimate->p)
      p.push_back(*question.estimate->p);
  const std::vector<double> adjusted = BenjaminiHochberg(p);
  const auto family = static_cast<double>(p.size());
  double significant = 0;
  std::size_t at = 0;
  std::vector<std::optional<double>> adjusted_of(questions.size());
  for (std::size_t i = 0; i < questions.size(); ++i) {
    if (questions[i].direction == Direction::kNone || !questions[i].estimate->p)
      continue;
    adjusted_of[i] = adjusted[at++];
    if (*adjusted_of[i] <= questions[i].alpha) ++significant;
  }
  std::vector<Decision> decisions;
  for (std::size_t i = 0; i < questions.size(); ++i) {
    const Question& question = questions[i];
    const bool tested = adjusted_of[i].has_value();
    const bool is_significant = !tested || *adjusted_of[i] <= question.alpha;
    const double level =
        1 -
        question.alpha * (tested && is_significant ? significant / family : 1);
    Decision decision = Judge(question, is_significant, level);
    decision.p_adjusted = adjusted_of[i];
    if (question.direction != Direction::kNone &&
        question.estimate->least_loss) {
      const double loss = question.estimate->least_loss(
          question.margin, question.alpha / std::max(1.0, family));
      if (std::isfinite(loss)) decision.least_loss = loss;
    }
    decisions.push_back(std::move(decision));
  }
  return decisions;
}

}  // namespace eyechart::reports
