#include "suite/rf100.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "core/error.h"
#include "core/files.h"
#include "core/interrupt.h"
#include "core/interval_json.h"
#include "core/student.h"
#include "data/boxes/rf100.h"
#include "data/boxes/rf100_published.h"
#include "suite/detect_identity.h"

namespace eyechart::suite {
namespace {

namespace fs = std::filesystem;

// Beside a set's detect.json: what that is of.
constexpr const char* kRf100Identity = "rf100.json";

// A figure of each seed; empty where one has none, as then none has.
std::vector<double> OfSeeds(const Json& scores) {
  std::vector<double> values;
  for (const Json& score : scores) {
    if (score.is_null()) return {};
    values.push_back(score.get<double>());
  }
  return values;
}

void Fill(Rf100Row& row, const Json& json) {
  row.train = json.at("train").get<std::int64_t>();
  row.test = json.at("test").get<std::int64_t>();
  row.ap = OfSeeds(json.at("runs").at("scores"));
  row.ap50 = OfSeeds(json.at("runs").at("ap50"));
  row.warnings = json.at("warnings").get<std::vector<std::string>>();
  if (row.ap.empty())
    row.warnings.push_back(
        fmt::format("{}: its test part has no truth, so it has no AP and is "
                    "left out of the means",
                    row.slug));
}

// `values` to the sums of the seeds.
void AddTo(std::vector<double>& sums, const std::vector<double>& values) {
  if (sums.empty()) sums.resize(values.size());
  EYECHART_CHECK(sums.size() == values.size(), "{} seeds and {}", sums.size(),
                 values.size());
  for (std::size_t i = 0; i < values.size(); ++i) sums[i] += values[i];
}

void Divide(std::vector<double>& sums, std::size_t count) {
  for (double& sum : sums) sum /= static_cast<double>(count);
}

Json RunsJson(const std::vector<double>& scores) {
  const SeedSpread spread = SpreadOfSeeds(scores);
  return {{"scores", scores},
          {"deviation", spread.deviation},
          {"ci", IntervalJson(spread.ci)}};
}

// AP and AP50 over the seeds, null without a score.
Json FiguresJson(const std::vector<double>& ap,
                 const std::vector<double>& ap50) {
  if (ap.empty()) return {{"AP", nullptr}, {"AP50", nullptr}};
  Json json = {{"AP", SpreadOfSeeds(ap).mean},
               {"AP50", SpreadOfSeeds(ap50).mean}};
  if (ap.size() > 1)
    json["runs"] = {{"AP", RunsJson(ap)}, {"AP50", RunsJson(ap50)}};
  return json;
}

Json PublishedJson(data::PublishedScope scope, const std::string& name) {
  const auto found = data::FindPublished(scope, name);
  if (!found) return nullptr;
  return {{"yolov5s", found->yolov5s},
          {"yolov7", found->yolov7},
          {"yolov8s", found->yolov8s},
          {"glip_zero_shot", found->glip}};
}

Json PublishedSetsJson(data::PublishedScope scope) {
  const data::PublishedSets sets = data::PublishedSetsOf(scope);
  return {{"yolov5s", sets.yolov5s},
          {"yolov7", sets.yolov7},
          {"yolov8s", sets.yolov8s},
          {"glip_zero_shot", sets.glip}};
}

Json MeanJson(const Rf100Mean& mean) {
  Json json = FiguresJson(mean.ap, mean.ap50);
  json["sets"] = mean.sets;
  return json;
}

}  // namespace

SeedSpread SpreadOfSeeds(const std::vector<double>& values) {
  SeedSpread spread;
  const auto n = static_cast<double>(values.size());
  for (const double value : values) spread.mean += value / n;
  if (values.size() < 2) return spread;
  for (const double value : values)
    spread.deviation += std::pow(value - spread.mean, 2) / (n - 1);
  spread.deviation = std::sqrt(spread.deviation);
  spread.ci = StudentInterval(values);
  return spread;
}

Rf100Result SummarizeRf100(std::vector<Rf100Row> rows) {
  Rf100Result result;
  std::map<std::string, Rf100Mean> domains;
  Rf100Mean all;
  for (const Rf100Row& row : rows) {
    // A set without truth has no score.
    if (!row.error.empty() || row.ap.empty()) continue;
    for (Rf100Mean* mean : {&domains[row.domain], &all}) {
      ++mean->sets;
      AddTo(mean->ap, row.ap);
      AddTo(mean->ap50, row.ap50);
    }
  }
  Rf100Mean means;
  for (auto& [name, mean] : domains) {
    mean.domain = name;
    Divide(mean.ap, static_cast<std::size_t>(mean.sets));
    Divide(mean.ap50, static_cast<std::size_t>(mean.sets));
    means.sets += mean.sets;
    AddTo(means.ap, mean.ap);
    AddTo(means.ap50, mean.ap50);
    result.domains.push_back(mean);
  }
  if (all.sets > 0) {
    Divide(all.ap, static_cast<std::size_t>(all.sets));
    Divide(all.ap50, static_cast<std::size_t>(all.sets));
    Divide(means.ap, domains.size());
    Divide(means.ap50, domains.size());
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
  Json identity = DetectIdentity(model, job);
  std::vector<Rf100Row> rows;
  const std::vector<data::Rf100Set> found = data::FindRf100(root);
  // One that cannot be made is no fault of a set either.
  CreateFolder(job.out);
  for (const data::Rf100Set& set : found) {
    std::error_code none;
    if (set.splits.empty() && fs::equivalent(set.root, job.out, none))
      continue;  // what an earlier run wrote
    Rf100Row row;
    row.slug = set.slug;
    row.domain = set.domain;
    if (!set.problem.empty()) {
      row.skipped = true;
      row.error = set.problem;
      progress.Warn("skipped: " + row.error);
      rows.push_back(std::move(row));
      continue;
    }
    if (!set.error.empty()) {
      row.error = set.error;
      progress.Warn(row.error);
      rows.push_back(std::move(row));
      continue;
    }
    DetectJob one = job;
    one.root = set.root;
    one.out = job.out / set.slug;
    progress.Note(set.slug);
    try {
      const detection::TransferSets sets =
          detection::OpenTransferSets(one.root, one.test, one.data, one.train);
      identity["set"] = DetectSetIdentity(sets, one.data);
      std::optional<Json> json = FindDone(one.out, kRf100Identity, identity);
      if (!json) {
        ForgetDone(one.out, kRf100Identity);
        json = RunDetectJob(model, sets, one, progress).json;
        MarkDone(one.out, kRf100Identity, identity);
      }
      Fill(row, *json);
      for (const std::string& warning : row.warnings) progress.Warn(warning);
    } catch (const InputError& error) {
      row.error = error.what();
      progress.Warn(row.error);
    }
    rows.push_back(std::move(row));
  }
  Rf100Result result = SummarizeRf100(std::move(rows));
  for (int i = 0; i < job.options.runs; ++i)
    result.seeds.push_back(job.options.seed + static_cast<std::uint64_t>(i));
  return result;
}

Json Rf100ToJson(const Rf100Result& result) {
  using data::PublishedScope;
  Json sets = Json::array(), domains = Json::array();
  for (const Rf100Row& row : result.rows) {
    Json json = {{"slug", row.slug}, {"domain", row.domain}};
    if (!row.error.empty()) {
      json.update({{"status", row.skipped ? "skipped" : "error"},
                   {"message", row.error}});
    } else {
      json.update({{"status", "ok"},
                   {"train", row.train},
                   {"test", row.test},
                   {"warnings", row.warnings}});
      json.update(FiguresJson(row.ap, row.ap50));
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
  Json json = {{"seeds", result.seeds},
               {"sets", sets},
               {"domains", domains},
               {"mean_of_sets", nullptr},
               {"mean_of_domains", nullptr}};
  if (result.sets) {
    json["mean_of_sets"] = MeanJson(*result.sets);
    json["mean_of_sets"]["published_AP50"] =
        PublishedJson(PublishedScope::kAllSets, "");
    json["mean_of_sets"]["published_sets"] =
        PublishedSetsJson(PublishedScope::kAllSets);
    json["mean_of_domains"] = MeanJson(*result.means);
    json["mean_of_domains"]["published_AP50"] =
        PublishedJson(PublishedScope::kTotal, "");
    json["mean_of_domains"]["published_sets"] =
        PublishedSetsJson(PublishedScope::kTotal);
  }
  json["published"] =
      "Roboflow-100, arXiv 2211.13523 and its repository: mAP at IoU 0.5 by "
      "each trainer's own code, whole detectors trained on each set; GLIP-T "
      "zero-shot. Means are over published_sets sets, not over ours";
  return json;
}

Json Rf100VlToJson() {
  Json rows = Json::array();
  for (const data::PublishedVl& row : data::PublishedRf100Vl())
    rows.push_back({{"model", row.model},
                    {"regime", row.regime},
                    {"AP", row.ap},
                    {"source", row.source}});
  return {{"what",
           "RF100-VL, published: AP over IoU 0.5 to 0.95, mean of its 100 "
           "sets, of whole detectors as each source has them; for reference"},
          {"rows", rows}};
}

}  // namespace eyechart::suite
