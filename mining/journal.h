// What a search has found so far, in a file that outlives the process.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <unordered_set>
#include <vector>

#include "mining/findings.h"
#include "mining/pair_engine.h"

namespace eyechart::mining {

struct JournalOptions {
  /// The file; empty: nothing is kept.
  std::filesystem::path path;
  /// Everything that the findings depend on. A file with another key is not
  /// gone on with but begun anew.
  std::string key;
  /// Least time between writes, seconds: what a killed search repeats.
  double interval = 0.2;
};

/// Appends the findings of finished units, a record every part of a second,
/// each with its checksum: a record cut short by the end of a process is
/// dropped when the file is opened again. Records may be in any order.
class Journal : public SearchLog {
 public:
  /// Reads what the file holds, or begins it. `take` returns what was found
  /// since its last call, `check` throws where the search has become void (it
  /// is called before each write). Throws InputError where the file cannot be
  /// written or another process is writing it.
  Journal(JournalOptions options,
          Findings nothing,
          std::function<Findings()> take,
          std::function<void()> check);
  /// Writes what is finished and not yet written, where it can.
  ~Journal() override;

  bool Done(std::int64_t unit) const override;
  void Finish(std::int64_t unit) override;

  /// Units that were finished before this search began.
  std::size_t resumed() const { return resumed_; }
  /// A file of other settings was in the way and is gone.
  bool discarded() const { return discarded_; }
  const Findings& total() const { return total_; }
  /// The findings of all units; writes them first.
  Findings Finished();

 private:
  using Clock = std::chrono::steady_clock;
  void Open();
  void Write();

  JournalOptions options_;
  std::function<Findings()> take_;
  std::function<void()> check_;
  Findings total_;
  Findings nothing_;
  Findings waiting_;
  std::vector<std::int64_t> waiting_units_;
  std::unordered_set<std::int64_t> done_;
  std::size_t resumed_ = 0;
  bool discarded_ = false;
  int file_ = -1;
  Clock::time_point written_;
};

}  // namespace eyechart::mining
