#include "mining/journal.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "core/files.h"
#include "mining/journal_record.h"
#include "tests/fixture.h"

namespace eyechart::mining {
namespace {

using testing::TempFolder;

constexpr std::int64_t kRows = 10;
constexpr std::size_t kBins = 6;

// What unit `u` finds: different for each.
Findings Of(std::int64_t u) {
  Findings found(kRows, kBins);
  found.near_pairs = 100 + u;
  found.blind.push_back({u % kRows, (u + 1) % kRows, 0.9, 0.1 * double(u)});
  found.near_counts[u % kRows] = u + 1;
  found.blind_counts[(u + 3) % kRows] = 2;
  found.grid[u % kBins] = 5;
  if (u % 2 == 0) found.similar.push_back({0, u % kRows, 0, 0});
  return found;
}

void ExpectEqual(const Findings& a, const Findings& b) {
  EXPECT_EQ(a.near_pairs, b.near_pairs);
  EXPECT_EQ(a.near_counts, b.near_counts);
  EXPECT_EQ(a.blind_counts, b.blind_counts);
  EXPECT_EQ(a.grid, b.grid);
  EXPECT_EQ(a.similar.size(), b.similar.size());
  ASSERT_EQ(a.blind.size(), b.blind.size());
  for (std::size_t i = 0; i < a.blind.size(); ++i) {
    EXPECT_EQ(a.blind[i].row_a, b.blind[i].row_a);
    EXPECT_EQ(a.blind[i].far_cosine, b.blind[i].far_cosine);
  }
}

// A journal that gets the findings of whichever unit is finished.
struct Search {
  explicit Search(const std::filesystem::path& path,
                  const std::string& key = "key",
                  double interval = 0)
      : journal(
            {path, key, interval},
            Findings(kRows, kBins),
            [this] { return Of(unit); },
            [] {}) {}
  void Finish(std::int64_t u) {
    unit = u;
    journal.Finish(u);
  }
  std::int64_t unit = 0;
  Journal journal;
};

Findings Sum(std::int64_t units) {
  Findings sum(kRows, kBins);
  for (std::int64_t u = 0; u < units; ++u) sum.Add(Of(u));
  return sum;
}

TEST(Journal, AnUnfinishedSearchIsGoneOnWith) {
  const TempFolder folder;
  {
    Search search(folder / "j");
    for (std::int64_t u = 0; u < 4; ++u) search.Finish(u);
  }
  Search search(folder / "j");
  EXPECT_EQ(search.journal.resumed(), 4u);
  for (std::int64_t u = 0; u < 7; ++u) {
    EXPECT_EQ(search.journal.Done(u), u < 4);
    if (!search.journal.Done(u)) search.Finish(u);
  }
  ExpectEqual(search.journal.Finished(), Sum(7));
}

TEST(Journal, UnitsWaitingAreWrittenAtTheEnd) {
  const TempFolder folder;
  {
    Search search(folder / "j", "key", 1000);
    for (std::int64_t u = 0; u < 3; ++u) search.Finish(u);
    EXPECT_EQ(search.journal.total().near_pairs, 0);
  }
  EXPECT_EQ(Search(folder / "j").journal.resumed(), 3u);
}

// Wherever a process ends in the middle of a write, what comes back are the
// units of whole records, and the file can be gone on with.
TEST(Journal, ARecordCutAnywhereIsDropped) {
  const TempFolder folder;
  {
    Search search(folder / "whole");
    for (std::int64_t u = 0; u < 3; ++u) search.Finish(u);
  }
  const std::string whole = ReadFile(folder / "whole");
  std::size_t last = 3;
  for (std::size_t size = whole.size(); size-- > 0;) {
    testing::WriteText(folder / "cut", whole.substr(0, size));
    Search search(folder / "cut");
    const std::size_t resumed = search.journal.resumed();
    EXPECT_LE(resumed, last);
    last = resumed;
    for (std::int64_t u = 0; u < 3; ++u)
      if (!search.journal.Done(u)) search.Finish(u);
    ExpectEqual(search.journal.Finished(), Sum(3));
  }
  EXPECT_EQ(last, 0u);
}

TEST(Journal, AChangedByteIsNoticed) {
  const TempFolder folder;
  {
    Search search(folder / "j");
    for (std::int64_t u = 0; u < 2; ++u) search.Finish(u);
  }
  const std::string whole = ReadFile(folder / "j");
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    testing::WriteText(folder / "c", changed);
    Search search(folder / "c");
    EXPECT_LT(search.journal.resumed(), 2u) << at;
  }
}

TEST(Journal, AnotherKeyBeginsAnew) {
  const TempFolder folder;
  {
    Search search(folder / "j");
    search.Finish(0);
    EXPECT_FALSE(search.journal.discarded());
  }
  Search search(folder / "j", "other");
  EXPECT_TRUE(search.journal.discarded());
  EXPECT_FALSE(search.journal.Done(0));
  search.Finish(1);
  EXPECT_EQ(search.journal.Finished().near_pairs, 101);
}

TEST(Journal, OneProcessAtATime) {
  const TempFolder folder;
  const Search first(folder / "j");
  const std::string error =
      testing::InputErrorOf([&] { Search second(folder / "j"); });
  EXPECT_NE(error.find("another search"), std::string::npos) << error;
  EXPECT_NE(testing::InputErrorOf([&] {
              Search nowhere(folder / "none/j");
            }).find("none/j"),
            std::string::npos);
}

TEST(Journal, AVoidSearchIsNotWritten) {
  const TempFolder folder;
  {
    Journal journal(
        {folder / "j", "key", 0}, Findings(kRows, kBins), [] { return Of(1); },
        [] { throw InputError("the store changed"); });
    EXPECT_THROW(journal.Finish(1), InputError);
  }
  EXPECT_EQ(Search(folder / "j").journal.resumed(), 0u);
}

TEST(Journal, WithoutAFileItOnlyAdds) {
  Search search("");
  for (std::int64_t u = 0; u < 5; ++u) search.Finish(u);
  ExpectEqual(search.journal.Finished(), Sum(5));
}

TEST(JournalRecord, RowsOutsideAreNoRecord) {
  JournalRecord record{{1}, Findings(kRows, kBins)};
  record.found.near_counts[9] = 1;
  const std::string bytes = EncodeRecord(record);
  std::string_view rest = bytes;
  JournalRecord small{{}, Findings(9, kBins)};
  EXPECT_FALSE(TakeRecord(rest, small));
  EXPECT_EQ(rest.size(), bytes.size());
  JournalRecord same{{}, Findings(kRows, kBins)};
  EXPECT_TRUE(TakeRecord(rest, same));
  EXPECT_TRUE(rest.empty());
}

}  // namespace
}  // namespace eyechart::mining
