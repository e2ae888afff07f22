#include "probes/detection/transfer/train_detector.h"

#include <ATen/TensorOperators.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>

#include "core/csv.h"
#include "core/interrupt.h"
#include "probes/detection/transfer/detector.h"
#include "probes/detection/transfer/find_boxes.h"
#include "tests/probes/detection/transfer/patch_means.h"

namespace eyechart::detection {
namespace {

namespace fs = std::filesystem;
using eyechart::testing::InputErrorOf;
using eyechart::testing::TempFolder;
using testing::ColouredBoxes;
using testing::FakeModel;
using testing::RecallOf;

class TrainDetectorTest : public ::testing::Test {
 protected:
  TrainDetectorTest() {
    InstallInterruptHandlers();
    MapSourceOptions options;
    options.canvas = CanvasOf(model_.preprocess, false);
    test_source_ = std::make_unique<MapSource>(model_, test_, options);
    options.jitter = JitterOptions{};
    options.variants = 4;
    options.keep = true;
    source_ = std::make_unique<MapSource>(model_, train_, options);
    scale_ = source_->MeasureScale(32);
    source_->SetScale(scale_);
    test_source_->SetScale(scale_);
  }

  ~TrainDetectorTest() override { ResetInterrupt(); }

  HeadOptions HeadOf(std::uint64_t seed = 3) {
    HeadOptions options;
    options.pyramid.maps = source_->levels();
    options.pyramid.width = 32;
    options.pyramid.seed = seed;
    options.classes = 2;
    options.layers = 1;
    return options;
  }

  static TrainDetectorOptions Short() {
    TrainDetectorOptions options;
    options.steps = 12;
    options.batch = 4;
    options.rate = 2e-3;
    options.warmup = 2;
    options.looks = 3;
    options.identity = "a run";
    return options;
  }

  static void ExpectSame(const DetectionHead& one, const DetectionHead& two) {
    const NamedTensors a = one.Parameters(), b = two.Parameters();
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i)
      EXPECT_TRUE(at::equal(a[i].second, b[i].second)) << a[i].first;
  }

  double Recall(const DetectionHead& head) {
    FindOptions find;
    find.detect.min_score = 0.3;
    std::vector<std::pair<std::size_t, data::TrueBox>> found;
    for (const PictureBoxes& picture :
         FindBoxes(head, *test_source_, find, Progress::None()))
      for (const FoundBox& one : picture.boxes) {
        data::TrueBox box;
        box.category = static_cast<std::size_t>(one.category);
        box.x = one.corners[0];
        box.y = one.corners[1];
        box.w = one.corners[2] - one.corners[0];
        box.h = one.corners[3] - one.corners[1];
        found.emplace_back(picture.image, box);
      }
    return RecallOf(test_set_, found);
  }

