#include "mining/mine.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>

#include "core/error.h"
#include "mining/duplicates.h"
#include "mining/feature_rows.h"
#include "mining/pair_engine.h"
#include "mining/stopwatch.h"
#include "mining/store_join.h"
#include "mining/verifier.h"

namespace eyechart::mining {
namespace {

using data::FeatureStore;
using data::StoreItem;

void RequireCosine(double value, const char* flag) {
  EYECHART_REQUIRE(value >= -1 && value <= 1,
                   "{} is {}; a cosine lies between -1 and 1", flag, value);
}

// What is left of two joined stores, index i of both being one picture.
struct Views {
  std::unique_ptr<FeatureRows> near_rows;
  std::unique_ptr<FeatureRows> far_rows;
};

// Rows of the near store by what they are good for.
struct Selection {
  std::int64_t readable = 0;
  std::int64_t without_direction = 0;
  std::string first_unreadable;         // "id: reason", or empty
  std::vector<std::int64_t> near_rows;  // that can be compared
  std::vector<std::int64_t> far_rows;
};

Selection SelectRows(const FeatureStore& near_store,
                     const FeatureStore& far_store,
                     const std::vector<double>& near_norms,
                     const std::vector<double>& far_norms) {
  const std::vector<std::int64_t> joined = JoinStores(near_store, far_store);
  const auto has_direction = [](double norm) {
    return std::isfinite(norm) && norm > 0;
  };
  Selection selection;
  for (std::int64_t row = 0; row < near_store.count(); ++row) {
    const std::int64_t twin = joined[row];
    const StoreItem& near_item = near_store.items()[row];
    const StoreItem& far_item = far_store.items()[twin];
    if (!near_item.ok() || !far_item.ok()) {
      if (selection.first_unreadable.empty())
        selection.first_unreadable =
            near_item.id + ": " +
            (near_item.ok() ? far_item.status : near_item.status);
      continue;
    }
    ++selection.readable;
    if (!has_direction(near_norms[row]) || !has_direction(far_norms[twin])) {
      ++selection.without_direction;
      continue;
    }
    selection.near_rows.push_back(row);
    selection.far_rows.push_back(twin);
  }
  return selection;
}

std::int64_t DropCopies(const FeatureStore& near_store,
                        const Views& views,
                        Selection& selection) {
  const std::vector<bool> copy =
      FindCopies(near_store, *views.near_rows, *views.far_rows);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < copy.size(); ++i) {
    if (copy[i]) continue;
    selection.near_rows[kept] = selection.near_rows[i];
    selection.far_rows[kept] = selection.far_rows[i];
    ++kept;
  }
  selection.near_rows.resize(kept);
  selection.far_rows.resize(kept);
  return static_cast<std::int64_t>(copy.size() - kept);
}

// From indices of the view to rows of the store, and into the order that is
// printed.
void PutInOrder(const FeatureRows& rows,
                const std::vector<StoreItem>& items,
                std::vector<BlindPair>& pairs) {
  for (BlindPair& pair : pairs) {
    pair.row_a = rows.store_row(pair.row_a);
    pair.row_b = rows.store_row(pair.row_b);
    if (items[pair.row_b].id < items[pair.row_a].id)
      std::swap(pair.row_a, pair.row_b);
  }
  std::sort(pairs.begin(), pairs.end(),
            [&](const BlindPair& x, const BlindPair& y) {
              if (x.gap() != y.gap()) return x.gap() > y.gap();
              if (x.row_a != y.row_a)
                return items[x.row_a].id < items[y.row_a].id;
              return items[x.row_b].id < items[y.row_b].id;
            });
}

}  // namespace

MiningResult Mine(const FeatureStore& near_store,
                  const FeatureStore& far_store,
                  const MineOptions& options,
                  Progress& progress) {
  RequireCosine(options.near_min, "--near-min");
  RequireCosine(options.far_max, "--far-max");
  EngineOptions engine_options;
  engine_options.name = options.engine;
  engine_options.near_min = options.near_min;
  engine_options.memory_bytes = options.memory_bytes;
  const std::unique_ptr<PairEngine> engine = PairEngine::Create(engine_options);

  const Stopwatch total;
  const std::vector<double> near_norms = RowNorms(near_store);
  const std::vector<double> far_norms = RowNorms(far_store);
  Selection selection =
      SelectRows(near_store, far_store, near_norms, far_norms);
  const auto view = [&] {
    return Views{std::make_unique<FeatureRows>(near_store, selection.near_rows,
                                               near_norms),
                 std::make_unique<FeatureRows>(far_store, selection.far_rows,
                                               far_norms)};
  };
  Views views = view();

  MiningResult result;
  result.engine = engine->name();
  if (engine->exact()) result.recall = 1;
  result.images = near_store.count();
  result.unreadable = result.images - selection.readable;
  if (options.dedupe) {
    result.duplicates_dropped = DropCopies(near_store, views, selection);
    views = view();
  }
  const std::int64_t n = selection.readable - result.duplicates_dropped;
  result.candidate_pairs = n * (n - 1) / 2;
  if (result.unreadable > 0)
    result.warnings.push_back(fmt::format(
        "{} of {} pictures could not be read and are left out; the first is {}",
        result.unreadable, result.images, selection.first_unreadable));
  if (selection.without_direction > 0)
    result.warnings.push_back(fmt::format(
        "{} pictures have features that are all zero or not finite; they are "
        "in no pair",
        selection.without_direction));

  Verifier verifier(*views.near_rows, *views.far_rows, options.near_min,
                    options.far_max);
  engine->Search(
      *views.near_rows,
      [&](std::span<const Candidate> candidates) { verifier.Add(candidates); },
      progress);
  result.near_pairs = verifier.near_pairs();
  if (result.near_pairs > 0)
    result.blind_share_ci =
        PairShareInterval(verifier.blind_counts(), verifier.near_counts());
  result.pairs = verifier.TakeBlind();
  result.blind_pairs = static_cast<std::int64_t>(result.pairs.size());
  PutInOrder(*views.near_rows, near_store.items(), result.pairs);
  result.verify_seconds = verifier.seconds();
  result.search_seconds = total.seconds() - result.verify_seconds;
  return result;
}

}  // namespace eyechart::mining
