// Runs that share a training: each ends as if it had been trained alone.
#include "probes/detection/transfer/kept_looks.h"

#include <ATen/TensorOperators.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <csignal>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/files.h"
#include "core/interrupt.h"
#include "core/json.h"
#include "probes/detection/transfer/transfer.h"
#include "tests/encoders/toy_checkpoint.h"
#include "tests/probes/detection/transfer/patch_means.h"

namespace eyechart::detection {
namespace {

namespace fs = std::filesystem;
using eyechart::testing::TempFolder;
using eyechart::testing::WriteText;
using testing::ColouredBoxes;
using testing::FakeModel;
using Names = std::vector<std::string>;
using Scores = std::vector<double>;

constexpr const char* kShared =
    "trained before, for another cell: 3 looks tried";

class NoteTaker final : public Progress {
 public:
  void Note(const std::string& message) override { notes.push_back(message); }
  Names notes;
};

// A head that was trained, or took what another run kept.
struct TrainedHead {
  std::unique_ptr<DetectionHead> head;
  TrainedDetector trained;
  Names notes;
};

void ExpectSameWeights(const DetectionHead& one, const DetectionHead& two) {
  const NamedTensors a = one.Parameters(), b = two.Parameters();
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i)
    EXPECT_TRUE(at::equal(a[i].second, b[i].second)) << a[i].first;
}

// All but the seconds.
void ExpectSameRun(const TrainedDetector& one, const TrainedDetector& two) {
  EXPECT_EQ(LogToCsv(one.log), LogToCsv(two.log));
  EXPECT_EQ(one.steps, two.steps);
  EXPECT_EQ(one.stopped_early, two.stopped_early);
  EXPECT_EQ(one.best_step, two.best_step);
  EXPECT_EQ(one.problems, two.problems);
  EXPECT_EQ(one.validation_problems, two.validation_problems);
  EXPECT_EQ(std::isnan(one.validation_ap), std::isnan(two.validation_ap));
  if (!std::isnan(one.validation_ap)) {
    EXPECT_EQ(one.validation_ap, two.validation_ap);
  }
}

void ExpectSame(const TrainedHead& one, const TrainedHead& two) {
  ExpectSameRun(one.trained, two.trained);
  ExpectSameWeights(*one.head, *two.head);
}

// Three looks in twelve steps, judged as a test says.
class KeptLooksTest : public ::testing::Test {
 protected:
  KeptLooksTest() {
    InstallInterruptHandlers();
    // Told of by each run that shares the training, whoever read it.
    WriteText(set_.images[3].file, "broken");
    MapSourceOptions options;
    options.canvas = CanvasOf(model_.preprocess, false);
    options.jitter = JitterOptions{};
    options.variants = 2;
    options.keep = true;
    source_options_ = options;
  }
  ~KeptLooksTest() override { ResetInterrupt(); }

  TrainDetectorOptions Short(const std::string& kept = "kept") const {
    TrainDetectorOptions options;
    options.steps = 12;
    options.batch = 4;
    options.rate = 2e-3;
    options.warmup = 2;
    options.average = 0.9;
    options.looks = 3;
    options.identity = "a run";
    options.kept_identity = "what it shares";
    if (!kept.empty()) options.kept_looks = folder_ / kept;
    return options;
  }

  // `scores` are the looks' AP, in turn; none: there is nothing to judge by.
  // After look `stop` a signal comes.
  TrainedHead Train(const Scores& scores,
                    const TrainDetectorOptions& options,
                    std::uint64_t start = 3,
                    std::size_t stop = 0) {
    MapSource whole(model_, examples_, source_options_);
    MapSource source(model_, examples_, source_options_);
    source.SetScale(whole.MeasureScale(32));
    HeadOptions head;
    head.pyramid.maps = source.levels();
    head.pyramid.width = 32;
    head.pyramid.seed = start;
    head.classes = 2;
    head.layers = 1;
    TrainedHead made;
    made.head = CreateHead("dense", head);
    std::size_t looks = 0;
    ValidateDetector validate;
    if (!scores.empty())
      validate = [&](const DetectionHead&) {
        const double score = scores.at(looks++);
        if (looks == stop) std::raise(SIGTERM);
        return std::pair(score, 2 * score);
      };
    NoteTaker notes;
    made.trained = TrainDetector(*made.head, source, validate, options, notes);
    made.notes = std::move(notes.notes);
    return made;
  }

