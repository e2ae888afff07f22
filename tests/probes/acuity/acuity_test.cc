#include "probes/acuity/acuity.h"

#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "core/error.h"
#include "core/random.h"

namespace eyechart::probes {
namespace {

TEST(Charts, AreTheOptotypesAndTheNinePatterns) {
  EXPECT_EQ(Charts().size(), 11u);
  for (const Chart& chart : Charts()) {
    EXPECT_GE(chart.classes.size(), 2u) << chart.name;
    EXPECT_GE(chart.strengths.size(), 5u) << chart.name;
    for (std::size_t i = 1; i < chart.strengths.size(); ++i)
      EXPECT_LT(chart.strengths[i], chart.strengths[i - 1]) << chart.name;
    EXPECT_GT(chart.strengths.back(), 0) << chart.name;
  }
  EXPECT_EQ(FindChart("landolt-c").guess(), 0.25);
  EXPECT_THROW(FindChart("snellen"), InputError);
}

TEST(Charts, LengthsGrowWithThePicture) {
  const Chart& chart = FindChart("landolt-c");
  EXPECT_DOUBLE_EQ(chart.StrengthAt(0, 448), 2 * chart.StrengthAt(0, 224));
}

ChartOptions Few() {
  ChartOptions options;
  options.train = 6;
  options.test = 5;
  options.size = 96;
  return options;
}

TEST(ChartPictures, ShowEveryClassEquallyOftenInEverySplit) {
  const Chart& chart = FindChart("tumbling-e");
  const ChartPictures pictures(chart, Few());
  std::map<std::tuple<std::size_t, bool, std::int64_t>, int> counts;
  std::set<std::string> ids;
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const ChartItem& place = pictures.place(i);
    ++counts[{place.step, place.test, place.label}];
    ids.insert(pictures.item(i).id);
  }
  EXPECT_EQ(ids.size(), pictures.size());
  EXPECT_EQ(counts.size(), chart.strengths.size() * 2 * 4);
  for (const auto& [key, count] : counts) EXPECT_EQ(count, 2);  // 6, 5 -> 8
}

TEST(ChartPictures, TrainAndTestShareNoPicture) {
  std::set<std::string> seen;
  const auto add = [&](const ChartOptions& options) {
    const ChartPictures pictures(FindChart("tumbling-e"), options);
    for (std::size_t i = 0; i < pictures.size(); ++i) {
      if (pictures.place(i).step != 0) continue;
      const auto pixels = pictures.Render(i).pixels;
      EXPECT_TRUE(seen.emplace(pixels.begin(), pixels.end()).second);
    }
  };
  add(Few());
  ChartOptions other = Few();
  other.seed = Few().seed + 1;  // test seeds of one are not another's training
  add(other);
}

TEST(ChartPictures, RefuseNoPictures) {
  ChartOptions options = Few();
  options.test = 0;
  EXPECT_THROW(ChartPictures(FindChart("color"), options), InputError);
}

// An encoder that sees the class with noise that grows as the strength falls:
// a read-out cannot do better than its known psychometric function.
at::Tensor SyntheticFeatures(const Chart& chart,
                             const ChartPictures& pictures,
                             double acuity) {
  const auto n = static_cast<std::int64_t>(pictures.size());
  const auto classes = static_cast<std::int64_t>(chart.classes.size());
  at::Tensor features = at::randn({n, classes + 4});
  for (std::int64_t i = 0; i < n; ++i) {
    const ChartItem& place = pictures.place(static_cast<std::size_t>(i));
    const double strength = chart.StrengthAt(place.step, 224);
    // Bayes: two classes at distance 2 s are told apart with Phi(s); 0.6745
    // gives 75 %.
    features[i][place.label] +=
        2 * 0.6745 / std::sqrt(2) * std::pow(strength / acuity, 2);
  }
  return features;
}

TEST(MeasureAcuity, RecoversASyntheticObserver) {
  const Chart& chart = FindChart("orientation");
  ChartOptions options;
  options.train = 1200;
  options.test = 1200;
  const ChartPictures pictures(chart, options);
  const double acuity = std::sqrt(chart.strengths[2] * chart.strengths[3]);
  const at::Tensor features = SyntheticFeatures(chart, pictures, acuity);
  const Acuity found =
      MeasureAcuity(chart, pictures, 224, features, ReadOut::kLinear);
  ASSERT_EQ(found.fit.threshold.place, ThresholdPlace::kWithin);
  EXPECT_NEAR(std::log(found.fit.threshold.strength.value() / acuity), 0, 0.1);
  EXPECT_LE(found.fit.threshold.low.value(), acuity * 1.05);
  EXPECT_GE(found.fit.threshold.high.value(), acuity * 0.95);
  // k-NN in a space that is mostly noise sees less, but not nothing.
  const Acuity nearest =
      MeasureAcuity(chart, pictures, 224, features, ReadOut::kNearest);
  EXPECT_GT(nearest.accuracy, 0.55);
  EXPECT_LE(nearest.accuracy, found.accuracy + 0.02);
}

TEST(RequireTrainable, NamesTheFewestPicturesThatALinearReadOutTakes) {
  const Chart& chart = FindChart("landolt-c");  // 4 classes
  ChartOptions options;
  options.train = 12;
  try {
    RequireTrainable(chart, options, ReadOut::kLinear);
    FAIL() << "3 groups have none to choose the penalty on";
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(),
                 "eye chart landolt-c: 12 pictures a step to train on; the "
                 "linear read-out wants at least 13");
  }
  RequireTrainable(chart, options, ReadOut::kNearest);
  // And that few are enough indeed.
  options.train = 13;
  RequireTrainable(chart, options, ReadOut::kLinear);
  const ChartPictures pictures(chart, options);
  const at::Tensor features =
      at::randn({static_cast<std::int64_t>(pictures.size()), 8});
  EXPECT_EQ(MeasureAcuity(chart, pictures, 224, features, ReadOut::kLinear)
                .points.size(),
            chart.strengths.size());
}

TEST(MeasureAcuity, BlindFeaturesGetNoThreshold) {
  const Chart& chart = FindChart("landolt-c");
  ChartOptions options;
  options.train = 60;
  options.test = 60;
  const ChartPictures pictures(chart, options);
  const at::Tensor features =
      at::randn({static_cast<std::int64_t>(pictures.size()), 8});
  const Acuity found =
      MeasureAcuity(chart, pictures, 224, features, ReadOut::kLinear);
  EXPECT_EQ(found.fit.threshold.place, ThresholdPlace::kAboveAll);
  EXPECT_LT(found.accuracy_ci.low, 0.27);
  const Json json = AcuityJson(found, 16);
  EXPECT_TRUE(json["threshold"]["strength"].is_null());
  EXPECT_TRUE(json["threshold_patches"].is_null());
  EXPECT_EQ(json["points"].size(), chart.strengths.size());
}

}  // namespace
}  // namespace eyechart::probes
