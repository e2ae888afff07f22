// The gate's statistics on cases of the parity tests:
//   gate_probe CASES.json
//     CASES is a list of [name, arguments...]; prints the list of results:
//     ["bh", [p...]] -> [adjusted...]
//     ["sign_flip", [d...]] -> p       ["signed_rank", [d...]] -> p
//     ["mann_whitney", [a...], [b...]] -> p
//     ["bootstrap", [a...], [b...], draws, level] -> [low, high], percentile
//       interval of the mean of the paired differences b - a
//     ["ratio", [a...], [b...], draws, level] -> [low, high], of the ratio of
//       medians b / a of independent samples
//     ["outcomes", both, only_baseline, only_candidate, neither] -> p
//     ["intervals", a, [low, high, level], b, [low, high, level], level] ->
//       [p, low, high]
#include <cmath>
#include <cstdio>
#include <exception>
#include <vector>

#include "core/error.h"
#include "core/json.h"
#include "core/statistics.h"
#include "reports/gate/estimate.h"
#include "reports/gate/multiple_testing.h"
#include "reports/gate/rank_tests.h"
#include "reports/gate/resample.h"

namespace eyechart::reports {
namespace {

using Values = std::vector<double>;

Interval IntervalOf(const Json& row) {
  return {row.at(0).get<double>(), row.at(1).get<double>(),
          row.at(2).get<double>(), ""};
}

Json Bootstrap(const Json& row) {
  const auto a = row.at(1).get<Values>();
  const auto b = row.at(2).get<Values>();
  std::vector<std::vector<std::uint32_t>> rows(1);
  for (std::uint32_t i = 0; i < a.size(); ++i) rows[0].push_back(i);
  ResampleOptions options;
  options.draws = row.at(3).get<int>();
  const Interval ci = Resample(
                          rows,
                          [&](std::span<const std::uint32_t> drawn) {
                            double sum = 0;
                            for (const std::uint32_t i : drawn)
                              sum += b.at(i) - a.at(i);
                            return sum / static_cast<double>(drawn.size());
                          },
                          options)
                          .Percentile(row.at(4).get<double>());
  return {ci.low, ci.high};
}

Json Ratio(const Json& row) {
  const auto a = row.at(1).get<Values>();
  const auto b = row.at(2).get<Values>();
  ResampleOptions options;
  options.draws = row.at(3).get<int>();
  const auto median = [](const Values& values,
                         std::span<const std::uint32_t> drawn) {
    Values chosen;
    for (const std::uint32_t i : drawn) chosen.push_back(values.at(i));
    return Median(chosen);
  };
  const Interval ci = ResampleTwo(
                          a.size(), b.size(),
                          [&](std::span<const std::uint32_t> first,
                              std::span<const std::uint32_t> second) {
                            return median(b, second) / median(a, first);
                          },
                          options)
                          .Percentile(row.at(4).get<double>());
  return {ci.low, ci.high};
}

Json ResultOf(const Json& row) {
  const auto name = row.at(0).get<std::string>();
  if (name == "bootstrap") return Bootstrap(row);
  if (name == "ratio") return Ratio(row);
  if (name == "outcomes")
    return *EstimateOutcomes(
                row.at(1).get<std::int64_t>(), row.at(2).get<std::int64_t>(),
                row.at(3).get<std::int64_t>(), row.at(4).get<std::int64_t>())
                .p;
  if (name == "intervals") {
    const CellEstimate estimate =
        EstimateIntervals(row.at(1).get<double>(), IntervalOf(row.at(2)),
                          row.at(3).get<double>(), IntervalOf(row.at(4)));
    const Interval ci = estimate.interval(row.at(5).get<double>());
    return {*estimate.p, ci.low, ci.high};
  }
  const auto first = row.at(1).get<Values>();
  if (name == "bh") return BenjaminiHochberg(first);
  if (name == "sign_flip") return SignFlipP(first);
  if (name == "signed_rank") return SignedRankP(first);
  EYECHART_REQUIRE(name == "mann_whitney", "case \"{}\" is not known", name);
  return MannWhitneyP(first, row.at(2).get<Values>());
}

}  // namespace
}  // namespace eyechart::reports

int main(int argc, char** argv) {
  try {
    eyechart::Json results = eyechart::Json::array();
    if (argc == 2)
      for (const auto& row : eyechart::ReadJsonFile(argv[1]))
        results.push_back(eyechart::reports::ResultOf(row));
    std::puts(results.dump().c_str());
    return argc == 2 ? 0 : 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "gate_probe: %s\n", error.what());
    return 1;
  }
}
