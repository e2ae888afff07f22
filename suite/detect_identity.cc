#include "suite/detect_identity.h"

#include <algorithm>
#include <system_error>

#include "core/error.h"
#include "core/files.h"
#include "probes/detection/transfer/detector.h"

namespace eyechart::suite {

namespace fs = std::filesystem;

Json DetectIdentity(const encoders::LoadedModel& model, const DetectJob& job) {
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

Json DetectSetIdentity(const detection::TransferSets& sets,
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

std::optional<Json> FindDone(const fs::path& folder,
                             const std::string& name,
                             const Json& identity) {
  const fs::path file = folder / name;
  if (!fs::exists(file) || !fs::exists(folder / "detect.json"))
    return std::nullopt;
  if (ReadJsonFile(file) != identity) return std::nullopt;
  return ReadJsonFile(folder / "detect.json");
}

void ForgetDone(const fs::path& folder, const std::string& name) {
  std::error_code ignored;
  for (const std::string& stale : {name, std::string("detect.json")})
    fs::remove(folder / stale, ignored);
}

}  // namespace eyechart::suite
