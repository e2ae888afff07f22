#include "reports/gate/ab_remeasure.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include "core/error.h"
#include "core/files.h"
#include "core/random.h"
#include "reports/gate/child_run.h"
#include "reports/gate/sweep_samples.h"

namespace eyechart::reports {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kNoPair = -1;  // a run that gives scores alone

// The turn's own rows: of `measured` and its parts, called as in the baseline.
void TakeCell(const RunFolder& run,
              const std::string& measured,
              const std::map<std::string, std::string>& names,
              Turn& turn) {
  const std::map<std::string, std::string> owners = OwnersOf(run.records);
  for (Record record : run.records) {
    if (owners.at(record.cell) != measured) continue;
    const fs::path samples =
        run.path / "samples" / (CellSlug(record.cell) + ".csv");
    const auto name = names.find(record.cell);
    if (name != names.end()) record.cell = name->second;
    if (fs::exists(samples) && !turn.samples.contains(record.cell)) {
      CsvTable table = CsvTable::ReadFile(samples);
      // Nothing here pairs them, and of thousands of pictures they are hundreds
      // of MB a turn.
      if (!IsSweepSamples(table))
        turn.samples.emplace(record.cell, std::move(table));
    }
    turn.records.push_back(std::move(record));
  }
}

// Why a run that ended well has no result of a cell; "" where it has.
std::string ProblemOf(const RunFolder& run, const std::string& cell) {
  std::string problem = "the run has no record of it";
  for (const Record& record : run.records) {
    if (record.cell != cell) continue;
    if (record.status != RecordStatus::kError) return "";
    problem = record.message;
  }
  return problem;
}

}  // namespace

std::vector<bool> PairOrder(std::int64_t pairs, std::uint64_t seed) {
  Random coin(seed);
  std::vector<bool> order;
  for (std::int64_t pair = 0; pair < pairs; ++pair)
    order.push_back(pair % 2 == 0 ? coin.Below(2) == 1 : !order.back());
  return order;
}

std::int64_t PairsNeeded(std::int64_t asked,
                         std::size_t results,
                         double alpha) {
  const double family = static_cast<double>(std::max<std::size_t>(1, results));
  const auto needed =
      1 + static_cast<std::int64_t>(std::ceil(std::log2(family / alpha)));
  return std::max(asked, needed);
}

AbRemeasure::AbRemeasure(AbOptions options, Progress& progress)
    : options_(std::move(options)), progress_(progress) {
  EYECHART_REQUIRE(fs::is_regular_file(options_.suite),
                   "--suite {}: no such file", options_.suite.string());
  EYECHART_CHECK(!options_.out.empty(), "no folder to work in");
  // Its baseline/ and candidate/ are emptied: they have to be our own.
  const fs::path& out = options_.out;
  EYECHART_REQUIRE(!fs::exists(out) || fs::exists(out / "turns.csv") ||
                       (fs::is_directory(out) && fs::is_empty(out)),
                   "--out {}: is not empty and holds no A/B comparison (it has "
                   "no turns.csv); choose another",
                   out.string());
}

void AbRemeasure::Begin() {
  // What was measured first stays beside what is measured again.
  place_ = sides_.empty() ? options_.out : options_.out / "confirm";
  CreateFolder(place_ / "logs");
  schedule_ =
      CsvLine({"run", "side", "cell", "pair", "began_ns", "ended_ns", "end"});
  WriteFileAtomic(place_ / "turns.csv", schedule_);
  sides_.clear();
  const JoinOptions join{.interleaved = !options_.baseline_binary.empty(),
                         .seconds = options_.seconds};
  for (const char* name : {"baseline", "candidate"}) {
    const fs::path& binary = name == std::string_view("baseline")
                                 ? options_.baseline_binary
                                 : options_.candidate_binary;
    if (binary.empty()) continue;
    sides_.push_back(
        {name, binary, std::make_unique<JoinedRun>(place_ / name, join), {}});
  }
}

std::vector<std::string> AbRemeasure::NamesOf(const Side& side,
                                              const std::string& cell) const {
  const auto known = side.names.find(cell);
  if (known != side.names.end()) return {known->second};
  const auto alias = options_.aliases.find(cell);
  if (alias == options_.aliases.end()) return {cell};
  // The suite is the same for both builds, and calls it by either name.
  return {cell, alias->second};
}

