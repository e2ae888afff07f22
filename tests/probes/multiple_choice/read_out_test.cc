#include "probes/multiple_choice/read_out.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/fixture.h"

namespace eyechart::multiple_choice {
namespace {

using eyechart::testing::InputErrorOf;
using eyechart::testing::Rng;

// `pairs` pairs of each pattern, whose features tell "color" apart by their
// first value and say nothing of "state".
struct Made {
  Benchmark benchmark;
  Embeddings pictures;
};

Made Make(int pairs, const std::string& hash) {
  std::normal_distribution<float> normal;
  Made made;
  made.benchmark.kind = "generated";
  made.benchmark.source = "made";
  made.benchmark.questions_sha256 = hash;
  made.benchmark.patterns = {"color", "state"};
  made.pictures.dim = 3;
  for (const std::string& pattern : made.benchmark.patterns)
    for (int p = 0; p < pairs; ++p) {
      const std::size_t first = made.benchmark.items.size();
      for (const int side : {0, 1}) {
        Question item;
        item.id = pattern + std::to_string(p) + (side == 0 ? "a" : "b");
        item.picture = made.benchmark.pictures.size();
        item.pair = pattern + std::to_string(p);
        item.pattern = pattern;
        item.statement = "it is so";
        made.benchmark.pictures.push_back({item.id, item.id + ".jpg"});
        made.benchmark.items.push_back(item);
        const float told = pattern == "color" ? 4.0F * (side == 0 ? -1 : 1) : 0;
        for (const float shift : {told, 0.0F, 0.0F})
          made.pictures.values.push_back(shift + normal(Rng()));
        made.pictures.problem.emplace_back();
      }
      made.benchmark.pairs.push_back({first, first + 1});
    }
  return made;
}

TEST(ReadOutTest, TellsApartWhatFeaturesTell) {
  const Made train = Make(60, "train");
  const Made test = Make(100, "test");
  const Result result = ScoreReadOut(test.benchmark, test.pictures,
                                     train.benchmark, train.pictures);
  const Tally color = CountPattern(test.benchmark, result, "color");
  const Tally state = CountPattern(test.benchmark, result, "state");
  EXPECT_GT(color.correct_pairs, 95);
  // Both of a pair by guessing: one in four.
  EXPECT_LT(state.correct_pairs, 45);
  EXPECT_NEAR(color.chance, 0.25, 1e-12);
  EXPECT_EQ(result.setting.at("train_sha256"), "train");
  // Statements are decided in the same terms, so both can be compared.
  EXPECT_EQ(result.items[0].truth, "color0a");
  EXPECT_TRUE(result.items[0].prediction == "color0a" ||
              result.items[0].prediction == "color0b");
}

TEST(ReadOutTest, UnreadablePicturesAreWrong) {
  const Made train = Make(60, "train");
  Made test = Make(20, "test");
  test.pictures.problem[0] = "cut";
  const Result result = ScoreReadOut(test.benchmark, test.pictures,
                                     train.benchmark, train.pictures);
  EXPECT_EQ(result.items[0].status, Status::kUnreadable);
  EXPECT_FALSE(result.items[0].correct || result.pairs[0].correct);
  EXPECT_TRUE(result.items[1].correct);
}

TEST(ReadOutTest, RefusesWhatItCannotLearnFrom) {
  const Made train = Make(60, "train");
  const Made test = Make(20, "test");
  const auto error = [&](const Made& on) {
    return InputErrorOf([&] {
      ScoreReadOut(test.benchmark, test.pictures, on.benchmark, on.pictures);
    });
  };
  Made same = train;
  same.benchmark.questions_sha256 = "test";
  EXPECT_NE(error(same).find("same pairs"), std::string::npos);
  Made other = train;
  other.benchmark.kind = "mmvp";
  EXPECT_NE(error(other).find("mmvp"), std::string::npos);
  EXPECT_NE(error(Make(3, "few")).find("too few"), std::string::npos);
  Made wide = train;
  wide.pictures.dim = 4;
  EXPECT_NE(error(wide).find("4"), std::string::npos);
}

}  // namespace
}  // namespace eyechart::multiple_choice
