#include "benchmarks/nms_sweep/nms_sweep.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "benchmarks/nms_sweep/nms_sweep_json.h"
#include "core/csv.h"
#include "core/text.h"
#include "probes/detection/transfer/scores.h"
#include "probes/detection/transfer/transfer.h"
#include "tests/probes/detection/transfer/patch_means.h"

namespace eyechart::benchmarks {
namespace {

using detection::Corners;
using detection::FoundBox;
using detection::PictureBoxes;
using detection::testing::ColouredBoxes;
using detection::testing::FakeModel;
using testing::InputErrorOf;
using testing::TempFolder;

constexpr std::int64_t kTick = 1000;

// Each look at it takes a tick: times are known to the nanosecond.
class TickingClock final : public Clock {
 public:
  std::int64_t NowNs() const override { return now_ns_ += kTick; }
  void WaitUntilNs(std::int64_t) override {}

 private:
  mutable std::int64_t now_ns_ = 0;
};

// No two times are alike, so that a wrong one is seen.
class UnevenClock final : public Clock {
 public:
  std::int64_t NowNs() const override {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return now_ns_ += 100 + static_cast<std::int64_t>(state_ >> 44);
  }
  void WaitUntilNs(std::int64_t) override {}

 private:
  mutable std::uint64_t state_ = 7;
  mutable std::int64_t now_ns_ = 0;
};

double MedianByHand(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  return (values.at((n - 1) / 2) + values.at(n / 2)) / 2;
}

double MeanByHand(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) /
         static_cast<double>(values.size());
}

// What a reader of the file finds in it.
class RawTimes {
 public:
  explicit RawTimes(const NmsSweep& sweep)
      : table_(CsvTable::Parse(SweepSamplesCsv(sweep.samples), "samples")) {}

  // Numbers of `column` by picture, of the rows that are of all that is given.
  std::map<std::string, std::vector<double>> Of(
      const std::map<std::string, std::string>& wanted,
      const std::string& column = "ns") const {
    std::map<std::string, std::vector<double>> found;
    for (std::size_t row = 0; row < table_.rows(); ++row)
      if (std::all_of(wanted.begin(), wanted.end(), [&](const auto& one) {
            return table_.at(row, table_.Column(one.first)) == one.second;
          }))
        found[table_.at(row, table_.Column("picture"))].push_back(
            std::stod(table_.at(row, table_.Column(column))));
    return found;
  }

  // Each picture's median, in the order of their names.
  std::vector<double> Medians(const std::map<std::string, std::string>& wanted,
                              const std::string& column = "ns") const {
    std::vector<double> medians;
    for (const auto& [picture, values] : Of(wanted, column))
      medians.push_back(MedianByHand(values));
    return medians;
  }

  const CsvTable& table() const { return table_; }

 private:
  CsvTable table_;
};

void ExpectTimes(const Json& told, const std::vector<double>& by_picture) {
  EXPECT_DOUBLE_EQ(told["median"]["value"], MedianByHand(by_picture));
  EXPECT_NEAR(told["mean"], MeanByHand(by_picture), 1e-6);
}

void ExpectCounts(const Json& told, const std::vector<double>& by_picture) {
  EXPECT_NEAR(told["mean"], MeanByHand(by_picture), 1e-9);
  EXPECT_EQ(told["most"],
            *std::max_element(by_picture.begin(), by_picture.end()));
}

double Iou(const Corners& a, const Corners& b) {
  const double w = std::min(a[2], b[2]) - std::max(a[0], b[0]);
  const double h = std::min(a[3], b[3]) - std::max(a[1], b[1]);
  const double both = std::max(0.0, w) * std::max(0.0, h);
  return both /
         ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both);
}

