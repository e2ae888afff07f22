#include "suite/detect_identity.h"

#include <algorithm>
#include <system_error>

#include "core/error.h"
#include "core/files.h"
#include "core/hash.h"
#include "probes/detection/transfer/detector.h"
#include "suite/detect_folder.h"

namespace eyechart::suite {

namespace fs = std::filesystem;

namespace {

constexpr const char* kResultFile = "detect.json";

// Keys of what MarkDone writes.
constexpr const char* kMarkIdentity = "identity";
constexpr const char* kMarkResult = "detect_sha256";
constexpr const char* kMarkRecords = "records";

std::string ResultSha256(Json result) {
  if (result.is_object()) result.erase("comparison");
  return Sha256Hex(CanonicalJson(result));
}

std::vector<Record> RecordsOf(const Json& mark, const fs::path& file) {
  std::vector<Record> records;
  try {
    for (const Json& row : mark.at(kMarkRecords)) {
      Record& record = records.emplace_back();
      for (const RecordField& field : RecordFields())
        field.from_json(row.at(std::string(field.name)), record);
    }
  } catch (const Json::exception& error) {
    ThrowInput(
        "{}: {}: not records: {}; remove the file to have the result "
        "made anew",
        file.string(), kMarkRecords, error.what());
  }
  return records;
}

}  // namespace

Json DetectIdentity(const encoders::LoadedModel& model, const DetectJob& job) {
  const detection::TransferOptions& o = job.options;
  const detection::TrainDetectorOptions& t = o.train;
  Json json = {
      {"encoder", detection::EncoderJson(model)},
      {"canvas", detection::CanvasToJson(
                     detection::CanvasOf(model.preprocess, o.keep_aspect))},
      {"head", {o.head, o.width, o.layers, o.own_stages}},
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
  // What is not said is as before there was a word for it.
  if (o.denoising > 0) json["denoising"] = o.denoising;
  if (!job.train.empty()) json["train_part"] = job.train;
  if (o.unfreeze > 0) json["unfreeze"] = {o.unfreeze, t.unfreeze_rate_factor};
  // Products of fewer bits: other maps, other figures.
  if (model.tf32) json["tf32"] = true;
  return json;
}

Json DetectSetIdentity(const detection::TransferSets& sets,
                       const data::BoxOptions& options) {
  Json json = {{"kind", options.kind},
               {"pictures", options.pictures.string()},
               {"voc_corners", static_cast<int>(options.voc_corners)},
               {"parts", Json::array()}};
  if (options.single_class) json["single_class"] = true;
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
                             const Json& identity,
                             std::vector<Record>* records) {
  const fs::path file = folder / name, result = folder / kResultFile;
  if (!IsThere(file) || !IsThere(result)) return std::nullopt;
  const Json mark = ReadJsonFile(file);
  // An earlier version's has the identity alone: nothing says whose result it
  // is.
  if (!mark.is_object() || !mark.contains(kMarkIdentity) ||
      mark[kMarkIdentity] != identity)
    return std::nullopt;
  Json json = ReadJsonFile(result);
  if (mark.value(kMarkResult, Json()) != ResultSha256(json))
    return std::nullopt;
  if (records) *records = RecordsOf(mark, file);
  // Of a run that was cut at its very end.
  RemoveTrainState(folder);
  return json;
}

void ForgetDone(const fs::path& folder, const std::string& name) {
  // Where nothing is done it is what an interrupted run goes on from.
  if (IsThere(folder / name)) RemoveTrainState(folder);
  std::error_code ignored;
  for (const std::string& stale : {name, std::string(kResultFile)})
    fs::remove(folder / stale, ignored);
}

void MarkDone(const fs::path& folder,
              const std::string& name,
              const Json& identity,
              std::span<const Record> records) {
  Json mark = {{kMarkIdentity, identity},
               {kMarkResult, ResultSha256(ReadJsonFile(folder / kResultFile))},
               {kMarkRecords, Json::array()}};
  for (const Record& record : records)
    mark[kMarkRecords].push_back(Json::parse(RecordToLine(record)));
  WriteFileAtomic(folder / name, mark.dump(1) + "\n");
  RemoveTrainState(folder);
}

}  // namespace eyechart::suite
