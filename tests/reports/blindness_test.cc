// The sentences about patterns, on a run that is made: CLIP's words guess on
// two of three patterns, and a read-out of DINOv2 tells one of these.
#include "reports/blindness.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "reports/exporter.h"
#include "tests/fixture.h"

namespace eyechart::reports {
namespace {

using eyechart::testing::InputErrorOf;
using eyechart::testing::TempFolder;
using eyechart::testing::WriteText;

constexpr int kPairs = 40;  // of a pattern

Record PatternRecord(const std::string& encoder,
                     const std::string& task,
                     const std::string& metric,
                     const std::string& pattern,
                     double value) {
  Record record;
  record.encoder = encoder;
  record.task = task;
  record.dataset = "pairs";
  record.cell = encoder + "/" + task + "/pairs/";
  if (task == "ask")
    record.setting["scoring"] = encoder == "clip" ? "statements" : "read-out";
  if (encoder == "clip" && task == "ask")
    record.setting["scoring"] = "text-to-image";
  if (!pattern.empty()) {
    record.setting["pattern"] = pattern;
    record.cell += "pattern=" + pattern;
  }
  SetMetric(record, metric, value);
  record.n = kPairs;
  return record;
}

class BlindnessTest : public ::testing::Test {
 protected:
  BlindnessTest() {
    run_.path = folder_.path();
    for (const char* encoder : {"clip", "dinov2"}) {
      run_.records.push_back(
          PatternRecord(encoder, "ask", "pair_accuracy", "", 0.5));
      for (const char* pattern : {"color", "state", "text"})
        run_.records.push_back(
            PatternRecord(encoder, "ask", "pair_accuracy", pattern, 0.5));
    }
    run_.records.push_back(
        PatternRecord("clip~dinov2", "mine", "blind_from_pairs", "", 0.1));
    // 0, 30 and 10 of 40 drawn pairs are mined.
    for (const auto& [pattern, share] :
         {std::pair{"color", 0.0}, {"state", 0.75}, {"text", 0.25}})
      run_.records.push_back(
          PatternRecord("clip~dinov2", "mine", "mined_share", pattern, share));
    WriteAnswers("clip", {40, 0, 0}, kPairs);
    WriteAnswers("dinov2", {40, 36, 0}, kPairs);
  }

  // Of each pattern so many pairs with both answers right, the others with one.
  void WriteAnswers(const std::string& encoder,
                    const std::vector<int>& both,
                    int pairs) {
    const char* patterns[] = {"color", "state", "text"};
    std::string csv = "id,correct,pair,pattern,pair_correct\n";
    for (std::size_t p = 0; p < both.size(); ++p)
      for (int i = 0; i < pairs; ++i)
        for (const int side : {0, 1}) {
          const bool right = i < both[p];
          csv += fmt::format("{}{}{},{},{}-{},{},{}\n", p, i, side,
                             right || side == i % 2 ? 1 : 0, p, i, patterns[p],
                             right ? 1 : 0);
        }
    WriteText(
        folder_ / ("outcomes/" + CellSlug(encoder + "/ask/pairs/") + ".csv"),
        csv);
  }

  // Mined pairs by pattern; each in pictures of its own.
  void WritePictures(int state, int text) {
    std::string csv = "id,pattern,blind_pairs,same_pattern,own_pair\n";
    for (int i = 0; i < 2 * (state + text); ++i)
      csv += fmt::format("{},{},1,1,0\n", i, i < 2 * state ? "state" : "text");
    WriteText(folder_ / ("artifacts/" + CellSlug("clip~dinov2/mine/pairs/") +
                         "/mined_pictures.csv"),
              csv);
  }

  std::vector<std::string> Sentences() {
    const std::vector<RunFolder> runs = {run_};
    return BlindnessSentences(MakePatternTables(runs).at(0), runs, {"run"});
  }

  TempFolder folder_;
  RunFolder run_;
};

TEST_F(BlindnessTest, SaysWhatTheIntervalsCarry) {
  WritePictures(20, 80);
  const auto sentences = Sentences();
  ASSERT_EQ(sentences.size(), 3u);
  EXPECT_EQ(sentences[0],
            "clip\u2019s own words are near chance on state and text: 50.0% to "
            "50.0% of the answers are right, and each interval holds 50% (none "
            "reaches beyond 50.0%); they are above chance on color (100.0%).");
  EXPECT_EQ(sentences[1].find("There a read-out of dinov2\u2019s features is "
                              "right more often on state 95.0% (+45.0 points "
                              "[+40.0, +48.8])"),
            0u)
      << sentences[1];
  EXPECT_NE(sentences[1].find("; on text the difference may be chance."),
            std::string::npos)
      << sentences[1];
  // A fifth of all mined pairs, and 30 of the 40 that were drawn as pairs.
  EXPECT_EQ(
      sentences[2].find("Where the words are near chance and dinov2"
                        "\u2019s read-out tells more (state) lie 20.0% ["),
      0u)
      << sentences[2];
  EXPECT_NE(sentences[2].find("of the 100 mined pairs (not most), and 75.0% "
                              "[59.8, 85.8] of the 40 that were drawn as pairs "
                              "(most; of all drawn pairs 33.3% are there)."),
            std::string::npos)
      << sentences[2];
}

TEST_F(BlindnessTest, HalfIsNotMost) {
  WritePictures(50, 50);
  EXPECT_NE(Sentences().at(2).find("mined pairs (about half)"),
            std::string::npos);
}

TEST_F(BlindnessTest, ClaimsNoReadOutThatGuesses) {
  WriteAnswers("dinov2", {40, 0, 0}, kPairs);
  const auto sentences = Sentences();
  EXPECT_EQ(sentences.at(1),
            "There a read-out of dinov2\u2019s features is right no more often "
            "on any.");
  // Then the patterns are those where the words are near chance.
  EXPECT_EQ(sentences.at(2),
            "Where the words are near chance (state and text) lie 100.0% "
            "[91.2, 100.0] of the 40 that were drawn as pairs (most; of all "
            "drawn pairs 66.7% are there).");
}

TEST_F(BlindnessTest, FewPairsCarryNoSentence) {
  WriteAnswers("clip", {19, 0, 0}, 19);
  WriteAnswers("dinov2", {19, 19, 0}, 19);
  EXPECT_TRUE(Sentences().empty());
}

TEST_F(BlindnessTest, NamesDamagedCounts) {
  WriteText(folder_ / ("artifacts/" + CellSlug("clip~dinov2/mine/pairs/") +
                       "/mined_pictures.csv"),
            "id,pattern,blind_pairs,same_pattern,own_pair\na,state,x,1,0\n");
  EXPECT_NE(InputErrorOf([&] { Sentences(); }).find("blind_pairs \"x\""),
            std::string::npos);
}

TEST_F(BlindnessTest, StandsInBothDocuments) {
  const std::vector<RunFolder> runs = {run_};
  const std::string markdown = Exporter::Create("markdown")->Export(runs);
  EXPECT_NE(markdown.find("## Patterns: what the answers say"),
            std::string::npos);
  EXPECT_NE(markdown.find("near chance on state and text"), std::string::npos);
  const std::string html = Exporter::Create("html")->Export(runs);
  EXPECT_NE(html.find("<li>clip\u2019s own words are near chance"),
            std::string::npos);
  EXPECT_NE(html.find("<small>near chance</small>"), std::string::npos);
}

}  // namespace
}  // namespace eyechart::reports
