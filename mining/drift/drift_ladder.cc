#include "mining/drift/drift_ladder.h"

#include <algorithm>
#include <array>

#include "core/error.h"
#include "core/text.h"
#include "mining/store_join.h"

namespace eyechart::mining {
namespace {

using data::FeatureStore;
using data::StoreManifest;

// Parity of the encoders with the reference implementation, design §5.
constexpr double kTolerance = 2e-5;
constexpr double kMinCosine = 0.999999;
constexpr double kMinHalfCosine = 0.999;

bool IsFloat(const StoreManifest& manifest) { return manifest.dtype == "fp32"; }

std::map<std::string, std::pair<std::string, std::string>> ManifestDifferences(
    const StoreManifest& first, const StoreManifest& second) {
  const auto keys = [](const StoreManifest& m) {
    return std::map<std::string, std::string>{
        {"model", m.model},
        {"weights_sha256", m.weights_sha256},
        {"preprocess_sha256", m.preprocess_sha256},
        {"dataset", m.dataset},
        {"dtype", m.dtype},
        {"computed_in", m.computed_in},
        {"tf32", m.tf32},
        {"pool", m.pool},
        {"dim", std::to_string(m.dim)}};
  };
  std::map<std::string, std::pair<std::string, std::string>> differences;
  const auto of_second = keys(second);
  for (const auto& [key, value] : keys(first))
    if (of_second.at(key) != value)
      differences[key] = {value, of_second.at(key)};
  return differences;
}

MetricShift ShiftOf(std::span<const NeighbourVote> votes) {
  MetricShift shift;
  for (const NeighbourVote& vote : votes)
    ++(vote.first ? (vote.second ? shift.both : shift.only_first)
                  : (vote.second ? shift.only_second : shift.neither));
  shift.ci = PairedDifferenceInterval(shift.both, shift.only_first,
                                      shift.only_second, shift.neither);
  shift.p = McNemarExactP(shift.only_first, shift.only_second);
  return shift;
}

class Ladder {
 public:
  Ladder(const FeatureStore& first,
         const FeatureStore& second,
         const DriftOptions& options)
      : first_(first), second_(second), options_(options) {}

  DriftReport Climb() {
    const std::vector<RowPair> rows = Pair();
    report_.manifests =
        ManifestDifferences(first_.manifest(), second_.manifest());
    report_.rows = CompareRows(first_, second_, rows);
    Add(Rung::kBitEqual, BitEqual());
    Add(Rung::kWithinTolerance, WithinTolerance());
    if (report_.rungs.front().holds == true) {
      Add(Rung::kSameNeighbours, "");
      Add(Rung::kSameMetric, "");
    } else {
      report_.neighbours =
          CompareNeighbours(first_, second_, rows, options_.neighbours);
      if (!report_.neighbours->votes.empty())
        report_.metric = ShiftOf(report_.neighbours->votes);
      SameNeighbours();
      SameMetric();
    }
    const auto highest = std::ranges::find_if(
        report_.rungs,
        [](const RungResult& rung) { return rung.holds.value_or(false); });
    if (highest != report_.rungs.end()) report_.rung = highest->rung;
    return std::move(report_);
  }

 private:
  std::vector<RowPair> Pair() {
    const std::vector<std::int64_t> joined = JoinStores(first_, second_);
    std::vector<RowPair> rows;
    report_.items = first_.count();
    for (std::int64_t i = 0; i < first_.count(); ++i) {
      const auto row = static_cast<std::size_t>(i);
      const data::StoreItem& item = first_.items()[row];
      const bool other =
          second_.items()[static_cast<std::size_t>(joined[row])].ok();
      if (item.ok() && other) {
        rows.push_back({i, joined[row]});
      } else if (item.ok() != other) {
        if (report_.readable_in_one++ == 0)
          report_.first_readable_in_one = item.id;
      }
    }
    EYECHART_REQUIRE(!rows.empty(), "{} and {}: no picture is readable in both",
                     first_.folder().string(), second_.folder().string());
    report_.compared = static_cast<std::int64_t>(rows.size());
    return rows;
  }

  // A rung holds where nothing speaks against it.
  void Add(Rung rung, const std::string& reason) {
    report_.rungs.push_back({rung, reason.empty(), reason});
  }

  void CannotTell(Rung rung, const std::string& reason) {
    report_.rungs.push_back({rung, std::nullopt, reason});
  }

