#include "suite/mine_pipeline.h"

#include <unordered_map>
#include <utility>

#include "core/error.h"
#include "core/files.h"
#include "data/feature_store.h"
#include "mining/gallery.h"
#include "mining/mining_json.h"
#include "mining/pairs_csv.h"

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

}  // namespace

MineOutcome MineToFolder(const MineJob& job, Progress& progress) {
  const data::FeatureStore near_store(job.near_store);
  const data::FeatureStore far_store(job.far_store);
  near_store.Verify();
  far_store.Verify();
  CreateFolder(job.out);
  mining::MineOptions mine = job.options;
  mine.journal = job.out / "mining.partial";
  MineOutcome outcome;
  outcome.result = mining::Mine(near_store, far_store, mine, progress);

  const std::filesystem::path pairs = job.out / "pairs.csv";
  mining::WritePairsCsv(pairs, outcome.result, near_store.items(), job.top);
  if (job.gallery) {
    const mining::GallerySource source = {
        outcome.result,        near_store.items(),
        near_store.manifest(), far_store.manifest(),
        job.options,           ReaderOf(*job.pictures, near_store.items())};
    mining::GalleryOptions options;
    options.command = job.command;
    mining::WriteGallery(job.out / "gallery.html", source, options);
    WriteFileAtomic(job.out / "gallery.json",
                    CanonicalJson(mining::GalleryJson(source)) + "\n");
  }
  outcome.json = mining::MiningToJson(outcome.result, near_store.manifest(),
                                      far_store.manifest(), job.options,
                                      job.encode_seconds, pairs.string());
  // Last of all: where it stands, everything else does.
  WriteFileAtomic(job.out / "mining.json", outcome.json.dump(1) + "\n");
  std::filesystem::remove(mine.journal);
  return outcome;
}

}  // namespace eyechart::suite
