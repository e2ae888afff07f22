#include "benchmarks/nms_sweep/nms_sweep.h"

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <numeric>
#include <span>
#include <utility>

#include "benchmarks/load/timed_query.h"
#include "benchmarks/nms_sweep/detector_device.h"
#include "benchmarks/nms_sweep/exported_candidates.h"
#include "core/error.h"
#include "core/interrupt.h"
#include "core/random.h"
#include "data/boxes/box_findings.h"
#include "probes/detection/nms/suppress_boxes.h"
#include "probes/detection/transfer/evaluate.h"
#include "probes/detection/transfer/find_boxes.h"
#include "probes/detection/transfer/picture_warnings.h"
#include "probes/detection/transfer/scores.h"

namespace eyechart::benchmarks {
namespace {

// Boxes in for which the cost curve is timed, besides all there are.
constexpr std::array<std::int64_t, 10> kCostSizes = {
    10, 30, 100, 200, 300, 500, 1000, 2000, 3000, 5000};

constexpr int kClockReadings = 101;

// Places of SweepSamples' stages behind the detector's own.
enum SamplePlace : std::size_t {
  kWithoutNmsPlace,
  kNmsPlace,
  kCostPlace,
  kClockPlace
};

// A thinned copy of the head's boxes is cheap: tensors share memory.
detection::FoundBoxes First(const detection::FoundBoxes& boxes,
                            std::int64_t n) {
  return {boxes.corners.narrow(0, 0, n), boxes.scores.narrow(0, 0, n),
          boxes.classes.narrow(0, 0, n)};
}

// Boxes of at least `confidence`; they stand by descending score.
std::int64_t CountFrom(const detection::FoundBoxes& boxes, double confidence) {
  const std::span scores(boxes.scores.const_data_ptr<float>(),
                         static_cast<std::size_t>(boxes.scores.numel()));
  return std::partition_point(scores.begin(), scores.end(),
                              [&](float score) {
                                return static_cast<double>(score) >= confidence;
                              }) -
         scores.begin();
}

struct TimedNms {
  std::int64_t ns = 0;
  std::int64_t kept = 0;  // boxes
};

// Suppression alone, from the best `n` boxes to those kept with their scores,
// of which Soft-NMS drops what it lowers below `least`.
TimedNms TimeNms(const detection::FoundBoxes& boxes,
                 std::int64_t n,
                 double least,
                 detection::NmsOptions options,
                 const Clock& clock) {
  if (IsSoftNms(options.semantics))
    options.score_threshold = static_cast<float>(least);
  const auto count = static_cast<std::size_t>(n);
  const std::span corners(boxes.corners.const_data_ptr<float>(), 4 * count);
  const std::span scores(boxes.scores.const_data_ptr<float>(), count);
  const std::span classes(boxes.classes.const_data_ptr<std::int64_t>(), count);
  const std::int64_t begin = clock.NowNs();
  const detection::SuppressedBoxes stay =
      detection::SuppressBoxes(corners, scores, classes, options);
  const std::int64_t end = clock.NowNs();
  const std::size_t kept = stay.kept.size();
  EYECHART_CHECK(kept <= count, "{} boxes of {}", kept, count);
  return {end - begin, static_cast<std::int64_t>(kept)};
}

PictureTimes TimesOf(const std::vector<double>& ns, double level) {
  PictureTimes times;
  times.median_ns = EstimateMedian(ns, level);
  for (const double one : ns)
    times.mean_ns += one / static_cast<double>(ns.size());
  return times;
}

void Shuffle(std::vector<std::size_t>& order, Random& random) {
  for (std::size_t i = order.size(); i > 1; --i)
    std::swap(order[i - 1], order[random.Below(i)]);
}

class Sweeper {
 public:
  // `detector` says what `device` finds in `examples`.
  Sweeper(const detection::Detector& detector,
          CandidateDevice& device,
          const detection::BoxExamples& examples,
          Clock& clock,
          const NmsSweepOptions& options,
          Progress& progress)
      : detector_(detector),
        dataset_(examples.dataset()),
        examples_(examples),
        clock_(clock),
        options_(options),
        progress_(progress),
        device_(device) {
    sweep_.name = device_.Name();
    sweep_.head = detector.kind;
    sweep_.needs_nms = detector.head->needs_nms();
    sweep_.options = options;
    NameSamples();
    TimeClock();
    if (std::string odd = data::FindingsText(dataset_); !odd.empty())
      sweep_.warnings.push_back(std::move(odd));
    if (std::string missing = detection::MissingText(dataset_);
        !missing.empty())
      sweep_.warnings.push_back(std::move(missing));
    MapClasses();
    MakeRows();
  }

