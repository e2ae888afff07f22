// A detection job from its set to its folder: what an interruption leaves, and
// what a result depends on.
#include "suite/detect_pipeline.h"

#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>

#include "core/files.h"
#include "core/interrupt.h"
#include "suite/detect_identity.h"
#include "tests/probes/detection/transfer/patch_means.h"

namespace eyechart::suite {
namespace {

namespace fs = std::filesystem;
using detection::testing::ColouredBoxes;
using detection::testing::FakeModel;
using eyechart::testing::TempFolder;
using eyechart::testing::WriteText;

constexpr const char* kIdentity = "identity.json";

// Asks for a stop where boxes are found.
class StopAtFinding final : public Progress {
 public:
  void Begin(const std::string& stage, std::int64_t) override {
    if (stage == "finding boxes") std::raise(SIGTERM);
  }
};

class DetectPipeline : public ::testing::Test {
 protected:
  DetectPipeline() {
    InstallInterruptHandlers();
    job_.out = folder_ / "out";
    job_.options.width = 32;
    job_.options.layers = 1;
    job_.options.variants = 1;
    job_.options.train.steps = 4;
    job_.options.train.looks = 1;
    job_.options.resamples = 0;
  }
  ~DetectPipeline() override { ResetInterrupt(); }

  DetectOutcome Run(Progress& progress = Progress::None()) {
    return RunDetectJob(model_, sets_, job_, progress);
  }

  const TempFolder folder_;
  encoders::LoadedModel model_ = FakeModel();
  detection::TransferSets sets_ = {ColouredBoxes(folder_ / "train", 8, 1),
                                   {},
                                   ColouredBoxes(folder_ / "test", 4, 2)};
  DetectJob job_;
};

TEST_F(DetectPipeline, WhatIsTrainedStaysUntilTheCallerHasWrittenAll) {
  StopAtFinding stopper;
  EXPECT_THROW(Run(stopper), Interrupted);
  ResetInterrupt();
  EXPECT_FALSE(fs::exists(job_.out / "detect.json"));
  // Nothing is done, so that forgetting what is done leaves it.
  ForgetDone(job_.out, kIdentity);
  const DetectOutcome made = Run();
  EXPECT_EQ(made.result.runs[0].trained.steps_here, 0);
  EXPECT_EQ(made.result.runs[0].trained.steps, 4);
  EXPECT_EQ(made.json["dataset_hash"], detection::kBoxSetHash);
  // Records are still to be written.
  EXPECT_TRUE(fs::exists(job_.out / "state"));
  const Json identity = DetectIdentity(model_, job_);
  MarkDone(job_.out, kIdentity, identity);
  EXPECT_FALSE(fs::exists(job_.out / "state"));
  const auto done = FindDone(job_.out, kIdentity, identity);
  ASSERT_TRUE(done.has_value());
  EXPECT_EQ(done->dump(), made.json.dump());
  EXPECT_FALSE(FindDone(job_.out, kIdentity, Json()).has_value());
}

TEST_F(DetectPipeline, WhatAFinishedRunHasLeftIsNotInTheWay) {
  const Json identity = {{"steps", 4}};
  const auto leave = [&] {
    WriteText(job_.out / "detect.json", "{}");
    MarkDone(job_.out, kIdentity, identity);
    WriteText(job_.out / "state/seed-0.safetensors", "");
  };
  leave();
  EXPECT_TRUE(FindDone(job_.out, kIdentity, identity).has_value());
  EXPECT_FALSE(fs::exists(job_.out / "state"));
  leave();
  EXPECT_FALSE(FindDone(job_.out, kIdentity, {{"steps", 5}}).has_value());
  ForgetDone(job_.out, kIdentity);
  EXPECT_FALSE(fs::exists(job_.out / "state"));
  EXPECT_FALSE(fs::exists(job_.out / kIdentity));
}

TEST_F(DetectPipeline, AResultIsOfOneInputAndOneRecipe) {
  const Json identity = DetectIdentity(model_, job_);
  encoders::LoadedModel other = FakeModel();
  other.preprocess.size_height = other.preprocess.size_width = 32;
  other.preprocess.crop_height = other.preprocess.crop_width = 32;
  EXPECT_NE(DetectIdentity(other, job_), identity);
  other = FakeModel();
  other.preprocess.filter = data::Filter::kBilinear;
  EXPECT_NE(DetectIdentity(other, job_), identity);
  EXPECT_EQ(DetectIdentity(FakeModel(), job_), identity);
  EXPECT_FALSE(identity.contains("denoising"));
  job_.options.head = "set";
  job_.options.denoising = 50;
  EXPECT_EQ(DetectIdentity(model_, job_)["denoising"], 50);
}

TEST_F(DetectPipeline, ASetIsOfItsPicturesAndCategories) {
  const Json identity = DetectSetIdentity(sets_, {});
  sets_.test.images[0].path = "other.png";
  const Json renamed = DetectSetIdentity(sets_, {});
  EXPECT_NE(renamed, identity);
  sets_.train.categories[0].name = "crimson";
  EXPECT_NE(DetectSetIdentity(sets_, {}), renamed);
}

}  // namespace
}  // namespace eyechart::suite
