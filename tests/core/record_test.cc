#include "core/record.h"

#include <gtest/gtest.h>

#include <limits>
#include <set>
#include <string>

#include "core/files.h"
#include "tests/fixture.h"

namespace eyechart {
namespace {

using testing::InputErrorOf;
using testing::TempFolder;

Record Sample() {
  Record record;
  record.run = "r";
  record.cell = "clip~dinov2/mine/photos/default";
  record.encoder = "clip~dinov2";
  record.task = "mine";
  record.dataset = "photos";
  record.setting = {{"near_min", "0.9"}};
  SetMetric(record, "blind_share", 0.1);
  record.n = 7;
  record.ci = Interval{0.01, 0.3, 0.95, "wilson"};
  record.message = "say \"x\"\n";
  record.seconds = 1.5;
  return record;
}

TEST(Record, ReadsBackWhatItWrites) {
  const TempFolder folder;
  Record error;
  error.status = RecordStatus::kError;
  error.message = "broken";
  testing::WriteText(folder / "records.jsonl", RecordToLine(Sample()) + "\n" +
                                                   RecordToLine(error) + "\n");
  const std::vector<Record> records = ReadRecords(folder / "records.jsonl");
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(RecordToLine(records[0]), RecordToLine(Sample()));
  EXPECT_EQ(RecordToLine(records[1]), RecordToLine(error));
  EXPECT_EQ(records[0].unit, "1");
  EXPECT_EQ(records[0].direction, "lower");
  EXPECT_FALSE(records[1].value.has_value());
}

TEST(Record, HasTheContractsFieldsInOrder) {
  std::string names;
  for (const RecordField& field : RecordFields())
    names += std::string(field.name) + " ";
  EXPECT_EQ(names,
            "schema run cell encoder task dataset setting metric value unit "
            "direction n ci status message environment weights_sha256 "
            "preprocess_sha256 dataset_sha256 started seconds ");
}

TEST(SetMetric, TurnsWhatIsNotFiniteIntoNullWithAReason) {
  Record record;
  SetMetric(record, "blind_share", std::numeric_limits<double>::quiet_NaN());
  EXPECT_FALSE(record.value.has_value());
  EXPECT_NE(record.message, "");
  EXPECT_NE(RecordToLine(record).find("\"value\":null"), std::string::npos);
}

TEST(ReadRecords, LeavesOutALastLineCutShort) {
  const TempFolder folder;
  const std::string line = RecordToLine(Sample());
  testing::WriteText(folder / "r", line + "\n" + line.substr(0, 40));
  EXPECT_EQ(ReadRecords(folder / "r").size(), 1u);
}

TEST(ReadRecords, NamesTheLineThatIsWrong) {
  const TempFolder folder;
  const std::string line = RecordToLine(Sample());
  testing::WriteText(folder / "r", line + "\n{\"schema\":1}\n");
  const std::string missing = InputErrorOf([&] { ReadRecords(folder / "r"); });
  EXPECT_NE(missing.find("r:2: not a record"), std::string::npos) << missing;
  testing::WriteText(folder / "r", "not json\n");
  EXPECT_NE(InputErrorOf([&] { ReadRecords(folder / "r"); }).find("r:1: "),
            std::string::npos);
  std::string future = line;
  future.replace(future.find("\"schema\":1"), 10, "\"schema\":9");
  testing::WriteText(folder / "r", future + "\n");
  EXPECT_NE(InputErrorOf([&] { ReadRecords(folder / "r"); }).find("schema 9"),
            std::string::npos);
}

TEST(CellSlug, IsSafeAndTellsCellsApart) {
  std::set<std::string> slugs;
  for (const char* cell : {"a/b", "a_b", "a b", "a/b=0.95,x", "../..", ""}) {
    const std::string slug = CellSlug(cell);
    EXPECT_TRUE(slugs.insert(slug).second) << cell;
    EXPECT_EQ(slug.find_first_of("/ =,~\\"), std::string::npos) << slug;
    EXPECT_NE(slug, "..");
  }
}

}  // namespace
}  // namespace eyechart
