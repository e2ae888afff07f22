#include "reports/import/importer.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/fixture.h"

namespace eyechart::reports {
namespace {

using eyechart::testing::InputErrorOf;
using eyechart::testing::TempFolder;
using eyechart::testing::WriteText;

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

class ImporterTest : public ::testing::Test {
 protected:
  std::string File(const std::string& name, const std::string& text) {
    WriteText(folder_ / name, text);
    return (folder_ / name).string();
  }
  // By the importer that its content asks for.
  RunFolder Import(const std::string& name, const std::string& text) {
    const std::string file = File(name, text);
    return Importer::Create(ImporterForFile(file))->Import(file);
  }
  std::string ErrorOf(const std::string& name, const std::string& text) {
    return InputErrorOf([&] { Import(name, text); });
  }
  static const Record& Find(const RunFolder& table,
                            const std::string& encoder,
                            const std::string& metric) {
    const auto found =
        std::ranges::find_if(table.records, [&](const Record& record) {
          return record.encoder == encoder && record.metric == metric;
        });
    EXPECT_NE(found, table.records.end()) << encoder << " " << metric;
    return *found;
  }

  TempFolder folder_;
};

// Rows as timm publishes them; the last has a count as a plain number.
constexpr char kTimm[] =
    "model,top1,top1_err,top5,top5_err,param_count,img_size,crop_pct,"
    "interpolation,top1_diff,rank_diff\n"
    "eva_giant,91.058,8.942,98.602,1.399,\"1,013.01\",336,1.000,bicubic,"
    "+1.592,+5\n"
    "vit_base,85.1,14.9,97.0,3.0,86.57,224,0.900,bicubic,-1,0\n"
    "counted,50,50,70,30,\"86,567,656\",224,0.900,bicubic,0,0\n";

TEST_F(ImporterTest, TimmsAccuraciesBecomeFractions) {
  const RunFolder table = Import("results-imagenet-real.csv", kTimm);
  EXPECT_EQ(table.records.size(), 6u);
  const Record& top1 = Find(table, "eva_giant", "top1");
  EXPECT_DOUBLE_EQ(*top1.value, 0.91058);
  EXPECT_EQ(top1.unit, "1");
  EXPECT_EQ(top1.direction, "higher");
  EXPECT_EQ(top1.dataset, "imagenet-real");
  EXPECT_EQ(top1.setting.at("img_size"), "336");
  EXPECT_DOUBLE_EQ(*Find(table, "vit_base", "top5").value, 0.97);
}

TEST_F(ImporterTest, TimmsThousandsAreReadInMillionsAndAsCounts) {
  const RunFolder table = Import("results-imagenet.csv", kTimm);
  const auto parameters = [&](const char* model) {
    return Find(table, model, "top1").setting.at("param_count");
  };
  EXPECT_EQ(parameters("eva_giant"), "1013010000");
  EXPECT_EQ(parameters("vit_base"), "86570000");
  EXPECT_EQ(parameters("counted"), "86567656");
}

TEST_F(ImporterTest, TimmsSpeedTablesKeepTheirUnits) {
  const RunFolder table =
      Import("benchmark-infer-amp.csv",
             "model,infer_img_size,infer_samples_per_sec,infer_step_time,"
             "infer_batch_size,param_count,infer_gmacs,infer_macts\n"
             "a,160,109337.21,9.356,1024,0.37,0.04,0.48\n"
             "b,224,5094.2,201.003,1024,14.62,,\n");
  EXPECT_EQ(table.records.size(), 4u);
  EXPECT_EQ(*Find(table, "a", "infer_samples_per_sec").value, 109337.21);
  EXPECT_EQ(Find(table, "a", "infer_samples_per_sec").unit, "images/s");
  EXPECT_EQ(Find(table, "b", "infer_step_time").unit, "ms");
  EXPECT_EQ(Find(table, "b", "infer_step_time").setting.at("batch"), "1024");
}

TEST_F(ImporterTest, TimmsBadNumbersNameFileAndRow) {
  EXPECT_TRUE(Contains(ErrorOf("r.csv", "model,top1\na,101\n"), "row 2"));
  const std::string error = ErrorOf("r.csv", "model,top1\na,50\nb,high\n");
  EXPECT_TRUE(Contains(error, "r.csv: row 3: top1 \"high\"")) << error;
  // A decimal comma is no group of thousands.
  EXPECT_TRUE(Contains(
      ErrorOf("r.csv", "model,top1,param_count\na,50,\"86,57\"\n"), "86,57"));
}

constexpr char kClip[] =
    R"({"dataset": "wds/imagenet1k", "model": "ViT-H-14",
        "pretrained": "laion2b", "task": "linear_probe",
        "metrics": {"acc1": 0.84616, "acc5": 0.97496,
                    "mean_per_class_recall": 0.84602, "lr": 0.01,
                    "seed": 0, "fewshot_k": -1}})";