// Suppression by its definition, all pairs.
std::vector<FoundBox> Suppress(const std::vector<FoundBox>& boxes, double iou) {
  std::vector<FoundBox> kept;
  for (const FoundBox& box : boxes)
    if (std::none_of(kept.begin(), kept.end(), [&](const FoundBox& other) {
          return other.category == box.category &&
                 Iou(other.corners, box.corners) > iou;
        }))
      kept.push_back(box);
  return kept;
}

class NmsSweepTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TempFolder;
    sets_ =
        new detection::TransferSets{ColouredBoxes(*folder_ / "train", 24, 1),
                                    {},
                                    ColouredBoxes(*folder_ / "test", 12, 2)};
    dense_ = new detection::Detector(Train("dense"));
    set_ = new detection::Detector(Train("set"));
  }
  static void TearDownTestSuite() {
    delete set_;
    delete dense_;
    delete sets_;
    delete folder_;
  }

  static detection::Detector Train(const std::string& head) {
    detection::TransferOptions options;
    options.head = head;
    options.width = 32;
    options.layers = 1;
    options.variants = 1;
    options.train.steps = head == "dense" ? 60 : 10;
    options.train.batch = 4;
    options.train.warmup = 4;
    options.train.average = 0.9;
    options.train.looks = 1;
    options.validation = 0;
    options.resamples = 0;
    encoders::LoadedModel model = FakeModel();
    return std::move(
        RunTransfer(model, *sets_, options, {}, Progress::None()).detector);
  }

  static NmsSweepOptions Few() {
    NmsSweepOptions options;
    options.confidences = {0.3, 0.02, 0.1};  // not in order
    options.ious = {0.7, 0.4};
    options.most = 90;
    options.most_kept = 6;
    options.repetitions = 3;
    options.warmup = 1;
    options.cost_pictures = 4;
    options.cost_most = 300;
    return options;
  }

  static NmsSweep Sweep(const detection::Detector& detector,
                        const data::BoxDataset& set,
                        const NmsSweepOptions& options) {
    TickingClock clock;
    return Sweep(detector, set, options, clock);
  }

  static NmsSweep Sweep(const detection::Detector& detector,
                        const data::BoxDataset& set,
                        const NmsSweepOptions& options,
                        Clock& clock) {
    encoders::LoadedModel model = FakeModel();
    return SweepNms(detector, model, set, clock, options, Progress::None());
  }

  // Every box of at least `confidence`, by the way that `detect eval` takes,
  // without suppression.
  static std::vector<PictureBoxes> Raw(const detection::Detector& detector,
                                       double confidence,
                                       std::int64_t most) {
    encoders::LoadedModel model = FakeModel();
    detection::TransferOptions options;
    options.encode_batch = options.find.batch = 1;
    options.find.detect = {confidence, most};
    options.find.nms.iou_threshold = 1;  // which no overlap is above
    options.find.most_kept = std::numeric_limits<std::int64_t>::max();
    const detection::BoxExamples examples(sets_->test);
    return ApplyDetector(detector, model, examples, options, Progress::None())
        .found;
  }

  static TempFolder* folder_;
  static detection::TransferSets* sets_;
  static detection::Detector* dense_;
  static detection::Detector* set_;
};

TempFolder* NmsSweepTest::folder_ = nullptr;
detection::TransferSets* NmsSweepTest::sets_ = nullptr;
detection::Detector* NmsSweepTest::dense_ = nullptr;
detection::Detector* NmsSweepTest::set_ = nullptr;

