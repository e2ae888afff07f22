#include "suite/detect_pipeline.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "core/error.h"
#include "core/files.h"
#include "mining/thumbnail.h"
#include "probes/detection/transfer/errors.h"
#include "probes/detection/transfer/found_json.h"
#include "probes/detection/transfer/transfer_json.h"

namespace eyechart::suite {
namespace {

namespace fs = std::filesystem;
using detection::PictureBoxes;
using detection::PictureErrors;

constexpr int kThumbnailSide = 256;            // pixels
constexpr const char* kStateFolder = "state";  // in a job's out

// A box in parts of its picture's sides, for drawing over a thumbnail.
Json PartsOf(double x, double y, double w, double h, int width, int height) {
  return {x / width, y / height, w / width, h / height};
}

// Which set and part a result is of, with the hashes of all parts.
Json SetJson(const detection::TransferSets& sets) {
  return {{"dataset", sets.test.name},
          {"train_part", sets.train.split},
          {"test_part", sets.test.split},
          {"dataset_hash", detection::kBoxSetHash},
          {"dataset_sha256",
           {{"train", BoxSetSha256(sets.train)},
            {"validation", BoxSetSha256(sets.validation)},
            {"test", BoxSetSha256(sets.test)}}}};
}

}  // namespace

void RequireDetectJob(const DetectJob& job) {
  const detection::TransferOptions& o = job.options;
  const std::vector<std::string> kinds = detection::HeadKinds();
  EYECHART_REQUIRE(std::find(kinds.begin(), kinds.end(), o.head) != kinds.end(),
                   "--head {}: should be {}", o.head, fmt::join(kinds, " or "));
  EYECHART_REQUIRE(o.width > 0 && o.width <= 1024 && o.layers >= 0,
                   "a head of width {} and {} layers", o.width, o.layers);
  EYECHART_REQUIRE(o.denoising == 0 || (o.denoising > 0 && o.head == "set"),
                   "--denoise {}: a set head takes about as many noisy copies "
                   "of the truth a picture, as 100; others, such as {}, none",
                   o.denoising, o.head);
  EYECHART_REQUIRE(o.unfreeze >= 0,
                   "--unfreeze {}: should be a number of last blocks, at least "
                   "0",
                   o.unfreeze);
  EYECHART_REQUIRE(o.unfreeze == 0 || !o.own_stages,
                   "--unfreeze {} with own stages: encoders with stages have "
                   "no blocks that can be trained; leave --stages at last",
                   o.unfreeze);
  EYECHART_REQUIRE(
      o.train.unfreeze_rate_factor > 0 && o.train.unfreeze_rate_factor <= 1,
      "--unfreeze-rate-factor {}: should be above 0, at most 1",
      o.train.unfreeze_rate_factor);
  EYECHART_REQUIRE(o.train.steps > 0 && o.train.batch > 0 && o.epochs >= 0,
                   "{} steps of {} pictures: both should be at least 1",
                   o.train.steps, o.train.batch);
  EYECHART_REQUIRE(o.train.looks > 0, "--looks {}: should be at least 1",
                   o.train.looks);
  EYECHART_REQUIRE(o.jitter.scale_min > 0 &&
                       o.jitter.scale_max >= o.jitter.scale_min &&
                       o.jitter.scale_max <= 8,
                   "scales {} to {}: should be above 0, ascending, at most 8",
                   o.jitter.scale_min, o.jitter.scale_max);
  EYECHART_REQUIRE(o.find.detect.min_score >= 0 && o.find.detect.min_score < 1,
                   "--min-score {:g}: should be at least 0 and below 1",
                   o.find.detect.min_score);
  EYECHART_REQUIRE(o.find.detect.most > 0,
                   "--before-nms {}: should be at least 1", o.find.detect.most);
  EYECHART_REQUIRE(o.find.most_kept > 0, "--max-boxes {}: should be at least 1",
                   o.find.most_kept);
  EYECHART_REQUIRE(o.train.average >= 0 && o.train.average < 1,
                   "--average {}: should be at least 0 and below 1",
                   o.train.average);
}

Json WorstPictures(const data::BoxDataset& test,
                   const std::vector<PictureBoxes>& found,
                   std::int64_t count,
                   const data::DecodeOptions& decode) {
  const std::vector<PictureErrors> errors =
      detection::ErrorsOf(test, found, {});
  std::vector<std::size_t> order(errors.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto wrong = [&](std::size_t i) {
    return errors[i].misses.size() + errors[i].false_alarms.size();
  };
  std::stable_sort(
      order.begin(), order.end(),
      [&](std::size_t a, std::size_t b) { return wrong(a) > wrong(b); });
  const std::vector<std::vector<std::size_t>> boxes = data::BoxesOfImages(test);
  Json pictures = Json::array();
  for (const std::size_t i : order) {
    if (static_cast<std::int64_t>(pictures.size()) == count || wrong(i) == 0)
      break;
    const PictureErrors& one = errors[i];
    const data::BoxImage& image = test.images[one.image];
    if (image.width <= 0 || image.height <= 0) continue;
    // Behind those found stand the pictures that are not there.
    if (i >= found.size() || found[i].width <= 0) continue;
    const mining::Thumbnail thumbnail =
        mining::MakeThumbnail(ReadFile(image.file), kThumbnailSide, decode);
    if (thumbnail.src.empty()) continue;
    Json truths = Json::array(), seen = Json::array();
    const std::set<std::size_t> misses(one.misses.begin(), one.misses.end());
    for (const std::size_t index : boxes[one.image]) {
      const data::TrueBox& box = test.boxes[index];
      truths.push_back({{"box", PartsOf(box.x, box.y, box.w, box.h, image.width,
                                        image.height)},
                        {"label", test.categories[box.category].name},
                        {"missed", misses.contains(index)}});
    }
    const std::set<std::size_t> alarms(one.false_alarms.begin(),
                                       one.false_alarms.end());
    const detection::ErrorOptions shown;
    for (std::size_t b = 0; b < found[i].boxes.size(); ++b) {
      const detection::FoundBox& box = found[i].boxes[b];
      if (box.score < shown.min_score || box.category < 0) continue;
      const detection::Corners& c = box.corners;
      seen.push_back(
          {{"box", PartsOf(c[0], c[1], c[2] - c[0], c[3] - c[1], image.width,
                           image.height)},
           {"label",
            test.categories[static_cast<std::size_t>(box.category)].name},
           {"score", box.score},
           {"false_alarm", alarms.contains(b)}});
    }
    pictures.push_back({{"id", image.id},
                        {"path", image.path},
                        {"src", thumbnail.src},
                        {"width", thumbnail.width},
                        {"height", thumbnail.height},
                        {"misses", one.misses.size()},
                        {"false_alarms", one.false_alarms.size()},
                        {"matched", one.matched},
                        {"truths", truths},
                        {"found", seen}});
  }
  return pictures;
}

Json PlanDetectJob(const detection::TransferSets& sets, const DetectJob& job) {
  Json json = detection::TransferPlanToJson(sets, job.options);
  json.update(SetJson(sets));
  return json;
}

std::vector<Record> DetectRecords(const DetectOutcome& made) {
  Record base;
  base.dataset_sha256 = made.dataset_sha256;
  return detection::TransferRecords(made.result, base);
}

DetectOutcome RunDetectJob(encoders::LoadedModel& model,
                           const DetectJob& job,
                           Progress& progress) {
  RequireDetectJob(job);
  return RunDetectJob(
      model,
      detection::OpenTransferSets(job.root, job.test, job.data, job.train), job,
      progress);
}

DetectOutcome RunDetectJob(encoders::LoadedModel& model,
                           const detection::TransferSets& sets,
                           const DetectJob& job,
                           Progress& progress) {
  RequireDetectJob(job);
  const fs::path state = job.out.empty() ? fs::path() : job.out / kStateFolder;
  if (!job.out.empty()) CreateFolder(job.out);
  DetectOutcome made;
  made.result =
      detection::RunTransfer(model, sets, job.options, state, progress);
  made.json = detection::TransferToJson(made.result);
  made.json.update(SetJson(sets));
  // As elsewhere: of the CPU nothing is said.
  if (!model.device.is_cpu()) {
    made.json["device"] = model.device.str();
    made.json["tf32"] = model.tf32 ? "on" : "off";
  }
  made.outcomes = detection::TransferOutcomes(sets.test, made.result.found);
  made.dataset_sha256 = made.json["dataset_sha256"]["test"];
  if (job.out.empty()) return made;
  detection::WriteDetector(job.out / "detector", made.result.detector);
  WriteFileAtomic(job.out / "log.csv",
                  detection::LogToCsv(made.result.runs.front().trained.log));
  detection::WriteFound(job.out, sets.test, made.result.found);
  WriteFileAtomic(job.out / "outcomes.csv", made.outcomes);
  WriteFileAtomic(job.out / "errors.json",
                  WorstPictures(sets.test, made.result.found, kWorstPictures,
                                model.preprocess.decode)
                          .dump(1) +
                      "\n");
  // Last of all: where it stands, everything else does.
  WriteFileAtomic(job.out / "detect.json", made.json.dump(1) + "\n");
  return made;
}

void RemoveTrainState(const fs::path& out) {
  std::error_code ignored;
  fs::remove_all(out / kStateFolder, ignored);
}

}  // namespace eyechart::suite