  const TempFolder folder_;
  const data::BoxDataset set_ = ColouredBoxes(folder_ / "train", 12, 1);
  const BoxExamples examples_{set_};
  encoders::LoadedModel model_ = FakeModel();
  MapSourceOptions source_options_;
  const Scores late_ = {0.1, 0.2, 0.5};
  const Scores early_ = {0.4, 0.3, 0.4};
};

TEST_F(KeptLooksTest, AnotherChoiceOfTheSameLooksTakesNoStep) {
  for (const bool best : {true, false}) {
    TrainDetectorOptions options = Short("");
    options.keep_best = best;
    const TrainedHead alone = Train(early_, options);
    ASSERT_EQ(alone.trained.problems.size(), 1u);
    options.kept_looks = folder_ / fmt::format("kept-{}", best);
    const TrainedHead first = Train(late_, options);
    EXPECT_EQ(first.trained.steps_here, 12);
    EXPECT_EQ(first.notes, Names{});
    EXPECT_EQ(first.trained.best_step, best ? 12 : 0);
    const TrainedHead second = Train(early_, options, 99);
    EXPECT_EQ(second.trained.steps_here, 0);
    EXPECT_EQ(second.notes, Names{kShared});
    EXPECT_EQ(second.trained.best_step, best ? 4 : 0);
    // The work was done once, and is what it was.
    EXPECT_EQ(second.trained.seconds, first.trained.seconds);
    ExpectSame(second, alone);
    EXPECT_EQ(at::equal(first.head->Parameters().front().second,
                        second.head->Parameters().front().second),
              !best);
    // And what chooses as the first ends as it did.
    ExpectSame(Train(late_, options, 99), first);
  }
}

TEST_F(KeptLooksTest, WithoutPicturesToJudgeByTheLastAreShared) {
  const TrainedHead first = Train({}, Short());
  EXPECT_EQ(first.trained.steps_here, 12);
  const TrainedHead second = Train({}, Short(), 99);
  EXPECT_EQ(second.trained.steps_here, 0);
  ExpectSame(second, first);
  ExpectSame(Train({}, Short("")), first);
}

// Of the state it leaves itself, as a run that has trained.
TEST_F(KeptLooksTest, WhatWasTakenIsNotJudgedAgain) {
  Train(late_, Short());
  TrainDetectorOptions options = Short();
  options.checkpoint = folder_ / "state.safetensors";
  const TrainedHead taken = Train(early_, options, 99);
  EXPECT_EQ(taken.notes, Names{kShared});
  const TrainedHead again = Train({9, 9, 9}, options, 98);
  EXPECT_EQ(again.trained.steps_here, 0);
  EXPECT_NE(again.notes, Names{kShared});
  ExpectSame(again, taken);
}

TEST_F(KeptLooksTest, AnInterruptedRunStillHasAllLooks) {
  const TrainedHead alone = Train(early_, Short(""));
  TrainDetectorOptions options = Short();
  options.checkpoint = folder_ / "state.safetensors";
  EXPECT_THROW(Train(late_, options, 3, 2), Interrupted);
  ResetInterrupt();
  EXPECT_TRUE(fs::exists(folder_ / "kept/step-8.safetensors"));
  EXPECT_FALSE(fs::exists(folder_ / "kept/ended.json"));
  const TrainedHead rest = Train({0.5}, options, 99);
  EXPECT_EQ(rest.trained.steps_here, 4);
  EXPECT_EQ(rest.trained.best_step, 12);
  const TrainedHead second = Train(early_, Short(), 99);
  EXPECT_EQ(second.notes, Names{kShared});
  ExpectSame(second, alone);
  // One that is interrupted while it judges begins again.
  EXPECT_THROW(Train(early_, Short(), 99, 2), Interrupted);
  ResetInterrupt();
  ExpectSame(Train(early_, Short(), 99), alone);
}

// Another run of the same has come to its end in the meantime.
TEST_F(KeptLooksTest, AnInterruptedRunTakesWhatAnotherHasKept) {
  TrainDetectorOptions options = Short();
  options.checkpoint = folder_ / "state.safetensors";
  EXPECT_THROW(Train(early_, options, 3, 1), Interrupted);
  ResetInterrupt();
  Train(late_, Short());
  const TrainedHead taken = Train(early_, options, 99);
  EXPECT_EQ(taken.notes, Names{kShared});
  ExpectSame(taken, Train(early_, Short("")));
}

// A run that took its first steps without a folder lacks looks: it ends none
// the worse, and nobody takes it for whole.
TEST_F(KeptLooksTest, LooksThatLackAreNotPassedOver) {
  TrainDetectorOptions options = Short("");
  options.checkpoint = folder_ / "state.safetensors";
  EXPECT_THROW(Train(late_, options, 3, 1), Interrupted);
  ResetInterrupt();
  options.kept_looks = folder_ / "kept";
  const TrainedHead rest = Train({0.2, 0.5}, options, 99);
  ExpectSame(rest, Train(late_, Short("")));
  EXPECT_FALSE(fs::exists(folder_ / "kept/ended.json"));
}

TEST_F(KeptLooksTest, WhatIsDamagedOrForeignIsTrainedAnew) {
  const TrainedHead alone = Train(early_, Short(""));
  Train(late_, Short());
  const fs::path kept = folder_ / "kept", ended = kept / "ended.json";
  const auto change = [&](const char* key, const Json& value) {
    Json json = ReadJsonFile(ended);
    json[key] = value;
    WriteText(ended, json.dump());
  };
  const std::vector<std::pair<const char*, std::function<void()>>> damages = {
      {"cut", [&] { fs::resize_file(kept / "step-4.safetensors", 100); }},
      {"another's",
       [&] {
         fs::copy_file(kept / "step-4.safetensors", kept / "step-8.safetensors",
                       fs::copy_options::overwrite_existing);
       }},
      {"gone", [&] { fs::remove(kept / "step-12.safetensors"); }},
      {"not ended",
       [&] {
         fs::remove(ended);
         fs::remove(kept / "step-12.safetensors");
       }},
      {"no JSON", [&] { WriteText(ended, "{"); }},
      {"no object", [&] { WriteText(ended, "[]"); }},
      {"no log", [&] { change("log", Json(7)); }},
      {"an empty log", [&] { change("log", Json::array()); }},
      {"no time", [&] { change("seconds", Json("long")); }},
      {"no problems", [&] { change("problems", Json()); }},
      {"another identity", [&] { change("identity", Json("another")); }}};
  for (const auto& [name, damage] : damages) {
    damage();
    const TrainedHead anew = Train(early_, Short());
    EXPECT_EQ(anew.trained.steps_here, 12) << name;
    ExpectSame(anew, alone);
    // What it was trained for is mended.
    EXPECT_EQ(Train(late_, Short()).trained.steps_here, 0) << name;
  }
  TrainDetectorOptions other = Short();
  other.kept_identity = "another recipe";
  EXPECT_EQ(Train(early_, other).trained.steps_here, 12);
}

// How a look is judged ends such a run.
TEST_F(KeptLooksTest, PatienceSharesNothing) {
  TrainDetectorOptions options = Short();
  options.patience = 2;
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(Train(late_, options).trained.steps_here, 12);
  EXPECT_FALSE(fs::exists(folder_ / "kept"));
}

// From sets to results, whose looks are judged by boxes that are found.
class SharedTransferTest : public ::testing::Test {
 protected:
  static TransferOptions Short() {
    TransferOptions options;
    options.width = 32;
    options.layers = 1;
    options.variants = 2;
    options.train.steps = 120;
    options.train.batch = 8;
    options.train.rate = 2e-3;
    options.train.warmup = 10;
    options.train.average = 0.9;
    options.train.looks = 3;
    options.validation = 0.25;
    options.resamples = 0;
    return options;
  }

