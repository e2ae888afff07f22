#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/command.h"
#include "cli/terminal.h"
#include "core/error.h"
#include "core/files.h"
#include "reports/display.h"
#include "reports/history/history_export.h"
#include "reports/history/history_plot.h"
#include "reports/history/history_store.h"

namespace eyechart::cli {
namespace {

namespace fs = std::filesystem;

// More plots than this make a file that no viewer likes.
constexpr std::size_t kMaxPlots = 60;

struct HistoryFlags {
  std::string db = "history.sqlite";
  std::vector<std::string> runs;
  reports::HistoryAddOptions add;
  reports::SeriesFilter filter;
  reports::ChangesOptions changes;
  std::string out;
  bool json = false;
};

using Shared = std::shared_ptr<HistoryFlags>;

Json HistoryHead(const std::string& part,
                 const std::vector<std::string>& warnings = {}) {
  return {
      {"schema", 1}, {"command", "history " + part}, {"warnings", warnings}};
}

Json RunToJson(const reports::HistoryRun& run) {
  return {{"id", run.Id()},         {"name", run.name},
          {"started", run.started}, {"added", run.added},
          {"commit", run.commit},   {"build", run.build},
          {"note", run.note},       {"records", run.records}};
}

int Add(const HistoryFlags& o) {
  // All are read before any is added.
  std::vector<reports::RunFolder> runs;
  for (const std::string& run : o.runs)
    runs.push_back(reports::ReadRunFolder(run));
  for (const reports::RunFolder& run : runs)
    EYECHART_REQUIRE(!run.records.empty(), "{}: records.jsonl holds no record",
                     run.path.string());
  reports::HistoryStore store = reports::HistoryStore::OpenOrCreate(o.db);
  Json rows = Json::array();
  for (const reports::RunFolder& run : runs) {
    const reports::HistoryAdded added = store.Add(run, o.add);
    if (!o.json)
      PrintLine(added.is_new
                    ? fmt::format("{}: added as {}, {} records",
                                  run.path.string(), added.run.Id(),
                                  added.run.records)
                    : fmt::format("{}: is there already, as {} ({}, added {})",
                                  run.path.string(), added.run.Id(),
                                  added.run.name, added.run.added));
    rows.push_back(RunToJson(added.run));
    rows.back()["new"] = added.is_new;
  }
  if (o.json) {
    Json json = HistoryHead("add");
    json["db"] = o.db;
    json["runs"] = rows;
    PrintJson(json);
  }
  return kExitOk;
}

int List(const HistoryFlags& o) {
  std::vector<reports::HistoryRun> runs =
      reports::HistoryStore::Open(o.db).Runs();
  if (o.filter.last > 0 && runs.size() > o.filter.last)
    runs.erase(runs.begin(),
               runs.end() - static_cast<std::ptrdiff_t>(o.filter.last));
  if (o.json) {
    Json json = HistoryHead("list");
    json["runs"] = Json::array();
    for (const reports::HistoryRun& run : runs)
      json["runs"].push_back(RunToJson(run));
    PrintJson(json);
    return kExitOk;
  }
  for (const reports::HistoryRun& run : runs)
    PrintLine(fmt::format("{}  {}  {:>7} records  {}{}{}", run.Id(),
                          run.started, run.records, run.name,
                          run.commit.empty() ? "" : "  commit " + run.commit,
                          run.note.empty() ? "" : "  " + run.note));
  return kExitOk;
}

reports::SeriesSet Series(const HistoryFlags& o) {
  reports::SeriesSet set =
      reports::ReadSeries(reports::HistoryStore::Open(o.db), o.filter);
  EYECHART_REQUIRE(
      !set.series.empty(), "{}: no value of {} {} on {}", o.db, o.filter.cell,
      o.filter.metric,
      o.filter.machine.empty() ? "any machine" : "machine " + o.filter.machine);
  return set;
}

int Plot(const HistoryFlags& o) {
  EYECHART_REQUIRE(fs::path(o.out).extension() == ".svg",
                   "{}: a plot is an .svg file", o.out);
  const reports::SeriesSet set = Series(o);
  std::vector<reports::Trend> trends =
      reports::TrendsOf(set, reports::FindChanges(set, o.changes));
  std::vector<std::string> warnings;
  if (trends.size() > kMaxPlots) {
    warnings.push_back(fmt::format(
        "{} trends match; the first {} are drawn, those that changed before "
        "the others: narrow the glob or give --metric",
        trends.size(), kMaxPlots));
    trends.resize(kMaxPlots);
  }
  WriteFileAtomic(o.out, reports::TrendsSvg(trends));
  for (const std::string& warning : warnings) PrintWarning(warning);
  if (o.json) {
    Json json = HistoryHead("plot", warnings);
    json["out"] = o.out;
    json["trends"] = trends.size();
    PrintJson(json);
  } else {
    PrintLine(fmt::format("plot     {}", o.out));
  }
  return kExitOk;
}

int Export(const HistoryFlags& o) {
  const std::string extension = fs::path(o.out).extension().string();
  EYECHART_REQUIRE(extension == ".csv" || extension == ".jsonl",
                   "{}: a history is exported to a .csv or .jsonl file", o.out);
  const reports::HistoryStore store = reports::HistoryStore::Open(o.db);
  WriteFileAtomic(o.out, reports::ExportHistory(
                             store, extension.substr(1),
                             {o.filter.cell, o.filter.metric, o.filter.last}));
  if (o.json) {
    Json json = HistoryHead("export");
    json["out"] = o.out;
    PrintJson(json);
  } else {
    PrintLine(fmt::format("export   {}", o.out));
  }
  return kExitOk;
}

int ListChanges(const HistoryFlags& o) {
  const reports::SeriesSet set = Series(o);
  const reports::Changes changes = reports::FindChanges(set, o.changes);
  if (o.json) {
    Json json = HistoryHead("changes");
    json["series"] = set.series.size();
    json["tested"] = changes.tested;
    json["alpha"] = o.changes.alpha;
    json["changes"] = reports::ChangesToJson(set, changes);
    PrintJson(json);
    return kExitOk;
  }
  for (const reports::SeriesChange& change : changes.changes) {
    const reports::HistorySeries& series = set.series[change.series];
    const std::size_t at = change.point.index;
    const reports::HistoryRun& run = set.runs[series.points[at].run];
    const reports::HistoryRun& previous = set.runs[series.points[at - 1].run];
    std::string line = fmt::format(
        "{}  {:<7}  {} {}  {} -> {} ({:+.3g}%)  p {:.2g}  run {} after {}",
        run.started, change.verdict, series.cell, series.metric,
        reports::FormatNumber(change.point.before),
        reports::FormatNumber(change.point.after),
        change.point.Relative() * 100, change.p_adjusted, run.Id(),
        previous.Id());
    if (!run.commit.empty())
      line += fmt::format("  commit {}..{}", previous.commit, run.commit);
    if (!change.inputs.empty())
      line += fmt::format("  other {}", fmt::join(change.inputs, ", "));
    PrintLine(line + "  on " + series.machine_name);
  }
  PrintLine(fmt::format("{} changes in {} series ({} long enough to test)",
                        changes.changes.size(), set.series.size(),
                        changes.tested));
  return kExitOk;
}

void AddDb(Arguments& app, const Shared& o) {
  app.AddOption("--db", o->db, "the history file (default: history.sqlite)");
  app.AddFlag("--json", o->json, "print one JSON object");
}

void AddLast(Arguments& app, const Shared& o, const char* what) {
  app.AddOption("--last", o->filter.last, what);
}

void AddFilters(Arguments& app, const Shared& o) {
  app.AddOption("--metric", o->filter.metric, "glob of metrics (default: *)");
}

void AddChangeOptions(Arguments& app, const Shared& o) {
  app.AddOption("--machine", o->filter.machine,
                "the start of a machine's fingerprint (default: each by "
                "itself)");
  app.AddOption("--alpha", o->changes.alpha,
                "false discovery rate over all series (default: 0.05)");
  app.AddOption("--min-change", o->changes.min_change,
                "leave out changes smaller than this share (default: 0)");
  app.AddOption("--min-segment", o->changes.steps.min_segment,
                "values on each side of a change (default: 3)")
      .Between(2, 1'000'000);
}

Runner AddAddPart(Arguments& app, const Shared& o) {
  app.AddOption("runs", o->runs, "run folders").Required().TypeName("RUN");
  app.AddOption("--commit", o->add.commit,
                "commit of the build (default: the one in environment.json)");
  app.AddOption("--note", o->add.note, "a word on these runs");
  return [o] { return Add(*o); };
}

Runner AddListPart(Arguments& app, const Shared& o) {
  AddLast(app, o, "the newest runs alone");
  return [o] { return List(*o); };
}

Runner AddPlotPart(Arguments& app, const Shared& o) {
  app.AddOption("cells", o->filter.cell, "glob of cells")
      .Required()
      .TypeName("CELL-GLOB");
  app.AddOption("-o,--out", o->out, "file to write, .svg").Required();
  AddFilters(app, o);
  AddChangeOptions(app, o);
  AddLast(app, o, "the newest values of each series alone");
  return [o] { return Plot(*o); };
}

Runner AddExportPart(Arguments& app, const Shared& o) {
  app.AddOption("-o,--out", o->out, "file to write, .csv or .jsonl").Required();
  app.AddOption("--cell", o->filter.cell, "glob of cells (default: *)");
  AddFilters(app, o);
  AddLast(app, o, "the newest runs alone");
  return [o] { return Export(*o); };
}

Runner AddChangesPart(Arguments& app, const Shared& o) {
  app.AddOption("--cell", o->filter.cell, "glob of cells (default: *)");
  AddFilters(app, o);
  AddChangeOptions(app, o);
  AddLast(app, o, "the newest values of each series alone");
  return [o] { return ListChanges(*o); };
}

struct HistoryPart {
  const char* name;
  const char* what;
  Runner (*add)(Arguments& app, const Shared& o);
};

constexpr HistoryPart kHistoryParts[] = {
    {"add", "append runs to the history file", AddAddPart},
    {"list", "the runs in it", AddListPart},
    {"plot", "trends as an SVG file", AddPlotPart},
    {"export", "records as CSV or JSON lines", AddExportPart},
    {"changes", "where series changed beyond chance", AddChangesPart},
};

}  // namespace

Runner AddHistory(Arguments& app) {
  app.RequireCommand();
  std::vector<std::pair<const Arguments*, Runner>> runners;
  for (const HistoryPart& part : kHistoryParts) {
    Arguments& added = app.AddCommand(part.name, part.what);
    const auto options = std::make_shared<HistoryFlags>();
    AddDb(added, options);
    runners.emplace_back(&added, part.add(added, options));
  }
  return [runners] {
    for (const auto& [part, run] : runners)
      if (part->chosen()) return run();
    return kExitInput;
  };
}

}  // namespace eyechart::cli
