#include "cli/gate_ab.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "cli/scratch_folder.h"
#include "cli/terminal.h"
#include "core/error.h"
#include "reports/gate/ab_remeasure.h"

namespace eyechart::cli {
namespace {

// A confirmation decides what the first look could not.
constexpr std::int64_t kConfirmFactor = 3;

// Where it is measured: --out, or a folder that goes at the end.
class Place {
 public:
  explicit Place(const std::string& out) {
    if (out.empty())
      path_ = scratch_.emplace().path();
    else
      path_ = out;
  }
  const std::filesystem::path& path() const { return path_; }
  bool kept() const { return !scratch_; }

 private:
  std::optional<ScratchFolder> scratch_;
  std::filesystem::path path_;
};

reports::AbOptions OptionsOf(const AbFlags& flags,
                             const Place& place,
                             const reports::Policy& policy) {
  reports::AbOptions options;
  const bool ab = !flags.ab.empty();
  options.baseline_binary = ab ? flags.ab[0] : flags.baseline_binary;
  options.candidate_binary = ab ? flags.ab[1] : flags.binary;
  options.suite = flags.suite;
  options.out = place.path();
  options.filter = flags.filter;
  options.seed = flags.seed;
  options.seconds = flags.seconds;
  options.alpha = policy.defaults.alpha.value_or(options.alpha);
  options.aliases = policy.aliases;
  if (!flags.device.empty()) options.run_arguments = {"--device", flags.device};
  if (flags.threads > 0)
    options.run_arguments.insert(options.run_arguments.end(),
                                 {"--threads", std::to_string(flags.threads)});
  return options;
}

// Two builds on one machine in turn: what a build brings along is under test,
// and the rest is the same.
reports::Policy ForBuilds(reports::Policy policy) {
  for (const char* key :
       {"libtorch", "compiler", "build_type", "cpu_capability", "threads"})
    policy.may_differ.emplace_back(key);
  return policy;
}

void WarnOfLogs(const reports::GateResult& result, const Place& place) {
  const bool failed =
      std::ranges::any_of(result.cells, [](const reports::GateCell& cell) {
        return cell.verdict == reports::Verdict::kError ||
               cell.verdict == reports::Verdict::kMissing;
      });
  if (failed && !place.kept())
    PrintWarning("the logs are gone; --out DIR keeps them");
}

}  // namespace

void AddAbFlags(CLI::App& app, AbFlags& flags) {
  app.add_option("--ab", flags.ab,
                 "two eyechart programs, measured in turn on --suite; takes "
                 "the place of RUN and --baseline")
      ->type_name("OLD NEW")
      ->expected(2);
  app.add_flag("--confirm", flags.confirm,
               "measure what is regressed or inconclusive once more, with "
               "three times the pairs");
  app.add_option("--binary", flags.binary,
                 "the eyechart program that made RUN, for --confirm");
  app.add_option("--baseline-binary", flags.baseline_binary,
                 "the one that made the baseline; without it the baseline "
                 "stands as it was measured");
  app.add_option("--suite", flags.suite,
                 "suite file (TOML) that --ab and --confirm measure");
  app.add_option("--filter", flags.filter,
                 "--ab: only cells that match this glob")
      ->capture_default_str();
  app.add_option("--pairs", flags.pairs,
                 "--ab, --confirm: turns of each program, at least 7; more are "
                 "taken where so many results need them")
      ->capture_default_str();
  app.add_option("--seed", flags.seed, "which program begins")
      ->capture_default_str();
  app.add_flag("--seconds", flags.seconds,
               "--ab, --confirm: judge the wall time of each cell, too");
  app.add_option("--out", flags.out,
                 "--ab, --confirm: keep what was measured, and the logs, here");
  app.add_option("--device", flags.device,
                 "--ab, --confirm: passed on to `run`");
  app.add_option("--threads", flags.threads,
                 "--ab, --confirm: passed on to `run`");
}

void RequireSensible(const AbFlags& flags,
                     const std::string& run,
                     const std::string& baseline) {
  const bool ab = !flags.ab.empty();
  if (ab) {
    EYECHART_REQUIRE(run.empty() && baseline.empty(),
                     "--ab measures both sides itself: it takes neither RUN "
                     "nor --baseline");
    EYECHART_REQUIRE(flags.binary.empty() && flags.baseline_binary.empty(),
                     "--ab OLD NEW names both programs: --binary and "
                     "--baseline-binary are for --confirm alone");
  } else {
    EYECHART_REQUIRE(!baseline.empty(),
                     "--baseline is missing: the run folder to judge by (or "
                     "--ab OLD NEW)");
    EYECHART_REQUIRE(!flags.confirm || !flags.binary.empty(),
                     "--confirm needs --binary NEW, the program to measure "
                     "again");
    EYECHART_REQUIRE(
        flags.confirm || (flags.binary.empty() && flags.suite.empty() &&
                          flags.baseline_binary.empty() && flags.out.empty()),
        "--binary, --baseline-binary, --suite and --out are for "
        "--ab and --confirm");
  }
  EYECHART_REQUIRE((!ab && !flags.confirm) || !flags.suite.empty(),
                   "--suite is missing: the suite file that is measured");
  EYECHART_REQUIRE(flags.pairs >= reports::kLeastPairs,
                   "--pairs {}: should be {} or more, for fewer cannot tell a "
                   "change from chance",
                   flags.pairs, reports::kLeastPairs);
  EYECHART_REQUIRE(flags.threads >= 0,
                   "--threads {}: should be 1 or more, or 0 for `run`'s own "
                   "choice",
                   flags.threads);
}

reports::GateResult JudgeBuilds(const AbFlags& flags,
                                const reports::Policy& policy,
                                const reports::GateOptions& options) {
  const Place place(flags.out);
  reports::Policy of_builds = ForBuilds(policy);
  TerminalProgress progress;
  reports::AbRemeasure remeasure(OptionsOf(flags, place, policy), progress);
  const reports::Remeasured runs = remeasure.MeasureSuite(flags.pairs);
  // Both sides have the baseline's names.
  of_builds.aliases.clear();
  reports::GateResult result = reports::JudgeRuns(
      runs.baseline, runs.candidate, of_builds, reports::Noise{}, options);
  if (flags.confirm)
    result = reports::Confirm(std::move(result), remeasure,
                              kConfirmFactor * flags.pairs, of_builds, options);
  WarnOfLogs(result, place);
  return result;
}

reports::GateResult ConfirmResult(reports::GateResult result,
                                  const AbFlags& flags,
                                  const reports::RunFolder& baseline,
                                  const reports::Noise& noise,
                                  const reports::Policy& policy,
                                  const reports::GateOptions& options) {
  const Place place(flags.out);
  reports::AbOptions ab = OptionsOf(flags, place, policy);
  ab.baseline = baseline;
  ab.noise = noise;
  const bool both = !ab.baseline_binary.empty();
  TerminalProgress progress;
  reports::AbRemeasure remeasure(std::move(ab), progress);
  return reports::Confirm(std::move(result), remeasure,
                          kConfirmFactor * flags.pairs,
                          both ? ForBuilds(policy) : policy, options);
}

}  // namespace eyechart::cli