  TempFolder folder_;
  data::BoxDataset train_set_ = ColouredBoxes(folder_ / "train", 40, 1);
  data::BoxDataset test_set_ = ColouredBoxes(folder_ / "test", 20, 2);
  BoxExamples train_{train_set_};
  BoxExamples test_{test_set_};
  encoders::LoadedModel model_ = FakeModel();
  std::unique_ptr<MapSource> source_;
  std::unique_ptr<MapSource> test_source_;
  MapScale scale_;
};

TEST_F(TrainDetectorTest, LearnsWhatIsThereAndComesBackFromItsFile) {
  Detector detector;
  detector.kind = "dense";
  detector.options = HeadOf();
  detector.head = CreateHead("dense", detector.options);
  EXPECT_LT(Recall(*detector.head), 0.2);
  TrainDetectorOptions options = Short();
  options.steps = 250;
  options.batch = 8;
  options.average = 0.98;
  const TrainedDetector trained =
      TrainDetector(*detector.head, *source_, {}, options, Progress::None());
  EXPECT_EQ(trained.steps, 250);
  EXPECT_EQ(trained.best_step, 0);
  const double recall = Recall(*detector.head);
  EXPECT_GT(recall, 0.8);

  detector.canvas = source_->canvas();
  detector.scale = scale_;
  detector.categories = train_set_.categories;
  detector.encoder = EncoderJson(model_);
  WriteDetector(folder_ / "detector", detector);
  const Detector read = ReadDetector(folder_ / "detector");
  RequireFits(read, model_, folder_ / "detector");
  EXPECT_EQ(Recall(*read.head), recall);
  EXPECT_TRUE(at::equal(read.scale.shift[0], scale_.shift[0]));
  EXPECT_EQ(read.canvas.width, 64);
  EXPECT_EQ(ClassesOf(read, test_set_), (std::vector<std::int64_t>{0, 1}));
  // Another model, a damaged file, another set.
  encoders::LoadedModel other = FakeModel();
  other.weights_sha256 = "fedcba9876543210";
  EXPECT_NE(InputErrorOf([&] {
              RequireFits(read, other, folder_ / "detector");
            }).find("other weights"),
            std::string::npos);
  data::BoxDataset strange = test_set_;
  strange.categories = {{1, "green", ""}, {2, "blue", ""}};
  EXPECT_EQ(ClassesOf(read, strange), (std::vector<std::int64_t>{1, -1}));
  strange.categories = {{1, "blue", ""}};
  EXPECT_NE(InputErrorOf([&] { ClassesOf(read, strange); }), "");
  fs::resize_file(folder_ / "detector/head.safetensors", 100);
  EXPECT_NE(InputErrorOf([&] { ReadDetector(folder_ / "detector"); }), "");
}

TEST_F(TrainDetectorTest, LooksAreKeptAndStopARunThatGetsNoBetter) {
  const auto head = CreateHead("dense", HeadOf());
  std::vector<at::Tensor> seen;
  int looks = 0;
  const std::vector<double> scores = {0.1, 0.3, 0.2, 0.25, 0.5};
  const auto validate = [&](const DetectionHead& now) {
    seen.push_back(now.Parameters().front().second.detach().clone());
    const double score = scores[static_cast<std::size_t>(looks++)];
    return std::pair(score, 2 * score);
  };
  TrainDetectorOptions options = Short();
  options.steps = 20;
  options.looks = 5;
  options.patience = 2;
  const TrainedDetector trained =
      TrainDetector(*head, *source_, validate, options, Progress::None());
  EXPECT_TRUE(trained.stopped_early);
  EXPECT_EQ(trained.steps, 16);
  EXPECT_EQ(trained.best_step, 8);
  ASSERT_EQ(seen.size(), 4u);
  // What was looked at is the average, and the best look's is what is kept.
  EXPECT_TRUE(at::equal(head->Parameters().front().second.detach(), seen[1]));
  EXPECT_FALSE(at::equal(seen[1], seen[3]));
  const CsvTable log = CsvTable::Parse(LogToCsv(trained.log), "log");
  const std::size_t ap = log.Column("validation_ap");
  std::vector<std::string> looked;
  for (std::size_t i = 0; i < log.rows(); ++i)
    if (!log.at(i, ap).empty())
      looked.push_back(log.at(i, log.Column("step")) + ":" + log.at(i, ap));
  EXPECT_EQ(looked,
            (std::vector<std::string>{"4:0.1", "8:0.3", "12:0.2", "16:0.25"}));
  EXPECT_TRUE(log.FindColumn("loss_class").has_value());
}

// Interrupts after some looks.
struct Stopper {
  explicit Stopper(int after) : left(after) {}
  std::pair<double, double> operator()(const DetectionHead&) {
    if (--left == 0) std::raise(SIGTERM);
    return {0.1, 0.2};
  }
  int left;
};

TEST_F(TrainDetectorTest, AnInterruptedRunEndsAtTheSameWeights) {
  TrainDetectorOptions options = Short();
  options.keep_best = false;
  const auto whole = CreateHead("dense", HeadOf());
  const TrainedDetector straight =
      TrainDetector(*whole, *source_, Stopper(-1), options, Progress::None());
  options.checkpoint = folder_ / "state.safetensors";

  const auto parted = CreateHead("dense", HeadOf());
  EXPECT_THROW(
      TrainDetector(*parted, *source_, Stopper(1), options, Progress::None()),
      Interrupted);
  ResetInterrupt();
  ASSERT_TRUE(fs::exists(options.checkpoint));
  // Another run's state is refused.
  TrainDetectorOptions other = options;
  other.identity = "another run";
  EXPECT_NE(InputErrorOf([&] {
              TrainDetector(*parted, *source_, Stopper(-1), other,
                            Progress::None());
            }).find("other data or settings"),
            std::string::npos);
  const auto fresh = CreateHead("dense", HeadOf(99));
  const TrainedDetector rest =
      TrainDetector(*fresh, *source_, Stopper(-1), options, Progress::None());
  EXPECT_EQ(rest.steps, 12);
  EXPECT_LT(rest.steps_here, 12);
  EXPECT_EQ(LogToCsv(rest.log), LogToCsv(straight.log));
  ExpectSame(*whole, *fresh);
}

// What a run costs is not lost before its result is safe.
TEST_F(TrainDetectorTest, ATrainedHeadIsTakenAsItIs) {
  TrainDetectorOptions options = Short();
  options.average = 0.9;
  const std::vector<double> scores = {0.1, 0.3, 0.2, 0.25, 0.5};
  for (const bool best : {true, false}) {
    options.steps = 20;
    options.looks = 5;
    options.patience = best ? 2 : 0;
    options.keep_best = best;
    options.checkpoint = folder_ / fmt::format("{}.safetensors", best);
    std::size_t looks = 0;
    const auto validate = [&](const DetectionHead&) {
      const double score = scores.at(looks++);
      return std::pair(score, 2 * score);
    };
    const auto head = CreateHead("dense", HeadOf());
    const TrainedDetector first =
        TrainDetector(*head, *source_, validate, options, Progress::None());
    EXPECT_EQ(first.stopped_early, best);
    const std::size_t looked = looks;

    const auto fresh = CreateHead("dense", HeadOf(99));
    const TrainedDetector again =
        TrainDetector(*fresh, *source_, validate, options, Progress::None());
    EXPECT_EQ(looks, looked);
    EXPECT_EQ(again.steps_here, 0);
    EXPECT_EQ(again.steps, first.steps);
    EXPECT_EQ(again.stopped_early, first.stopped_early);
    EXPECT_EQ(again.best_step, first.best_step);
    EXPECT_EQ(again.validation_ap, first.validation_ap);
    EXPECT_EQ(again.seconds, first.seconds);
    EXPECT_EQ(LogToCsv(again.log), LogToCsv(first.log));
    ExpectSame(*head, *fresh);
  }
}

TEST_F(TrainDetectorTest, AStopThatIsInterruptedTakesNoStepMore) {
  TrainDetectorOptions options = Short();
  options.patience = 1;
  options.checkpoint = folder_ / "state.safetensors";
  const auto head = CreateHead("dense", HeadOf());
  // The second look is no better.
  EXPECT_THROW(
      TrainDetector(*head, *source_, Stopper(2), options, Progress::None()),
      Interrupted);
  ResetInterrupt();
  const TrainedDetector rest =
      TrainDetector(*head, *source_, Stopper(-1), options, Progress::None());
  EXPECT_EQ(rest.steps_here, 0);
  EXPECT_EQ(rest.steps, 8);
  EXPECT_TRUE(rest.stopped_early);
}

}  // namespace
}  // namespace eyechart::detection
