#include "cli/gate_ab.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "cli/scratch_folder.h"
#include "cli/terminal.h"
#include "core/error.h"
#include "reports/gate/aa_runs.h"
#include "reports/gate/ab_remeasure.h"

namespace eyechart::cli {
namespace {

// A confirmation decides what the first look could not.
constexpr std::int64_t kConfirmFactor = 3;

// More of the `run` that each program is started with.
std::vector<std::string> RunArguments(const AbFlags& flags) {
  std::vector<std::string> arguments;
  if (!flags.device.empty()) arguments = {"--device", flags.device};
  if (flags.threads > 0)
    arguments.insert(arguments.end(),
                     {"--threads", std::to_string(flags.threads)});
  return arguments;
}

reports::AbOptions OptionsOf(const AbFlags& flags,
                             const WorkFolder& place,
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
  options.run_arguments = RunArguments(flags);
  return options;
}

// Two builds on one machine in turn: what a build brings along is under test,
// and the rest is the same.
reports::Policy ForBuilds(reports::Policy policy) {
  for (const char* key : {"libtorch", "libraries", "compiler", "build_type",
                          "cpu_capability", "threads"})
    policy.may_differ.emplace_back(key);
  return policy;
}

void WarnOfLogs(const reports::GateResult& result, const WorkFolder& place) {
  const bool failed =
      std::ranges::any_of(result.cells, [](const reports::GateCell& cell) {
        return cell.verdict == reports::Verdict::kError ||
               cell.verdict == reports::Verdict::kMissing;
      });
  if (failed && !place.kept())
    PrintWarning("the logs are gone; --out DIR keeps them");
}

}  // namespace

void AddAbFlags(Arguments& app, AbFlags& flags) {
  app.AddOption("--ab", flags.ab,
                "two eyechart programs, measured in turn on --suite; takes "
                "the place of RUN and --baseline")
      .TypeName("OLD NEW")
      .Expected(2);
  app.AddFlag("--confirm", flags.confirm,
              "measure what is regressed or inconclusive once more, with "
              "three times the pairs");
  app.AddOption("--aa-runs", flags.aa_runs,
                "make so many runs of --suite with one build, and take their "
                "noise as --aa does")
      .TypeName("N")
      .Tells(flags.aa);
  app.AddOption("--binary", flags.binary,
                "the eyechart program that made RUN, for --confirm; for "
                "--aa-runs the one that made the baseline (default: this one)");
  app.AddOption("--baseline-binary", flags.baseline_binary,
                "the one that made the baseline; without it the baseline "
                "stands as it was measured");
  app.AddOption("--suite", flags.suite,
                "suite file (TOML) that --ab, --confirm and --aa-runs measure");
  app.AddOption("--filter", flags.filter,
                "--ab, --aa-runs: only cells that match this glob")
      .ShowDefault();
  app.AddOption("--pairs", flags.pairs,
                "--ab, --confirm: turns of each program, at least 7; more are "
                "taken where so many results need them")
      .ShowDefault();
  app.AddOption("--seed", flags.seed, "which program begins").ShowDefault();
  app.AddFlag("--seconds", flags.seconds,
              "--ab, --confirm: judge the wall time of each cell, too");
  app.AddOption("--out", flags.out,
                "--ab, --confirm, --aa-runs: keep what was measured, and the "
                "logs, here");
  app.AddOption("--device", flags.device,
                "--ab, --confirm, --aa-runs: passed on to `run`");
  app.AddOption("--threads", flags.threads,
                "--ab, --confirm, --aa-runs: passed on to `run`");
}

void RequireSensible(const AbFlags& flags,
                     const std::string& run,
                     const std::string& baseline) {
  const bool ab = !flags.ab.empty();
  if (ab) {
    EYECHART_REQUIRE(run.empty() && baseline.empty(),
                     "--ab measures both sides itself: it takes neither RUN "
                     "nor --baseline");
    EYECHART_REQUIRE(!flags.aa,
                     "--ab needs no noise from run to run, for it interleaves; "
                     "--aa-runs is for a baseline");
    EYECHART_REQUIRE(flags.binary.empty() && flags.baseline_binary.empty(),
                     "--ab OLD NEW names both programs: --binary and "
                     "--baseline-binary are for --confirm alone");
  } else {
    EYECHART_REQUIRE(!baseline.empty(),
                     "--baseline is missing: the run folder to judge by (or "
                     "--ab OLD NEW)");
    EYECHART_REQUIRE(!flags.aa || !flags.confirm,
                     "--aa-runs judges nothing that --confirm could measure "
                     "again");
    EYECHART_REQUIRE(!flags.aa || flags.aa_runs >= 1,
                     "--aa-runs {}: should be 1 or more; four are better",
                     flags.aa_runs);
    EYECHART_REQUIRE(!flags.aa || flags.baseline_binary.empty(),
                     "--baseline-binary is for --confirm; --aa-runs takes the "
                     "baseline's program as --binary");
    EYECHART_REQUIRE(!flags.confirm || !flags.binary.empty(),
                     "--confirm needs --binary NEW, the program to measure "
                     "again");
    EYECHART_REQUIRE(flags.confirm || flags.aa ||
                         (flags.binary.empty() && flags.suite.empty() &&
                          flags.baseline_binary.empty() && flags.out.empty()),
                     "--binary, --baseline-binary, --suite and --out are for "
                     "--ab, --confirm and --aa-runs");
  }
  EYECHART_REQUIRE((!ab && !flags.confirm && !flags.aa) || !flags.suite.empty(),
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
  const WorkFolder place(flags.out);
  reports::Policy of_builds = ForBuilds(policy);
  TerminalProgress progress;
  reports::AbRemeasure remeasure(OptionsOf(flags, place, policy), progress);
  const reports::Remeasured runs = remeasure.MeasureSuite(flags.pairs);
  // Both sides have the baseline's names.
  of_builds.aliases.clear();
  reports::GateOptions judge = options;
  // Rules may be of cells that the filter leaves out.
  judge.whole_runs = flags.filter == "*";
  reports::GateResult result = reports::JudgeRuns(
      runs.baseline, runs.candidate, of_builds, reports::Noise{}, judge);
  if (flags.confirm)
    result = reports::Confirm(std::move(result), remeasure,
                              kConfirmFactor * flags.pairs, of_builds, options);
  WarnOfLogs(result, place);
  return result;
}

reports::Noise MeasureAaRuns(const AbFlags& flags,
                             std::vector<reports::RunFolder> runs) {
  const WorkFolder place(flags.out);
  reports::AaOptions options;
  // The program itself, by the name that it has on disk.
  options.binary = flags.binary.empty()
                       ? std::filesystem::read_symlink("/proc/self/exe")
                       : std::filesystem::path(flags.binary);
  options.suite = flags.suite;
  options.out = place.path();
  options.runs = flags.aa_runs;
  options.filter = flags.filter;
  options.run_arguments = RunArguments(flags);
  TerminalProgress progress;
  return reports::MeasureAaRuns(std::move(runs), options, progress);
}

reports::GateResult ConfirmResult(reports::GateResult result,
                                  const AbFlags& flags,
                                  const reports::RunFolder& baseline,
                                  const reports::Noise& noise,
                                  const reports::Policy& policy,
                                  const reports::GateOptions& options) {
  const WorkFolder place(flags.out);
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
