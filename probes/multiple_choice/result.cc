#include "probes/multiple_choice/result.h"

#include <array>
#include <cmath>
#include <functional>

#include "core/error.h"

namespace eyechart::multiple_choice {
namespace {

using Keep = std::function<bool(const Question&)>;

Tally Count(const Benchmark& benchmark,
            const Result& result,
            const Keep& keep) {
  Tally tally;
  const bool two = result.scoring == Scoring::kStatements ||
                   result.scoring == Scoring::kReadOut;
  const auto chance = [two](const Question& item) {
    if (two) return 0.5;
    return item.options.empty()
               ? 0.0
               : 1.0 / static_cast<double>(item.options.size());
  };
  double of_items = 0;
  double of_pairs = 0;
  for (std::size_t i = 0; i < result.items.size(); ++i) {
    if (!keep(benchmark.items[i])) continue;
    ++tally.items;
    if (result.items[i].correct) ++tally.correct_items;
    ++tally.status[result.items[i].status];
    of_items += chance(benchmark.items[i]);
  }
  for (std::size_t p = 0; p < benchmark.pairs.size(); ++p) {
    const Question& first = benchmark.items[benchmark.pairs[p][0]];
    const Question& second = benchmark.items[benchmark.pairs[p][1]];
    if (!keep(first) || !keep(second)) continue;
    ++tally.pairs;
    of_pairs += chance(first) * chance(second);
    if (p >= result.pairs.size()) continue;
    const PairOutcome& pair = result.pairs[p];
    if (pair.correct) ++tally.correct_pairs;
    if (pair.text) ++tally.text_pairs;
    if (pair.group) ++tally.group_pairs;
    if (pair.diagonal) ++tally.diagonal_pairs;
  }
  if (tally.pairs > 0)
    tally.chance = of_pairs / static_cast<double>(tally.pairs);
  else if (tally.items > 0)
    tally.chance = of_items / static_cast<double>(tally.items);
  return tally;
}

}  // namespace

std::string_view StatusName(Status status) {
  constexpr std::array<std::string_view, 6> kNames = {
      "ok", "tie", "not finite", "unreadable", "abstained", "unanswered"};
  return kNames[static_cast<std::size_t>(status)];
}

std::string_view ScoringName(Scoring scoring) {
  constexpr std::array<std::string_view, 7> kNames = {
      "text-to-image", "image-to-text", "answers", "features",
      "likelihood",    "generated",     "read-out"};
  return kNames[static_cast<std::size_t>(scoring)];
}

std::int64_t Tally::of(Status s) const {
  const auto found = status.find(s);
  return found == status.end() ? 0 : found->second;
}

std::int64_t Tally::undecided() const {
  return of(Status::kTie) + of(Status::kNotFinite);
}

Interval Tally::interval() const {
  return pairs > 0 ? WilsonInterval(correct_pairs, pairs)
                   : WilsonInterval(correct_items, items);
}

Tally CountAll(const Benchmark& benchmark, const Result& result) {
  return Count(benchmark, result, [](const Question&) { return true; });
}

Tally CountPattern(const Benchmark& benchmark,
                   const Result& result,
                   const std::string& pattern) {
  return Count(benchmark, result, [&pattern](const Question& item) {
    return item.pattern == pattern;
  });
}

Tally CountStep(const Benchmark& benchmark,
                const Result& result,
                const std::string& pattern,
                const std::string& step) {
  return Count(benchmark, result, [&](const Question& item) {
    return item.pattern == pattern && item.step == step;
  });
}

void JoinPairs(const Benchmark& benchmark, Result& result) {
  result.pairs.resize(benchmark.pairs.size());
  if (result.items.empty()) return;
  for (std::size_t p = 0; p < benchmark.pairs.size(); ++p)
    result.pairs[p].correct = result.items[benchmark.pairs[p][0]].correct &&
                              result.items[benchmark.pairs[p][1]].correct;
}

void DescribeResult(const Benchmark& benchmark, Result& result) {
  result.setting["benchmark"] = benchmark.kind;
  result.setting["questions_sha256"] = benchmark.questions_sha256;
  result.setting["labels"] = benchmark.labels;
  result.setting["scoring"] = ScoringName(result.scoring);
  if (!benchmark.errata.empty() && benchmark.labels == "corrected")
    result.setting["errata"] = benchmark.errata;
  result.warnings.insert(result.warnings.begin(), benchmark.warnings.begin(),
                         benchmark.warnings.end());
  const Tally all = CountAll(benchmark, result);
  const auto tell = [&](Status status, const char* what) {
    if (all.of(status) > 0)
      result.warnings.push_back(
          fmt::format("{}: {} of {} items {}; they count "
                      "as wrong",
                      benchmark.name, all.of(status), all.items, what));
  };
  tell(Status::kTie, "tie");
  tell(Status::kNotFinite, "have a score that is not finite");
  tell(Status::kUnreadable, "have a picture that cannot be read");
  tell(Status::kAbstained, "have an answer that names no option, or several");
}

}  // namespace eyechart::multiple_choice
