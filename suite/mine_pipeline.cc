#include "suite/mine_pipeline.h"

#include <unordered_map>
#include <utility>

#include "core/error.h"
#include "core/files.h"
#include "data/feature_store.h"
#include "mining/copies_csv.h"
#include "mining/copy_groups.h"
#include "mining/cosine_picture.h"
#include "mining/gallery.h"
#include "mining/mining_json.h"
#include "mining/pairs_csv.h"
#include "mining/questions_export.h"
#include "mining/repeated_pairs.h"
#include "suite/mined_patterns.h"

namespace eyechart::suite {
namespace {

// Reads the picture of a store's row: stores know ids, data sets know indices.
mining::PictureReader ReaderOf(const data::Dataset& pictures,
                               const std::vector<data::StoreItem>& items) {
  std::unordered_map<std::string, std::size_t> index;
  for (std::size_t i = 0; i < pictures.size(); ++i)
    index.emplace(pictures.item(i).id, i);
  return [&pictures, &items, index = std::move(index)](std::int64_t row) {
    const std::string& id = items[static_cast<std::size_t>(row)].id;
    const auto found = index.find(id);
    EYECHART_REQUIRE(found != index.end(), "no such picture in {}",
                     pictures.name());
    return pictures.Read(found->second);
  };
}

// Above it in both spaces pictures count as copies unless told otherwise. A
// guess, well above the published near threshold of 0.95: it was not measured
// with published encoders. What kind of copy each is stands in copies.csv.
constexpr double kCopiesMin = 0.98;

Json CopiesJson(const mining::CopyGroups& groups) {
  Json kinds = Json::object();
  for (int kind = 0; kind < mining::kCopyKinds; ++kind)
    kinds[std::string(mining::CopyKindName(
        static_cast<mining::CopyKind>(kind)))] = groups.count[kind];
  return {{"groups", groups.groups.size()},
          {"copies", groups.copies()},
          {"kinds", std::move(kinds)}};
}

Json SelectionJson(const MineJob& job, const mining::PairSelection& selection) {
  return {{"classes", job.select.classes},
          {"max_per_image", job.select.max_per_image},
          {"kept_pairs", selection.kept.size()},
          {"other_class", selection.other_class},
          {"unlabelled", selection.unlabelled},
          {"over_max", selection.over_max},
          {"over_max_images", selection.over_max_images}};
}

// What to try when there is nothing to look at.
std::string AdviceOf(const mining::MineOptions& options,
                     const mining::MiningResult& result) {
  if (result.candidate_pairs == 0)
    return "mining compares pairs: it needs two readable pictures at least";
  if (result.near_pairs == 0) {
    const std::vector<double>& edges = result.histogram.near_edges;
    return fmt::format(
        "no pair is near (cosine above {}); the nearest of {} sampled pairs "
        "lie up to {:.2f}: try a lower {}",
        result.near_min, result.histogram.sampled, edges.back(),
        options.near_quantile ? "--near-quantile, or --near-min"
                              : "--near-min, or --near-quantile");
  }
  if (result.blind_pairs == 0)
    return fmt::format(
        "the far space tells all {} near pairs less than far (cosine {} or "
        "above): try a higher {}",
        result.near_pairs, result.far_max,
        options.far_quantile ? "--far-quantile, or --far-max"
                             : "--far-max, or --far-quantile");
  return "";
}

// Everything that is made of one mining run.
class Outputs {
 public:
  Outputs(const MineJob& job,
          const data::FeatureStore& near,
          const data::FeatureStore& far,
          const mining::MiningResult& result)
      : job_(job), near_(near), far_(far), kept_(result) {
    if (job.pictures != nullptr) read_ = ReaderOf(*job.pictures, near.items());
    selection_ = mining::SelectPairs(result.pairs, near.items(), job.select);
    kept_.pairs = mining::KeptPairs(result.pairs, selection_);
  }

  void Write(Json& json) {
    json["selection"] = SelectionJson(job_, selection_);
    mining::WritePairsCsv(job_.out / "pairs.csv", kept_, near_.items(),
                          job_.top);
    if (job_.options.copies_min || job_.copies || job_.gallery)
      json["copies"] = WriteCopies();
    if (job_.gallery) WriteGallery();
    if (!job_.questions.empty() && !kept_.pairs.empty())
      json["questions"] = WriteQuestions();
    for (std::string& warning : warnings_)
      json["warnings"].push_back(std::move(warning));
  }

