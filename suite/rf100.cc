#include "suite/rf100.h"

#include <algorithm>
#include <map>

#include "core/error.h"
#include "core/files.h"
#include "core/interrupt.h"
#include "data/boxes/rf100.h"
#include "data/boxes/rf100_published.h"
#include "probes/detection/transfer/detector.h"

namespace eyechart::suite {
namespace {

namespace fs = std::filesystem;

// All that the result on a set depends on, but for the set.
Json IdentityOf(const encoders::LoadedModel& model, const DetectJob& job) {
  const detection::TransferOptions& o = job.options;
  const detection::TrainDetectorOptions& t = o.train;
  Json json = {
      {"encoder", detection::EncoderJson(model)},
      {"head", {o.head, o.width, o.layers, o.keep_aspect, o.own_stages}},
      {"data",
       {o.variants, o.jitter.scale_min, o.jitter.scale_max, o.validation,
        o.shots, static_cast<int>(o.shot_rule), o.images, job.test}},
      {"training",
       {t.steps, o.epochs, t.batch, t.rate, t.warmup, t.decay, t.average,
        t.looks, t.patience, t.keep_best}},
      {"find",
       {o.find.detect.min_score, o.find.detect.most,
        static_cast<int>(o.find.nms.semantics),
        static_cast<int>(o.find.nms.classes), o.find.nms.iou_threshold,
        o.find.nms.sigma, o.find.most_kept}},
      {"seeds", {o.seed, o.runs}}};
  if (o.unfreeze > 0) json["unfreeze"] = {o.unfreeze, t.unfreeze_rate_factor};
  return json;
}

// What depends on the set: mended labels and pictures that turn up are not to
// be taken for done.
Json IdentityOfSet(const detection::TransferSets& sets,
                   const data::BoxOptions& options) {
  Json json = {{"kind", options.kind},
               {"pictures", options.pictures.string()},
               {"voc_corners", static_cast<int>(options.voc_corners)},
               {"parts", Json::array()}};
  for (const data::BoxDataset* part :
       {&sets.train, &sets.validation, &sets.test}) {
    const auto missing = std::count_if(
        part->images.begin(), part->images.end(),
        [](const data::BoxImage& image) { return image.missing; });
    json["parts"].push_back({BoxSetSha256(*part), missing});
  }
  return json;
}

// What stands in detect.json of a set that was done with these settings.
std::optional<Json> Done(const fs::path& folder, const Json& identity) {
  const fs::path file = folder / "rf100.json";
  if (!fs::exists(file) || !fs::exists(folder / "detect.json"))
    return std::nullopt;
  if (ReadJsonFile(file) != identity) return std::nullopt;
  return ReadJsonFile(folder / "detect.json");
}

void Fill(Rf100Row& row, const Json& json) {
  row.train = json.at("train").get<std::int64_t>();
  row.test = json.at("test").get<std::int64_t>();
  row.ap = json.at("stats").at("AP").get<double>();
  row.ap50 = json.at("stats").at("AP50").get<double>();
  row.warnings = json.at("warnings").get<std::vector<std::string>>();
}

Json PublishedJson(data::PublishedScope scope, const std::string& name) {
  const auto found = data::FindPublished(scope, name);
  if (!found) return nullptr;
  return {{"yolov5s", found->yolov5s},
          {"yolov7", found->yolov7},
          {"yolov8s", found->yolov8s},
          {"glip_zero_shot", found->glip}};
}

Json MeanJson(const Rf100Mean& mean) {
  return {{"sets", mean.sets}, {"AP", mean.ap}, {"AP50", mean.ap50}};
}

}  // namespace

Rf100Result SummarizeRf100(std::vector<Rf100Row> rows) {
  Rf100Result result;
  std::map<std::string, Rf100Mean> domains;
  Rf100Mean all;
  for (const Rf100Row& row : rows) {
    // A set without truth has no score.
    if (!row.error.empty() || row.ap < 0) continue;
    for (Rf100Mean* mean : {&domains[row.domain], &all}) {
      ++mean->sets;
      mean->ap += row.ap;
      mean->ap50 += row.ap50;
    }
  }
  Rf100Mean means;
  for (auto& [name, mean] : domains) {
    mean.domain = name;
    const auto n = static_cast<double>(mean.sets);
    mean.ap /= n;
    mean.ap50 /= n;
    means.sets += mean.sets;
    means.ap += mean.ap;
    means.ap50 += mean.ap50;
    result.domains.push_back(mean);
  }
  if (all.sets > 0) {
    all.ap /= static_cast<double>(all.sets);
    all.ap50 /= static_cast<double>(all.sets);
    means.ap /= static_cast<double>(domains.size());
    means.ap50 /= static_cast<double>(domains.size());
    result.sets = all;
    result.means = means;
  }
  result.rows = std::move(rows);
  return result;
}

Rf100Result RunRf100(encoders::LoadedModel& model,
                     const fs::path& root,
                     const DetectJob& job,
                     Progress& progress) {
  RequireDetectJob(job);
  EYECHART_REQUIRE(!job.out.empty(), "rf100 needs a folder to write to: --out");
  // A number of blocks that the model lacks is no fault of a set.
  if (job.options.unfreeze > 0)
    encoders::TrainableBlocks::Create(model.checkpoint, job.options.unfreeze);
  Json identity = IdentityOf(model, job);
  std::vector<Rf100Row> rows;
  for (const data::Rf100Set& set : data::FindRf100(root)) {
    Rf100Row row;
    row.slug = set.slug;
    row.domain = set.domain;
    DetectJob one = job;
    one.root = set.root;
    one.out = job.out / set.slug;
    progress.Note(set.slug);
    try {
      const detection::TransferSets sets =
          detection::OpenTransferSets(one.root, one.test, one.data);
      identity["set"] = IdentityOfSet(sets, one.data);
      std::optional<Json> json = Done(one.out, identity);
      if (!json) {
        std::error_code ignored;
        for (const char* stale : {"rf100.json", "detect.json"})
          fs::remove(one.out / stale, ignored);
        json = RunDetectJob(model, sets, one, progress).json;
        WriteFileAtomic(one.out / "rf100.json", identity.dump(1) + "\n");
      }
      Fill(row, *json);
      for (const std::string& warning : row.warnings) progress.Warn(warning);
    } catch (const InputError& error) {
      row.error = error.what();
      progress.Warn(row.error);
    }
    rows.push_back(std::move(row));
  }
  return SummarizeRf100(std::move(rows));
}

Json Rf100ToJson(const Rf100Result& result) {
  using data::PublishedScope;
  Json sets = Json::array(), domains = Json::array();
  for (const Rf100Row& row : result.rows) {
    Json json = {{"slug", row.slug}, {"domain", row.domain}};
    if (!row.error.empty()) {
      json.update({{"status", "error"}, {"message", row.error}});
    } else {
      json.update({{"status", "ok"},
                   {"train", row.train},
                   {"test", row.test},
                   {"AP", row.ap < 0 ? Json() : Json(row.ap)},
                   {"AP50", row.ap50 < 0 ? Json() : Json(row.ap50)},
                   {"warnings", row.warnings}});
    }
    json["published_AP50"] = PublishedJson(PublishedScope::kSet, row.slug);
    sets.push_back(std::move(json));
  }
  for (const Rf100Mean& mean : result.domains) {
    Json json = MeanJson(mean);
    json["domain"] = mean.domain;
    json["published_AP50"] =
        PublishedJson(PublishedScope::kDomain, mean.domain);
    domains.push_back(std::move(json));
  }
  Json json = {{"sets", sets},
               {"domains", domains},
               {"mean_of_sets", nullptr},
               {"mean_of_domains", nullptr}};
  if (result.sets) {
    json["mean_of_sets"] = MeanJson(*result.sets);
    json["mean_of_sets"]["published_AP50"] =
        PublishedJson(PublishedScope::kAllSets, "");
    json["mean_of_domains"] = MeanJson(*result.means);
    json["mean_of_domains"]["published_AP50"] =
        PublishedJson(PublishedScope::kTotal, "");
  }
  json["published"] =
      "Roboflow-100, arXiv 2211.13523 and its repository: mAP at IoU 0.5 by "
      "each trainer's own code, whole detectors trained on each set; GLIP-T "
      "zero-shot";
  return json;
}

}  // namespace eyechart::suite