  std::string OneSided() const {
    if (report_.readable_in_one == 0) return "";
    return fmt::format("{} readable in one store alone, the first \"{}\"",
                       report_.readable_in_one, report_.first_readable_in_one);
  }

  std::string BitEqual() const {
    const RowDifferences& rows = report_.rows;
    if (!rows.pooled)
      return fmt::format("{} and {} values a picture", first_.dim(),
                         second_.dim());
    for (const auto* tensor : {&rows.pooled, &rows.tokens})
      if (*tensor && (*tensor)->different_items > 0)
        return fmt::format("{} of {} pictures differ{}, the first is \"{}\"",
                           (*tensor)->different_items, report_.compared,
                           tensor == &rows.tokens ? " in their tokens" : "",
                           (*tensor)->first_different->id);
    return OneSided();
  }

  std::string WithinTolerance() const {
    const RowDifferences& rows = report_.rows;
    if (!rows.pooled) return BitEqual();
    const bool single =
        IsFloat(first_.manifest()) && IsFloat(second_.manifest());
    if (options_.tolerance || single) {
      const double tolerance = options_.tolerance.value_or(kTolerance);
      for (const auto* tensor : {&rows.pooled, &rows.tokens})
        if (*tensor && (*tensor)->Relative() > tolerance)
          return fmt::format(
              "a difference of {:.3g} of the largest value{}, in \"{}\"; the "
              "tolerance is {:g}",
              (*tensor)->Relative(),
              tensor == &rows.tokens ? " among the tokens" : "",
              (*tensor)->most_different->id, tolerance);
    }
    if (!options_.tolerance) {
      const double least = single ? kMinCosine : kMinHalfCosine;
      if (rows.cosines->items > 0 && rows.cosines->min < least)
        return fmt::format("a cosine of {:.6f}, of \"{}\"; {:g} is asked",
                           rows.cosines->min, rows.cosines->least_id, least);
    }
    return OneSided();
  }

  void SameNeighbours() {
    const SharedNeighbours& shared = *report_.neighbours;
    if (shared.asked == 0) {
      CannotTell(Rung::kSameNeighbours,
                 "fewer than two pictures have a direction");
      return;
    }
    std::string reason = OneSided();
    if (shared.pictures < report_.compared && reason.empty())
      reason = fmt::format("{} pictures have no direction in one store",
                           report_.compared - shared.pictures);
    if (shared.same_set < shared.asked)
      reason = fmt::format(
          "{} of {} pictures have other neighbours, the first is \"{}\"",
          shared.asked - shared.same_set, shared.asked, shared.first_different);
    else if (shared.same_top1 < shared.asked)
      reason = fmt::format("{} of {} pictures have another nearest one",
                           shared.asked - shared.same_top1, shared.asked);
    Add(Rung::kSameNeighbours, reason);
  }

  void SameMetric() {
    if (!report_.metric) {
      CannotTell(Rung::kSameMetric, "the pictures have fewer than two labels");
      return;
    }
    const MetricShift& shift = *report_.metric;
    const double margin = options_.metric_margin;
    const bool same = shift.only_first + shift.only_second == 0 ||
                      (shift.ci.low >= -margin && shift.ci.high <= margin);
    Add(Rung::kSameMetric,
        same ? ""
             : fmt::format("the difference may be {:+.2f} to {:+.2f} points, "
                           "the margin is {:g}",
                           100 * shift.ci.low, 100 * shift.ci.high,
                           100 * margin));
  }

  const FeatureStore& first_;
  const FeatureStore& second_;
  const DriftOptions& options_;
  DriftReport report_;
};

}  // namespace

std::string_view RungName(Rung rung) {
  switch (rung) {
    case Rung::kBitEqual:
      return "bit-equal";
    case Rung::kWithinTolerance:
      return "within tolerance";
    case Rung::kSameNeighbours:
      return "same neighbours";
    case Rung::kSameMetric:
      return "same metric";
    case Rung::kDrifted:
      break;
  }
  return "drifted";
}

double MetricShift::first() const {
  return static_cast<double>(both + only_first) / static_cast<double>(n());
}

double MetricShift::second() const {
  return static_cast<double>(both + only_second) / static_cast<double>(n());
}

DriftReport ClimbLadder(const FeatureStore& first,
                        const FeatureStore& second,
                        const DriftOptions& options) {
  return Ladder(first, second, options).Climb();
}

}  // namespace eyechart::mining
