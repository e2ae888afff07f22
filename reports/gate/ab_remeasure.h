// Two builds of eyechart measured in turn: `gate --ab` and `gate --confirm`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/progress.h"
#include "reports/gate/join_turns.h"
#include "reports/gate/remeasure.h"

namespace eyechart::reports {

/// The fewest pairs: of fewer, no p value of a signed-rank test is below 0.01.
inline constexpr std::int64_t kLeastPairs = 7;

struct AbOptions {
  std::filesystem::path baseline_binary;   // empty: `baseline` stands as it is
  std::filesystem::path candidate_binary;  // an eyechart program
  std::filesystem::path suite;             // the same for both
  std::filesystem::path out;  // for baseline/, candidate/, logs/, turns.csv
  std::string filter = "*";   // of MeasureSuite: glob over cells
  std::uint64_t seed = 0;     // which build begins
  bool seconds = false;       // also judge the wall time of each cell
  double alpha = 0.05;        // of the verdicts, for the number of pairs
  /// The baseline's cell -> the candidate's, as in the policy.
  std::map<std::string, std::string> aliases;
  /// The baseline as it was measured before: says which cells are parts of
  /// others, and takes the place of a baseline that cannot be run.
  std::optional<RunFolder> baseline;
  Noise noise;                             // of that baseline's build
  std::vector<std::string> run_arguments;  // more of `run`, as --device cpu
};

/// Which build begins each pair (true: the candidate): pairs come two by two in
/// opposite orders, ABBA or BAAB by a coin, so that what drifts evenly hits
/// both builds alike and neither always follows the other.
std::vector<bool> PairOrder(std::int64_t pairs, std::uint64_t seed);

/// The pairs that are needed for one result alone to be found among `results`:
/// the least p value of n pairs is 2^(1-n), and it has to stay below alpha
/// when it is adjusted. At least `asked`.
std::int64_t PairsNeeded(std::int64_t asked, std::size_t results, double alpha);

/// Runs `BINARY run SUITE --out DIR --filter CELL --fresh` of both builds in
/// turn. Cells without a time, a throughput or memory among their results are
/// deterministic: they are run once by each build. A cell that fails in one
/// build has an error record there. Throws InputError where a program cannot be
/// started or refuses the suite, and Interrupted.
class AbRemeasure final : public Remeasure {
 public:
  /// `progress` has to live as long.
  explicit AbRemeasure(AbOptions options,
                       Progress& progress = Progress::None());

  /// The cells of the suite that the filter matches: each build measures all of
  /// them once, then those with a speed take turns, `pairs` or more
  /// (PairsNeeded) times. Throws InputError where the baseline's build measures
  /// nothing. Cells are called by the baseline's names on both sides.
  Remeasured MeasureSuite(std::int64_t pairs);

  Remeasured Measure(std::span<const std::string> cells,
                     std::int64_t pairs) override;

 private:
  struct Side {
    std::string name;  // "baseline" or "candidate"
    std::filesystem::path binary;
    std::unique_ptr<JoinedRun> joined;
    std::map<std::string, std::string> names;  // cell -> as it is called there
  };

  void Begin();
  void RunPairs(std::vector<std::string> cells,
                std::int64_t pairs,
                bool with_scores);
  // Whether the cell was measured; else it has failed in `side`.
  bool RunTurn(Side& side,
               const std::string& cell,
               std::int64_t pair,
               bool with_scores);
  void RunAll(Side& side);
  std::optional<RunFolder> RunOnce(Side& side,
                                   const std::string& filter,
                                   std::int64_t pair,
                                   Turn& turn,
                                   std::string& problem);
  std::vector<std::string> NamesOf(const Side& side,
                                   const std::string& cell) const;
  Remeasured Finish();

  AbOptions options_;
  Progress& progress_;
  std::vector<Side> sides_;      // baseline first, where it can be run
  std::filesystem::path place_;  // in options_.out
  std::int64_t runs_ = 0;
  std::string schedule_;  // turns.csv
};

}  // namespace eyechart::reports