std::optional<RunFolder> AbRemeasure::RunOnce(Side& side,
                                              const std::string& filter,
                                              std::int64_t pair,
                                              Turn& turn,
                                              std::string& problem) {
  const fs::path folder = place_ / "turns" / side.name;
  const std::string log = fmt::format("{:04}-{}", ++runs_, side.name);
  ChildOptions child{side.binary,
                     {},
                     place_ / "logs" / (log + ".out"),
                     place_ / "logs" / (log + ".err")};
  child.arguments = {"run",      options_.suite.string(),
                     "--out",    folder.string(),
                     "--filter", filter,
                     "--fresh"};
  child.arguments.insert(child.arguments.end(), options_.run_arguments.begin(),
                         options_.run_arguments.end());
  // --fresh leaves alone what it does not know: a folder that an interrupted
  // comparison left would be refused.
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  CreateFolder(folder.parent_path());
  const ChildEnd end = RunChild(child);
  turn.pair = pair;
  turn.began_ns = end.began_ns;
  turn.ended_ns = end.ended_ns;
  schedule_ += CsvLine({std::to_string(runs_), side.name, filter,
                        pair == kNoPair ? "" : std::to_string(pair),
                        std::to_string(end.began_ns),
                        std::to_string(end.ended_ns), end.Text()});
  if (!end.LeftARun()) {
    problem = fmt::format("{} ended with {}: {} ({})", side.binary.string(),
                          end.Text(), LastLine(child.err_log),
                          child.err_log.string());
    EYECHART_REQUIRE(end.exit_code != kRunRefused || filter != options_.filter,
                     "{}", problem);
    return std::nullopt;
  }
  if (!fs::exists(folder / "records.jsonl")) {
    problem = fmt::format("{} wrote no records.jsonl ({})",
                          side.binary.string(), child.err_log.string());
    return std::nullopt;
  }
  return ReadRunFolder(folder);
}

void AbRemeasure::RunAll(Side& side) {
  Turn turn;
  std::string problem;
  std::optional<RunFolder> run =
      RunOnce(side, options_.filter, kNoPair, turn, problem);
  if (!run) {
    progress_.Warn(problem);
    return;
  }
  // Called by the baseline's names from here on.
  std::set<std::string> cells;
  for (const Record& record : run->records) cells.insert(record.cell);
  std::map<std::string, std::string> names;
  for (const auto& [before, after] : options_.aliases) {
    if (!cells.contains(after) || cells.contains(before)) continue;
    names[after] = before;
    side.names[before] = after;
  }
  side.joined->AddScores(*run, names);
}

bool AbRemeasure::RunTurn(Side& side,
                          const std::string& cell,
                          std::int64_t pair,
                          bool with_scores) {
  std::string problem;
  for (const std::string& name : NamesOf(side, cell)) {
    Turn turn;
    std::string why;
    std::optional<RunFolder> run = RunOnce(side, name, pair, turn, why);
    if (run) why = ProblemOf(*run, name);
    if (!problem.empty()) problem += "; ";
    problem += why;
    if (!why.empty()) continue;
    side.names[cell] = name;
    const std::map<std::string, std::string> names = {{name, cell}};
    TakeCell(*run, name, names, turn);
    if (with_scores) {
      RunFolder own = *run;  // a glob may match more than was asked for
      const std::map<std::string, std::string> owners = OwnersOf(run->records);
      std::erase_if(own.records, [&](const Record& record) {
        return owners.at(record.cell) != name;
      });
      side.joined->AddScores(own, names);
    }
    side.joined->AddTurn(std::move(turn));
    return true;
  }
  progress_.Warn(cell + ": " + problem);
  side.joined->Fail(cell, problem);
  return false;
}

