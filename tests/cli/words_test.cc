// Models that write, through the built binary: the demo's small Florence-2.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "core/csv.h"
#include "core/files.h"
#include "core/record.h"
#include "tests/cli/process.h"
#include "tests/fixture.h"

namespace eyechart {
namespace {

namespace fs = std::filesystem;
using testing::DemoCheckpoint;
using testing::Eyechart;
using testing::EyechartJson;
using testing::TempFolder;
using testing::WriteText;

class WordsCommand : public ::testing::Test {
 protected:
  // Pairs of one pattern, and others to train a read-out on.
  std::string Pairs(const std::string& name, int pairs, int seed) {
    const std::string out = (folder_ / name).string();
    const auto made =
        Eyechart({"generate", "patterns", "-o", out, "--pairs",
                  std::to_string(pairs), "--seed", std::to_string(seed),
                  "--size", "96", "--pattern", "color", "--step", "0"});
    EXPECT_EQ(made.exit_code, 0) << made.err;
    return out;
  }

  std::string Error(const std::vector<std::string>& arguments) {
    const auto result = Eyechart(arguments);
    EXPECT_EQ(result.exit_code, 2) << result.out << result.err;
    return result.err;
  }

  static bool Has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  }

  const TempFolder folder_;
  const std::string florence_ = DemoCheckpoint("florence2");
};

TEST_F(WordsCommand, AskWeighsTheOptions) {
  const std::string pairs = Pairs("pairs", 4, 1);
  const Json sum = EyechartJson({"ask", florence_, pairs});
  EXPECT_EQ(sum["scoring"], "likelihood");
  EXPECT_EQ(sum["items"], 8);
  EXPECT_EQ(sum["setting"]["per_token"], "no");
  EXPECT_EQ(sum["setting"]["prompt"], "{question}");
  EXPECT_EQ(sum["ties"], 0);
  const Json mean =
      EyechartJson({"ask", florence_, pairs, "--scoring", "likelihood-mean"});
  EXPECT_EQ(mean["setting"]["per_token"], "yes");
  const Json written =
      EyechartJson({"ask", florence_, pairs, "--scoring", "generate"});
  EXPECT_EQ(written["scoring"], "generated");
  EXPECT_TRUE(written["setting"].contains("num_beams"));
  EXPECT_TRUE(Has(
      Error({"ask", DemoCheckpoint("dinov2"), pairs, "--scoring", "generate"}),
      "does not write"));
}

TEST_F(WordsCommand, AReadOutAnswersForEncodersWithoutWords) {
  const std::string pairs = Pairs("pairs", 20, 1);
  const std::string train = Pairs("train", 40, 2);
  const fs::path out = folder_ / "out";
  const Json json = EyechartJson({"ask", DemoCheckpoint("dinov2"), pairs,
                                  "--train-on", train, "-o", out.string()});
  EXPECT_EQ(json["scoring"], "read-out");
  EXPECT_EQ(json["pairs"], 20);
  EXPECT_EQ(json["chance"], 0.25);
  EXPECT_TRUE(json["setting"].contains("train_sha256"));
  // In the same terms as words, so that they can be compared.
  const Json words =
      EyechartJson({"ask", DemoCheckpoint("clip"), pairs, "--compare",
                    (out / "outcomes.csv").string()});
  EXPECT_EQ(words["comparison"][0]["n"], 20);
  EXPECT_TRUE(Has(
      Error({"ask", DemoCheckpoint("dinov2"), pairs, "--scoring", "read-out"}),
      "--train-on"));
  EXPECT_TRUE(
      Has(Error({"ask", DemoCheckpoint("dinov2"), pairs, "--train-on", pairs}),
          "same pairs"));
}

TEST_F(WordsCommand, DetectPredictWritesCoco) {
  const std::string scenes = (folder_ / "scenes").string();
  ASSERT_EQ(Eyechart({"generate", "scenes", "-o", scenes, "--count", "4",
                      "--seed", "5", "--size", "96"})
                .exit_code,
            0);
  const std::string truth = scenes + "/instances.json";
  const std::string out = (folder_ / "results.json").string();
  const Json json = EyechartJson(
      {"detect", "predict", florence_, truth, "-o", out, "--num-beams", "1"});
  EXPECT_EQ(json["command"], "detect predict");
  EXPECT_EQ(json["format"], "coco-results");
  EXPECT_EQ(json["images"], 4);
  EXPECT_TRUE(Has(json["warnings"].dump(), "scores"));
  const Json results = ReadJsonFile(out);
  ASSERT_TRUE(results.is_array());
  EXPECT_EQ(json["boxes"], results.size());
  for (const Json& box : results) {
    EXPECT_TRUE(box["image_id"].is_number_integer());
    EXPECT_TRUE(box["category_id"].is_number_integer());
    EXPECT_EQ(box["bbox"].size(), 4u);
  }
  // Pictures without categories give a data set of what was found.
  const std::string found = (folder_ / "found.json").string();
  EXPECT_EQ(EyechartJson({"detect", "predict", florence_,
                          scenes + "/images/scenes", "-o", found})["format"],
            "coco");
  EXPECT_EQ(ReadJsonFile(found)["images"].size(), 4u);
}

TEST_F(WordsCommand, DetectPredictNamesMistakes) {
  const std::string pairs = Pairs("pairs", 1, 1) + "/images";
  const std::string out = (folder_ / "o.json").string();
  EXPECT_TRUE(Has(
      Error({"detect", "predict", DemoCheckpoint("clip"), pairs, "-o", out}),
      "does not write"));
  EXPECT_TRUE(Has(Error({"detect", "predict", florence_, pairs, "-o", out,
                         "--prompt", "<CAPTION>"}),
                  "no boxes"));
  EXPECT_TRUE(Has(Error({"detect", "predict", florence_, pairs, "-o", out,
                         "--categories", (folder_ / "none.json").string()}),
                  "none.json"));
  EXPECT_EQ(Eyechart({"detect"}).exit_code, 2);
}

TEST_F(WordsCommand, TokensBeyondTheVocabularyAreNamed) {
  const fs::path model = folder_ / "model";
  fs::copy(florence_, model);
  const std::string pairs = Pairs("pairs", 1, 1);
  for (const char* key : {"pad_token_id", "decoder_start_token_id",
                          "forced_bos_token_id", "forced_eos_token_id"}) {
    WriteText(model / "generation_config.json",
              std::string("{\"") + key + "\": 999999}");
    EXPECT_TRUE(Has(Error({"ask", model.string(), pairs}), "999999")) << key;
  }
}

// Words, a read-out and mining of the same pairs, side by side in one report.
TEST_F(WordsCommand, TheReportSetsPatternsSideBySide) {
  Pairs("pairs", 20, 1);
  Pairs("train", 40, 2);
  const auto encoder = [](const std::string& name) {
    return "[[encoder]]\nname = \"" + name + "\"\nmodel = \"" +
           DemoCheckpoint(name) + "\"\n";
  };
  const auto dataset = [](const std::string& name) {
    return "[[dataset]]\nname = \"" + name +
           "\"\nkind = \"generated\"\nroot = \"" + name + "\"\n";
  };
  WriteText(folder_ / "suite.toml",
            "[suite]\nname = \"s\"\n" + encoder("clip") + encoder("dinov2") +
                dataset("pairs") + dataset("train") +
                "[[task]]\nkind = \"ask\"\nencoder = \"clip\"\n"
                "dataset = \"pairs\"\nscoring = \"statements\"\n"
                "[[task]]\nkind = \"ask\"\nencoder = \"dinov2\"\n"
                "dataset = \"pairs\"\nscoring = \"read-out\"\n"
                "train = \"train\"\n"
                "[[task]]\nkind = \"mine\"\nnear = \"clip\"\nfar = \"dinov2\"\n"
                "dataset = \"pairs\"\nnear_min = 0.2\nfar_max = 0.99\n");
  const fs::path out = folder_ / "run";
  const auto run = Eyechart(
      {"run", (folder_ / "suite.toml").string(), "--out", out.string()});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  bool mined = false;
  for (const Record& record : ReadRecords(out / "records.jsonl"))
    mined = mined || (record.metric == "mined_share" && record.n == 20 &&
                      record.setting.at("pattern") == "color");
  EXPECT_TRUE(mined);
  const std::string page = (folder_ / "report.html").string();
  ASSERT_EQ(Eyechart({"report", out.string(), "-o", page}).exit_code, 0);
  const std::string html = ReadFile(page);
  EXPECT_TRUE(Has(html, "id=\"patterns\""));
  EXPECT_TRUE(Has(html, "second less first"));
  EXPECT_TRUE(Has(html, "mined, near &gt; 0.2, far &lt; 0.99"));
}

}  // namespace
}  // namespace eyechart
