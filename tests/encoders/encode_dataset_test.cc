#include "encoders/encode_dataset.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/full_like.h>
#include <c10/util/Exception.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "core/files.h"
#include "core/interrupt.h"
#include "data/feature_store.h"
#include "tests/encoders/fake_pictures.h"
#include "tests/fixture.h"

namespace eyechart::encoders {
namespace {

namespace fs = std::filesystem;
using testing::FakePictures;
using testing::InputErrorOf;
using testing::PlainBmp;
using testing::TempFolder;

// Pools the mean pixel and the width; one token a picture.
class FakeEncoder final : public ImageEncoder {
 public:
  FakeEncoder() {
    info_.family = "fake";
    info_.pools = {{Pool::kMean, 2}};
    info_.token_width = 2;
  }
  const EncoderInfo& info() const override { return info_; }
  Features Encode(const at::Tensor& pixels,
                  const EncodeRequest& request) override {
    passes.push_back(pixels.size(0));
    if (pixels.size(0) > room) C10_THROW_ERROR(OutOfMemoryError, "no room");
    at::Tensor mean = pixels.mean({1, 2, 3}).unsqueeze(1);
    if (spoilt >= 0) mean = mean / mean.ne(spoilt);  // x / 0 at that one
    Features features;
    features.pooled =
        at::cat({mean, at::full_like(mean, double(pixels.size(3)))}, 1);
    if (request.tokens) features.tokens = features.pooled.unsqueeze(1);
    if (interrupt_after > 0 && --interrupt_after == 0) std::raise(SIGTERM);
    return features;
  }
  std::int64_t TokenCount(int, int) const override { return 1; }
  double Flops(int, int) const override { return 0; }

  double spoilt = -1;                // a mean to make infinite; below 0: none
  int interrupt_after = 0;           // batches
  std::int64_t room = 10000;         // pictures a pass
  std::vector<std::int64_t> passes;  // pictures in each