TEST_F(ImporterTest, ClipBenchmarksMetricsGetOurNames) {
  const RunFolder table = Import("result.json", kClip);
  EXPECT_EQ(table.records.size(), 3u);
  const Record& top1 = Find(table, "ViT-H-14", "top1");
  EXPECT_EQ(*top1.value, 0.84616);
  EXPECT_EQ(top1.dataset, "imagenet1k");
  EXPECT_EQ(top1.task, "linear_probe");
  EXPECT_EQ(top1.setting.at("lr"), "0.01");
  EXPECT_EQ(top1.setting.at("pretrained"), "laion2b");
  EXPECT_EQ(*Find(table, "ViT-H-14", "mean_per_class").value, 0.84602);
}

TEST_F(ImporterTest, ClipBenchmarkAsLinesAndAsList) {
  const std::string line =
      R"({"dataset":"d","model":"m","task":"zeroshot_retrieval",)"
      R"("metrics":{"image_retrieval_recall@5":0.5,"report":null}})";
  EXPECT_EQ(Import("r.jsonl", line + "\n" + line + "\n").records.size(), 2u);
  EXPECT_EQ(Import("r.json", "[" + line + "]").records.size(), 1u);
  const std::string error =
      ErrorOf("r.jsonl", line + "\n{\"dataset\": \"d\"}\n");
  EXPECT_TRUE(Contains(error, "r.jsonl:2")) << error;
}

constexpr char kTable[] =
    R"({"schema": 1, "name": "made", "source": "a paper, table 1",
        "note": "made up", "task": "detect", "dataset": "coco",
        "metric": "ap", "per_cent": true,
        "columns": [{}, {"metric": "latency", "unit": "ms",
                         "per_cent": false}],
        "rows": [{"encoder": "a", "values": [57.6, 2.3]},
                 {"encoder": "b", "setting": {"px": "640"},
                  "values": [null, 5]}]})";

TEST_F(ImporterTest, PublishedTablesHaveASource) {
  const RunFolder table = Import("t.json", kTable);
  EXPECT_EQ(table.name, "made");
  EXPECT_EQ(table.environment.at("note"), "made up");
  ASSERT_EQ(table.records.size(), 3u);
  EXPECT_DOUBLE_EQ(*Find(table, "a", "ap").value, 0.576);
  EXPECT_EQ(*Find(table, "b", "latency").value, 5);
  EXPECT_EQ(Find(table, "b", "latency").unit, "ms");
  EXPECT_EQ(Find(table, "b", "latency").setting.at("px"), "640");
}

std::string Replaced(std::string text,
                     const std::string& from,
                     const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

TEST_F(ImporterTest, BadTablesNameThePlace) {
  const auto error = [&](const char* from, const char* to) {
    return ErrorOf("t.json", Replaced(kTable, from, to));
  };
  EXPECT_TRUE(Contains(error("a paper, table 1", "  "), "source is empty"));
  EXPECT_TRUE(Contains(error("57.6, 2.3", "57.6"), "rows[0] (a): 1 values"));
  EXPECT_TRUE(Contains(error("57.6", "576"), "values[0]: 576"));
  EXPECT_TRUE(Contains(error("\"note\"", "\"notes\""), "did you mean"));
  EXPECT_TRUE(Contains(error("\"schema\": 1", "\"schema\": 2"), "schema 2"));
  EXPECT_TRUE(Contains(error("\"metric\": \"ap\", ", ""), "columns[0]"));
  EXPECT_TRUE(Contains(error("57.6", "\"57.6\""), "a number or null"));
}

TEST_F(ImporterTest, NothingImportedHasAnInterval) {
  for (const auto& [name, text] :
       {std::pair("results-x.csv", kTimm), std::pair("c.json", kClip),
        std::pair("t.json", kTable)}) {
    const RunFolder table = Import(name, text);
    const std::string source = table.environment.at("source");
    EXPECT_FALSE(source.empty()) << name;
    for (const Record& record : table.records) {
      EXPECT_FALSE(record.ci) << name;
      EXPECT_EQ(record.setting.at("source"), source) << name;
    }
  }
}

TEST_F(ImporterTest, UnknownFilesListWhatIsKnown) {
  for (const char* text : {"", "[]", "{}", "a,b\n1,2\n", "\xff\xfe", "[1]"}) {
    const std::string error = ErrorOf("odd", text);
    EXPECT_TRUE(Contains(error, "CLIP_benchmark")) << text << ": " << error;
  }
  EXPECT_TRUE(Contains(InputErrorOf([] { Importer::Create("tim"); }),
                       "did you mean \"timm\""));
}

}  // namespace
}  // namespace eyechart::reports
