#include "probes/detection/transfer/transfer.h"

#include <c10/core/CachingDeviceAllocator.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "core/error.h"
#include "core/hash.h"
#include "data/boxes/box_findings.h"
#include "data/boxes/part_roles.h"
#include "probes/detection/nms/suppress_boxes.h"
#include "probes/detection/transfer/box_set_hash.h"
#include "probes/detection/transfer/picture_warnings.h"

namespace eyechart::detection {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::int64_t kScalePictures = 256;  // that MapScale is measured on

void RequireSameCategories(const data::BoxDataset& a,
                           const data::BoxDataset& b) {
  const bool same =
      std::equal(a.categories.begin(), a.categories.end(), b.categories.begin(),
                 b.categories.end(),
                 [](const data::BoxCategory& x, const data::BoxCategory& y) {
                   return x.name == y.name;
                 });
  EYECHART_REQUIRE(same,
                   "{} and {} have other categories ({} and {}): the parts of "
                   "a set should have the same, in one order",
                   a.source, b.source, a.categories.size(),
                   b.categories.size());
}

// The training and validation pictures of one seed.
struct Parts {
  data::BoxDataset train;
  data::BoxDataset validation;
};
Parts PartsOf(const TransferSets& sets,
              const TransferOptions& options,
              std::uint64_t seed) {
  Parts parts{sets.train, sets.validation};
  if (parts.validation.images.empty() && options.validation > 0 &&
      sets.train.images.size() > 1) {
    const data::TrainValidation cut =
        data::SplitImages(sets.train, options.validation, seed);
    parts.train = data::SelectImages(sets.train, cut.train);
    parts.validation = data::SelectImages(sets.train, cut.validation);
  }
  if (options.images > 0)
    parts.train = data::SelectImages(
        parts.train,
        data::SubsetOfImages(parts.train,
                             static_cast<std::size_t>(options.images), seed));
  if (options.shots > 0) {
    data::FewShotOptions few;
    few.shots = static_cast<std::size_t>(options.shots);
    few.rule = options.shot_rule;
    few.seed = seed;
    parts.train = data::FewShot(parts.train, few);
  }
  return parts;
}

MapSourceOptions SourceOptions(const TransferOptions& options,
                               const Canvas& canvas,
                               std::uint64_t seed) {
  MapSourceOptions made;
  made.canvas = canvas;
  made.own_stages = options.own_stages;
  made.batch = options.encode_batch;
  made.workers = options.workers;
  made.seed = seed;
  return made;
}

Json TrainingJson(const TransferOptions& options,
                  const TransferSets& sets,
                  std::uint64_t seed) {
  const TrainDetectorOptions& t = options.train;
  Json json = {{"steps", t.steps},
               {"batch", t.batch},
               {"rate", t.rate},
               {"warmup", t.warmup},
               {"decay", t.decay},
               {"clip", t.clip},
               {"average", t.average},
               {"looks", t.looks},
               {"patience", t.patience},
               {"keep", t.keep_best ? "best" : "last"},
               {"variants", options.variants},
               {"scale_min", options.jitter.scale_min},
               {"scale_max", options.jitter.scale_max},
               {"flip", options.jitter.flip_probability},
               {"shots", options.shots},
               {"images", options.images},
               {"unfreeze", options.unfreeze},
               {"seed", seed}};
  // Of none nothing is said, as before there was a word for it here.
  if (options.denoising > 0) json["denoising"] = options.denoising;
  if (options.unfreeze > 0)
    json["unfreeze_rate_factor"] = t.unfreeze_rate_factor;
  // Of the usual rule nothing is said, as before there was a word for it here.
  if (options.shots > 0 && options.shot_rule == data::ShotRule::kPictures)
    json["shot_rule"] = "pictures";
  if (sets.train.single_class) json["single_class"] = true;
  return json;
}

// All that the weights depend on at each step, but for rounding.
Json CourseOf(const Detector& detector,
              const data::BoxDataset& train,
              const data::BoxDataset& validation) {
  Json json = {{"encoder", detector.encoder},
               {"training", detector.training},
               {"head", detector.kind},
               {"width", detector.options.pyramid.width},
               {"layers", detector.options.layers},
               {"stages", detector.own_stages},
               {"canvas", CanvasToJson(detector.canvas)}};
  for (const data::BoxDataset* set : {&train, &validation}) {
    // Those that are not there are not among the rows of a batch.
    Json missing = Json::array();
    for (std::size_t i = 0; i < set->images.size(); ++i)
      if (set->images[i].missing) missing.push_back(i);
    json["data"].push_back({BoxSetSha256(*set), missing});
  }
  return json;
}

// All that the course of a training run depends on.
std::string IdentityOf(Json course, const FindOptions& find) {
  // The looks at the validation pictures, which choose.
  course["find"] = {find.detect.min_score, find.detect.most,
                    find.nms.iou_threshold, find.most_kept,
                    NmsSetting(find.nms)};
  return course.dump();
}

// Where, of `options.shared`, the looks of a training are kept: by all that
// their weights depend on to the bit, on the same machine.
void ShareLooks(Json course,
                const encoders::LoadedModel& model,
                const TransferOptions& options,
                bool kept_maps,
                TrainDetectorOptions& train) {
  if (options.shared.empty()) return;
  // Products are rounded by the shapes and the device they are made on, and
  // maps where they are kept.
  course["rounding"] = {model.device.str(), model.tf32, options.encode_batch,
                        kept_maps};
  train.kept_identity = course.dump();
  train.kept_looks = options.shared /
                     fmt::format("seed-{}-{}", train.seed,
                                 Sha256Hex(train.kept_identity).substr(0, 16));
}

TrainDetectorOptions Resolved(const TransferOptions& options,
                              std::int64_t pictures) {
  TrainDetectorOptions train = options.train;
  train.batch = std::min(train.batch, pictures);
  if (options.epochs > 0)
    train.steps = std::max<std::int64_t>(
        1, std::llround(options.epochs * static_cast<double>(pictures) /
                        static_cast<double>(train.batch)));
  if (train.rate <= 0) train.rate = kDefaultRate;
  return train;
}

// The options of one seed's training, with its numbers settled.
TransferOptions SettledFor(const TransferOptions& options,
                           std::int64_t pictures,
                           std::uint64_t seed) {
  TransferOptions settled = options;
  settled.train = Resolved(options, pictures);
  settled.train.seed = seed;
  return settled;
}

// The first problem, and how many there are.
void Tell(const std::string& set,
          const std::vector<std::string>& problems,
          std::vector<std::string>& warnings) {
  if (problems.empty()) return;
  warnings.push_back(
      fmt::format("{}: {} pictures could not be read; the first "
                  "is {}",
                  set, problems.size(), problems.front()));
}

ScoreOptions ScoringOf(const TransferOptions& options,
                       int resamples,
                       std::uint64_t seed) {
  return {resamples, seed, /*threads=*/0, options.find.most_kept};
}

// One seed's head, trained and not yet tested.
struct SeedRun {
  TransferRun run;
  Detector detector;
  std::int64_t train_images = 0;
  std::int64_t train_boxes = 0;
  std::int64_t validation_images = 0;
  bool kept_maps = false;
  std::vector<std::string> warnings;
};

// Where kept maps lie: with the model, unless they would take more of its
// memory than a run can spare.
at::Device PlaceToKeep(std::int64_t bytes, at::Device device) {
  if (!device.is_cuda()) return at::kCPU;
  const std::size_t free = at::getDeviceAllocator(device.type())
                               ->getMemoryInfo(device.index())
                               .first;
  return static_cast<std::size_t>(bytes) <= free / 4 ? device
                                                     : at::Device(at::kCPU);
}

// Whether the maps of all variants and of the validation pictures fit.
bool CanKeep(const TransferOptions& options,
             const MapSource& source,
             std::int64_t train,
             std::int64_t validation,
             Progress& progress) {
  if (options.variants == 0) return false;
  const std::int64_t bytes = source.BytesToKeep(train, options.variants) +
                             source.BytesToKeep(validation, 1);
  if (bytes <= options.cache_bytes) return true;
  progress.Note(fmt::format(
      "maps of {} pictures in {} variants would take {:.1f} GB, more than "
      "--cache-gb: the encoder runs in the loop",
      train, options.variants, static_cast<double>(bytes) * 1e-9));
  return false;
}

SeedRun TrainSeed(encoders::LoadedModel& model,
                  const TransferSets& sets,
                  const TransferOptions& options,
                  std::uint64_t seed,
                  const fs::path& checkpoint,
                  Progress& progress) {
  SeedRun made;
  const Parts parts = PartsOf(sets, options, seed);
  const BoxExamples train(parts.train);
  std::optional<BoxExamples> validation;
  if (!parts.validation.images.empty()) validation.emplace(parts.validation);
  made.train_images = train.size();
  made.train_boxes = static_cast<std::int64_t>(parts.train.boxes.size());
  made.validation_images = validation ? validation->size() : 0;

  const TransferOptions resolved = SettledFor(options, train.size(), seed);
  Detector& detector = made.detector;
  detector.kind = options.head;
  detector.canvas = CanvasOf(model.preprocess, options.keep_aspect);
  detector.own_stages = options.own_stages;
  detector.categories = sets.train.categories;
  detector.encoder = EncoderJson(model);
  detector.training = TrainingJson(resolved, sets, seed);

  std::unique_ptr<encoders::TrainableBlocks> blocks;
  if (options.unfreeze > 0)
    blocks = encoders::TrainableBlocks::Create(model.checkpoint,
                                               options.unfreeze, model.device);
  MapSourceOptions source_options =
      SourceOptions(options, detector.canvas, seed);
  source_options.blocks = blocks.get();
  MapSource whole(model, train, source_options);
  detector.scale = whole.MeasureScale(kScalePictures);
  made.kept_maps =
      CanKeep(options, whole, train.size(), made.validation_images, progress);
  source_options.jitter = options.jitter;
  source_options.variants = options.variants;
  source_options.keep = made.kept_maps;
  if (made.kept_maps)
    source_options.kept_on =
        PlaceToKeep(whole.BytesToKeep(train.size(), options.variants) +
                        whole.BytesToKeep(made.validation_images, 1),
                    model.device);
  MapSource source(model, train, source_options);
  source.SetScale(detector.scale);

  detector.options.pyramid.maps = source.levels();
  detector.options.pyramid.width = options.width;
  detector.options.pyramid.seed = seed;
  detector.options.pyramid.device = model.device;
  detector.options.layers = options.layers;
  detector.options.denoising = options.denoising;
  detector.options.classes =
      static_cast<std::int64_t>(sets.train.categories.size());
  detector.head = CreateHead(options.head, detector.options);

  std::optional<MapSource> looks;
  ValidateDetector validate;
  if (validation) {
    MapSourceOptions look_options =
        SourceOptions(options, detector.canvas, seed);
    look_options.variants = 1;
    look_options.keep = made.kept_maps;
    look_options.kept_on = source_options.kept_on;
    look_options.blocks = blocks.get();
    looks.emplace(model, *validation, look_options);
    looks->SetScale(detector.scale);
    validate = [&](const DetectionHead& head) {
      const DetectionScores scores =
          ScoreBoxes(parts.validation,
                     FindBoxes(head, *looks, options.find, Progress::None()),
                     ScoringOf(options, 0, seed));
      return std::pair(scores.stats.at("AP"), scores.stats.at("AP50"));
    };
  }
  TrainDetectorOptions train_options = resolved.train;
  const Json course = CourseOf(detector, parts.train, parts.validation);
  train_options.identity = IdentityOf(course, options.find);
  ShareLooks(course, model, options, made.kept_maps, train_options);
  if (!checkpoint.empty())
    train_options.checkpoint =
        checkpoint / fmt::format("seed-{}.safetensors", seed);
  if (looks) train_options.validation = &*looks;
  made.run.seed = seed;
  made.run.trained =
      TrainDetector(*detector.head, source, validate, train_options, progress);
  made.run.train_seconds = made.run.trained.seconds;
  if (blocks) {
    detector.unfreeze = options.unfreeze;
    for (const auto& [name, tensor] : BlockParameters(*blocks))
      detector.blocks.emplace_back(name, tensor.detach().cpu());
  }
  Tell(parts.train.name, train.problems(), made.warnings);
  Tell(parts.train.name, made.run.trained.problems, made.warnings);
  const auto tell_sizes = [&](const BoxExamples& part) {
    if (std::string sizes = OtherSizesText(part); !sizes.empty())
      made.warnings.push_back(std::move(sizes));
  };
  tell_sizes(train);
  if (validation) tell_sizes(*validation);
  if (looks) {
    Tell(parts.validation.name, validation->problems(), made.warnings);
    Tell(parts.validation.name, made.run.trained.validation_problems,
         made.warnings);
  }
  return made;
}

}  // namespace