 private:
  EncoderInfo info_;
};

LoadedModel MakeModel() {
  LoadedModel model;
  model.checkpoint.name = "fake";
  model.encoder = std::make_unique<FakeEncoder>();
  model.preprocess.resize = data::ResizeMode::kNone;
  model.preprocess.center_crop = false;
  model.preprocess.rescale = false;
  model.preprocess.normalize = false;
  model.weights_sha256 = "weights";
  model.dtype = "fp32";
  model.pool = Pool::kMean;
  return model;
}

EncodeSummary Encode(const FakePictures& pictures,
                     const fs::path& store,
                     EncodeOptions options = {}) {
  LoadedModel model = MakeModel();
  return EncodeDataset(model, pictures, store, options, Progress::None());
}

// 1,200 pictures of four widths: three shards, batches of mixed sizes.
FakePictures ManyPictures() {
  FakePictures pictures;
  for (int i = 0; i < 1200; ++i)
    pictures.Add(PlainBmp(2 + i % 4, 3, static_cast<unsigned char>(i % 251)));
  return pictures;
}

TEST(EncodeDataset, KeepsOrderThroughBatchesOfMixedSizes) {
  const TempFolder folder;
  FakePictures pictures = ManyPictures();
  pictures.Replace(7, "broken");
  const EncodeSummary summary = Encode(pictures, folder / "s", {5, 3, false});
  EXPECT_EQ(summary.images, 1200);
  EXPECT_EQ(summary.unreadable, 1);
  EXPECT_EQ(summary.first_problem.rfind("7: ", 0), 0u);
  const data::FeatureStore store(folder / "s");
  EXPECT_EQ(store.manifest().shards.size(), 3u);
  for (int i = 0; i < 1200; ++i) {
    const float* row = store.PooledRow(i);
    EXPECT_EQ(row[0], i == 7 ? 0.0f : static_cast<float>(i % 251)) << i;
    EXPECT_EQ(row[1], i == 7 ? 0.0f : static_cast<float>(2 + i % 4)) << i;
  }
}

TEST(EncodeDataset, ShardsAreOfWholeBatches) {
  const TempFolder folder;
  FakePictures pictures;
  for (int i = 0; i < 1500; ++i)
    pictures.Add(PlainBmp(2, 3, static_cast<unsigned char>(i % 251)));
  LoadedModel model = MakeModel();
  EncodeOptions options;
  options.batch = 700;  // more than the pictures of a shard else
  EncodeDataset(model, pictures, folder / "s", options, Progress::None());
  EXPECT_EQ(dynamic_cast<FakeEncoder&>(*model.encoder).passes,
            (std::vector<std::int64_t>{700, 700, 100}));
}

TEST(EncodeDataset, GoesOnAfterASignalWithTheSameBytes) {
  const TempFolder folder;
  const FakePictures pictures = ManyPictures();
  Encode(pictures, folder / "whole");
  InstallInterruptHandlers();
  LoadedModel model = MakeModel();
  dynamic_cast<FakeEncoder&>(*model.encoder).interrupt_after = 100;
  EXPECT_THROW(
      EncodeDataset(model, pictures, folder / "s", {}, Progress::None()),
      Interrupted);
  ResetInterrupt();
  EXPECT_FALSE(fs::exists(folder / "s"));
  const EncodeSummary summary = Encode(pictures, folder / "s");
  EXPECT_LT(summary.encoded, 1200);
  EXPECT_GT(summary.encoded, 0);
  for (const auto& entry : fs::directory_iterator(folder / "whole"))
    EXPECT_EQ(ReadFile(folder / "s" / entry.path().filename()),
              ReadFile(entry.path()));
}

TEST(EncodeDataset, HalvesTheBatchWhereMemoryFallsShort) {
  const TempFolder folder;
  const FakePictures pictures = ManyPictures();
  const EncodeSummary whole = Encode(pictures, folder / "whole");
  EXPECT_EQ(whole.batch, 32);
  EXPECT_TRUE(whole.warnings.empty());
  LoadedModel model = MakeModel();
  dynamic_cast<FakeEncoder&>(*model.encoder).room = 3;
  const EncodeSummary summary =
      EncodeDataset(model, pictures, folder / "s", {}, Progress::None());
  EXPECT_LE(summary.batch, 3);
  ASSERT_EQ(summary.warnings.size(), 1u);
  EXPECT_NE(summary.warnings[0].find("--batch 32"), std::string::npos);
  for (const auto& entry : fs::directory_iterator(folder / "whole"))
    EXPECT_EQ(ReadFile(folder / "s" / entry.path().filename()),
              ReadFile(entry.path()));
}

TEST(EncodeDataset, TellsWhatTheCheckpointTookForGranted) {
  const TempFolder folder;
  FakePictures pictures;
  pictures.Add(PlainBmp(2, 2, 9));
  LoadedModel model = MakeModel();
  model.checkpoint.notes = {"assumed"};
  const EncodeSummary summary =
      EncodeDataset(model, pictures, folder / "s", {}, Progress::None());
  EXPECT_EQ(summary.warnings, std::vector<std::string>{"assumed"});
}

TEST(EncodeDataset, RefusesPicturesThatChanged) {
  const TempFolder folder;
  FakePictures pictures = ManyPictures();
  Encode(pictures, folder / "s");
  pictures.Replace(3, PlainBmp(2, 2, 9));
  EXPECT_NE(InputErrorOf([&] {
              Encode(pictures, folder / "s");
            }).find("picture \"3\" has changed"),
            std::string::npos);
}

TEST(EncodeDataset, LeavesNothingWhereNoPictureIsReadable) {
  const TempFolder folder;
  FakePictures pictures;
  pictures.Add("broken");
  pictures.Add("gone");
  const std::string error =
      InputErrorOf([&] { Encode(pictures, folder / "s"); });
  EXPECT_NE(error.find("none of the 2 pictures"), std::string::npos) << error;
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(EncodeDataset, StopsWhereNoFeaturesAreFinite) {
  const TempFolder folder;
  FakePictures pictures;
  pictures.Add("broken");
  for (int i = 0; i < 2; ++i) pictures.Add(PlainBmp(2, 2, 8));
  for (const bool half : {false, true}) {
    LoadedModel model = MakeModel();
    if (half) model.dtype = "fp16";
    dynamic_cast<FakeEncoder&>(*model.encoder).spoilt = 8;
    const std::string error = InputErrorOf([&] {
      EncodeDataset(model, pictures, folder / "s", {}, Progress::None());
    });
    EXPECT_NE(error.find("fake: the features of 2 pictures"), std::string::npos)
        << error;
    EXPECT_NE(error.find("not finite numbers; the first is \"1\" (1.bmp)"),
              std::string::npos)
        << error;
    EXPECT_EQ(error.find("--dtype bf16 or fp32") != std::string::npos, half)
        << error;
    // Nor what would stand in the way of another dtype.
    EXPECT_TRUE(fs::is_empty(folder.path()));
  }
  EXPECT_EQ(Encode(pictures, folder / "s").unreadable, 1);
}

// One picture that is too much for fp16 does not stop a night's run.
TEST(EncodeDataset, NotesThePicturesWhoseFeaturesAreNotFinite) {
  const TempFolder folder;
  FakePictures pictures;
  for (const int value : {9, 8, 7, 8})
    pictures.Add(PlainBmp(2, 2, static_cast<unsigned char>(value)));
  LoadedModel model = MakeModel();
  dynamic_cast<FakeEncoder&>(*model.encoder).spoilt = 8;
  const EncodeSummary summary =
      EncodeDataset(model, pictures, folder / "s", {}, Progress::None());
  EXPECT_EQ(summary.noted, 2);
  ASSERT_FALSE(summary.warnings.empty());
  EXPECT_NE(summary.warnings.back().find(
                "the features of 2 of 4 pictures are not finite numbers; the "
                "first is \"1\" (1.bmp)"),
            std::string::npos)
      << summary.warnings.back();
  EXPECT_EQ(Encode(pictures, folder / "t").noted, 0);
}

// Though it is all of its shard.
TEST(EncodeDataset, NotesALastPictureWhoseFeaturesAreNotFinite) {
  const TempFolder folder;
  FakePictures pictures;
  for (int i = 0; i < 513; ++i)
    pictures.Add(PlainBmp(2, 2, static_cast<unsigned char>(i < 512 ? 7 : 8)));
  LoadedModel model = MakeModel();
  dynamic_cast<FakeEncoder&>(*model.encoder).spoilt = 8;
  const EncodeSummary summary =
      EncodeDataset(model, pictures, folder / "s", {}, Progress::None());
  EXPECT_EQ(summary.noted, 1);
  EXPECT_EQ(summary.encoded, 513);
}

TEST(EncodeDataset, WantsOneSizeForTokens) {
  const TempFolder folder;
  FakePictures pictures;
  pictures.Add(PlainBmp(4, 4, 8));
  EncodeOptions options;
  options.tokens = true;
  EXPECT_NE(InputErrorOf([&] {
              Encode(pictures, folder / "s", options);
            }).find("--resolution"),
            std::string::npos);
  options.tokens = false;
  options.batch = 0;
  EXPECT_NE(InputErrorOf([&] {
              Encode(pictures, folder / "s", options);
            }).find("--batch 0"),
            std::string::npos);
}

}  // namespace
}  // namespace eyechart::encoders
