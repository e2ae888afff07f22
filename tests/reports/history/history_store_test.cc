#include "reports/history/history_store.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <limits>
#include <string>
#include <thread>

#include "core/files.h"
#include "reports/history/history_schema.h"
#include "tests/reports/history/history_runs.h"
#include "tests/reports/sample_runs.h"

namespace eyechart::reports {
namespace {

namespace fs = std::filesystem;
using eyechart::testing::InputErrorOf;
using eyechart::testing::TempFolder;
using eyechart::testing::WriteText;
using testing::Contains;
using testing::Lines;
using testing::NightRun;

class HistoryStoreTest : public ::testing::Test {
 protected:
  fs::path file() const { return folder_ / "history.sqlite"; }
  std::string OpenError() const {
    return InputErrorOf([&] { HistoryStore::Open(file()); });
  }
  TempFolder folder_;
};

TEST_F(HistoryStoreTest, RecordsComeBackAsTheyWere) {
  RunFolder run = testing::SampleRun();
  run.records[0].value = std::nextafter(0.1, 1);
  run.records[1].value = std::numeric_limits<double>::denorm_min();
  run.records[2].n = std::numeric_limits<std::int64_t>::max();
  run.records[3].setting["k"] = "a \"quoted\" \u00e9 key=1,2";
  HistoryStore::OpenOrCreate(file()).Add(run, {"abc123", "a note"});
  const HistoryStore store = HistoryStore::Open(file());
  const std::vector<HistoryRun> runs = store.Runs();
  ASSERT_EQ(runs.size(), 1u);
  EXPECT_EQ(Lines(store.Records(runs[0])), Lines(run.records));
  EXPECT_EQ(runs[0].name, "nightly");
  EXPECT_EQ(runs[0].commit, "abc123");
  EXPECT_EQ(runs[0].note, "a note");
  EXPECT_EQ(runs[0].started, "2026-11-23T20:44:00Z");
  EXPECT_EQ(runs[0].digest, DigestOf(run.records));
}

TEST_F(HistoryStoreTest, EnvironmentsStandOnceWithoutTheCommand) {
  HistoryStore store = HistoryStore::OpenOrCreate(file());
  RunFolder run = NightRun(1, {0.5, 0.6});
  run.environment["command"] = "eyechart run /home/someone/a.toml";
  store.Add(run);
  run.records[0].value = 0.7;
  store.Add(run);
  const auto environments = store.Environments();
  ASSERT_EQ(environments.size(), 1u);
  const HistoryEnvironment& only = environments.begin()->second;
  EXPECT_EQ(only.fingerprint, run.records[0].environment);
  EXPECT_EQ(only.document["cpu"], "A");
  EXPECT_FALSE(only.document.contains("command"));
  // What the run says of its build.
  EXPECT_EQ(store.Runs()[0].commit, "c001");
  EXPECT_EQ(store.Runs()[0].build, "0.1.1");
}

TEST_F(HistoryStoreTest, TheSameRunIsAddedOnce) {
  HistoryStore store = HistoryStore::OpenOrCreate(file());
  EXPECT_TRUE(store.Add(NightRun(1, {0.5})).is_new);
  const HistoryAdded again = store.Add(NightRun(1, {0.5}), {"other", ""});
  EXPECT_FALSE(again.is_new);
  EXPECT_EQ(again.run.commit, "c001");
  EXPECT_TRUE(store.Add(NightRun(1, {0.6})).is_new);
  EXPECT_EQ(store.Runs().size(), 2u);
  RunFolder empty = NightRun(2, {});
  EXPECT_TRUE(Contains(InputErrorOf([&] { store.Add(empty); }),
                       "runs/night2: records.jsonl holds no record"));
}

TEST_F(HistoryStoreTest, RunsAreInTheOrderOfTheirStarts) {
  HistoryStore store = HistoryStore::OpenOrCreate(file());
  for (const int night : {3, 1, 2}) store.Add(NightRun(night, {0.5}));
  std::vector<std::string> names;
  for (const HistoryRun& run : store.Runs()) names.push_back(run.name);
  EXPECT_EQ(names, (std::vector<std::string>{"night1", "night2", "night3"}));
}

TEST_F(HistoryStoreTest, FindsRunsByIdOrName) {
  HistoryStore store = HistoryStore::OpenOrCreate(file());
  const HistoryRun first = store.Add(NightRun(1, {0.5})).run;
  RunFolder later = NightRun(2, {0.6});
  later.name = "night1";
  const HistoryRun second = store.Add(later).run;
  EXPECT_EQ(store.FindRun(first.Id()).number, first.number);
  EXPECT_EQ(store.FindRun(first.digest.substr(0, 4)).number, first.number);
  EXPECT_EQ(store.FindRun("night1").number, second.number);
  const std::string error = InputErrorOf([&] { store.FindRun("nigth1"); });
  EXPECT_TRUE(Contains(error, "did you mean \"night1\"")) << error;
  EXPECT_FALSE(InputErrorOf([&] { store.FindRun(""); }).empty());
}

TEST_F(HistoryStoreTest, IsAppendOnly) {
  HistoryStore::OpenOrCreate(file()).Add(NightRun(1, {0.5}));
  SQLite::Database database(file().string(), SQLite::OPEN_READWRITE);
  for (const char* sql :
       {"UPDATE records SET value = 1", "DELETE FROM records",
        "UPDATE runs SET note = 'x'", "DELETE FROM runs",
        "UPDATE subjects SET cell = 'x'", "DELETE FROM subjects",
        "UPDATE inputs SET weights_sha256 = 'x'", "DELETE FROM inputs",
        "UPDATE environments SET fingerprint = 'x'", "DELETE FROM environments",
        "UPDATE documents SET document = '{}'", "DELETE FROM documents",
        "REPLACE INTO records SELECT * FROM records",
        "REPLACE INTO runs SELECT * FROM runs"}) {
    std::string said;
    try {
      database.exec(sql);
    } catch (const SQLite::Exception& error) {
      said = error.what();
    }
    EXPECT_EQ(said, "a history is append-only") << sql;
  }
  EXPECT_EQ(database.execAndGet("SELECT value FROM record_rows").getDouble(),
            0.5);
}

TEST_F(HistoryStoreTest, AnOlderFileIsBroughtUpToDate) {
  {
    SQLite::Database old(file().string(),
                         SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    ASSERT_EQ(HistoryMigrations()[0].to, 1);
    old.exec(HistoryMigrations()[0].sql);
    old.exec(fmt::format("PRAGMA application_id = {}; PRAGMA user_version = 1",
                         kHistoryApplicationId));
    old.exec(
        "INSERT INTO runs VALUES (1, 'd1', 'old', '2025-01-01T00:00:00Z', "
        "'2025-01-02T00:00:00Z', 'c0', 1);"
        "INSERT INTO subjects VALUES (1, 'c0', 'clip', 'knn', 'photos', '{}', "
        "'top1', '1', 'higher');"
        "INSERT INTO inputs VALUES (1, 'w', 'p', 'd');"
        "INSERT INTO environments VALUES (1, 'e');"
        "INSERT INTO records VALUES (1, 1, 1, 1, 1, 'r', 0.25, 7, NULL, NULL, "
        "NULL, NULL, 'ok', '', '2025-01-01T00:00:00Z', 2)");
  }
  HistoryStore store = HistoryStore::Open(file());
  store.Add(NightRun(1, {0.5}), {"", "new"});
  const std::vector<HistoryRun> runs = store.Runs();
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[0].name, "old");
  EXPECT_EQ(runs[0].note, "");
  EXPECT_EQ(runs[1].note, "new");
  ASSERT_EQ(store.Records(runs[0]).size(), 1u);
  EXPECT_EQ(store.Records(runs[0])[0].value, 0.25);
  EXPECT_EQ(store.Records(runs[0])[0].weights_sha256, "w");
  SQLite::Database database(file().string());
  EXPECT_EQ(database.execAndGet("PRAGMA user_version").getInt(), 2);
}

TEST_F(HistoryStoreTest, RefusesWhatIsNoHistory) {
  EXPECT_TRUE(Contains(OpenError(), "no history there"));
  WriteText(file(), "");
  EXPECT_TRUE(Contains(OpenError(), "no history there"));
  WriteText(file(), "no database, but some text that is long enough\n");
  EXPECT_TRUE(Contains(OpenError(), "damaged, or no history"));
  fs::remove(file());
  {
    SQLite::Database other(file().string(),
                           SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    other.exec("CREATE TABLE bookmarks (url TEXT)");
  }
  EXPECT_TRUE(Contains(OpenError(), "a database of another program"));
  fs::remove(file());
  HistoryStore::OpenOrCreate(file()).Add(NightRun(1, {0.5}));
  SQLite::Database(file().string(), SQLite::OPEN_READWRITE)
      .exec("PRAGMA user_version = 3");
  EXPECT_TRUE(
      Contains(OpenError(), "history schema 3; this build knows 1 to 2"))
      << OpenError();
  EXPECT_TRUE(Contains(
      InputErrorOf([&] { HistoryStore::OpenOrCreate(folder_.path()); }),
      "is a folder"));
}

TEST_F(HistoryStoreTest, DamageIsAnInputError) {
  {
    HistoryStore store = HistoryStore::OpenOrCreate(file());
    for (int night = 1; night <= 20; ++night)
      store.Add(NightRun(night, std::vector<double>(50, 0.5 + night / 100.0)));
  }
  const std::string whole = ReadFile(file());
  int errors = 0;
  // Cut short, and with pages overwritten: an error or what was there, never
  // a crash.
  for (std::size_t at = 100; at < whole.size(); at += whole.size() / 40) {
    for (const bool cut : {true, false}) {
      std::string broken = whole;
      if (cut)
        broken.resize(at);
      else
        broken.replace(at, std::min<std::size_t>(300, whole.size() - at),
                       std::min<std::size_t>(300, whole.size() - at), '\xa5');
      WriteText(file(), broken);
      const std::string error = InputErrorOf([&] {
        const HistoryStore store = HistoryStore::Open(file());
        for (const HistoryRun& run : store.Runs()) store.Records(run);
        store.ForEachValue([](const HistorySubject&) { return true; },
                           [](const HistoryValue&) {});
      });
      if (error.empty()) continue;
      ++errors;
      EXPECT_TRUE(Contains(error, "history.sqlite: ")) << error;
    }
  }
  EXPECT_GT(errors, 40);
}

TEST_F(HistoryStoreTest, AddersTakeTurns) {
  constexpr int kAdders = 4;
  constexpr int kNights = 6;
  std::atomic<int> made{0};
  std::atomic<int> made_of_common{0};
  std::vector<std::thread> adders;
  for (int adder = 0; adder < kAdders; ++adder)
    adders.emplace_back([&, adder] {
      HistoryStore store = HistoryStore::OpenOrCreate(file());
      for (int night = 1; night <= kNights; ++night) {
        made += store.Add(NightRun(night, {0.5 + adder / 10.0, 0.1})).is_new;
        made_of_common += store.Add(NightRun(night + 100, {0.9})).is_new;
      }
    });
  for (std::thread& adder : adders) adder.join();
  EXPECT_EQ(made, kAdders * kNights);
  EXPECT_EQ(made_of_common, kNights);
  EXPECT_EQ(HistoryStore::Open(file()).Runs().size(),
            std::size_t{(kAdders + 1) * kNights});
}

// What one has begun to make is no other program's database to the next.
TEST_F(HistoryStoreTest, IsMadeOnceByManyAtOnce) {
  for (int round = 0; round < 40; ++round) {
    const fs::path path = folder_ / (std::to_string(round) + ".sqlite");
    std::vector<std::thread> makers;
    for (int maker = 0; maker < 6; ++maker)
      makers.emplace_back([&] {
        try {
          HistoryStore::OpenOrCreate(path);
        } catch (const InputError& error) {
          ADD_FAILURE() << error.what();
        }
      });
    for (std::thread& maker : makers) maker.join();
  }
}

TEST_F(HistoryStoreTest, AKilledAdderLeavesWholeRuns) {
  HistoryStore::OpenOrCreate(file()).Add(NightRun(1, {0.5}));
  for (int round = 0; round < 5; ++round) {
    const pid_t child = fork();
    if (child == 0) {
      HistoryStore store = HistoryStore::OpenOrCreate(file());
      for (int night = 1; night < 10'000; ++night)
        store.Add(NightRun(night, std::vector<double>(2000, night + round)));
      _exit(0);
    }
    usleep(20'000 + 15'000 * round);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    const HistoryStore store = HistoryStore::Open(file());
    for (const HistoryRun& run : store.Runs())
      EXPECT_EQ(store.Records(run).size(), std::size_t(run.records));
    SQLite::Database database(file().string());
    EXPECT_EQ(database
                  .execAndGet("SELECT count(*) FROM records WHERE run NOT IN "
                              "(SELECT number FROM runs)")
                  .getInt(),
              0);
  }
}

TEST_F(HistoryStoreTest, KnowsItsFilesByTheirBeginning) {
  EXPECT_FALSE(IsHistoryFile(file()));
  EXPECT_FALSE(IsHistoryFile(folder_.path()));
  WriteText(file(), "SQL");
  EXPECT_FALSE(IsHistoryFile(file()));
  fs::remove(file());
  HistoryStore::OpenOrCreate(file());
  EXPECT_TRUE(IsHistoryFile(file()));
}

}  // namespace
}  // namespace eyechart::reports