TransferSets OpenTransferSets(const fs::path& root,
                              const std::string& test,
                              const data::BoxOptions& options,
                              const std::string& train) {
  TransferSets sets;
  const data::PartRoles roles = data::RolesOfParts(root, train, test, options);
  sets.train = data::OpenBoxDataset(root, roles.train, options);
  EYECHART_REQUIRE(!sets.train.boxes.empty(), "{}: no box to train on",
                   sets.train.source);
  sets.test = data::OpenBoxDataset(root, roles.test, options);
  EYECHART_REQUIRE(!sets.test.images.empty(), "{}: no picture to test on",
                   sets.test.source);
  RequireSameCategories(sets.train, sets.test);
  const bool chosen = roles.chosen_train || roles.chosen_test;
  EYECHART_REQUIRE(
      !chosen || !data::SharePictures(sets.train, sets.test),
      "{}: part {} has pictures of part {}, which is tested on; train or test "
      "on another (--train-part, --part; in a suite train_part, part)",
      root.string(), roles.train, roles.test);
  if (roles.validation.empty()) return sets;
  data::BoxDataset validation =
      data::OpenBoxDataset(root, roles.validation, options);
  // As of trainval: what is trained on would choose.
  if (roles.chosen_train && data::SharePictures(sets.train, validation))
    return sets;
  RequireSameCategories(sets.train, validation);
  sets.validation = std::move(validation);
  return sets;
}

