#include "reports/references.h"

#include <gtest/gtest.h>

#include "reports/published/published.h"
#include "tests/reports/sample_runs.h"

namespace eyechart::reports {
namespace {

using testing::kAwkward;

// Our own MMVP-VLM: the whole and one pattern.
RunFolder OurRun() {
  RunFolder run;
  run.path = "runs/ours";
  run.name = "ours";
  for (const char* pattern : {"", "structural_character"}) {
    Record record;
    record.encoder = "tiny-clip";
    record.task = "ask";
    record.dataset = "MMVP VLM";
    record.cell = std::string("tiny-clip/ask/mmvp/") + pattern;
    if (*pattern != 0) record.setting["pattern"] = pattern;
    record.setting["dataset_sha256"] = "0123";
    SetMetric(record, "pair_accuracy", 0.25);
    record.ci = WilsonInterval(34, 135);
    run.records.push_back(record);
  }
  Record other = run.records.front();
  SetMetric(other, "text_score", 0.5);
  run.records.push_back(other);
  return run;
}

TEST(References, OursStandAboveTheirsInTheSameColumns) {
  const std::vector<RunFolder> references = {*ReadPublished("mmvp-vlm")};
  const std::vector<RunFolder> runs = {OurRun()};
  const auto tables = MakeReferenceTables(references, runs);
  ASSERT_EQ(tables.size(), 1u);
  const ReferenceTable& table = tables[0];
  EXPECT_EQ(table.columns.size(), 10u);
  EXPECT_EQ(table.columns[0].of, "");
  EXPECT_EQ(table.columns[7].of, "pattern Structural Character");
  ASSERT_EQ(table.rows.size(), 11u);
  EXPECT_TRUE(table.rows[0].ours);
  EXPECT_EQ(table.rows[0].encoder, "tiny-clip");
  // Another metric of ours has no column, and hashes are no setting.
  EXPECT_EQ(table.rows[0].setting, "");
  for (std::size_t i = 0; i < 10; ++i)
    EXPECT_EQ(table.rows[0].values[i] != nullptr, i == 0 || i == 7) << i;
  EXPECT_EQ(table.rows[1].encoder, "OpenAI ViT-L-14");
  EXPECT_EQ(table.rows[1].setting, "img_size 224");
  for (const Record* record : table.rows[1].values) EXPECT_NE(record, nullptr);
}

TEST(References, ANumberOfAnotherKindOfProbeIsNotOurs) {
  RunFolder run = OurRun();
  run.records.resize(1);
  run.records[0].setting = {{"probe", "linear"}};
  run.records[0].dataset = "ImageNet-1k";
  SetMetric(run.records[0], "top1", 0.8);
  const std::vector<RunFolder> references = {*ReadPublished("dinov2")};
  const auto tables = MakeReferenceTables(references, std::span(&run, 1));
  ASSERT_EQ(tables[0].columns.size(), 2u);
  EXPECT_EQ(tables[0].rows[0].values[0], nullptr);
  EXPECT_EQ(tables[0].rows[0].values[1], &run.records[0]);
}

TEST(References, DocumentsShowSourceAndNoMadeUpDigits) {
  const std::vector<RunFolder> references = {*ReadPublished("mmvp-vlm")};
  const std::vector<RunFolder> runs = {OurRun()};
  for (const std::string& text : {ReferencesMarkdown(references, runs),
                                  ReferencesHtml(references, runs)}) {
    EXPECT_NE(text.find("Tong et al. 2024, arXiv 2401.06209"),
              std::string::npos);
    EXPECT_NE(text.find("13.3%"), std::string::npos);
    EXPECT_EQ(text.find("13.30%"), std::string::npos);
    EXPECT_EQ(testing::CountOf(text, "measured here"), 1u);
    // Ours keeps its interval; theirs have none.
    EXPECT_EQ(testing::CountOf(text, "[18.6"), 2u) << text;
  }
  EXPECT_EQ(ReferencesMarkdown({}, runs), "");
  EXPECT_EQ(ReferencesHtml({}, runs), "");
}

TEST(References, AwkwardTextIsEscapedAndLongTablesAreCut) {
  RunFolder reference;
  reference.name = kAwkward;
  reference.environment = {{"source", kAwkward}};
  for (std::size_t i = 0; i < kMaxReferenceRows + 7; ++i) {
    Record record;
    record.encoder = kAwkward + std::to_string(i);
    record.dataset = "d";
    record.setting["source"] = kAwkward;
    SetMetric(record, "top1", 0.5);
    reference.records.push_back(record);
  }
  const std::string html = ReferencesHtml(std::span(&reference, 1), {});
  EXPECT_EQ(html.find("</script><b>"), std::string::npos);
  EXPECT_NE(html.find("7 rows more in the source"), std::string::npos);
  const std::string text = ReferencesMarkdown(std::span(&reference, 1), {});
  EXPECT_EQ(text.find("a|b"), std::string::npos);
  EXPECT_EQ(testing::CountOf(text, "\n| "), kMaxReferenceRows + 2);
}

}  // namespace
}  // namespace eyechart::reports