TEST_F(NmsSweepTest, EachRowIsWhatTheDetectorGivesThere) {
  const NmsSweepOptions options = Few();
  const NmsSweep sweep = Sweep(*dense_, sets_->test, options);
  ASSERT_EQ(sweep.rows.size(), 6u);
  EXPECT_EQ(sweep.pictures, 12);
  EXPECT_TRUE(sweep.needs_nms);
  std::size_t row = 0;
  double suppressed = 0, cut = 0;
  for (const double confidence : {0.02, 0.1, 0.3}) {
    const std::vector<PictureBoxes> raw = Raw(*dense_, confidence, 90);
    ASSERT_EQ(raw.size(), 12u);
    for (const double iou : {0.4, 0.7}) {
      const NmsSweepRow& made = sweep.rows[row++];
      EXPECT_EQ(made.confidence, confidence);
      EXPECT_EQ(made.iou, iou);
      std::size_t before = 0, after = 0, most_before = 0, most_after = 0;
      std::vector<PictureBoxes> found = raw;
      for (PictureBoxes& picture : found) {
        before += picture.boxes.size();
        most_before = std::max(most_before, picture.boxes.size());
        picture.boxes = Suppress(picture.boxes, iou);
        after += picture.boxes.size();
        most_after = std::max(most_after, picture.boxes.size());
        if (picture.boxes.size() > 6) {
          picture.boxes.resize(6);
          ++cut;
        }
      }
      suppressed += static_cast<double>(before - after);
      EXPECT_NEAR(made.before.mean, static_cast<double>(before) / 12, 1e-9);
      EXPECT_NEAR(made.after.mean, static_cast<double>(after) / 12, 1e-9);
      EXPECT_EQ(made.before.most, static_cast<std::int64_t>(most_before));
      EXPECT_EQ(made.after.most, static_cast<std::int64_t>(most_after));
      const detection::DetectionScores scores =
          ScoreBoxes(sets_->test, found, {});
      EXPECT_NEAR(made.ap, scores.stats.at("AP"), 1e-12);
      EXPECT_NEAR(made.ap50, scores.stats.at("AP50"), 1e-12);
    }
  }
  // The cases are not trivial.
  EXPECT_GT(suppressed, 0);
  EXPECT_GT(cut, 0);
  EXPECT_GT(sweep.rows[sweep.best].ap, 0);
  EXPECT_GT(sweep.rows[0].before.mean, sweep.rows[5].before.mean);
}

TEST_F(NmsSweepTest, TimesAddUpPictureByPicture) {
  const NmsSweep sweep = Sweep(*dense_, sets_->test, Few());
  // A query reads the clock at both ends and at both ends of four stages.
  constexpr double kRest = 9 * kTick;
  EXPECT_EQ(sweep.rest.median_ns.value, kRest);
  EXPECT_DOUBLE_EQ(sweep.rest.mean_ns, kRest);
  ASSERT_EQ(sweep.stages.size(), 4u);
  EXPECT_EQ(sweep.stages[3].stage, "head");
  for (const NamedTimes& stage : sweep.stages)
    EXPECT_EQ(stage.times.median_ns.value, kTick);
  for (const NmsSweepRow& row : sweep.rows) {
    EXPECT_EQ(row.nms.median_ns.value, kTick);
    EXPECT_EQ(row.total.median_ns.value, kRest + kTick);
    EXPECT_NEAR(row.share, 0.1, 1e-12);
    ASSERT_TRUE(row.total.median_ns.ci.has_value());
    EXPECT_EQ(row.total.median_ns.ci->method, "order statistics");
  }
  EXPECT_EQ(sweep.clock_ns, kTick);
  // Of one picture in three all boxes there are, up to 300, and fewer.
  std::size_t pictures = 0;
  for (const CostPoint& point : sweep.cost_points) {
    EXPECT_EQ(point.ns, kTick);
    EXPECT_LE(point.boxes, 300);
    pictures += point.boxes == 10;
  }
  EXPECT_EQ(pictures, 4u);
  ASSERT_TRUE(sweep.cost.has_value());
  EXPECT_NEAR(sweep.cost->constant.value, kTick, 1e-6);
  EXPECT_NEAR(sweep.cost->At(100), kTick, 1e-6);
}