void AbRemeasure::RunPairs(std::vector<std::string> cells,
                           std::int64_t pairs,
                           bool with_scores) {
  const std::size_t count = cells.size();
  progress_.Begin("pairs", pairs * static_cast<std::int64_t>(count));
  std::vector<std::vector<bool>> orders;
  for (std::size_t i = 0; i < count; ++i)
    orders.push_back(PairOrder(pairs, Random(options_.seed, i).Next()));
  std::set<std::string> done;
  // A cell's pairs are spread over the whole time: a disturbance that lasts
  // hits one of them, not all.
  for (std::int64_t pair = 0; pair < pairs; ++pair) {
    for (std::size_t i = 0; i < count; ++i) {
      if (done.contains(cells[i])) continue;
      std::vector<Side*> turns;
      for (Side& side : sides_) turns.push_back(&side);
      if (orders[i][static_cast<std::size_t>(pair)])
        std::ranges::reverse(turns);
      bool measured = true;
      bool speed = options_.seconds;
      for (Side* side : turns) {
        measured &= RunTurn(*side, cells[i], pair, with_scores && pair == 0);
        speed |= side->joined->HasSpeed(cells[i]);
      }
      if (!measured || !speed) done.insert(cells[i]);
      progress_.Update(pair * static_cast<std::int64_t>(count) +
                       static_cast<std::int64_t>(i) + 1);
    }
  }
  progress_.End();
}

Remeasured AbRemeasure::MeasureSuite(std::int64_t pairs) {
  EYECHART_REQUIRE(!options_.baseline_binary.empty(),
                   "two programs are needed to take turns");
  EYECHART_REQUIRE(pairs >= kLeastPairs,
                   "--pairs {}: should be {} or more, for fewer cannot tell a "
                   "change from chance",
                   pairs, kLeastPairs);
  Begin();
  std::set<std::string> owners;
  std::size_t results = 0;
  for (Side& side : sides_) {
    RunAll(side);
    const std::vector<Record>& records = side.joined->records();
    for (const auto& [cell, owner] : OwnersOf(records)) owners.insert(owner);
    results = std::max(results, records.size());
  }
  const std::vector<Record>& before = sides_.front().joined->records();
  EYECHART_REQUIRE(
      std::ranges::any_of(
          before,
          [](const Record& record) { return record.value.has_value(); }),
      "{} has measured nothing to compare with; its logs are in {}",
      options_.baseline_binary.string(), (place_ / "logs").string());
  std::vector<std::string> timed;
  for (const std::string& cell : owners) {
    bool speed = options_.seconds;
    bool failed = false;
    for (const Side& side : sides_) {
      const auto of_cell = [&](const Record& record) {
        return record.cell == cell;
      };
      const std::vector<Record>& records = side.joined->records();
      speed |= side.joined->HasSpeed(cell);
      const auto found = std::ranges::find_if(records, of_cell);
      failed |= found == records.end() || found->status == RecordStatus::kError;
    }
    if (speed && !failed) timed.push_back(cell);
  }
  if (options_.seconds) results += timed.size();
  RunPairs(timed, PairsNeeded(pairs, results, options_.alpha), false);
  return Finish();
}

Remeasured AbRemeasure::Measure(std::span<const std::string> cells,
                                std::int64_t pairs) {
  std::vector<Record> known;
  if (options_.baseline) known = options_.baseline->records;
  for (const Side& side : sides_)
    known.insert(known.end(), side.joined->records().begin(),
                 side.joined->records().end());
  const std::map<std::string, std::string> owners = OwnersOf(known);
  std::set<std::string> wanted;
  for (const std::string& cell : cells) {
    const auto owner = owners.find(cell);
    wanted.insert(owner == owners.end() ? cell : owner->second);
  }
  Begin();
  RunPairs({wanted.begin(), wanted.end()}, pairs, true);
  Remeasured again = Finish();
  if (!options_.baseline_binary.empty()) return again;
  // The stored baseline stands, with the noise that tells how far its build's
  // own runs differ.
  EYECHART_CHECK(options_.baseline.has_value(), "no baseline at all");
  again.baseline = *options_.baseline;
  again.noise = options_.noise;
  std::erase_if(again.baseline.records, [&](const Record& record) {
    const auto owner = owners.find(record.cell);
    return !wanted.contains(owner == owners.end() ? record.cell
                                                  : owner->second);
  });
  return again;
}

Remeasured AbRemeasure::Finish() {
  WriteFileAtomic(place_ / "turns.csv", schedule_);
  Remeasured measured;
  for (Side& side : sides_)
    (side.name == "baseline" ? measured.baseline : measured.candidate) =
        side.joined->Write();
  std::error_code ignored;
  fs::remove_all(place_ / "turns", ignored);
  return measured;
}

}  // namespace eyechart::reports