  NmsSweep Run() {
    RunPictures();
    TimeRows();
    for (std::size_t i = 0; i < sweep_.rows.size(); ++i) Judge(i);
    MarkRows(sweep_);
    FitCosts();
    return std::move(sweep_);
  }

 private:
  struct Picture {
    std::size_t image = 0;  // its place in the set
    Candidates found;
    double rest_ns = 0;
  };

  void NameSamples() {
    SweepSamples& samples = sweep_.samples;
    samples.stages = device_.Stages();
    own_stages_ = samples.stages.size();
    samples.stages.insert(samples.stages.end(),
                          {SweepSamples::kWithoutNms, SweepSamples::kNms,
                           SweepSamples::kCost, SweepSamples::kClock});
    for (const data::BoxImage& image : dataset_.images)
      samples.pictures.push_back(image.id);
  }

  // `place`: of those behind the detector's own stages.
  void Keep(std::size_t place, SweepTiming timing) {
    timing.stage = static_cast<std::uint32_t>(own_stages_ + place);
    sweep_.samples.timings.push_back(timing);
  }

  // What reading the clock twice shows where nothing is between.
  void TimeClock() {
    std::vector<double> gaps;
    for (int i = 0; i < kClockReadings; ++i) {
      const std::int64_t begin = clock_.NowNs();
      const std::int64_t gap = clock_.NowNs() - begin;
      gaps.push_back(static_cast<double>(gap));
      Keep(kClockPlace, {.repetition = i, .ns = gap});
    }
    sweep_.clock_ns = Median(gaps);
  }

  // The detector's own times of one picture; `boxes` is what it found.
  void KeepQuery(std::size_t image, const QueryRow& row, std::int64_t boxes) {
    SweepTiming timing;
    timing.picture = static_cast<std::int32_t>(image);
    for (std::size_t s = 0; s < own_stages_; ++s) {
      timing.stage = static_cast<std::uint32_t>(s);
      timing.ns = row.stages[s];
      sweep_.samples.timings.push_back(timing);
    }
    timing.boxes_out = static_cast<std::int32_t>(boxes);
    timing.ns = row.latency_ns;
    Keep(kWithoutNmsPlace, timing);
  }

  // One of suppression, at a setting by its place; its time.
  double KeepNms(std::size_t place,
                 std::size_t image,
                 std::size_t setting,
                 int repetition,
                 std::int64_t boxes,
                 const TimedNms& timed) {
    Keep(place, {.picture = static_cast<std::int32_t>(image),
                 .setting = static_cast<std::int32_t>(setting),
                 .repetition = repetition,
                 .boxes_in = static_cast<std::int32_t>(boxes),
                 .boxes_out = static_cast<std::int32_t>(timed.kept),
                 .ns = timed.ns});
    return static_cast<double>(timed.ns);
  }