data::BoxDataset OpenTestSet(const fs::path& root,
                             const std::string& part,
                             const data::BoxOptions& options) {
  if (!part.empty()) return data::OpenBoxDataset(root, part, options);
  const std::vector<std::string> splits = data::BoxSplits(root, options);
  for (const char* wanted : {"test", "val"})
    for (const std::string& split : splits)
      if (split.starts_with(wanted))
        return data::OpenBoxDataset(root, split, options);
  EYECHART_REQUIRE(splits.size() == 1,
                   "{}: has no part test or valid; name one with --part (in a "
                   "suite part): {}",
                   root.string(), fmt::join(splits, ", "));
  return data::OpenBoxDataset(root, splits.front(), options);
}

TransferPlan PlanTransfer(const TransferSets& sets,
                          const TransferOptions& options) {
  const Parts parts = PartsOf(sets, options, options.seed);
  const BoxExamples train(parts.train);
  TransferPlan plan;
  plan.train_images = train.size();
  plan.train_boxes = static_cast<std::int64_t>(parts.train.boxes.size());
  if (!parts.validation.images.empty())
    plan.validation_images = BoxExamples(parts.validation).size();
  plan.training = TrainingJson(SettledFor(options, train.size(), options.seed),
                               sets, options.seed);
  return plan;
}

