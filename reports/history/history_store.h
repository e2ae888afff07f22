// The history: the records of every run that was added, in one SQLite file that
// only grows.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/record.h"
#include "reports/run_folder.h"

namespace eyechart::reports {

/// A run as the history knows it.
struct HistoryRun {
  std::int64_t number = 0;  // in the order of adding
  std::string digest;   // SHA-256 of its records; the first 12 digits name it
  std::string name;     // of its folder
  std::string started;  // of its first record, RFC 3339; else `added`
  std::string added;
  std::string commit;  // of the build under test; "" where it is not known
  std::string build;   // its version; "" where it is not known
  std::string note;
  std::int64_t records = 0;

  std::string Id() const { return digest.substr(0, 12); }
};

/// What a run cannot tell by itself.
struct HistoryAddOptions {
  std::string commit;  // "": the key "commit" of environment.json, if any
  std::string note;
};

struct HistoryAdded {
  HistoryRun run;
  bool is_new = true;  // false: the same records were there already
};

/// What series are of: a (cell, metric) with all that describes it.
struct HistorySubject {
  std::int64_t id = 0;
  Record record;  // cell ... direction; nothing of a single run
};

/// One value of a subject.
struct HistoryValue {
  std::int64_t subject = 0;
  std::int64_t run = 0;  // HistoryRun::number
  std::int64_t environment = 0;
  std::int64_t input = 0;  // weights, preprocessing and data together
  std::optional<double> value;
  std::optional<Interval> ci;
  std::int64_t n = 0;
};

/// Weights, preprocessing and data that a value was measured with.
struct HistoryInput {
  std::string weights_sha256;
  std::string preprocess_sha256;
  std::string dataset_sha256;
};

struct HistoryEnvironment {
  std::string fingerprint;  // what records carry
  Json document;            // environment.json; null where it is not known
};

/// A history file. Every member throws InputError, naming the file, where it is
/// damaged, locked for longer than 30 s, or cannot be written. Writers of
/// several processes take turns; a run is added whole or not at all.
class HistoryStore {
 public:
  /// Opens an existing file; an older schema is brought up to date. Throws
  /// InputError where there is none.
  static HistoryStore Open(const std::filesystem::path& path);
  /// The same, making the file and its folder where there is none.
  static HistoryStore OpenOrCreate(const std::filesystem::path& path);

  HistoryStore(HistoryStore&&) noexcept;
  HistoryStore& operator=(HistoryStore&&) noexcept;
  ~HistoryStore();

  /// Appends the run's records. The same records are not added twice. Throws
  /// InputError where there is no record.
  HistoryAdded Add(const RunFolder& run, const HistoryAddOptions& options = {});

  /// Oldest first: by start, then by number.
  std::vector<HistoryRun> Runs() const;
  /// The run of this id (or the start of it, 4 digits or more) or name, of
  /// several of one name the newest. Throws InputError where there is none, or
  /// the start of an id is that of several.
  HistoryRun FindRun(const std::string& id) const;

  /// The records of a run, as they were in its folder.
  std::vector<Record> Records(const HistoryRun& run) const;

  /// By id. The reference holds until the next call.
  const std::vector<HistorySubject>& Subjects() const;
  std::map<std::int64_t, HistoryEnvironment> Environments() const;
  std::map<std::int64_t, HistoryInput> Inputs() const;
  /// Calls `take` with the ok values of the subjects that `wanted` holds for,
  /// by subject, then by number of run.
  void ForEachValue(const std::function<bool(const HistorySubject&)>& wanted,
                    const std::function<void(const HistoryValue&)>& take) const;

  const std::filesystem::path& path() const;

 private:
  struct Impl;
  explicit HistoryStore(std::unique_ptr<Impl> impl);
  static HistoryStore OpenFile(const std::filesystem::path& path, bool create);
  std::unique_ptr<Impl> impl_;
};

/// Whether the file begins as an SQLite database does; false for a folder and
/// where there is none.
bool IsHistoryFile(const std::filesystem::path& path);

/// SHA-256 of the records' lines: what makes two runs the same.
std::string DigestOf(const std::vector<Record>& records);

}  // namespace eyechart::reports
