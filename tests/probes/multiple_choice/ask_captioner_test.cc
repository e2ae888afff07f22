#include "probes/multiple_choice/ask_captioner.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/encoders/fake_captioner.h"
#include "tests/encoders/fake_pictures.h"
#include "tests/fixture.h"

namespace eyechart::multiple_choice {
namespace {

using eyechart::testing::FakeCaptioner;
using eyechart::testing::InputErrorOf;
using eyechart::testing::LoadFake;
using eyechart::testing::PlainBmp;
using eyechart::testing::TempFolder;
using eyechart::testing::WriteText;

class AskCaptionerTest : public ::testing::Test {
 protected:
  // A dark and a light picture, asked what they are; the options in turn.
  void SetUp() override {
    WriteText(temp_ / "dark.bmp", PlainBmp(5, 3, 0));
    WriteText(temp_ / "light.bmp", PlainBmp(5, 3, 255));
    benchmark_.kind = "questions";
    benchmark_.name = "lamps";
    benchmark_.root = temp_.path();
    benchmark_.pictures = {{"dark", "dark.bmp"}, {"light", "light.bmp"}};
    benchmark_.lettered = true;
    for (const std::size_t picture : {0u, 1u}) {
      Question item;
      item.id = std::to_string(picture);
      item.picture = picture;
      item.pair = "lamp";
      item.question = "Is the lamp on or off?";
      item.options = {"on", "off"};
      item.answer = picture == 0 ? 1 : 0;
      benchmark_.items.push_back(item);
    }
    benchmark_.pairs = {{0, 1}};
    fake_ = std::make_unique<FakeCaptioner>();
  }

  Result Ask(const std::string& scoring, const std::string& prompt = "") {
    AskOptions options;
    options.scoring = scoring;
    if (!prompt.empty()) options.prompt = prompt;
    seen_ = fake_.get();
    model_ = LoadFake(std::move(fake_));
    return AskCaptioner(benchmark_, model_, options, {}, Progress::None())
        .result;
  }

  TempFolder temp_;
  Benchmark benchmark_;
  std::unique_ptr<FakeCaptioner> fake_;
  encoders::LoadedCaptioner model_;
  FakeCaptioner* seen_ = nullptr;
};

TEST_F(AskCaptionerTest, TakesTheLikeliestOption) {
  fake_->weigh = [](float pixel, const std::string&,
                    const std::string& answer) {
    return (answer == "on") == (pixel > 0.5F) ? -1.0 : -4.0;
  };
  const Result result = Ask("likelihood");
  EXPECT_TRUE(result.items[0].correct && result.items[1].correct);
  EXPECT_TRUE(result.pairs[0].correct);
  EXPECT_EQ(result.items[0].prediction, "(b)");
  EXPECT_NEAR(result.items[0].score, 3, 1e-12);
  EXPECT_EQ(result.setting.at("scoring"), "likelihood");
  EXPECT_EQ(result.setting.at("per_token"), "no");
  EXPECT_EQ(seen_->prompts_seen.front(), "Is the lamp on or off?");
}

TEST_F(AskCaptionerTest, NormalisesByTokens) {
  // The fake counts letters: "off" is -3 / 3 a token and "on" -2.4 / 2.
  fake_->weigh = [](float, const std::string&, const std::string& answer) {
    return answer == "on" ? -2.4 : -3.0;
  };
  EXPECT_EQ(Ask("likelihood-mean").items[0].prediction, "(b)");
  SetUp();
  fake_->weigh = [](float, const std::string&, const std::string& answer) {
    return answer == "on" ? -2.4 : -3.0;
  };
  EXPECT_EQ(Ask("likelihood").items[0].prediction, "(a)");
}

TEST_F(AskCaptionerTest, TiesAndOtherNumbersAreWrong) {
  fake_->weigh = [](float pixel, const std::string&, const std::string&) {
    return pixel > 0.5F ? std::nan("") : -1.0;
  };
  const Result result = Ask("likelihood");
  EXPECT_EQ(result.items[0].status, Status::kTie);
  EXPECT_EQ(result.items[1].status, Status::kNotFinite);
  EXPECT_FALSE(result.items[0].correct || result.items[1].correct);
}

TEST_F(AskCaptionerTest, ParsesWhatIsWritten) {
  fake_->say = [](float pixel, const std::string&) {
    return pixel > 0.5F ? "It is on." : "I cannot tell.";
  };
  const Result result = Ask("generate", "{question} {options}");
  EXPECT_EQ(result.items[0].status, Status::kAbstained);
  EXPECT_TRUE(result.items[1].correct);
  EXPECT_EQ(result.setting.at("scoring"), "generated");
  EXPECT_EQ(seen_->prompts_seen.front(),
            "Is the lamp on or off? (a) on (b) off");
  EXPECT_LE(seen_->asked.max_new_tokens, 32);
}

TEST_F(AskCaptionerTest, PromptStandsBeforeTheQuestion) {
  fake_->say = [](float, const std::string&) { return "on"; };
  Ask("generate", "<VQA>");
  EXPECT_EQ(seen_->prompts_seen.front(), "<VQA>Is the lamp on or off?");
}

TEST_F(AskCaptionerTest, UnreadablePicturesAreWrongAndCounted) {
  WriteText(temp_ / "dark.bmp", "no picture");
  fake_->weigh = [](float, const std::string&, const std::string& answer) {
    return answer == "on" ? -1.0 : -2.0;
  };
  const Result result = Ask("likelihood");
  EXPECT_EQ(result.items[0].status, Status::kUnreadable);
  EXPECT_TRUE(result.items[1].correct);
  EXPECT_FALSE(result.pairs[0].correct);
}

TEST_F(AskCaptionerTest, NamesScoringsThatCannotBe) {
  encoders::Checkpoint checkpoint;
  checkpoint.name = "tower";
  checkpoint.model_type = "dinov2";
  AskOptions options;
  options.scoring = "likelihood";
  EXPECT_NE(InputErrorOf([&] {
              AsksCaptioner(benchmark_, checkpoint, options);
            }).find("does not write"),
            std::string::npos);
  options.scoring = "auto";
  EXPECT_FALSE(AsksCaptioner(benchmark_, checkpoint, options));
  checkpoint.model_type = "florence2";
  checkpoint.folder = temp_.path();
  EXPECT_FALSE(AsksCaptioner(benchmark_, checkpoint, options));
  WriteText(temp_ / "tokenizer.json", "{}");
  EXPECT_TRUE(AsksCaptioner(benchmark_, checkpoint, options));
  EXPECT_EQ(options.scoring, "likelihood");
  benchmark_.items[0].options.clear();
  EXPECT_NE(InputErrorOf([&] {
              AsksCaptioner(benchmark_, checkpoint, options);
            }).find("no options"),
            std::string::npos);
}

}  // namespace
}  // namespace eyechart::multiple_choice
