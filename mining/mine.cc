#include "mining/mine.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>

#include "core/error.h"
#include "mining/copy_pairs.h"
#include "mining/engine_choice.h"
#include "mining/feature_rows.h"
#include "mining/journal.h"
#include "mining/pair_engine.h"
#include "mining/pair_sample.h"
#include "mining/row_selection.h"
#include "mining/stopwatch.h"
#include "mining/store_watch.h"
#include "mining/tile_product.h"
#include "mining/unit_rows.h"
#include "mining/verifier.h"

namespace eyechart::mining {
namespace {

using data::FeatureStore;
using data::StoreItem;

void RequireCosine(double value, const char* flag) {
  EYECHART_REQUIRE(value >= -1 && value <= 1,
                   "{} {}: a cosine lies between -1 and 1", flag, value);
}

void RequireQuantile(const std::optional<double>& q, const char* flag) {
  EYECHART_REQUIRE(!q || (*q > 0 && *q < 1),
                   "{} {}: a quantile lies between 0 and 1", flag, *q);
}

// What is left of two joined stores, index i of both being one picture.
struct Views {
  Views(const FeatureStore& near_store,
        const FeatureStore& far_store,
        const RowSelection& rows,
        std::span<const double> near_norms,
        std::span<const double> far_norms)
      : near(near_store, rows.near_rows, near_norms),
        far(far_store, rows.far_rows, far_norms) {}
  FeatureRows near;
  FeatureRows far;
};

void WarnOfRows(const RowSelection& rows, MiningResult& result) {
  if (result.unreadable > 0)
    result.warnings.push_back(fmt::format(
        "{} of {} pictures could not be read and are left out; the first is {}",
        result.unreadable, result.images, rows.first_unreadable));
  if (rows.not_finite > 0)
    result.warnings.push_back(
        fmt::format("{} pictures have features that are not finite; they are "
                    "in no pair; the first is {}",
                    rows.not_finite, rows.first_not_finite));
  if (rows.zero > 0)
    result.warnings.push_back(
        fmt::format("{} pictures have features that are all zero; they are in "
                    "no pair; the first is {}",
                    rows.zero, rows.first_zero));
}

// What must be equal for a search to be gone on with.
std::string JournalKey(const PairEngine& engine,
                       const std::string& plan,
                       const StoreWatch& near,
                       const StoreWatch& far,
                       const VerifyOptions& verify,
                       bool dedupe) {
  std::string key = fmt::format("{}\n{}\n{}\n{}\n{} {} {}\n", engine.name(),
                                plan, near.identity(), far.identity(),
                                verify.near_min, verify.far_max, dedupe);
  if (verify.copies)
    key +=
        fmt::format("{} {}\n", verify.copies->near_min, verify.copies->far_min);
  for (const auto* edges : {&verify.grid.near_edges, &verify.grid.far_edges}) {
    for (const double edge : *edges) key += fmt::format("{} ", edge);
    key += '\n';
  }
  return key;
}

std::unique_ptr<PairEngine> MakeEngine(const MineOptions& options,
                                       double least,
                                       const FeatureRows& rows,
                                       const StoreWatch& store,
                                       Progress& progress) {
  EngineOptions engine;
  engine.name = options.engine;
  engine.near_min = least;
  engine.precision = options.precision;
  engine.device = options.device;
  engine.recall = options.recall;
  engine.quantizer = options.quantizer;
  engine.index_folder = options.index_folder;
  engine.identity = store.identity();
  engine.seed = options.seed;
  engine.memory_bytes = options.memory_bytes;
  engine.unit_rows = options.unit_rows;
  if (engine.name == "auto") {
    EngineChoiceOptions choose;
    choose.near_min = least;
    choose.recall = options.recall;
    const EngineChoice choice = ChooseEngine(rows, choose);
    engine.name = choice.engine;
    progress.Note(choice.note);
  }
  return PairEngine::Create(engine);
}

void WarnOfRecall(const MineOptions& options,
                  const PairEngine& engine,
                  MiningResult& result) {
  if (engine.exact()) return;
  if (!result.recall)
    result.warnings.push_back(
        "the sample held no near pair: how many of them were found is not "
        "known");
  else if (const std::int64_t found = std::llround(
               *result.recall * static_cast<double>(result.recall_pairs));
           WilsonInterval(found, result.recall_pairs).high < options.recall)
    result.warnings.push_back(fmt::format(
        "{} of {} sampled near pairs were found, fewer than the share of {} "
        "that was asked for: give a higher --recall",
        found, result.recall_pairs, options.recall));
}

// From indices of the view to rows of the store, a before b by id.
void ToRows(const FeatureRows& rows,
            const std::vector<StoreItem>& items,
            std::vector<BlindPair>& pairs) {
  for (BlindPair& pair : pairs) {
    pair.row_a = rows.store_row(pair.row_a);
    pair.row_b = rows.store_row(pair.row_b);
    if (items[pair.row_b].id < items[pair.row_a].id)
      std::swap(pair.row_a, pair.row_b);
  }
}

// The order that is printed.
void PutInOrder(const std::vector<StoreItem>& items,
                std::vector<BlindPair>& pairs) {
  std::sort(pairs.begin(), pairs.end(),
            [&](const BlindPair& x, const BlindPair& y) {
              if (x.gap() != y.gap()) return x.gap() > y.gap();
              if (x.row_a != y.row_a)
                return items[x.row_a].id < items[y.row_a].id;
              return items[x.row_b].id < items[y.row_b].id;
            });
}

// The thresholds and what else is asked of each pair; the near thresholds of
// the grid begin with the one to search from.
VerifyOptions Ask(const MineOptions& options, const MiningResult& result) {
  VerifyOptions ask;
  ask.near_min = result.near_min;
  ask.far_max = result.far_max;
  std::vector<double> near = options.surface_near;
  std::vector<double> far = options.surface_far;
  near.push_back(ask.near_min);
  far.push_back(ask.far_max);
  if (options.copies_min) {
    // Only near pairs are met: the bound cannot lie below the search.
    const double least = *std::min_element(near.begin(), near.end());
    ask.copies = {std::max(*options.copies_min, least), *options.copies_min};
    near.push_back(ask.copies->near_min);
    far.push_back(ask.copies->far_min);
  }
  ask.grid = MakeGrid(std::move(near), std::move(far));
  return ask;
}

// What was found, in the result's terms.
void Report(const Findings& found,
            const VerifyOptions& ask,
            const MineOptions& options,
            const Views& views,
            const FeatureStore& near_store,
            MiningResult& result) {
  result.near_pairs = found.near_pairs;
  if (found.near_pairs > 0)
    result.blind_share_ci =
        PairShareInterval(found.blind_counts, found.near_counts);
  result.pairs = found.blind;
  result.blind_pairs = static_cast<std::int64_t>(result.pairs.size());
  ToRows(views.near, near_store.items(), result.pairs);
  PutInOrder(near_store.items(), result.pairs);
  if (ask.copies)
    result.similar = CopyPairs(found.similar, ask.copies->near_min,
                               ask.copies->far_min, views.near, views.far);
  if (options.surface_near.empty()) return;
  std::vector<double> near = options.surface_near;
  std::vector<double> far = options.surface_far;
  near.push_back(result.near_min);  // the run's own are always in it
  far.push_back(result.far_max);
  result.surface =
      MakeSurface(ask.grid, found.grid, std::move(near), std::move(far));
}

}  // namespace

void RequireMineOptions(const MineOptions& options) {
  RequireCosine(options.near_min, "--near-min");
  RequireCosine(options.far_max, "--far-max");
  for (const double value : options.surface_near)
    RequireCosine(value, "--surface-near");
  for (const double value : options.surface_far)
    RequireCosine(value, "--surface-far");
  if (options.copies_min) RequireCosine(*options.copies_min, "--copies-min");
  RequireQuantile(options.near_quantile, "--near-quantile");
  RequireQuantile(options.far_quantile, "--far-quantile");
  EYECHART_REQUIRE(options.surface_near.empty() == options.surface_far.empty(),
                   "a surface needs thresholds for both spaces");
  EYECHART_REQUIRE(options.recall > 0 && options.recall <= 1,
                   "--recall {}: a share above 0 and up to 1", options.recall);
  EYECHART_REQUIRE(options.engine != "faiss-ivf" || options.recall < 1,
                   "faiss-ivf cannot promise a recall of 1; take --engine "
                   "exact, or a lower --recall");
  PairEngine::RequireKnown(options.engine);
  TileProduct::RequireKnown(options.precision);
  UnitRows::RequireKnown(options.quantizer);
}

MiningResult Mine(const FeatureStore& near_store,
                  const FeatureStore& far_store,
                  const MineOptions& options,
                  Progress& progress) {
  RequireMineOptions(options);
  const StoreWatch near_watch(near_store);
  const StoreWatch far_watch(far_store);
  const Stopwatch total;
  const std::vector<double> near_norms = RowNorms(near_store);
  const std::vector<double> far_norms = RowNorms(far_store);
  RowSelection rows = SelectRows(near_store, far_store, near_norms, far_norms);
  const auto view = [&] {
    return std::make_unique<Views>(near_store, far_store, rows, near_norms,
                                   far_norms);
  };
  std::unique_ptr<Views> views = view();

  MiningResult result;
  result.images = near_store.count();
  result.unreadable = result.images - rows.readable;
  result.not_finite = rows.not_finite;
  result.zero = rows.zero;
  if (options.dedupe) {
    result.duplicates_dropped =
        DropCopies(near_store, views->near, views->far, rows);
    views = view();
  }
  const std::int64_t n = rows.readable - result.duplicates_dropped;
  result.candidate_pairs = n * (n - 1) / 2;
  WarnOfRows(rows, result);
  result.rows = rows.near_rows;

  const PairSample sample =
      DrawPairs(views->near, views->far, options.sample_pairs, options.seed);
  const auto threshold = [&](double cosine, std::optional<double> quantile,
                             const std::vector<float>& cosines,
                             const char* flag) {
    return quantile ? SampleQuantile(sample, cosines, *quantile, flag) : cosine;
  };
  result.near_min = threshold(options.near_min, options.near_quantile,
                              sample.near, "--near-quantile");
  result.far_max = threshold(options.far_max, options.far_quantile, sample.far,
                             "--far-quantile");
  if (result.far_max > result.near_min)
    result.warnings.push_back(fmt::format(
        "far-max {} is above near-min {}: pairs that are as near in the far "
        "space as in the near one count as blind",
        result.far_max, result.near_min));

  const VerifyOptions ask = Ask(options, result);
  const std::unique_ptr<PairEngine> engine = MakeEngine(
      options, ask.grid.near_edges.front(), views->near, near_watch, progress);
  result.engine = engine->name();

  Verifier verifier(views->near, views->far, ask);
  JournalOptions keep;
  keep.path = options.journal;
  keep.key = JournalKey(*engine, engine->Plan(views->near, progress),
                        near_watch, far_watch, ask, options.dedupe);
  Journal journal(
      keep, Findings(views->near.count(), ask.grid.bins()),
      [&] { return verifier.Take(); },
      [&] {
        near_watch.Check();
        far_watch.Check();
      });
  verifier.Know(journal.total().similar);
  if (journal.resumed() > 0)
    progress.Note("goes on where an earlier search of the same was broken off");
  engine->Search(
      views->near,
      [&](std::span<const Candidate> candidates) { verifier.Add(candidates); },
      journal, progress);
  const Findings found = journal.Finished();
  const EngineReport report = engine->report();
  result.recall = report.recall;
  result.recall_pairs = report.sampled_pairs;
  result.products = report.products;
  WarnOfRecall(options, *engine, result);
  Report(found, ask, options, *views, near_store, result);
  result.histogram =
      MakeHistogram(ask.grid, found.grid, sample, result.candidate_pairs);
  result.verify_seconds = verifier.seconds();
  result.search_seconds = total.seconds() - result.verify_seconds;
  return result;
}

}  // namespace eyechart::mining
