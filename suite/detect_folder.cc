#include "suite/detect_folder.h"

#include <algorithm>
#include <system_error>

#include "benchmarks/environment.h"
#include "core/error.h"
#include "core/files.h"
#include "core/text.h"
#include "probes/detection/nms/suppress_boxes.h"

namespace eyechart::suite {
namespace {

namespace fs = std::filesystem;

// Collects what is not as by default.
class ChangedSetting {
 public:
  void Add(const char* key, double value, double usual) {
    if (value != usual) setting_[key] = FormatDouble(value);
  }
  void Add(const char* key, std::int64_t value, std::int64_t usual) {
    if (value != usual) setting_[key] = std::to_string(value);
  }
  void Add(const char* key, const std::string& value, const char* usual) {
    if (value != usual) setting_[key] = value;
  }
  std::map<std::string, std::string> Take() { return std::move(setting_); }

 private:
  std::map<std::string, std::string> setting_;
};

void AddNms(const detection::NmsOptions& nms,
            const detection::NmsOptions& usual,
            ChangedSetting& setting) {
  setting.Add("nms", detection::NmsSemanticsName(nms.semantics), "torchvision");
  setting.Add("nms_classes", detection::NmsClassesName(nms.classes), "aware");
  // As in a suite: the one that has a say.
  if (nms.semantics == detection::NmsSemantics::kSoftGaussian)
    setting.Add("nms_sigma", nms.sigma, usual.sigma);
  else
    setting.Add("nms_iou", nms.iou_threshold, usual.iou_threshold);
}

// Of what is there: a point that was copied in already has no file of its own.
void CopyInto(const fs::path& from, const fs::path& to) {
  if (!IsThere(from)) return;
  CreateFolder(to.parent_path());
  WriteFileAtomic(to, ReadFile(from));
}

void WriteEnvironment(const fs::path& folder,
                      const std::string& hash,
                      bool all_here,
                      const Json& environment,
                      const std::string& command) {
  Json described = environment;
  described["command"] = command;
  fs::path file = folder / "environment.json";
  if (!all_here && IsThere(file)) {
    Json known = ReadJsonFile(file);
    known.erase("command");
    if (known != environment)
      file = folder / fmt::format("environment-{}.json", hash);
  }
  WriteFileAtomic(file, described.dump(1) + "\n");
}

}  // namespace

std::map<std::string, std::string> DetectSetting(const DetectJob& job) {
  const detection::TransferOptions& o = job.options;
  const detection::TransferOptions usual;
  const detection::TrainDetectorOptions& t = o.train;
  ChangedSetting setting;
  setting.Add("head", o.head, "dense");
  setting.Add("train_part", job.train, "");
  setting.Add("part", job.test, "");
  setting.Add("single_class", job.data.single_class ? "true" : "false",
              "false");
  setting.Add("width", o.width, usual.width);
  setting.Add("layers", o.layers, usual.layers);
  setting.Add("denoise", o.denoising, usual.denoising);
  setting.Add("stages", o.own_stages ? "own" : "last", "last");
  setting.Add("keep_aspect", o.keep_aspect ? "true" : "false", "false");
  setting.Add("epochs", o.epochs, usual.epochs);
  if (o.epochs <= 0) setting.Add("steps", t.steps, usual.train.steps);
  setting.Add("train_batch", t.batch, usual.train.batch);
  setting.Add("rate", t.rate, usual.train.rate);
  setting.Add("unfreeze", o.unfreeze, usual.unfreeze);
  if (o.unfreeze > 0)
    setting.Add("unfreeze_rate_factor", t.unfreeze_rate_factor,
                usual.train.unfreeze_rate_factor);
  setting.Add("variants", o.variants, usual.variants);
  setting.Add("patience", t.patience, usual.train.patience);
  setting.Add("shots", o.shots, usual.shots);
  setting.Add("images", o.images, usual.images);
  setting.Add("seed", static_cast<std::int64_t>(o.seed),
              static_cast<std::int64_t>(usual.seed));
  setting.Add("runs", std::int64_t{o.runs}, std::int64_t{usual.runs});
  if (o.head != "set") AddNms(o.find.nms, usual.find.nms, setting);
  setting.Add("warmup", t.warmup, usual.train.warmup);
  setting.Add("average", t.average, usual.train.average);
  setting.Add("looks", t.looks, usual.train.looks);
  setting.Add("keep", t.keep_best ? "best" : "last", "best");
  setting.Add("validation_share", o.validation, usual.validation);
  setting.Add("scale_min", o.jitter.scale_min, usual.jitter.scale_min);
  setting.Add("scale_max", o.jitter.scale_max, usual.jitter.scale_max);
  if (o.shots > 0)
    setting.Add("shot_rule",
                o.shot_rule == data::ShotRule::kPictures ? "pictures" : "boxes",
                "boxes");
  setting.Add("min_score", o.find.detect.min_score,
              usual.find.detect.min_score);
  setting.Add("before_nms", o.find.detect.most, usual.find.detect.most);
  setting.Add("max_boxes", o.find.most_kept, usual.find.most_kept);
  return setting.Take();
}

bool IsThere(const fs::path& path) {
  std::error_code error;
  const bool there = fs::exists(path, error);
  EYECHART_REQUIRE(!error,
                   "{}: cannot be looked up: {}; should be a path "
                   "that can be read",
                   path.string(), error.message());
  return there;
}

void RequireDetectFolder(const fs::path& folder) {
  EYECHART_REQUIRE(!IsThere(folder / "suite.toml"),
                   "{}: holds a run of `eyechart run` or `eyechart bench` (it "
                   "has a suite.toml); choose another --out",
                   folder.string());
}

void WriteDetectFolder(const fs::path& folder,
                       std::span<const DetectPoint> points,
                       const Json& environment,
                       const std::string& command) {
  RequireDetectFolder(folder);
  CreateFolder(folder);
  const std::string hash = benchmarks::EnvironmentHash(environment);
  bool all_here = true;
  std::string lines;
  for (const DetectPoint& point : points) {
    for (const Record& record : point.records) {
      all_here &= record.environment == hash;
      lines += RecordToLine(record) + "\n";
    }
    if (point.records.empty()) continue;
    const std::string slug = CellSlug(point.records.front().cell);
    for (const char* name : {"detect.json", "errors.json", "log.csv"})
      CopyInto(point.folder / name, folder / "artifacts" / slug / name);
    CopyInto(point.folder / "outcomes.csv",
             folder / "outcomes" / (slug + ".csv"));
  }
  WriteEnvironment(folder, hash, all_here, environment, command);
  // Last: where it stands, what it names does.
  WriteFileAtomic(folder / "records.jsonl", lines);
}

}  // namespace eyechart::suite