AppliedDetector ApplyDetector(const Detector& detector,
                              encoders::LoadedModel& model,
                              const BoxExamples& examples,
                              const TransferOptions& options,
                              Progress& progress) {
  MapSourceOptions source_options = SourceOptions(options, detector.canvas, 0);
  source_options.own_stages = detector.own_stages;
  const auto blocks = BlocksOf(detector, model);
  source_options.blocks = blocks.get();
  MapSource source(model, examples, source_options);
  source.SetScale(detector.scale);
  std::unique_ptr<DetectionHead> moved;
  if (detector.options.pyramid.device != model.device)
    moved = HeadOn(detector, model.device);
  AppliedDetector made;
  made.found = FindBoxes(moved ? *moved : *detector.head, source, options.find,
                         progress);
  made.problems = source.problems();
  return made;
}

TransferResult RunTransfer(encoders::LoadedModel& model,
                           const TransferSets& sets,
                           const TransferOptions& options,
                           const fs::path& checkpoint,
                           Progress& progress) {
  EYECHART_REQUIRE(options.runs > 0, "--runs {}: should be at least 1",
                   options.runs);
  EYECHART_REQUIRE(
      options.validation >= 0 && options.validation < 1,
      "--validation {}: a share of the training pictures, at least 0 and "
      "below 1",
      options.validation);
  TransferResult result;
  result.options = options;
  std::set<std::string> told;
  for (const data::BoxDataset* set :
       {&sets.train, &sets.validation, &sets.test})
    if (std::string odd = data::FindingsText(*set, &told); !odd.empty())
      result.warnings.push_back(std::move(odd));
  const BoxExamples test(sets.test);
  for (int i = 0; i < options.runs; ++i) {
    const std::uint64_t seed = options.seed + static_cast<std::uint64_t>(i);
    SeedRun run = TrainSeed(model, sets, options, seed, checkpoint, progress);
    const Clock::time_point begin = Clock::now();
    AppliedDetector applied =
        ApplyDetector(run.detector, model, test, options, progress);
    const double find_seconds =
        std::chrono::duration<double>(Clock::now() - begin).count();
    run.run.scores = ScoreBoxes(sets.test, applied.found,
                                ScoringOf(options, options.resamples, seed));
    if (i == 0) {
      for (std::string& warning : PictureWarnings(test, applied))
        result.warnings.push_back(std::move(warning));
      result.detector = std::move(run.detector);
      result.found = std::move(applied.found);
      result.find_seconds = find_seconds;
      result.train_images = run.train_images;
      result.train_boxes = run.train_boxes;
      result.validation_images = run.validation_images;
      result.kept_maps = run.kept_maps;
      for (std::string& warning : run.warnings)
        result.warnings.push_back(std::move(warning));
    }
    result.runs.push_back(std::move(run.run));
  }
  return result;
}

}  // namespace eyechart::detection
