#include "reports/gate/baseline.h"

#include <unistd.h>

#include <system_error>

#include "core/error.h"
#include "core/files.h"
#include "core/text.h"
#include "reports/gate/environments.h"
#include "reports/gate/policy.h"
#include "reports/run_folder.h"

namespace eyechart::reports {
namespace {

namespace fs = std::filesystem;

// What a gate reads; galleries and feature stores stay with the run.
bool IsKept(const fs::path& entry) {
  const std::string name = entry.filename().string();
  return name == "records.jsonl" || name == "suite.toml" ||
         name == "outcomes" || name == "samples" ||
         (name.starts_with("environment") && entry.extension() == ".json");
}

// Noise depends on the machine and not on the build, which the next baseline
// brings anew.
bool SameMachine(const Json& before, const Json& now) {
  return EnvironmentDifferences({{"before", before}}, "before", {{"now", now}},
                                "now", Policy{})
      .empty();
}

Json Updates(const fs::path& baseline) {
  const fs::path file = baseline / "baseline.json";
  if (!fs::exists(file)) return Json::array();
  const Json json = ReadJsonFile(file);
  const auto updates = json.is_object() ? json.find("updates") : json.end();
  EYECHART_REQUIRE(
      json.is_object() && updates != json.end() && updates->is_array(),
      "{}: should be a JSON object with a list \"updates\"", file.string());
  return *updates;
}

// Beside `path`, so that a rename stays on its file system.
fs::path Beside(const fs::path& path, const char* what) {
  fs::path full = fs::absolute(path).lexically_normal();
  if (!full.has_filename()) full = full.parent_path();
  return full.parent_path() /
         fmt::format(".{}.{}-{}", full.filename().string(), what, getpid());
}

void Build(const RunFolder& run, const fs::path& folder) {
  CreateFolder(folder);
  for (const auto& entry : fs::directory_iterator(run.path))
    if (IsKept(entry.path()))
      fs::copy(entry.path(), folder / entry.path().filename(),
               fs::copy_options::recursive);
}

}  // namespace

void UpdateBaseline(const fs::path& run_path,
                    const fs::path& baseline,
                    const std::string& reason,
                    std::string_view verdict) {
  EYECHART_REQUIRE(reason.find_first_not_of(" \t\n") != std::string::npos,
                   "--update-baseline needs a reason, which is kept in "
                   "baseline.json");
  const RunFolder run = ReadRunFolder(run_path);
  const bool exists = fs::exists(baseline);
  Json environment;
  if (exists) {
    EYECHART_REQUIRE(!fs::equivalent(run_path, baseline),
                     "{}: is the baseline itself", run_path.string());
    environment = ReadRunFolder(baseline).environment;
  }
  Json updates = exists ? Updates(baseline) : Json::array();
  updates.push_back({{"when", UtcNow()},
                     {"reason", reason},
                     {"run", run.name},
                     {"verdict", verdict}});
  const fs::path made = Beside(baseline, "new");
  const fs::path old = Beside(baseline, "old");
  try {
    fs::remove_all(made);
    Build(run, made);
    WriteFileAtomic(made / "baseline.json",
                    Json{{"schema", 1}, {"updates", updates}}.dump(1) + "\n");
    if (exists && fs::exists(baseline / "noise.json") &&
        SameMachine(environment, run.environment))
      fs::copy(baseline / "noise.json", made / "noise.json");
    if (exists) fs::rename(baseline, old);
    fs::rename(made, baseline);
    fs::remove_all(old);
  } catch (const fs::filesystem_error& error) {
    std::error_code ignored;
    // Never without a baseline: the old one goes back.
    if (fs::exists(old) && !fs::exists(baseline))
      fs::rename(old, baseline, ignored);
    fs::remove_all(made, ignored);
    ThrowInput("{}: cannot be updated: {}", baseline.string(), error.what());
  }
}

}  // namespace eyechart::reports
