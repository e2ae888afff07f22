// Task kind `mine` in a suite, on pictures that are a benchmark's pairs: what
// its records say of the pairs' patterns, and with which intervals.
#include <gtest/gtest.h>

#include <string>

#include "core/csv.h"
#include "core/record.h"
#include "suite/run.h"
#include "suite/suite_spec.h"
#include "tests/encoders/fake_pictures.h"
#include "tests/fixture.h"

namespace eyechart::suite {
namespace {

using testing::TempFolder;
using testing::WriteText;

TEST(MineTask, CountsPatternsAndPictures) {
  const TempFolder folder;
  std::string csv = "id,path,pair,pattern,question,option_a,option_b,answer\n";
  for (int i = 0; i < 4; ++i) {
    const std::string id = std::to_string(i);
    WriteText(folder / ("lamps/" + id + ".bmp"),
              testing::PlainBmp(96, 96, static_cast<unsigned char>(60 * i)));
    csv += id + "," + id + ".bmp,pair" + std::to_string(i / 2) + "," +
           (i < 2 ? "state" : "color") + ",Is it on or off?,on,off," +
           (i % 2 == 0 ? "a" : "b") + "\n";
  }
  WriteText(folder / "lamps/questions.csv", csv);
  const std::string checkpoints = EYECHART_DEMO "/checkpoints/";
  // Thresholds that take every pair.
  WriteText(folder / "suite.toml",
            "[suite]\nname = \"mined\"\n"
            "[[encoder]]\nname = \"clip\"\nmodel = \"" +
                checkpoints +
                "clip\"\n"
                "[[encoder]]\nname = \"dinov2\"\nmodel = \"" +
                checkpoints +
                "dinov2\"\n"
                "[[dataset]]\nname = \"lamps\"\nkind = \"questions\"\n"
                "root = \"lamps\"\n"
                "[[task]]\nkind = \"mine\"\nnear = \"clip\"\nfar = \"dinov2\"\n"
                "dataset = \"lamps\"\nnear_min = -1\nfar_max = 1\n"
                "gallery = false\n");
  RunOptions options;
  options.out = folder / "run";
  options.environment = {{"cpu", "a"}};
  options.command = "eyechart run";
  const RunSummary summary =
      RunSuite(ReadSuite(folder / "suite.toml"), options, Progress::None());
  ASSERT_EQ(summary.failed, std::vector<std::string>{});
  int shares = 0;
  for (const Record& record : ReadRecords(folder / "run/records.jsonl")) {
    if (record.metric == "mined_share") {
      ++shares;
      EXPECT_EQ(record.n, 1);
      ASSERT_TRUE(record.ci);
      EXPECT_EQ(record.ci->method, "wilson");
    }
    if (record.metric != "blind_from_pairs") continue;
    EXPECT_EQ(record.n, 6);
    EXPECT_DOUBLE_EQ(record.value.value_or(0), 2.0 / 6);
    ASSERT_TRUE(record.ci);
    EXPECT_EQ(record.ci->method, "jackknife over images");
    const CsvTable pictures =
        CsvTable::ReadFile((folder / "run/artifacts") / CellSlug(record.cell) /
                           "mined_pictures.csv");
    ASSERT_EQ(pictures.rows(), 4u);
    for (std::size_t row = 0; row < 4; ++row) {
      EXPECT_EQ(pictures.at(row, pictures.Column("blind_pairs")), "3");
      EXPECT_EQ(pictures.at(row, pictures.Column("same_pattern")), "1");
      EXPECT_EQ(pictures.at(row, pictures.Column("own_pair")), "1");
    }
  }
  EXPECT_EQ(shares, 2);
}

}  // namespace
}  // namespace eyechart::suite
