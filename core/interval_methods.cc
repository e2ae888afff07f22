#include "core/interval_methods.h"

#include <array>

namespace eyechart {
namespace {

constexpr std::array kMethods = {
    IntervalMethod{"bootstrap of the mean",
                   "percentile bootstrap of a mean, values drawn anew with "
                   "replacement from a fixed seed (Efron 1979)"},
    IntervalMethod{
        "wilson",
        "Wilson's score interval of a proportion of independent items "
        "(Wilson 1927)"},
    IntervalMethod{
        "jackknife over images",
        "delete-one jackknife over pictures, normal quantile, clipped to "
        "[0, 1]: pairs share pictures and so are not independent "
        "(Arvesen 1969)"},
    IntervalMethod{
        "bootstrap over groups",
        "percentile bootstrap, 1,000 draws of groups of pictures that "
        "differ in the answer alone, each taken at all strengths; for "
        "thresholds the psychometric function is fitted to each draw"},
    IntervalMethod{
        "bootstrap within classes",
        "percentile bootstrap of the mean over classes, 2,000 draws; "
        "pictures are drawn anew within each class, as many as it has"},
    IntervalMethod{
        "bootstrap over pictures",
        "percentile bootstrap of pictures with all that is on them; the "
        "figure is found anew for each draw (average precision of labels: "
        "500 draws)"},
    IntervalMethod{
        "bootstrap over items",
        "percentile bootstrap, 2,000 draws of items, the same for all "
        "errors"},
    IntervalMethod{
        "image bootstrap, percentile",
        "percentile bootstrap over pictures, each with all of its truths "
        "and detections; matches are kept and accumulated anew; a class "
        "without truth in a draw is left out of that draw's mean"},
    IntervalMethod{"student-t",
                   "Student's t interval of the mean over seeds, or of "
                   "differences paired by seed (Student 1908)"},
    IntervalMethod{
        "order statistics",
        "of a median or percentile, two of the sorted samples: the ranks "
        "whose binomial tails are each at most half of 1 - level; no "
        "distribution is assumed, and a sample that is too small has none "
        "(David and Nagaraja 2003, 7.1)"},
    IntervalMethod{
        "newcombe paired",
        "Newcombe's interval of the difference of two proportions of "
        "the same items, Wilson's limits with the correlation of the "
        "two (Newcombe 1998, method 10)"},
};

}  // namespace

std::span<const IntervalMethod> IntervalMethods() { return kMethods; }

const IntervalMethod* FindIntervalMethod(std::string_view name) {
  for (const IntervalMethod& method : kMethods)
    if (method.name == name) return &method;
  return nullptr;
}

}  // namespace eyechart