TEST_F(NmsSweepTest, RawTimesGiveEveryTimeAgain) {
  UnevenClock clock;
  const NmsSweep sweep = Sweep(*dense_, sets_->test, Few(), clock);
  const Json json = NmsSweepToJson(sweep);
  const RawTimes raw(sweep);
  for (const Json& stage : json["stages_ns"])
    ExpectTimes(stage, raw.Medians({{"stage", stage["name"]}}));
  const std::vector<double> rest = raw.Medians({{"stage", "without_nms"}});
  ASSERT_EQ(rest.size(), 12u);
  ExpectTimes(json["rest_ns"], rest);
  for (const Json& row : json["rows"]) {
    const std::map<std::string, std::string> at = {
        {"stage", "nms"},
        {"confidence", FormatDouble(row["confidence"])},
        {"iou", FormatDouble(row["iou"])}};
    for (const auto& [picture, times] : raw.Of(at)) EXPECT_EQ(times.size(), 3u);
    const std::vector<double> nms = raw.Medians(at);
    ASSERT_EQ(nms.size(), 12u);
    std::vector<double> total = nms;
    for (std::size_t i = 0; i < total.size(); ++i) total[i] += rest[i];
    ExpectTimes(row["nms_ns"], nms);
    ExpectTimes(row["total_ns"], total);
    EXPECT_NEAR(row["nms_share"], MeanByHand(nms) / MeanByHand(total), 1e-9);
    ExpectCounts(row["boxes_before"], raw.Medians(at, "boxes_in"));
    ExpectCounts(row["boxes_after"], raw.Medians(at, "boxes_out"));
  }
  std::vector<double> cost;
  for (const CostPoint& point : sweep.cost_points) {
    const std::string picture = sets_->test.images[point.picture].id;
    cost.push_back(point.ns);
    const auto times = raw.Of({{"stage", "cost"},
                               {"picture", picture},
                               {"confidence", ""},
                               {"iou", FormatDouble(Few().nms.iou_threshold)},
                               {"boxes_in", FormatDouble(point.boxes)}});
    ASSERT_EQ(times.size(), 1u) << picture;
    EXPECT_DOUBLE_EQ(MedianByHand(times.at(picture)), point.ns);
  }
  EXPECT_GT(cost.size(), 4u);
  EXPECT_DOUBLE_EQ(MedianByHand(raw.Of({{"stage", "clock"}}).at("")),
                   sweep.clock_ns);
  // And nothing else: four stages and their whole, six settings and the
  // cost's, three times each.
  EXPECT_EQ(raw.table().rows(), 12 * 5 + 12 * 6 * 3 + cost.size() * 3 + 101);
}

TEST_F(NmsSweepTest, AHeadWithoutSuppressionIsOneRow) {
  NmsSweepOptions options = Few();
  options.confidences = {0.001, 0.3};
  options.most_kept = 100;
  const NmsSweep sweep = Sweep(*set_, sets_->test, options);
  EXPECT_FALSE(sweep.needs_nms);
  ASSERT_EQ(sweep.rows.size(), 1u);
  const NmsSweepRow& row = sweep.rows[0];
  EXPECT_EQ(row.confidence, 0.001);
  EXPECT_FALSE(row.iou.has_value());
  EXPECT_EQ(row.nms.median_ns.value, 0);
  EXPECT_EQ(row.total.median_ns.value, sweep.rest.median_ns.value);
  EXPECT_EQ(row.share, 0);
  EXPECT_EQ(row.before.mean, row.after.mean);
  EXPECT_GT(row.before.mean, 0);
  EXPECT_TRUE(sweep.cost_points.empty());
  EXPECT_FALSE(sweep.cost.has_value());
  const RawTimes raw(sweep);
  EXPECT_TRUE(raw.Of({{"stage", "nms"}}).empty());
  ExpectCounts(NmsSweepToJson(sweep)["rows"][0]["boxes_before"],
               raw.Medians({{"stage", "without_nms"}}, "boxes_out"));
  const detection::DetectionScores scores =
      ScoreBoxes(sets_->test, Raw(*set_, 0.001, 90), {});
  EXPECT_NEAR(row.ap, scores.stats.at("AP"), 1e-12);
}

