#include "reports/history/history_schema.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include <array>

#include "core/error.h"

namespace eyechart::reports {
namespace {

// A record is a row of `records`; what repeats from run to run stands once, in
// `subjects`, `inputs` and `environments`. A fingerprint whose document is not
// known has no row in `documents`.
constexpr char kVersion1[] = R"sql(
CREATE TABLE runs (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  digest TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  started TEXT NOT NULL,
  added TEXT NOT NULL,
  build_commit TEXT NOT NULL,
  records INTEGER NOT NULL);
CREATE TABLE subjects (
  id INTEGER PRIMARY KEY,
  cell TEXT NOT NULL,
  encoder TEXT NOT NULL,
  task TEXT NOT NULL,
  dataset TEXT NOT NULL,
  setting TEXT NOT NULL,
  metric TEXT NOT NULL,
  unit TEXT NOT NULL,
  direction TEXT NOT NULL,
  UNIQUE (cell, metric, encoder, task, dataset, setting, unit, direction));
CREATE TABLE inputs (
  id INTEGER PRIMARY KEY,
  weights_sha256 TEXT NOT NULL,
  preprocess_sha256 TEXT NOT NULL,
  dataset_sha256 TEXT NOT NULL,
  UNIQUE (weights_sha256, preprocess_sha256, dataset_sha256));
CREATE TABLE environments (
  id INTEGER PRIMARY KEY,
  fingerprint TEXT NOT NULL UNIQUE);
CREATE TABLE documents (
  environment INTEGER PRIMARY KEY REFERENCES environments (id),
  document TEXT NOT NULL);
CREATE TABLE records (
  id INTEGER PRIMARY KEY,
  run INTEGER NOT NULL REFERENCES runs (number),
  subject INTEGER NOT NULL REFERENCES subjects (id),
  input INTEGER NOT NULL REFERENCES inputs (id),
  environment INTEGER NOT NULL REFERENCES environments (id),
  record_run TEXT NOT NULL,
  value REAL,
  n INTEGER NOT NULL,
  ci_low REAL,
  ci_high REAL,
  ci_level REAL,
  ci_method TEXT,
  status TEXT NOT NULL,
  message TEXT NOT NULL,
  started TEXT NOT NULL,
  seconds REAL NOT NULL);
CREATE INDEX records_by_subject ON records (subject, run);
CREATE INDEX records_by_run ON records (run);

CREATE TRIGGER runs_keep BEFORE UPDATE ON runs
BEGIN SELECT RAISE(ABORT, 'a history is append-only'); END;
CREATE TRIGGER runs_stay BEFORE DELETE ON runs
BEGIN SELECT RAISE(ABORT, 'a history is append-only'); END;
CREATE TRIGGER records_keep BEFORE UPDATE ON records
BEGIN SELECT RAISE(ABORT, 'a history is append-only'); END;
CREATE TRIGGER records_stay BEFORE DELETE ON records
BEGIN SELECT RAISE(ABORT, 'a history is append-only'); END;
CREATE TRIGGER subjects_keep BEFORE UPDATE ON subjects
BEGIN SELECT RAISE(ABORT, 'a history is append-only'); END;
CREATE TRIGGER subjects_stay BEFORE DELETE ON subjects
BEGIN SELECT RAISE(ABORT, 'a history is append-only'); END;
CREATE TRIGGER inputs_keep BEFORE UPDATE ON inputs
BEGIN SELECT RAISE(ABORT, 'a history is append-only'); END;
CREATE TRIGGER inputs_stay BEFORE DELETE ON inputs
BEGIN SELECT RAISE(ABORT, 'a history is append-only'); END;
CREATE TRIGGER environments_keep BEFORE UPDATE ON environments
BEGIN SELECT RAISE(ABORT, 'a history is append-only'); END;
CREATE TRIGGER environments_stay BEFORE DELETE ON environments
BEGIN SELECT RAISE(ABORT, 'a history is append-only'); END;
CREATE TRIGGER documents_keep BEFORE UPDATE ON documents
BEGIN SELECT RAISE(ABORT, 'a history is append-only'); END;
CREATE TRIGGER documents_stay BEFORE DELETE ON documents
BEGIN SELECT RAISE(ABORT, 'a history is append-only'); END;
)sql";

// Builds and notes; REPLACE, which deletes without the triggers above; and the
// records with all their fields for who asks by SQL.
constexpr char kVersion2[] = R"sql(
ALTER TABLE runs ADD COLUMN build TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN note TEXT NOT NULL DEFAULT '';
CREATE TRIGGER runs_once BEFORE INSERT ON runs
WHEN EXISTS (SELECT 1 FROM runs
             WHERE number = NEW.number OR digest = NEW.digest)
BEGIN SELECT RAISE(ABORT, 'a history is append-only'); END;
CREATE TRIGGER records_once BEFORE INSERT ON records
WHEN EXISTS (SELECT 1 FROM records WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'a history is append-only'); END;
CREATE VIEW record_rows AS
SELECT runs.number AS run_number, substr(runs.digest, 1, 12) AS run_id,
  runs.name AS run_name, runs.build_commit, runs.build, runs.note,
  records.record_run AS run, cell, encoder, task, dataset, setting, metric,
  value, unit, direction, n, ci_low, ci_high, ci_level, ci_method, status,
  message, fingerprint AS environment, weights_sha256, preprocess_sha256,
  dataset_sha256, records.started, seconds
FROM records
JOIN runs ON runs.number = records.run
JOIN subjects ON subjects.id = records.subject
JOIN inputs ON inputs.id = records.input
JOIN environments ON environments.id = records.environment;
)sql";

constexpr std::array kMigrations = {HistoryMigration{1, kVersion1},
                                    HistoryMigration{2, kVersion2}};
static_assert(kMigrations.back().to == kHistorySchema);

int Pragma(SQLite::Database& database, const char* name) {
  return database.execAndGet(fmt::format("PRAGMA {}", name)).getInt();
}

void RequireOurs(SQLite::Database& database, const std::string& source) {
  const int id = Pragma(database, "application_id");
  const bool empty =
      database.execAndGet("SELECT count(*) FROM sqlite_master").getInt() == 0;
  EYECHART_REQUIRE(id == kHistoryApplicationId || (id == 0 && empty),
                   "{}: a database of another program; a history is a file "
                   "that `eyechart history add` made",
                   source);
  const int version = Pragma(database, "user_version");
  EYECHART_REQUIRE(version <= kHistorySchema,
                   "{}: history schema {}; this build knows 1 to {}: a newer "
                   "eyechart wrote it",
                   source, version, kHistorySchema);
}

}  // namespace

std::span<const HistoryMigration> HistoryMigrations() { return kMigrations; }

void MigrateHistory(SQLite::Database& database, const std::string& source) {
  {
    // One snapshot: between two reads another process may make a history of
    // what was empty.
    const SQLite::Transaction reading(database);
    RequireOurs(database, source);
    if (Pragma(database, "user_version") == kHistorySchema) return;
  }
  SQLite::Transaction transaction(database,
                                  SQLite::TransactionBehavior::IMMEDIATE);
  // Once more: another process may have been faster.
  RequireOurs(database, source);
  const int version = Pragma(database, "user_version");
  for (const HistoryMigration& step : kMigrations)
    if (step.to > version) database.exec(step.sql);
  database.exec(
      fmt::format("PRAGMA application_id = {}; "
                  "PRAGMA user_version = {}",
                  kHistoryApplicationId, kHistorySchema));
  transaction.commit();
}

}  // namespace eyechart::reports
