#include "probes/heads/vote_check.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace eyechart::probes {

VoteCheck::VoteCheck(std::span<const std::int64_t> labels,
                     std::int64_t classes,
                     std::vector<std::int64_t> k,
                     double temperature,
                     double error)
    : labels_(labels),
      k_(std::move(k)),
      temperature_(temperature),
      error_(error),
      // A thousandth more, for the rounding of the sums below.
      factor_(std::exp(1.001 * error / temperature)),
      votes_(static_cast<std::size_t>(classes)) {}

bool VoteCheck::Certain(std::span<const FoundRow> found, std::int64_t truth) {
  return std::all_of(k_.begin(), k_.end(), [&](std::int64_t k) {
    return Certain(found, std::min(static_cast<std::size_t>(k), found.size()),
                   truth);
  });
}

bool VoteCheck::Certain(std::span<const FoundRow> found,
                        std::size_t k,
                        std::int64_t truth) {
  const double last = found[k - 1].first;
  const double reach = 2 * error_;
  const bool all_in = k == found.size() || found[k].first < last - reach;
  classes_.clear();
  for (const auto& [cosine, row] : found) {
    if (cosine < last - reach) break;
    const double weight =
        std::exp((double{cosine} - found[0].first) / temperature_);
    const std::int64_t label = labels_[static_cast<std::size_t>(row)];
    Vote& vote = votes_[static_cast<std::size_t>(label)];
    if (vote.possible == 0) classes_.push_back(label);
    vote.label = label;
    vote.possible += weight;
    if (all_in || cosine > last + reach) vote.sure += weight;
  }
  sorted_.clear();
  for (const std::int64_t label : classes_)
    sorted_.push_back(
        std::exchange(votes_[static_cast<std::size_t>(label)], {}));
  std::sort(sorted_.begin(), sorted_.end(),
            [](const Vote& a, const Vote& b) { return a.sure > b.sure; });
  return FirstApart(1) && FirstApart(5) && (truth < 0 || Apart(truth));
}

bool VoteCheck::FirstApart(std::size_t places) const {
  const std::size_t in = std::min(places, sorted_.size());
  // A class without a sure vote may have none, and then ties with all others.
  const double least = sorted_[in - 1].sure / factor_;
  return least > 0 &&
         std::all_of(
             sorted_.begin() + static_cast<std::ptrdiff_t>(in), sorted_.end(),
             [&](const Vote& vote) { return vote.possible * factor_ < least; });
}

bool VoteCheck::Apart(std::int64_t label) const {
  Vote own;
  for (const Vote& vote : sorted_)
    if (vote.label == label) own = vote;
  return std::all_of(sorted_.begin(), sorted_.end(), [&](const Vote& vote) {
    return vote.label == label ||
           vote.possible * factor_ < own.sure / factor_ ||
           vote.sure / factor_ > own.possible * factor_;
  });
}

}  // namespace eyechart::probes