 private:
  Json WriteCopies() {
    groups_ =
        mining::GroupCopies(near_.items(), kept_.rows, kept_.similar, read_);
    mining::WriteCopiesCsv(job_.out / "copies.csv", groups_, near_.items());
    if (read_ && groups_.not_compared > 0)
      warnings_.push_back(
          fmt::format("{} copies could not be looked at, the first {}",
                      groups_.not_compared, groups_.first_unread));
    return CopiesJson(groups_);
  }

  void WriteGallery() {
    mining::GallerySource source = {kept_, near_.items(), near_.manifest(),
                                    far_.manifest(), read_};
    if (job_.benchmark != nullptr)
      source.patterns =
          PatternsOfPairs(*job_.benchmark, kept_.pairs, near_.items());
    source.is_copy = mining::FindRepeatedPairs(groups_, kept_.pairs);
    mining::GalleryOptions options;
    options.command = job_.command;
    mining::CosinePictureText text;
    text.near_model = mining::ModelTitle(near_.manifest());
    text.far_model = mining::ModelTitle(far_.manifest());
    text.near_min = kept_.near_min;
    text.far_max = kept_.far_max;
    text.pairs = kept_.candidate_pairs;
    text.near_pairs = kept_.near_pairs;
    text.blind_pairs = kept_.blind_pairs;
    options.figure = mining::CosineSvg(kept_.histogram, text);
    mining::WriteGallery(job_.out / "gallery.html", source, options);
    WriteFileAtomic(job_.out / "gallery.json",
                    CanonicalJson(mining::GalleryJson(source)) + "\n");
  }

  Json WriteQuestions() {
    mining::QuestionsOptions options;
    if (job_.top > 0) options.pairs = job_.top;
    const mining::QuestionsSummary summary = mining::WriteQuestions(
        job_.questions, kept_.pairs, near_.items(), read_, options);
    for (const std::string& left_out : summary.left_out)
      warnings_.push_back("no question for " + left_out);
    return {{"folder", job_.questions.string()},
            {"pairs", summary.pairs},
            {"was_there", summary.was_there}};
  }

  const MineJob& job_;
  const data::FeatureStore& near_;
  const data::FeatureStore& far_;
  mining::MiningResult kept_;  // the result with the kept pairs alone
  mining::PairSelection selection_;
  mining::CopyGroups groups_;
  mining::PictureReader read_;
  std::vector<std::string> warnings_;
};

}  // namespace

void RequireMineJob(const MineJob& job) {
  mining::RequireMineOptions(job.options);
  mining::RequireSelection(job.select);
  if (!job.questions.empty()) mining::RequireQuestionsFolder(job.questions);
}

MineOutcome MineToFolder(const MineJob& job, Progress& progress) {
  const data::FeatureStore near_store(job.near_store);
  const data::FeatureStore far_store(job.far_store);
  near_store.Verify();
  far_store.Verify();
  CreateFolder(job.out);
  mining::MineOptions mine = job.options;
  mine.journal = job.out / "mining.partial";
  mine.index_folder = job.near_store;
  if ((job.copies || job.gallery) && !mine.copies_min)
    mine.copies_min = kCopiesMin;
  MineOutcome outcome;
  outcome.result = mining::Mine(near_store, far_store, mine, progress);
  outcome.json = mining::MiningToJson(
      outcome.result, near_store.manifest(), far_store.manifest(), job.options,
      job.encode_seconds, (job.out / "pairs.csv").string());
  if (const std::string advice = AdviceOf(job.options, outcome.result);
      !advice.empty())
    outcome.json["advice"] = advice;
  Outputs(job, near_store, far_store, outcome.result).Write(outcome.json);
  // Last of all: where it stands, everything else does.
  WriteFileAtomic(job.out / "mining.json", outcome.json.dump(1) + "\n");
  std::filesystem::remove(mine.journal);
  return outcome;
}

}  // namespace eyechart::suite