TEST_F(NmsSweepTest, UnreadablePicturesAreMissedAndTold) {
  data::BoxDataset set = sets_->test;
  testing::WriteText(*folder_ / "broken.png", "no picture");
  set.images[2].file = *folder_ / "broken.png";
  set.images[5].file = *folder_ / "gone.png";
  set.images[7].missing = true;
  set.categories.push_back({3, "blue", ""});
  NmsSweepOptions options = Few();
  options.cost_pictures = 0;
  options.resamples = 20;
  const NmsSweep sweep = Sweep(*dense_, set, options);
  EXPECT_EQ(sweep.pictures, 9);
  EXPECT_EQ(sweep.unreadable, 3);
  ASSERT_EQ(sweep.warnings.size(), 3u);
  EXPECT_NE(sweep.warnings[0].find("8.png"), std::string::npos);
  EXPECT_NE(sweep.warnings[1].find("blue"), std::string::npos);
  EXPECT_NE(sweep.warnings[2].find("2 pictures could not be read"),
            std::string::npos);
  EXPECT_NE(sweep.warnings[2].find("3.png"), std::string::npos);
  EXPECT_TRUE(sweep.rows[0].ap_ci.has_value());
  // Those that could be read are called as in the set.
  const RawTimes raw(sweep);
  const auto timed = raw.Of({{"stage", "without_nms"}});
  EXPECT_EQ(timed.size(), 9u);
  for (const std::size_t gone : {2, 5, 7})
    EXPECT_FALSE(timed.contains(set.images[gone].id)) << gone;
  EXPECT_TRUE(timed.contains(set.images[8].id));
  const NmsSweep whole = Sweep(*dense_, sets_->test, options);
  EXPECT_LT(sweep.rows[0].ap, whole.rows[0].ap);
}

TEST_F(NmsSweepTest, OptionsOutOfRangeAreNamed) {
  const auto error = [&](auto change) {
    NmsSweepOptions options = Few();
    change(options);
    return InputErrorOf([&] { RequireSweepOptions(options); });
  };
  using O = NmsSweepOptions;
  EXPECT_EQ(error([](O&) {}), "");
  EXPECT_NE(error([](O& o) { o.confidences = {1.5}; }).find("1.5"),
            std::string::npos);
  EXPECT_NE(error([](O& o) { o.confidences = {}; }).find("--confidences"),
            std::string::npos);
  EXPECT_NE(error([](O& o) { o.ious = {-0.1}; }).find("--ious -0.1"),
            std::string::npos);
  EXPECT_NE(error([](O& o) { o.most = 0; }).find("--before-nms 0"),
            std::string::npos);
  EXPECT_NE(error([](O& o) { o.repetitions = 0; }).find("--nms-repetitions 0"),
            std::string::npos);
  EXPECT_NE(error([](O& o) { o.resamples = -1; }).find("--bootstrap -1"),
            std::string::npos);
  EXPECT_NE(error([](O& o) { o.cost_most = 0; }).find("--cost-boxes 0"),
            std::string::npos);
}

TEST(MarkRows, BestAndFastestNearIt) {
  NmsSweep sweep;
  const auto add = [&](double ap, double ns) {
    NmsSweepRow& row = sweep.rows.emplace_back();
    row.ap = ap;
    row.total.mean_ns = ns;
  };
  sweep.options.margin = 0.0625;  // exact in binary
  add(0.5, 9);
  add(0.5, 7);     // as good and faster
  add(0.4375, 5);  // just within the margin
  add(0.4, 1);     // not
  add(0.4375, 6);
  MarkRows(sweep);
  EXPECT_EQ(sweep.best, 1u);
  EXPECT_EQ(sweep.fastest, 2u);
  sweep.options.margin = 0;
  MarkRows(sweep);
  EXPECT_EQ(sweep.fastest, 1u);
}

}  // namespace
}  // namespace eyechart::benchmarks