  TransferResult Run(const TransferOptions& options) {
    return RunTransfer(model_, sets_, options, {}, Progress::None());
  }

  const TempFolder folder_;
  encoders::LoadedModel model_ = FakeModel();
  const TransferSets sets_ = {ColouredBoxes(folder_ / "train", 24, 1),
                              {},
                              ColouredBoxes(folder_ / "test", 8, 2)};
};

TEST_F(SharedTransferTest, ResultsAreAsIfEachHadBeenTrainedAlone) {
  TransferOptions options = Short();
  options.shared = folder_ / "shared";
  const TransferResult first = Run(options);
  EXPECT_EQ(first.runs[0].trained.steps_here, 120);
  std::vector<std::int64_t> chosen = {first.runs[0].trained.best_step};
  const auto expect_shared = [&](const FindOptions& find) {
    options.find = find;
    const TransferResult shared = Run(options);
    TransferOptions apart = options;
    apart.shared.clear();
    const TransferResult alone = Run(apart);
    EXPECT_EQ(shared.runs[0].trained.steps_here, 0);
    EXPECT_EQ(alone.runs[0].trained.steps_here, 120);
    EXPECT_EQ(shared.runs[0].train_seconds, first.runs[0].train_seconds);
    ExpectSameRun(shared.runs[0].trained, alone.runs[0].trained);
    ExpectSameWeights(*shared.detector.head, *alone.detector.head);
    EXPECT_EQ(shared.runs[0].scores.stats, alone.runs[0].scores.stats);
    EXPECT_EQ(shared.warnings, alone.warnings);
    chosen.push_back(shared.runs[0].trained.best_step);
  };
  FindOptions find;
  find.nms.iou_threshold = 0.3;
  expect_shared(find);
  // Nothing is found, so that no look is better than the first.
  find.detect.min_score = 0.999;
  expect_shared(find);
  EXPECT_NE(chosen.back(), chosen.front());
}

TEST_F(SharedTransferTest, ASeedOrARecipeIsATrainingOfItsOwn) {
  TransferOptions options = Short();
  options.shared = folder_ / "shared";
  options.train.steps = 4;
  options.train.looks = 2;
  options.runs = 2;
  const auto steps = [&] {
    std::vector<std::int64_t> here;
    for (const TransferRun& run : Run(options).runs)
      here.push_back(run.trained.steps_here);
    return here;
  };
  using Steps = std::vector<std::int64_t>;
  EXPECT_EQ(steps(), (Steps{4, 4}));
  EXPECT_EQ(steps(), (Steps{0, 0}));
  options.seed = 1;  // and 2
  EXPECT_EQ(steps(), (Steps{0, 4}));
  options.train.rate = 1e-3;
  EXPECT_EQ(steps(), (Steps{4, 4}));
  options.find.most_kept = 10;
  EXPECT_EQ(steps(), (Steps{0, 0}));
  // The encoder's products may be rounded otherwise.
  options.encode_batch = 3;
  EXPECT_EQ(steps(), (Steps{4, 4}));
}

TEST_F(SharedTransferTest, BlocksThatAreTrainedAreNotShared) {
  namespace toys = encoders::testing;
  toys::WriteCheckpoint(folder_ / "model", toys::Dinov2Config(),
                        toys::Dinov2Tensors());
  model_.checkpoint = encoders::OpenCheckpoint((folder_ / "model").string());
  model_.encoder = encoders::ImageEncoder::Create(model_.checkpoint, {});
  TransferOptions options = Short();
  options.shared = folder_ / "shared";
  options.train.steps = 2;
  options.train.looks = 1;
  options.unfreeze = 1;
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(Run(options).runs[0].trained.steps_here, 2);
  EXPECT_FALSE(fs::exists(folder_ / "shared"));
}

}  // namespace
}  // namespace eyechart::detection