  // From the detector's classes to the set's places; those it lacks go.
  void MapClasses() {
    const std::vector<std::int64_t> classes =
        detection::ClassesOf(detector_, dataset_);
    places_.assign(detector_.categories.size(), -1);
    std::vector<std::size_t> not_learned;
    for (std::size_t i = 0; i < classes.size(); ++i) {
      if (classes[i] >= 0)
        places_[static_cast<std::size_t>(classes[i])] =
            static_cast<std::int64_t>(i);
      else
        not_learned.push_back(i);
    }
    if (std::string text = detection::NotLearnedText(dataset_, not_learned);
        !text.empty())
      sweep_.warnings.push_back(std::move(text));
    std::vector<std::string> lacked;
    for (std::size_t i = 0; i < places_.size(); ++i)
      if (places_[i] < 0) lacked.push_back(detector_.categories[i].name);
    if (!lacked.empty())
      sweep_.warnings.push_back(fmt::format(
          "boxes of {} classes that {} lacks count for nothing: {}{}",
          lacked.size(), dataset_.name,
          fmt::join(
              lacked.begin(),
              lacked.begin() + static_cast<std::ptrdiff_t>(
                                   std::min<std::size_t>(5, lacked.size())),
              ", "),
          lacked.size() > 5 ? ", ..." : ""));
  }

  void RunOne(std::int64_t sample, StageRecorder& recorder, QueryRow& row) {
    device_.Prepare({std::span(&sample, 1), 1, 1});
    row =
        TimedQuery(device_, clock_, recorder, sample, std::span(&sample, 1), 0);
  }

  void RunPictures() {
    const std::vector<std::string> names = device_.Stages();
    StageRecorder recorder(clock_, names.size(), 0);
    QueryRow row;
    const std::int64_t count = examples_.size();
    for (std::int64_t i = 0; i < options_.warmup; ++i)
      RunOne(i % count, recorder, row);
    std::vector<std::vector<double>> stages(names.size());
    std::vector<double> rest;
    std::vector<std::size_t> unreadable;
    std::vector<std::string> problems;
    const std::int64_t step =
        options_.cost_pictures > 0
            ? std::max<std::int64_t>(1, count / options_.cost_pictures)
            : 0;
    progress_.Begin("running the detector", count);
    for (std::int64_t i = 0; i < count; ++i) {
      ThrowIfInterrupted();
      RunOne(i, recorder, row);
      Picture picture{examples_.image(i), device_.last(),
                      static_cast<double>(row.latency_ns)};
      progress_.Update(i + 1);
      if (!picture.found.problem.empty()) {
        unreadable.push_back(picture.image);
        problems.push_back(picture.found.problem);
        continue;
      }
      examples_.NoteSize(i, picture.found.width, picture.found.height);
      detection::FoundBoxes& boxes = picture.found.boxes;
      boxes.corners = boxes.corners.to(at::kFloat).contiguous();
      boxes.scores = boxes.scores.to(at::kFloat).contiguous();
      boxes.classes = boxes.classes.contiguous();
      KeepQuery(picture.image, row, boxes.scores.numel());
      rest.push_back(picture.rest_ns);
      for (std::size_t s = 0; s < names.size(); ++s)
        stages[s].push_back(static_cast<double>(row.stages[s]));
      if (sweep_.needs_nms && step > 0 && i % step == 0)
        TimeCosts(static_cast<std::size_t>(i));
      pictures_.push_back(std::move(picture));
    }
    progress_.End();
    for (std::string text :
         {detection::UnreadableText(dataset_, unreadable, problems),
          detection::OtherSizesText(examples_)})
      if (!text.empty()) sweep_.warnings.push_back(std::move(text));
    EYECHART_REQUIRE(!pictures_.empty(),
                     "{}: none of its {} pictures could be read",
                     dataset_.source, count);
    sweep_.pictures = static_cast<std::int64_t>(pictures_.size());
    sweep_.unreadable =
        static_cast<std::int64_t>(dataset_.images.size()) - sweep_.pictures;
    for (std::size_t s = 0; s < names.size(); ++s)
      sweep_.stages.push_back({names[s], TimesOf(stages[s], options_.level)});
    sweep_.rest = TimesOf(rest, options_.level);
  }

