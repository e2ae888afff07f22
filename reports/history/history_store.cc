#include "reports/history/history_store.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <set>
#include <thread>
#include <utility>

#include "core/error.h"
#include "core/files.h"
#include "core/hash.h"
#include "core/text.h"
#include "reports/gate/environments.h"
#include "reports/history/history_schema.h"

namespace eyechart::reports {
namespace {

namespace fs = std::filesystem;

constexpr int kBusyMs = 30'000;
constexpr std::size_t kLeastIdDigits = 4;

[[noreturn]] void Explain(const fs::path& path,
                          const SQLite::Exception& error) {
  switch (error.getErrorCode()) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      ThrowInput("{}: another process has held the history for {} s",
                 path.string(), kBusyMs / 1000);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      ThrowInput(
          "{}: damaged, or no history ({}); restore a copy, or make a new one "
          "from the run folders with `eyechart history add`",
          path.string(), error.what());
    default:
      ThrowInput("{}: {}", path.string(), error.what());
  }
}

// SQLite's errors as errors of the file.
template <typename Action>
auto OfFile(const fs::path& path, Action&& action) {
  try {
    return action();
  } catch (const SQLite::Exception& error) {
    Explain(path, error);
  }
}

Json ParseStored(const std::string& text, const fs::path& path) {
  return ParseJson(text, path.string());
}

std::string KeyOf(std::initializer_list<std::string_view> parts) {
  std::string key;
  for (const std::string_view part : parts)
    key += fmt::format("{}:{}", part.size(), part);
  return key;
}

// Rows that are written once and found by their content.
class Interned {
 public:
  Interned(SQLite::Database& database,
           const std::string& table,
           const std::vector<std::string>& columns)
      : columns_(columns.size()),
        insert_(database,
                fmt::format("INSERT INTO {} ({}) VALUES ({}?)",
                            table,
                            fmt::join(columns, ", "),
                            Marks(columns.size()))),
        database_(database) {
    SQLite::Statement all(
        database,
        fmt::format("SELECT id, {} FROM {}", fmt::join(columns, ", "), table));
    while (all.executeStep()) {
      std::string key;
      for (std::size_t i = 0; i < columns_; ++i)
        key += KeyOf({all.getColumn(static_cast<int>(i) + 1).getString()});
      ids_.emplace(std::move(key), all.getColumn(0).getInt64());
    }
  }

  std::int64_t IdOf(const std::vector<std::string>& texts) {
    std::string key;
    for (const std::string& text : texts) key += KeyOf({text});
    const auto [place, is_new] = ids_.emplace(std::move(key), 0);
    if (!is_new) return place->second;
    insert_.reset();
    for (std::size_t i = 0; i < columns_; ++i)
      insert_.bind(static_cast<int>(i) + 1, texts[i]);
    insert_.exec();
    return place->second = database_.getLastInsertRowid();
  }

 private:
  static std::string Marks(std::size_t count) {
    std::string marks;
    for (std::size_t i = 1; i < count; ++i) marks += "?, ";
    return marks;
  }

  std::size_t columns_;
  SQLite::Statement insert_;
  SQLite::Database& database_;
  std::map<std::string, std::int64_t> ids_;
};

void BindOptional(SQLite::Statement& statement,
                  int place,
                  std::optional<double> value) {
  if (value)
    statement.bind(place, *value);
  else
    statement.bind(place);
}

class RecordWriter {
 public:
  explicit RecordWriter(SQLite::Database& database)
      : subjects_(database,
                  "subjects",
                  {"cell", "encoder", "task", "dataset", "setting", "metric",
                   "unit", "direction"}),
        inputs_(database,
                "inputs",
                {"weights_sha256", "preprocess_sha256", "dataset_sha256"}),
        environments_(database, "environments", {"fingerprint"}),
        insert_(database,
                "INSERT INTO records (run, subject, input, environment, "
                "record_run, value, n, ci_low, ci_high, ci_level, ci_method, "
                "status, message, started, seconds) VALUES "
                "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)") {}

