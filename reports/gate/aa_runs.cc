#include "reports/gate/aa_runs.h"

#include "core/csv.h"
#include "core/error.h"
#include "core/files.h"
#include "reports/gate/child_run.h"

namespace eyechart::reports {
namespace {

namespace fs = std::filesystem;

void RequireSensible(const AaOptions& options) {
  EYECHART_REQUIRE(fs::is_regular_file(options.suite),
                   "--suite {}: no such file", options.suite.string());
  const fs::path& out = options.out;
  EYECHART_CHECK(!out.empty(), "no folder to work in");
  EYECHART_REQUIRE(!fs::exists(out) || fs::exists(out / "runs.csv") ||
                       (fs::is_directory(out) && fs::is_empty(out)),
                   "--out {}: is not empty and holds no A/A runs (it has no "
                   "runs.csv); choose another",
                   out.string());
}

RunFolder MakeRun(const AaOptions& options,
                  const std::string& name,
                  std::string& table,
                  Progress& progress) {
  const fs::path folder = options.out / name;
  const fs::path logs = options.out / "logs";
  ChildOptions child{options.binary,
                     {"run", options.suite.string(), "--out", folder.string(),
                      "--filter", options.filter},
                     logs / (name + ".out"),
                     logs / (name + ".err")};
  child.arguments.insert(child.arguments.end(), options.run_arguments.begin(),
                         options.run_arguments.end());
  const ChildEnd end = RunChild(child);
  table += CsvLine({name, std::to_string(end.began_ns),
                    std::to_string(end.ended_ns), end.Text()});
  WriteFileAtomic(options.out / "runs.csv", table);
  EYECHART_REQUIRE(end.LeftARun(), "{} ended with {}: {} ({})",
                   options.binary.string(), end.Text(), LastLine(child.err_log),
                   child.err_log.string());
  if (end.exit_code == kRunCellsFailed)
    progress.Warn(
        fmt::format("{}: some cells failed, and what failed has no noise: {}",
                    folder.string(), LastLine(child.err_log)));
  return ReadRunFolder(folder);
}

}  // namespace

Noise MeasureAaRuns(std::vector<RunFolder> runs,
                    const AaOptions& options,
                    Progress& progress) {
  RequireSensible(options);
  CreateFolder(options.out / "logs");
  const fs::path file = options.out / "runs.csv";
  std::string table = fs::exists(file)
                          ? ReadFile(file)
                          : CsvLine({"run", "began_ns", "ended_ns", "end"});
  WriteFileAtomic(file, table);  // what is in the folder is ours from now on
  progress.Begin("runs", options.runs);
  Noise noise;
  for (std::int64_t run = 1; run <= options.runs; ++run) {
    runs.push_back(
        MakeRun(options, fmt::format("run-{}", run), table, progress));
    // Each time: what cannot be compared is not measured for hours first.
    noise = MeasureNoise(runs);
    progress.Update(run);
  }
  progress.End();
  return noise;
}

}  // namespace eyechart::reports
