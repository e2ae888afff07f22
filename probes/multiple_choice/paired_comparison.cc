#include "probes/multiple_choice/paired_comparison.h"

#include <map>
#include <utility>

#include "core/error.h"
#include "core/statistics.h"
#include "probes/multiple_choice/outcomes_csv.h"

namespace eyechart::multiple_choice {
namespace {

void RequireSameItems(const Benchmark& benchmark,
                      const Result& result,
                      const std::map<std::string, OutcomeRow>& other,
                      const std::string& file) {
  for (std::size_t i = 0; i < benchmark.items.size(); ++i) {
    const std::string& id = benchmark.items[i].id;
    const auto found = other.find(id);
    EYECHART_REQUIRE(found != other.end(),
                     "{}: has no item \"{}\", which {} has; only outcomes of "
                     "the same items can be compared",
                     file, id, benchmark.source.string());
    const std::string& truth = result.items[i].truth;
    EYECHART_REQUIRE(found->second.truth.empty() || truth.empty() ||
                         found->second.truth == truth,
                     "{}: item \"{}\" has the truth \"{}\", here it is \"{}\": "
                     "other labels, or another way of scoring",
                     file, id, found->second.truth, truth);
  }
  if (other.size() == benchmark.items.size()) return;
  std::map<std::string, bool> here;
  for (const Question& item : benchmark.items) here[item.id] = true;
  for (const auto& [id, row] : other)
    EYECHART_REQUIRE(here.contains(id),
                     "{}: has an item \"{}\", which {} lacks; only outcomes of "
                     "the same items can be compared",
                     file, id, benchmark.source.string());
}

class Counter {
 public:
  void Add(bool first, bool second) {
    ++sum_.n;
    sum_.first_correct += first ? 1 : 0;
    sum_.second_correct += second ? 1 : 0;
    sum_.only_first += first && !second ? 1 : 0;
    sum_.only_second += second && !first ? 1 : 0;
  }
  PairedComparison Finish(std::string unit, bool mid_p) {
    sum_.unit = std::move(unit);
    sum_.p = McNemarExactP(sum_.only_first, sum_.only_second, mid_p);
    sum_.method = mid_p ? "mcnemar mid-p" : "mcnemar exact";
    return sum_;
  }

 private:
  PairedComparison sum_;
};

}  // namespace

std::vector<PairedComparison> CompareOutcomes(const Benchmark& benchmark,
                                              const Result& result,
                                              const std::filesystem::path& file,
                                              bool mid_p) {
  EYECHART_REQUIRE(!result.items.empty(),
                   "nothing to compare with {}: this encoder has no words, so "
                   "no item was right or wrong",
                   file.string());
  const std::map<std::string, OutcomeRow> other = ReadOutcomes(file);
  RequireSameItems(benchmark, result, other, file.string());
  const auto theirs = [&](std::size_t item) {
    return other.at(benchmark.items[item].id).correct;
  };
  std::vector<PairedComparison> comparisons;
  if (!benchmark.pairs.empty()) {
    Counter pairs;
    for (std::size_t p = 0; p < benchmark.pairs.size(); ++p) {
      const auto [a, b] = benchmark.pairs[p];
      pairs.Add(result.pairs[p].correct, theirs(a) && theirs(b));
    }
    comparisons.push_back(pairs.Finish("pairs", mid_p));
  }
  Counter items;
  for (std::size_t i = 0; i < benchmark.items.size(); ++i)
    items.Add(result.items[i].correct, theirs(i));
  comparisons.push_back(items.Finish("items", mid_p));
  return comparisons;
}

}  // namespace eyechart::multiple_choice
