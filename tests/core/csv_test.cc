#include "core/csv.h"

#include <gtest/gtest.h>

#include "tests/fixture.h"

namespace eyechart {
namespace {

using testing::InputErrorOf;

TEST(CsvTable, ReadsQuotesCommasAndLineBreaks) {
  const CsvTable table = CsvTable::Parse(
      "\xef\xbb\xbfid,text\r\n1,\"a,\"\"b\"\"\nc\"\r\n2,  blanks  \r\n3,", "t");
  ASSERT_EQ(table.rows(), 3u);
  EXPECT_EQ(table.header(), (std::vector<std::string>{"id", "text"}));
  EXPECT_EQ(table.at(0, 1), "a,\"b\"\nc");
  EXPECT_EQ(table.at(1, 1), "  blanks  ");
  EXPECT_EQ(table.at(2, 1), "");
}

TEST(CsvTable, FindsColumnsByName) {
  const CsvTable table = CsvTable::Parse("b,a\n1,2\n", "t.csv");
  EXPECT_EQ(table.at(0, table.Column("a")), "2");
  EXPECT_FALSE(table.FindColumn("c").has_value());
  const std::string error = InputErrorOf([&] { (void)table.Column("c"); });
  EXPECT_NE(error.find("t.csv: no column \"c\""), std::string::npos) << error;
  EXPECT_NE(error.find("b, a"), std::string::npos) << error;
}

TEST(CsvTable, NamesTheRowThatIsWrong) {
  EXPECT_EQ(InputErrorOf([] { CsvTable::Parse("a,b\n1,2\n3\n", "t"); }),
            "t: row 3: 1 fields where the header has 2");
  EXPECT_NE(InputErrorOf([] {
              CsvTable::Parse("a\n\"open\n", "t");
            }).find("t: row 2: not valid CSV"),
            std::string::npos);
  EXPECT_NE(InputErrorOf([] { CsvTable::Parse("", "t"); }).find("t: empty"),
            std::string::npos);
}

TEST(CsvLine, WritesWhatTheReaderReads) {
  const std::vector<std::string> fields = {"plain",      "a,b", "say \"x\"",
                                           "two\nlines", "",    " blank "};
  const CsvTable table =
      CsvTable::Parse("1,2,3,4,5,6\n" + CsvLine(fields), "round trip");
  for (std::size_t i = 0; i < fields.size(); ++i)
    EXPECT_EQ(table.at(0, i), fields[i]);
  EXPECT_EQ(CsvLine({"a", "b,c"}), "a,\"b,c\"\n");
}

}  // namespace
}  // namespace eyechart
