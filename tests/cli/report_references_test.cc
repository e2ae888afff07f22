// `report --reference rf100` and `rf100-vl` through the built binary: the
// columns that were published, beside what a run measured.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "core/files.h"
#include "tests/cli/process.h"
#include "tests/fixture.h"
#include "tests/reports/gate/gate_runs.h"

namespace eyechart {
namespace {

namespace fs = std::filesystem;
using reports::testing::Contains;
using reports::testing::RunWriter;
using reports::testing::ScoreRecord;
using testing::Eyechart;
using testing::Refused;

class ReportReferences : public ::testing::Test {
 protected:
  ReportReferences() {
    for (const auto& [set, ap50] :
         {std::pair{"bccd-ouzjz", 0.5}, std::pair{"mine", 0.25}}) {
      Record record = ScoreRecord(
          std::string("clip/detect/") + set + "/default", "ap50", ap50, 4);
      record.task = "detect";
      record.dataset = set;
      run_.Add(record);
    }
  }

  std::string Report(const std::string& reference, const std::string& file) {
    const fs::path out = folder_ / file;
    const auto made = Eyechart({"report", run_.path().string(), "--reference",
                                reference, "-o", out.string()});
    EXPECT_EQ(made.exit_code, 0) << made.err;
    return ReadFile(out);
  }

  // The cells of the Markdown row that begins with `name`; empty: none.
  static std::vector<std::string> RowOf(const std::string& page,
                                        const std::string& name) {
    const std::size_t at = page.find("\n| " + name + " |");
    if (at == std::string::npos) return {};
    std::vector<std::string> cells;
    std::size_t from = at + 3;
    const std::size_t end = page.find('\n', from);
    for (std::size_t bar; (bar = page.find(" |", from)) < end; from = bar + 3)
      cells.push_back(page.substr(from, bar - from));
    return cells;
  }

  const testing::TempFolder folder_;
  RunWriter run_{folder_ / "run"};
};

TEST_F(ReportReferences, Rf100HasItsColumnsBesideOurs) {
  const std::string page = Report("rf100", "r.md");
  const std::size_t section = page.find("### Roboflow-100 baselines\n");
  ASSERT_NE(section, std::string::npos) << page;
  const std::string table = page.substr(section);
  EXPECT_TRUE(Contains(table, "arXiv 2211.13523"));
  EXPECT_TRUE(Contains(table, "by each trainer's own code, not COCO's"));
  const std::vector<std::string> head = RowOf(table, "encoder");
  const auto column = [&](const std::string& of) {
    const auto found =
        std::find_if(head.begin(), head.end(), [&](const std::string& cell) {
          return cell.starts_with("ap50") && cell.ends_with(", " + of);
        });
    EXPECT_NE(found, head.end()) << of;
    return static_cast<std::size_t>(found - head.begin());
  };
  // Domains, the means over all, and the sets that are published one by one.
  EXPECT_EQ(head.size(), 3u + 7 + 2 + 2);
  const std::size_t cells = column("bccd-ouzjz");
  const std::size_t mean = column("mean of domains, 88 sets");
  const std::size_t aerial = column("aerial");
  for (const auto& [model, of_cells, of_mean, of_aerial] :
       {std::tuple{"YOLOv5s", "91.2%", "70.71%", "63.6%"},
        std::tuple{"YOLOv7", "92.2%", "65.83%", "50.4%"},
        std::tuple{"YOLOv8s", "92.7%", "78.11%", "70.7%"},
        std::tuple{"GLIP-T", "19.1%", "8.6%", "2.4%"}}) {
    const std::vector<std::string> row = RowOf(table, model);
    ASSERT_EQ(row.size(), head.size()) << model;
    EXPECT_EQ(row[2], "source");
    EXPECT_EQ(row[cells], of_cells);
    EXPECT_EQ(row[mean], of_mean);
    EXPECT_EQ(row[aerial], of_aerial);
  }
  // Ours stands where the data set is the same, and nowhere else.
  const std::vector<std::string> ours = RowOf(table, "clip");
  ASSERT_EQ(ours.size(), head.size());
  EXPECT_EQ(ours[2], "measured here");
  for (std::size_t i = 3; i < ours.size(); ++i)
    EXPECT_EQ(ours[i], i == cells ? "50.00%" : "—") << head[i];
}

TEST_F(ReportReferences, TheHtmlPageHasThemToo) {
  const std::string page = Report("rf100", "r.html");
  const std::size_t section = page.find("<h3>Roboflow-100 baselines</h3>");
  ASSERT_NE(section, std::string::npos);
  for (const char* part :
       {"<th scope=\"row\">YOLOv8s</th><td></td><td>source</td>",
        "<td class=\"num\">92.7%</td>",
        "<th scope=\"row\">clip</th><td></td><td>measured here</td>"})
    EXPECT_NE(page.find(part, section), std::string::npos) << part;
}

TEST_F(ReportReferences, Rf100VlSaysWhereEachRowIsFrom) {
  std::string page = Report("rf100-vl", "r.md");
  ASSERT_NE(page.find("### RF100-VL\n"), std::string::npos) << page;
  page = page.substr(page.find("### RF100-VL\n"));
  const std::vector<std::string> row = RowOf(page, "YOLOv8-N");
  ASSERT_EQ(row.size(), 4u) << page;
  EXPECT_EQ(row[1],
            "from arXiv 2511.09554, table 4; 100 epochs, regime fully "
            "supervised");
  EXPECT_EQ(row[3], "55%");
  EXPECT_TRUE(RowOf(page, "clip").empty());  // it has AP50 of other sets
}

TEST_F(ReportReferences, OtherNamesAndFormatsAreRefused) {
  const auto refused = [&](const char* reference, const char* file) {
    return Refused({"report", run_.path().string(), "--reference", reference,
                    "-o", (folder_ / file).string()});
  };
  EXPECT_TRUE(Contains(refused("rf10", "x.md"), "did you mean \"rf100\"?"));
  EXPECT_TRUE(Contains(refused("rf100", "x.csv"),
                       "none of the formats has a place for others' numbers"));
  EXPECT_FALSE(fs::exists(folder_ / "x.md"));
  EXPECT_FALSE(fs::exists(folder_ / "x.csv"));
}

}  // namespace
}  // namespace eyechart
