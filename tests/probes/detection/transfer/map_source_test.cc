#include "probes/detection/transfer/map_source.h"

#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include "tests/probes/detection/transfer/patch_means.h"

namespace eyechart::detection {
namespace {

using eyechart::testing::InputErrorOf;
using eyechart::testing::TempFolder;
using testing::ColouredBoxes;
using testing::FakeModel;
using testing::PatchMeans;

class MapSourceTest : public ::testing::Test {
 protected:
  MapSourceOptions Options() {
    MapSourceOptions options;
    options.canvas = CanvasOf(model_.preprocess, false);
    options.batch = 3;
    options.seed = 4;
    return options;
  }
  int batches() { return static_cast<PatchMeans&>(*model_.encoder).batches(); }

  TempFolder folder_;
  data::BoxDataset set_ = ColouredBoxes(folder_.path(), 7, 1);
  encoders::LoadedModel model_ = FakeModel();
};

TEST_F(MapSourceTest, MapsAreOfTheWholePicture) {
  const BoxExamples examples(set_);
  MapSource source(model_, examples, Options());
  ASSERT_EQ(source.levels().size(), 1u);
  EXPECT_EQ(source.levels()[0].width, 3);
  EXPECT_EQ(source.levels()[0].stride, 8);
  const MapBatch batch = source.Load({6, 0, 3, 1}, 5);
  EXPECT_EQ(batch.maps[0].sizes(), (at::IntArrayRef{4, 3, 8, 8}));
  ASSERT_EQ(batch.targets.size(), 4u);
  // The boxes are the set's own, and their colour is in the map.
  for (std::size_t i = 0; i < 4; ++i) {
    const std::int64_t example = std::vector<std::int64_t>{6, 0, 3, 1}[i];
    const auto& boxes = examples.boxes(example);
    ASSERT_EQ(batch.targets[i].corners.size(0),
              static_cast<std::int64_t>(boxes.size()));
    for (std::size_t b = 0; b < boxes.size(); ++b) {
      const data::TrueBox& box = set_.boxes[boxes[b]];
      const at::Tensor corners =
          batch.targets[i].corners[static_cast<std::int64_t>(b)];
      EXPECT_FLOAT_EQ(corners[0].item<float>(), static_cast<float>(box.x));
      EXPECT_FLOAT_EQ(corners[3].item<float>(),
                      static_cast<float>(box.y + box.h));
      const auto y = static_cast<std::int64_t>((box.y + box.h / 2) / 8);
      const auto x = static_cast<std::int64_t>((box.x + box.w / 2) / 8);
      const at::Tensor cell = batch.maps[0][static_cast<std::int64_t>(i)]
                                  .slice(1, y, y + 1)
                                  .slice(2, x, x + 1)
                                  .flatten();
      EXPECT_EQ(cell.argmax().item<std::int64_t>(),
                static_cast<std::int64_t>(box.category));
    }
  }
}

TEST_F(MapSourceTest, KeptVariantsAreTheLiveOnes) {
  const BoxExamples examples(set_);
  MapSourceOptions options = Options();
  options.jitter = JitterOptions{};
  MapSource live(model_, examples, options);
  options.variants = 2;
  options.keep = true;
  MapSource kept(model_, examples, options);
  for (const std::int64_t epoch : {0, 1}) {
    const MapBatch a = live.Load({0, 5, 2}, epoch);
    const MapBatch b = kept.Load({0, 5, 2}, epoch);
    // float16 has 11 bits.
    EXPECT_TRUE(at::allclose(a.maps[0], b.maps[0], 1e-3, 1e-3));
    for (std::size_t i = 0; i < 3; ++i)
      EXPECT_TRUE(at::equal(a.targets[i].corners, b.targets[i].corners));
  }
  EXPECT_FALSE(at::allclose(kept.Load({0}, 0).maps[0],
                            kept.Load({0}, 1).maps[0], 1e-2, 1e-2));
  // Epoch 2 is variant 0 again and needs no model; other pictures do.
  const int before = batches();
  EXPECT_TRUE(
      at::equal(kept.Load({2, 0}, 2).maps[0], kept.Load({2, 0}, 0).maps[0]));
  EXPECT_EQ(batches(), before);
  kept.Load({1, 0}, 2);
  EXPECT_EQ(batches(), before + 1);
  EXPECT_EQ(kept.BytesToKeep(7, 2), 2 * 3 * 8 * 8 * 7 * 2);
}

TEST_F(MapSourceTest, ScaleBringsChannelsToMeanZeroAndDeviationOne) {
  const BoxExamples examples(set_);
  MapSource source(model_, examples, Options());
  const at::Tensor raw = source.Load({0, 1, 2, 3, 4, 5, 6}, 0).maps[0];
  source.SetScale(source.MeasureScale(100));
  const at::Tensor scaled = source.Load({0, 1, 2, 3, 4, 5, 6}, 0).maps[0];
  EXPECT_FALSE(at::allclose(raw, scaled, 1e-2, 1e-2));
  for (std::int64_t c = 0; c < 3; ++c) {
    const at::Tensor channel = scaled.select(1, c);
    EXPECT_NEAR(channel.mean().item<double>(), 0, 1e-4);
    EXPECT_NEAR(channel.std(false).item<double>(), 1, 1e-3);
  }
}

TEST_F(MapSourceTest, BadPicturesAreNamed) {
  set_.images[2].missing = true;
  const BoxExamples examples(set_);
  EXPECT_EQ(examples.size(), 6);
  ASSERT_EQ(examples.problems().size(), 1u);
  EXPECT_NE(examples.problems()[0].find("3.png"), std::string::npos);
  eyechart::testing::WriteText(set_.images[4].file, "no picture");
  MapSource source(model_, examples, Options());
  const MapBatch batch = source.Load({3, 0}, 0);
  EXPECT_EQ(batch.sizes[0].width, 0);
  EXPECT_EQ(batch.targets[0].corners.size(0), 0);
  EXPECT_EQ(batch.sizes[1].width, 64);
  ASSERT_EQ(source.problems().size(), 1u);
  EXPECT_NE(source.problems()[0].find("5.png"), std::string::npos);
  MapSourceOptions stages = Options();
  stages.own_stages = true;
  EXPECT_NE(InputErrorOf([&] {
              MapSource(model_, examples, stages);
            }).find("no stages"),
            std::string::npos);
}

TEST_F(MapSourceTest, CrowdsAndSliversAreIgnored) {
  set_.boxes[0].crowd = true;
  const BoxExamples examples(set_);
  const Canvas canvas = CanvasOf(model_.preprocess, false);
  const std::int64_t example = static_cast<std::int64_t>(set_.boxes[0].image);
  const Placing whole = PlaceWhole(64, 64, canvas);
  const BoxTargets targets = examples.Targets(example, whole, canvas, 64, 64);
  ASSERT_TRUE(targets.ignored.defined());
  EXPECT_EQ(targets.ignored.size(0), 1);
  EXPECT_EQ(targets.corners.size(0),
            static_cast<std::int64_t>(examples.boxes(example).size()) - 1);
  // A picture decoded at another size than the set says: boxes scale with it.
  const BoxTargets scaled =
      examples.Targets(example, PlaceWhole(128, 32, canvas), canvas, 128, 32);
  EXPECT_TRUE(at::allclose(scaled.ignored, targets.ignored));
}

}  // namespace
}  // namespace eyechart::detection
