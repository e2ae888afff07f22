// Bootstrap, confusion and kinds of error.
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "probes/detection/evaluation/bootstrap.h"
#include "probes/detection/evaluation/confusion.h"
#include "probes/detection/evaluation/error_kinds.h"
#include "tests/fixture.h"

namespace eyechart::detection {
namespace {

struct Scene {
  Truth truth;
  Detections found;
};

// Truths and detections near them, on a coarse grid.
Scene RandomScene(std::int32_t images, std::int32_t classes) {
  Scene scene;
  for (std::int32_t i = 0; i < images; ++i)
    scene.truth.images.numbers.push_back(i);
  for (std::int32_t k = 0; k < classes; ++k)
    scene.truth.categories.push_back({k + 1, "c"});
  const auto below = [](unsigned n) {
    return static_cast<std::int32_t>(testing::Rng()() % n);
  };
  for (int i = 0; i < 12 * images; ++i) {
    const std::int32_t image = below(static_cast<unsigned>(images));
    const std::int32_t k = below(static_cast<unsigned>(classes));
    const double x = 40 * below(5), side = 20 + 20 * below(6);
    if (i % 3 == 0) scene.truth.Add(image, k, x, x, side, side, i % 15 == 0);
    scene.found.Add(image, k, x + below(9), x, side, side,
                    below(1000) / 1000.0 + i * 1e-6);
  }
  return scene;
}

TEST(BootstrapTest, WeightsAreRepeatedImages) {
  const Scene scene = RandomScene(9, 3);
  EvaluationOptions options;
  options.keep_matches = true;
  const Evaluation made = Evaluate(scene.truth, scene.found, options);
  const std::vector<std::uint32_t> weights = {0, 1, 3, 1, 0, 2, 1, 1, 0};
  // The same, written out: each image as often as it counts.
  Scene repeated;
  repeated.truth.categories = scene.truth.categories;
  for (std::size_t i = 0; i < weights.size(); ++i)
    for (std::uint32_t w = 0; w < weights[i]; ++w) {
      const auto image =
          static_cast<std::int32_t>(repeated.truth.images.numbers.size());
      repeated.truth.images.numbers.push_back(image);
      const Truth& t = scene.truth;
      for (std::size_t j = 0; j < t.size(); ++j)
        if (t.image[j] == static_cast<std::int32_t>(i))
          repeated.truth.Add(image, t.category[j], t.x[j], t.y[j], t.width[j],
                             t.height[j], t.crowd[j] != 0);
      const Detections& d = scene.found;
      for (std::size_t j = 0; j < d.size(); ++j)
        if (d.image[j] == static_cast<std::int32_t>(i))
          repeated.found.Add(image, d.category[j], d.x[j], d.y[j], d.width[j],
                             d.height[j], d.score[j]);
    }
  const auto wanted =
      Named(Summarize(Evaluate(repeated.truth, repeated.found, {})));
  const auto got = Named(WeightedStats(made, weights));
  for (std::size_t i = 0; i < wanted.size(); ++i)
    EXPECT_NEAR(got[i].second, wanted[i].second, 1e-14) << wanted[i].first;
  EXPECT_GT(wanted[0].second, 0);
  EXPECT_EQ(Named(WeightedStats(made, std::vector<std::uint32_t>(9, 1))),
            Named(Summarize(made)));
}

TEST(BootstrapTest, SeedDecidesThreadsDoNot) {
  const Scene scene = RandomScene(30, 2);
  EvaluationOptions options;
  options.keep_matches = true;
  const Evaluation made = Evaluate(scene.truth, scene.found, options);
  ImageBootstrapOptions bootstrap;
  bootstrap.resamples = 200;
  bootstrap.threads = 1;
  const auto one = BootstrapImages(made, 30, bootstrap);
  bootstrap.threads = 3;
  const auto three = BootstrapImages(made, 30, bootstrap);
  bootstrap.seed = 1;
  const auto other = BootstrapImages(made, 30, bootstrap);
  const double ap = Summarize(made).AP;
  EXPECT_EQ(one[0].second.low, three[0].second.low);
  EXPECT_NE(one[0].second.low, other[0].second.low);
  EXPECT_LT(one[0].second.low, ap);
  EXPECT_GT(one[0].second.high, ap);
}

TEST(BootstrapTest, OneImageHasNoWidth) {
  const Scene scene = RandomScene(1, 1);
  EvaluationOptions options;
  options.keep_matches = true;
  const Evaluation made = Evaluate(scene.truth, scene.found, options);
  const auto intervals = BootstrapImages(made, 1, {});
  EXPECT_EQ(intervals[0].second.low, Summarize(made).AP);
  EXPECT_EQ(intervals[0].second.high, Summarize(made).AP);
}

// One truth of each class, and detections whose reasons are known.
Scene KnownScene() {
  Scene scene;
  scene.truth.images.numbers = {1, 2};
  scene.truth.categories = {{1, "cat"}, {2, "dog"}};
  scene.truth.Add(0, 0, 0, 0, 10, 10);
  scene.truth.Add(0, 1, 100, 0, 10, 10);
  scene.truth.Add(1, 0, 200, 0, 10, 10);
  scene.truth.Add(1, 1, 300, 300, 100, 100, /*is_crowd=*/true);
  Detections& d = scene.found;
  d.Add(0, 0, 0, 0, 10, 10, 0.9);      // right
  d.Add(0, 0, 0, 0, 10, 9, 0.8);       // the same again
  d.Add(0, 0, 100, 0, 10, 10, 0.7);    // cat on the dog
  d.Add(0, 0, 0, 0, 10, 3, 0.6);       // overlap 0.3: place
  d.Add(0, 0, 100, 0, 10, 3, 0.5);     // both
  d.Add(0, 1, 500, 500, 10, 10, 0.4);  // on nothing
  d.Add(1, 1, 310, 310, 10, 10, 0.3);  // in the crowd
  return scene;
}

TEST(ErrorKindsTest, ReasonsByHand) {
  const Scene scene = KnownScene();
  const ErrorKinds made = FindErrorKinds(scene.truth, scene.found, {});
  for (const ErrorKind kind : {ErrorKind::kClass, ErrorKind::kLocalisation,
                               ErrorKind::kBoth, ErrorKind::kDuplicate})
    EXPECT_EQ(made.of(kind).count, 1) << NameOf(kind);
  // The one in the crowd is ignored, yet has a reason, as in tidecv: in an
  // image whose truths are elsewhere it is on nothing.
  EXPECT_EQ(made.of(ErrorKind::kBackground).count, 2);
  // The cat of image 2; the dog can be found by mending a class.
  EXPECT_EQ(made.of(ErrorKind::kMissed).count, 1);
  // Cats: one of two, first: 1 up to recall 1/2. Dogs: none.
  EXPECT_NEAR(made.AP, 51.0 / 101 / 2, 1e-15);
  // The dog found at 0.7, before the false alarm at 0.4.
  EXPECT_NEAR(made.of(ErrorKind::kClass).gain, 0.5, 1e-15);
  EXPECT_EQ(made.of(ErrorKind::kDuplicate).gain, 0);
  // One cat fewer to find.
  EXPECT_NEAR(made.of(ErrorKind::kMissed).gain, (1 - 51.0 / 101) / 2, 1e-15);
  EXPECT_EQ(made.false_alarm_gain, 0);
}

TEST(ErrorKindsTest, NothingLeftIsRight) {
  // Both cats are missed and nothing else is there.
  Scene scene;
  scene.truth.images.numbers = {1, 2};
  scene.truth.categories = {{1, "cat"}};
  scene.truth.Add(0, 0, 0, 0, 10, 10);
  scene.truth.Add(1, 0, 0, 0, 10, 10);
  const ErrorKinds made = FindErrorKinds(scene.truth, scene.found, {});
  EXPECT_EQ(made.AP, 0);
  EXPECT_EQ(made.of(ErrorKind::kMissed).count, 2);
  EXPECT_EQ(made.of(ErrorKind::kMissed).gain, 1);
  EXPECT_EQ(made.miss_gain, 1);
  EXPECT_EQ(made.of(ErrorKind::kBackground).gain, 0);
  // Nothing to find and nothing found: no error, nothing to gain.
  scene.truth = {};
  const ErrorKinds none = FindErrorKinds(scene.truth, scene.found, {});
  EXPECT_EQ(none.AP, 0);
  EXPECT_EQ(none.miss_gain, 0);
}

TEST(ErrorKindsTest, EqualScoresAsTheyStand) {
  // Two detections of one score would find the cat, one by another place, one
  // by another class; the first of them does.
  Scene scene;
  scene.truth.images.numbers = {1};
  scene.truth.categories = {{1, "cat"}, {2, "dog"}};
  scene.truth.Add(0, 0, 0, 0, 10, 10);
  scene.found.Add(0, 1, 0, 0, 10, 10, 0.5);
  scene.found.Add(0, 0, 0, 0, 10, 3, 0.5);
  ErrorKinds made = FindErrorKinds(scene.truth, scene.found, {});
  EXPECT_GT(made.of(ErrorKind::kClass).gain, 0);
  EXPECT_EQ(made.of(ErrorKind::kLocalisation).gain, 0);
  scene.found = {};
  scene.found.Add(0, 0, 0, 0, 10, 3, 0.5);
  scene.found.Add(0, 1, 0, 0, 10, 10, 0.5);
  made = FindErrorKinds(scene.truth, scene.found, {});
  EXPECT_EQ(made.of(ErrorKind::kClass).gain, 0);
  EXPECT_GT(made.of(ErrorKind::kLocalisation).gain, 0);
}

TEST(ConfusionTest, CountsByHand) {
  const Scene scene = KnownScene();
  const Confusion made = FindConfusion(scene.truth, scene.found, {});
  EXPECT_EQ(made.at(0, 0), 1);
  EXPECT_EQ(made.at(1, 0), 1);  // the dog taken for a cat
  EXPECT_EQ(made.at(0, 2), 1);  // the cat of image 2
  EXPECT_EQ(made.at(1, 2), 0);
  EXPECT_EQ(made.at(2, 0), 3);  // again, place, both
  EXPECT_EQ(made.at(2, 1), 1);  // on nothing; not the one in the crowd
  EXPECT_EQ(ConfusionCsv(made, scene.truth),
            "truth,cat,dog,background\ncat,1,0,1\ndog,1,0,0\n"
            "background,3,1,0\n");
  ConfusionOptions high;
  high.score = 0.85;
  const Confusion few = FindConfusion(scene.truth, scene.found, high);
  EXPECT_EQ(few.at(0, 0), 1);
  EXPECT_EQ(few.at(1, 2), 1);
  EXPECT_EQ(few.at(2, 0), 0);
}

}  // namespace
}  // namespace eyechart::detection