  // Points of the cost curve: the best n of all boxes that the head can say.
  void TimeCosts(std::size_t picture) {
    detection::FoundBoxes all =
        device_.Again({.min_score = 0, .most = options_.cost_most});
    all = {all.corners.to(at::kFloat).contiguous(),
           all.scores.to(at::kFloat).contiguous(), all.classes.contiguous()};
    std::vector<std::int64_t> sizes;
    for (const std::int64_t size : kCostSizes)
      if (size < all.scores.numel()) sizes.push_back(size);
    sizes.push_back(all.scores.numel());
    std::vector<std::vector<double>> times(sizes.size());
    std::vector<std::size_t> order(sizes.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    Random random(options_.seed, picture);
    const std::size_t image =
        examples_.image(static_cast<std::int64_t>(picture));
    for (int i = 0; i < options_.repetitions; ++i) {
      Shuffle(order, random);
      for (const std::size_t s : order)
        times[s].push_back(
            KeepNms(kCostPlace, image, sweep_.rows.size(), i, sizes[s],
                    TimeNms(all, sizes[s], 0, options_.nms, clock_)));
    }
    for (std::size_t s = 0; s < sizes.size(); ++s)
      sweep_.cost_points.push_back(
          {picture, static_cast<double>(sizes[s]), Median(times[s])});
  }

  void MakeRows() {
    if (!sweep_.needs_nms) {
      sweep_.rows.emplace_back().confidence = options_.confidences.front();
      return;
    }
    if (options_.nms.semantics == detection::NmsSemantics::kSoftGaussian &&
        options_.ious.size() > 1)
      sweep_.warnings.push_back(
          "soft-gaussian looks at no overlap: rows that differ in it alone "
          "have the same boxes");
    for (const double confidence : options_.confidences)
      for (const double iou : options_.ious) {
        NmsSweepRow& row = sweep_.rows.emplace_back();
        row.confidence = confidence;
        row.iou = iou;
        sweep_.samples.settings.push_back({confidence, iou});
      }
    sweep_.samples.settings.push_back(
        {std::nullopt, options_.nms.iou_threshold});  // the cost curve's
  }

  detection::NmsOptions NmsOf(const NmsSweepRow& row) const {
    detection::NmsOptions nms = options_.nms;
    if (row.iou) nms.iou_threshold = *row.iou;
    return nms;
  }

  // All settings in turn, anew in each repetition: what else the machine does
  // falls on all of them.
  void TimeRows() {
    const std::size_t settings = sweep_.rows.size();
    const std::size_t count = pictures_.size();
    const int repetitions = sweep_.needs_nms ? options_.repetitions : 0;
    std::vector<std::vector<double>> times(settings * count);
    sweep_.samples.timings.reserve(sweep_.samples.timings.size() +
                                   settings * count *
                                       static_cast<std::size_t>(repetitions));
    std::vector<std::size_t> order(settings);
    std::iota(order.begin(), order.end(), std::size_t{0});
    Random random(options_.seed);
    progress_.Begin("timing suppression",
                    static_cast<std::int64_t>(settings) * repetitions);
    std::int64_t done = 0;
    for (int i = 0; i < repetitions; ++i) {
      Shuffle(order, random);
      for (const std::size_t s : order) {
        ThrowIfInterrupted();
        const detection::NmsOptions nms = NmsOf(sweep_.rows[s]);
        for (std::size_t p = 0; p < count; ++p) {
          const detection::FoundBoxes& boxes = pictures_[p].found.boxes;
          const std::int64_t n = CountFrom(boxes, sweep_.rows[s].confidence);
          times[s * count + p].push_back(KeepNms(
              kNmsPlace, pictures_[p].image, s, i, n,
              TimeNms(boxes, n, sweep_.rows[s].confidence, nms, clock_)));
        }
        progress_.Update(++done);
      }
    }
    progress_.End();
    for (std::size_t s = 0; s < settings; ++s) {
      NmsSweepRow& row = sweep_.rows[s];
      std::vector<double> nms, total;
      for (std::size_t p = 0; p < count; ++p) {
        nms.push_back(repetitions > 0 ? Median(times[s * count + p]) : 0);
        total.push_back(pictures_[p].rest_ns + nms.back());
      }
      row.nms = TimesOf(nms, options_.level);
      row.total = TimesOf(total, options_.level);
      row.share =
          row.total.mean_ns > 0 ? row.nms.mean_ns / row.total.mean_ns : 0;
    }
  }

  // Counts and average precision of one setting, by the way that `detect`
  // takes.
  void Judge(std::size_t setting) {
    NmsSweepRow& row = sweep_.rows[setting];
    detection::FindOptions find;
    find.nms = NmsOf(row);
    find.detect.min_score = row.confidence;  // Soft-NMS drops below it
    find.most_kept = std::numeric_limits<std::int64_t>::max();
    std::vector<detection::PictureBoxes> found;
    const auto count = static_cast<double>(pictures_.size());
    for (const Picture& picture : pictures_) {
      const Candidates& candidates = picture.found;
      detection::PictureBoxes kept = detection::KeepBoxes(
          First(candidates.boxes, CountFrom(candidates.boxes, row.confidence)),
          sweep_.needs_nms, find);
      const auto after = static_cast<std::int64_t>(kept.boxes.size());
      row.before.mean += static_cast<double>(kept.before_nms) / count;
      row.before.most = std::max(row.before.most, kept.before_nms);
      row.after.mean += static_cast<double>(after) / count;
      row.after.most = std::max(row.after.most, after);
      if (after > options_.most_kept)
        kept.boxes.resize(static_cast<std::size_t>(options_.most_kept));
      kept.image = picture.image;
      kept.width = candidates.width;
      kept.height = candidates.height;
      for (detection::FoundBox& box : kept.boxes) {
        box.corners = detection::ToSet(
            detection::ToPicture(box.corners, candidates.placing,
                                 detector_.canvas, kept.width, kept.height),
            dataset_.images[kept.image], kept.width, kept.height);
        box.category = places_[static_cast<std::size_t>(box.category)];
      }
      found.push_back(std::move(kept));
    }
    const detection::DetectionScores scores = detection::ScoreBoxes(
        dataset_, found,
        {options_.resamples, options_.seed, 0, options_.most_kept});
    row.ap = scores.stats.at("AP");
    row.ap50 = scores.stats.at("AP50");
    const auto ci = scores.intervals.find("AP");
    if (ci != scores.intervals.end()) row.ap_ci = ci->second;
  }

  void FitCosts() {
    if (sweep_.cost_points.empty()) return;
    const CostOptions cost = {1000, options_.seed, options_.level};
    sweep_.cost = FitCost(sweep_.cost_points, cost);
    const Estimate& head = sweep_.stages.back().times.median_ns;
    if (head.value)
      sweep_.as_long_as_head = BoxesAt(sweep_.cost_points, *head.value, cost);
  }

  const detection::Detector& detector_;
  const data::BoxDataset& dataset_;
  const detection::BoxExamples& examples_;
  Clock& clock_;
  const NmsSweepOptions& options_;
  Progress& progress_;
  CandidateDevice& device_;
  std::size_t own_stages_ = 0;        // the detector's, in the samples
  std::vector<std::int64_t> places_;  // of the detector's classes in the set
  std::vector<Picture> pictures_;
  NmsSweep sweep_;
};

// Thresholds ascending, each once.
NmsSweepOptions Sorted(const NmsSweepOptions& options) {
  RequireSweepOptions(options);
  NmsSweepOptions sorted = options;
  for (std::vector<double>* list : {&sorted.confidences, &sorted.ious}) {
    std::sort(list->begin(), list->end());
    list->erase(std::unique(list->begin(), list->end()), list->end());
  }
  return sorted;
}

detection::DetectOptions LowestOf(const NmsSweepOptions& sorted) {
  return {.min_score = sorted.confidences.front(), .most = sorted.most};
}

}  // namespace

void RequireSweepOptions(const NmsSweepOptions& options) {
  EYECHART_REQUIRE(!options.confidences.empty() && !options.ious.empty(),
                   "--confidences and --ious: each needs at least one number");
  for (const double confidence : options.confidences)
    EYECHART_REQUIRE(confidence >= 0 && confidence <= 1,
                     "--confidences {}: should be 0 to 1", confidence);
  for (const double iou : options.ious)
    EYECHART_REQUIRE(iou >= 0 && iou <= 1, "--ious {}: should be 0 to 1", iou);
  EYECHART_REQUIRE(options.most > 0 && options.most_kept > 0,
                   "--before-nms {}, --max-boxes {}: should be at least 1",
                   options.most, options.most_kept);
  EYECHART_REQUIRE(
      options.repetitions > 0 && options.warmup >= 0,
      "--nms-repetitions {}: should be at least 1; --warmup {}: at "
      "least 0",
      options.repetitions, options.warmup);
  EYECHART_REQUIRE(options.cost_pictures >= 0 && options.cost_most > 0,
                   "--cost-pictures {}: should be at least 0; --cost-boxes {}: "
                   "at least 1",
                   options.cost_pictures, options.cost_most);
  EYECHART_REQUIRE(options.margin >= 0, "--ap-margin {}: should be at least 0",
                   options.margin);
  EYECHART_REQUIRE(options.resamples >= 0,
                   "--bootstrap {}: should be at least 0", options.resamples);
  EYECHART_REQUIRE(options.level > 0 && options.level < 1,
                   "a level of {}: should be between 0 and 1", options.level);
  EYECHART_REQUIRE(
      options.nms.iou_threshold >= 0 && options.nms.iou_threshold <= 1,
      "--nms-iou {}: should be 0 to 1", options.nms.iou_threshold);
  CheckNmsOptions(options.nms);
}

void TakeFindings(const std::vector<Finding>& before,
                  MachineWatch::Report report,
                  bool allow,
                  NmsSweep& sweep) {
  sweep.meanwhile = MeanwhileJson(report);
  std::vector<Finding> found = std::move(report.findings);
  found.insert(found.end(), before.begin(), before.end());
  if (allow) found = RefuseOrWarn(std::move(found), true);
  sweep.findings.insert(sweep.findings.end(), found.begin(), found.end());
}

void MarkRows(NmsSweep& sweep) {
  const std::vector<NmsSweepRow>& rows = sweep.rows;
  EYECHART_CHECK(!rows.empty(), "a sweep without a row");
  const auto time = [&](std::size_t i) { return rows[i].total.mean_ns; };
  sweep.best = 0;
  for (std::size_t i = 1; i < rows.size(); ++i)
    if (rows[i].ap > rows[sweep.best].ap ||
        (rows[i].ap == rows[sweep.best].ap && time(i) < time(sweep.best)))
      sweep.best = i;
  sweep.fastest = sweep.best;
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (rows[i].ap >= rows[sweep.best].ap - sweep.options.margin &&
        time(i) < time(sweep.fastest))
      sweep.fastest = i;
}

NmsSweep SweepNms(const detection::Detector& detector,
                  encoders::LoadedModel& model,
                  const data::BoxDataset& dataset,
                  Clock& clock,
                  const NmsSweepOptions& options,
                  Progress& progress) {
  const NmsSweepOptions sorted = Sorted(options);
  const detection::BoxExamples examples(dataset);
  DetectorDevice device(detector, model, examples, LowestOf(sorted));
  return Sweeper(detector, device, examples, clock, sorted, progress).Run();
}

NmsSweep SweepNms(detection::ExportedDetector& exported,
                  const data::BoxDataset& dataset,
                  Clock& clock,
                  const NmsSweepOptions& options,
                  Progress& progress) {
  const NmsSweepOptions sorted = Sorted(options);
  const detection::BoxExamples examples(dataset);
  ExportedCandidates device(exported, examples, LowestOf(sorted));
  return Sweeper(exported.detector(), device, examples, clock, sorted, progress)
      .Run();
}

}  // namespace eyechart::benchmarks
