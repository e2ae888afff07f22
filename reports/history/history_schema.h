// The tables of a history file, and how an older file becomes a newer one.
#pragma once

#include <span>
#include <string>

namespace SQLite {
class Database;
}

namespace eyechart::reports {

/// What PRAGMA user_version says of a file that this build writes.
inline constexpr int kHistorySchema = 2;

/// "eyec": PRAGMA application_id, which tells a history from other databases.
inline constexpr int kHistoryApplicationId = 0x65796563;

/// One step: SQL that makes a file of version `to` out of one of `to` - 1.
struct HistoryMigration {
  int to;
  const char* sql;
};

/// The steps in order, from the empty file (version 0) on.
std::span<const HistoryMigration> HistoryMigrations();

/// Brings the file to kHistorySchema, in one transaction; another process may
/// do the same meanwhile. Throws InputError, naming `source`, where the schema
/// is newer than this build's, or the database is another program's.
void MigrateHistory(SQLite::Database& database, const std::string& source);

}  // namespace eyechart::reports