  void Write(std::int64_t run, const Record& record) {
    insert_.reset();
    insert_.clearBindings();
    insert_.bind(1, run);
    insert_.bind(
        2, subjects_.IdOf({record.cell, record.encoder, record.task,
                           record.dataset, CanonicalJson(record.setting),
                           record.metric, record.unit, record.direction}));
    insert_.bind(3,
                 inputs_.IdOf({record.weights_sha256, record.preprocess_sha256,
                               record.dataset_sha256}));
    insert_.bind(4, Environment(record.environment));
    insert_.bind(5, record.run);
    BindOptional(insert_, 6, record.value);
    insert_.bind(7, record.n);
    if (record.ci) {
      insert_.bind(8, record.ci->low);
      insert_.bind(9, record.ci->high);
      insert_.bind(10, record.ci->level);
      insert_.bind(11, record.ci->method);
    }
    insert_.bind(12, std::string(RecordStatusName(record.status)));
    insert_.bind(13, record.message);
    insert_.bind(14, record.started);
    insert_.bind(15, record.seconds);
    insert_.exec();
  }

  std::int64_t Environment(const std::string& fingerprint) {
    return environments_.IdOf({fingerprint});
  }

 private:
  Interned subjects_;
  Interned inputs_;
  Interned environments_;
  SQLite::Statement insert_;
};

// The least of `started`, as RFC 3339 sorts as text.
std::string FirstStart(const std::vector<Record>& records,
                       const std::string& otherwise) {
  std::string first;
  for (const Record& record : records)
    if (!record.started.empty() && (first.empty() || record.started < first))
      first = record.started;
  return first.empty() ? otherwise : first;
}

std::string TextOf(const Json& document, const char* key) {
  if (!document.is_object()) return "";
  const auto found = document.find(key);
  return found != document.end() && found->is_string()
             ? found->get<std::string>()
             : "";
}

constexpr char kRunColumns[] =
    "SELECT number, digest, name, started, added, build_commit, build, note, "
    "records FROM runs";

HistoryRun RunOf(const SQLite::Statement& row) {
  HistoryRun run;
  run.number = row.getColumn(0).getInt64();
  run.digest = row.getColumn(1).getString();
  run.name = row.getColumn(2).getString();
  run.started = row.getColumn(3).getString();
  run.added = row.getColumn(4).getString();
  run.commit = row.getColumn(5).getString();
  run.build = row.getColumn(6).getString();
  run.note = row.getColumn(7).getString();
  run.records = row.getColumn(8).getInt64();
  return run;
}

std::optional<double> NumberOf(const SQLite::Column& column) {
  if (column.isNull()) return std::nullopt;
  return column.getDouble();
}

std::optional<Interval> IntervalOf(const SQLite::Statement& row, int first) {
  if (row.getColumn(first).isNull()) return std::nullopt;
  return Interval{row.getColumn(first).getDouble(),
                  row.getColumn(first + 1).getDouble(),
                  row.getColumn(first + 2).getDouble(),
                  row.getColumn(first + 3).getString()};
}

RecordStatus StatusOf(const std::string& name, const fs::path& path) {
  for (const RecordStatus status :
       {RecordStatus::kOk, RecordStatus::kError, RecordStatus::kSkipped})
    if (RecordStatusName(status) == name) return status;
  ThrowInput("{}: damaged: a record has the status \"{}\"", path.string(),
             name);
}

// Readers and a writer do not wait for each other then. SQLite itself does not
// wait where another connection is at the file, whatever its busy timeout is.
void WriteAhead(SQLite::Database& database) {
  using std::chrono::steady_clock;
  const auto until = steady_clock::now() + std::chrono::milliseconds(kBusyMs);
  while (true) {
    try {
      database.exec("PRAGMA journal_mode = WAL");
      return;
    } catch (const SQLite::Exception& error) {
      if (error.getErrorCode() != SQLITE_BUSY || steady_clock::now() > until)
        throw;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

}  // namespace

struct HistoryStore::Impl {
  Impl(fs::path file, bool create)
      : path(std::move(file)),
        database(path.string(),
                 SQLite::OPEN_READWRITE | (create ? SQLite::OPEN_CREATE : 0),
                 kBusyMs) {
    MigrateHistory(database, path.string());
    WriteAhead(database);
    // A commit is on the disk when it returns.
    database.exec("PRAGMA synchronous = FULL");
    database.exec("PRAGMA foreign_keys = ON");
  }

  fs::path path;
  mutable SQLite::Database database;
  mutable std::vector<HistorySubject> subjects;  // read so far, by id
};

HistoryStore::HistoryStore(std::unique_ptr<Impl> impl)
    : impl_(std::move(impl)) {}
HistoryStore::HistoryStore(HistoryStore&&) noexcept = default;
HistoryStore& HistoryStore::operator=(HistoryStore&&) noexcept = default;
HistoryStore::~HistoryStore() = default;

HistoryStore HistoryStore::OpenFile(const fs::path& path, bool create) {
  return HistoryStore(
      OfFile(path, [&] { return std::make_unique<Impl>(path, create); }));
}

HistoryStore HistoryStore::Open(const fs::path& path) {
  EYECHART_REQUIRE(fs::is_regular_file(path) && fs::file_size(path) > 0,
                   "{}: no history there; `eyechart history add RUN --db {}` "
                   "makes one",
                   path.string(), path.string());
  return OpenFile(path, false);
}

HistoryStore HistoryStore::OpenOrCreate(const fs::path& path) {
  EYECHART_REQUIRE(!fs::is_directory(path),
                   "{}: is a folder; a history is a file", path.string());
  if (path.has_parent_path()) CreateFolder(path.parent_path());
  return OpenFile(path, true);
}

const fs::path& HistoryStore::path() const { return impl_->path; }

HistoryAdded HistoryStore::Add(const RunFolder& run,
                               const HistoryAddOptions& options) {
  EYECHART_REQUIRE(!run.records.empty(), "{}: records.jsonl holds no record",
                   run.path.string());
  const std::map<std::string, Json> documents = EnvironmentsOf(run);
  HistoryRun made;
  made.digest = DigestOf(run.records);
  made.name = run.name;
  made.added = UtcNow();
  made.started = FirstStart(run.records, made.added);
  made.commit = options.commit.empty() ? TextOf(run.environment, "commit")
                                       : options.commit;
  made.build = TextOf(run.environment, "eyechart");
  made.note = options.note;
  made.records = static_cast<std::int64_t>(run.records.size());
  return OfFile(path(), [&]() -> HistoryAdded {
    SQLite::Database& database = impl_->database;
    SQLite::Transaction transaction(database,
                                    SQLite::TransactionBehavior::IMMEDIATE);
    SQLite::Statement known(database,
                            fmt::format("{} WHERE digest = ?", kRunColumns));
    known.bind(1, made.digest);
    if (known.executeStep()) return {RunOf(known), false};
    SQLite::Statement insert(
        database,
        "INSERT INTO runs (digest, name, started, added, build_commit, build, "
        "note, records) VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    int place = 0;
    for (const std::string* text :
         {&made.digest, &made.name, &made.started, &made.added, &made.commit,
          &made.build, &made.note})
      insert.bind(++place, *text);
    insert.bind(++place, made.records);
    insert.exec();
    made.number = database.getLastInsertRowid();
    RecordWriter writer(database);
    for (const Record& record : run.records) writer.Write(made.number, record);
    SQLite::Statement document(database,
                               "INSERT OR IGNORE INTO documents (environment, "
                               "document) VALUES (?, ?)");
    for (const auto& [fingerprint, json] : documents) {
      document.reset();
      document.bind(1, writer.Environment(fingerprint));
      document.bind(2, CanonicalJson(json));
      document.exec();
    }
    transaction.commit();
    return {made, true};
  });
}

std::vector<HistoryRun> HistoryStore::Runs() const {
  return OfFile(path(), [&] {
    std::vector<HistoryRun> runs;
    SQLite::Statement rows(
        impl_->database,
        fmt::format("{} ORDER BY started, number", kRunColumns));
    while (rows.executeStep()) runs.push_back(RunOf(rows));
    return runs;
  });
}

HistoryRun HistoryStore::FindRun(const std::string& id) const {
  const std::vector<HistoryRun> runs = Runs();
  std::vector<std::string> names;
  const HistoryRun* found = nullptr;
  for (const HistoryRun& run : runs) {
    names.push_back(run.name);
    if (run.name == id) found = &run;  // the newest
  }
  if (found != nullptr) return *found;
  for (const HistoryRun& run : runs) {
    if (id.size() < kLeastIdDigits || !run.digest.starts_with(id)) continue;
    EYECHART_REQUIRE(found == nullptr,
                     "{}: the ids of several runs begin with "
                     "\"{}\", as {} and {}",
                     path().string(), id, found->Id(), run.Id());
    found = &run;
  }
  EYECHART_REQUIRE(found != nullptr,
                   "{}: no run \"{}\"{}; `eyechart history list` names them",
                   path().string(), id, DidYouMean(id, names));
  return *found;
}

std::vector<Record> HistoryStore::Records(const HistoryRun& run) const {
  const std::vector<HistorySubject>& subjects = Subjects();
  const std::map<std::int64_t, HistoryInput> inputs = Inputs();
  const std::map<std::int64_t, HistoryEnvironment> environments =
      Environments();
  return OfFile(path(), [&] {
    std::vector<Record> records;
    SQLite::Statement rows(
        impl_->database,
        "SELECT subject, input, environment, record_run, value, n, ci_low, "
        "ci_high, ci_level, ci_method, status, message, started, seconds FROM "
        "records WHERE run = ? ORDER BY id");
    rows.bind(1, run.number);
    const auto missing = [&](const char* what) {
      ThrowInput("{}: damaged: a record of run {} without its {}",
                 path().string(), run.Id(), what);
    };
    while (rows.executeStep()) {
      const std::int64_t id = rows.getColumn(0).getInt64();
      const auto subject =
          std::ranges::lower_bound(subjects, id, {}, &HistorySubject::id);
      if (subject == subjects.end() || subject->id != id) missing("subject");
      const auto input = inputs.find(rows.getColumn(1).getInt64());
      if (input == inputs.end()) missing("input");
      const auto environment = environments.find(rows.getColumn(2).getInt64());
      if (environment == environments.end()) missing("environment");
      Record record = subject->record;
      record.weights_sha256 = input->second.weights_sha256;
      record.preprocess_sha256 = input->second.preprocess_sha256;
      record.dataset_sha256 = input->second.dataset_sha256;
      record.environment = environment->second.fingerprint;
      record.run = rows.getColumn(3).getString();
      record.value = NumberOf(rows.getColumn(4));
      record.n = rows.getColumn(5).getInt64();
      record.ci = IntervalOf(rows, 6);
      record.status = StatusOf(rows.getColumn(10).getString(), path());
      record.message = rows.getColumn(11).getString();
      record.started = rows.getColumn(12).getString();
      record.seconds = rows.getColumn(13).getDouble();
      records.push_back(std::move(record));
    }
    EYECHART_REQUIRE(std::cmp_equal(records.size(), run.records),
                     "{}: damaged: run {} has {} records, {} were added",
                     path().string(), run.Id(), records.size(), run.records);
    return records;
  });
}

const std::vector<HistorySubject>& HistoryStore::Subjects() const {
  std::vector<HistorySubject>& subjects = impl_->subjects;
  OfFile(path(), [&] {
    // Rows are only ever added.
    SQLite::Statement rows(
        impl_->database,
        "SELECT id, cell, encoder, task, dataset, setting, metric, unit, "
        "direction FROM subjects WHERE id > ? ORDER BY id");
    rows.bind(1, subjects.empty() ? 0 : subjects.back().id);
    while (rows.executeStep()) {
      HistorySubject subject;
      subject.id = rows.getColumn(0).getInt64();
      Record& record = subject.record;
      int column = 0;
      for (std::string* text :
           {&record.cell, &record.encoder, &record.task, &record.dataset})
        *text = rows.getColumn(++column).getString();
      const Json setting = ParseStored(rows.getColumn(5).getString(), path());
      EYECHART_REQUIRE(setting.is_object(), "{}: damaged: the setting of {}",
                       path().string(), record.cell);
      for (const auto& [key, value] : setting.items()) {
        EYECHART_REQUIRE(value.is_string(), "{}: damaged: the setting of {}",
                         path().string(), record.cell);
        record.setting[key] = value.get<std::string>();
      }
      record.metric = rows.getColumn(6).getString();
      record.unit = rows.getColumn(7).getString();
      record.direction = rows.getColumn(8).getString();
      subjects.push_back(std::move(subject));
    }
  });
  return subjects;
}

std::map<std::int64_t, HistoryEnvironment> HistoryStore::Environments() const {
  return OfFile(path(), [&] {
    std::map<std::int64_t, HistoryEnvironment> environments;
    SQLite::Statement rows(
        impl_->database,
        "SELECT id, fingerprint, document FROM environments LEFT JOIN "
        "documents ON documents.environment = environments.id");
    while (rows.executeStep()) {
      HistoryEnvironment& environment =
          environments[rows.getColumn(0).getInt64()];
      environment.fingerprint = rows.getColumn(1).getString();
      if (!rows.getColumn(2).isNull())
        environment.document =
            ParseStored(rows.getColumn(2).getString(), path());
    }
    return environments;
  });
}

std::map<std::int64_t, HistoryInput> HistoryStore::Inputs() const {
  return OfFile(path(), [&] {
    std::map<std::int64_t, HistoryInput> inputs;
    SQLite::Statement rows(impl_->database,
                           "SELECT id, weights_sha256, preprocess_sha256, "
                           "dataset_sha256 FROM inputs");
    while (rows.executeStep())
      inputs[rows.getColumn(0).getInt64()] = {rows.getColumn(1).getString(),
                                              rows.getColumn(2).getString(),
                                              rows.getColumn(3).getString()};
    return inputs;
  });
}

void HistoryStore::ForEachValue(
    const std::function<bool(const HistorySubject&)>& wanted,
    const std::function<void(const HistoryValue&)>& take) const {
  std::vector<std::int64_t> ids;
  std::size_t all = 0;
  for (const HistorySubject& subject : Subjects()) {
    ++all;
    if (wanted(subject)) ids.push_back(subject.id);
  }
  OfFile(path(), [&] {
    // Few subjects are found by the index; most of them by one pass.
    const bool pass = ids.size() * 2 > all;
    SQLite::Statement rows(
        impl_->database,
        fmt::format(
            "SELECT subject, run, environment, input, value, ci_low, ci_high, "
            "ci_level, ci_method, n FROM records WHERE status = 'ok' AND value "
            "IS NOT NULL{} ORDER BY subject, run",
            pass ? "" : " AND subject = ?"));
    const std::set<std::int64_t> chosen(ids.begin(), ids.end());
    const auto read = [&] {
      while (rows.executeStep()) {
        HistoryValue value;
        value.subject = rows.getColumn(0).getInt64();
        if (!chosen.contains(value.subject)) continue;
        value.run = rows.getColumn(1).getInt64();
        value.environment = rows.getColumn(2).getInt64();
        value.input = rows.getColumn(3).getInt64();
        value.value = NumberOf(rows.getColumn(4));
        value.ci = IntervalOf(rows, 5);
        value.n = rows.getColumn(9).getInt64();
        take(value);
      }
      rows.reset();
    };
    if (pass) return read();
    for (const std::int64_t id : ids) {
      rows.bind(1, id);
      read();
    }
  });
}

bool IsHistoryFile(const fs::path& path) {
  constexpr std::string_view kMagic = "SQLite format 3";
  if (!fs::is_regular_file(path)) return false;
  std::ifstream in(path, std::ios::binary);
  std::string head(kMagic.size(), '\0');
  in.read(head.data(), static_cast<std::streamsize>(head.size()));
  return in && head == kMagic;
}

std::string DigestOf(const std::vector<Record>& records) {
  Sha256 sha;
  for (const Record& record : records) {
    sha.Update(RecordToLine(record));
    sha.Update("\n");
  }
  return sha.HexDigest();
}

}  // namespace eyechart::reports
