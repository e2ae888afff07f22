#include "mining/verifier.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "mining/kernels.h"
#include "mining/stopwatch.h"

namespace eyechart::mining {
namespace {

// How many edges a cosine is above: strictly, or at least as high.
std::size_t EdgesAbove(const std::vector<double>& edges,
                       double cosine,
                       bool strictly) {
  const auto end = strictly
                       ? std::lower_bound(edges.begin(), edges.end(), cosine)
                       : std::upper_bound(edges.begin(), edges.end(), cosine);
  return static_cast<std::size_t>(end - edges.begin());
}

}  // namespace

VerifyOptions VerifyOptions::Of(double near_min, double far_max) {
  VerifyOptions options;
  options.near_min = near_min;
  options.far_max = far_max;
  options.grid = MakeGrid({near_min}, {far_max});
  return options;
}

Verifier::Space::Space(const FeatureRows& view,
                       const std::vector<double>& thresholds)
    : rows(&view), error(CosineError(view.dim())), edges(&thresholds) {
  inverse_norm.reserve(static_cast<std::size_t>(view.count()));
  for (std::int64_t i = 0; i < view.count(); ++i) {
    // Between these lengths no product overflows and what underflows is far
    // below the error bound; elsewhere only the double decides.
    const bool safe = view.norm(i) > 1e-12 && view.norm(i) < 1e15;
    inverse_norm.push_back(safe ? static_cast<float>(1 / view.norm(i))
                                : Candidate::kUnknown);
  }
}

// The scratch of one thread: verdicts, and float32 copies of the rows that a
// store holds in half precision.
struct Verifier::Batch {
  // Rows that are converted at a time, in each space.
  static constexpr std::size_t kSlots = 2048;

  struct Copies {
    explicit Copies(const Space& of) : space(&of) {
      if (of.rows->in_place()) return;
      values.resize(kSlots * static_cast<std::size_t>(of.rows->dim()));
    }
    const Space* space;
    std::vector<float> values;
  };

  Batch(const Space& near_space, const Space& far_space)
      : near(near_space), far(far_space) {
    if (!near_space.rows->in_place() || !far_space.rows->in_place())
      slot_of.assign(static_cast<std::size_t>(near_space.rows->count()), -1);
  }

  // Makes both rows of a pair readable; false when the slots are used up.
  bool Hold(const Candidate& pair) {
    if (slot_of.empty()) return true;
    if (held.size() + 2 > kSlots) return false;
    for (const std::uint32_t row : {pair.first, pair.second}) {
      if (slot_of[row] >= 0) continue;
      slot_of[row] = static_cast<std::int32_t>(held.size());
      for (Copies* copies : {&near, &far}) {
        const FeatureRows& rows = *copies->space->rows;
        if (!rows.in_place())
          rows.Read(row,
                    copies->values.data() +
                        static_cast<std::int64_t>(held.size()) * rows.dim());
      }
      held.push_back(row);
    }
    return true;
  }

  void Release() {
    for (const std::uint32_t row : held) slot_of[row] = -1;
    held.clear();
  }

  const float* Row(const Copies& copies, std::uint32_t index) const {
    const FeatureRows& rows = *copies.space->rows;
    return rows.in_place() ? rows.InPlace(index)
                           : copies.values.data() + slot_of[index] * rows.dim();
  }

  float FastCosine(const Copies& copies, const Candidate& pair) const {
    const std::vector<float>& inverse = copies.space->inverse_norm;
    return DotFast(Row(copies, pair.first), Row(copies, pair.second),
                   copies.space->rows->dim()) *
           inverse[pair.first] * inverse[pair.second];
  }

  double Cosine(const Copies& copies, const Candidate& pair) const {
    const FeatureRows& rows = *copies.space->rows;
    return ExactCosine(Row(copies, pair.first), rows.norm(pair.first),
                       Row(copies, pair.second), rows.norm(pair.second),
                       rows.dim());
  }

  Copies near;
  Copies far;
  std::vector<std::int32_t> slot_of;  // -1 for rows that are not held
  std::vector<std::uint32_t> held;
  std::vector<Verdict> verdicts;
  std::vector<BlindPair> blind;  // rows are indices of FeatureRows
};

Verifier::Verifier(const FeatureRows& near_rows,
                   const FeatureRows& far_rows,
                   VerifyOptions options)
    : options_(std::move(options)),
      near_edge_(
          CosineGrid::EdgeOf(options_.grid.near_edges, options_.near_min)),
      far_edge_(CosineGrid::EdgeOf(options_.grid.far_edges, options_.far_max)),
      near_(near_rows, options_.grid.near_edges),
      far_(far_rows, options_.grid.far_edges),
      found_(near_rows.count(), options_.grid.bins()),
      copies_(options_.copies ? static_cast<std::size_t>(near_rows.count())
                              : 0) {
  EYECHART_CHECK(near_rows.count() == far_rows.count(), "{} and {} rows",
                 near_rows.count(), far_rows.count());
  if (options_.copies) {
    copy_near_edge_ =
        CosineGrid::EdgeOf(options_.grid.near_edges, options_.copies->near_min);
    copy_far_edge_ =
        CosineGrid::EdgeOf(options_.grid.far_edges, options_.copies->far_min);
  }
}

Verifier::~Verifier() = default;

std::unique_ptr<Verifier::Batch> Verifier::Borrow() {
  const std::lock_guard lock(mutex_);
  if (idle_.empty()) {
    ++threads_;
    return std::make_unique<Batch>(near_, far_);
  }
  std::unique_ptr<Batch> batch = std::move(idle_.back());
  idle_.pop_back();
  return batch;
}

void Verifier::Add(std::span<const Candidate> candidates) {
  const Stopwatch watch;
  std::unique_ptr<Batch> batch = Borrow();
  Test(*batch, candidates);
  const std::lock_guard lock(mutex_);
  Merge(*batch, candidates);
  idle_.push_back(std::move(batch));
  seconds_ += watch.seconds();
}

double Verifier::seconds() const { return seconds_ / std::max(1, threads_); }

void Verifier::Test(Batch& batch, std::span<const Candidate> candidates) const {
  batch.verdicts.clear();
  batch.blind.clear();
  for (const Candidate& pair : candidates) {
    if (!batch.Hold(pair)) {
      batch.Release();
      batch.Hold(pair);
    }
    batch.verdicts.push_back(TestPair(batch, pair));
  }
  batch.Release();
}

// float32 decides where no edge lies within its error; cosines that are not a
// number leave the decision to the double.
Verifier::Verdict Verifier::TestPair(Batch& batch,
                                     const Candidate& pair) const {
  const auto bin = [&](const Space& space, const Batch::Copies& copies,
                       double fast, bool strictly) {
    if (!std::isnan(fast)) {
      const std::size_t low =
          EdgesAbove(*space.edges, fast - space.error, strictly);
      if (low == EdgesAbove(*space.edges, fast + space.error, strictly))
        return low;
    }
    return EdgesAbove(*space.edges, batch.Cosine(copies, pair), strictly);
  };
  const double near = std::isnan(pair.cosine)
                          ? double{batch.FastCosine(batch.near, pair)}
                          : double{pair.cosine};
  Verdict verdict;
  verdict.near = static_cast<std::uint32_t>(bin(near_, batch.near, near, true));
  if (verdict.near == 0) return verdict;
  verdict.far = static_cast<std::uint32_t>(
      bin(far_, batch.far, double{batch.FastCosine(batch.far, pair)}, false));
  if (verdict.near > near_edge_ && verdict.far <= far_edge_)
    batch.blind.push_back({pair.first, pair.second,
                           batch.Cosine(batch.near, pair),
                           batch.Cosine(batch.far, pair)});
  return verdict;
}

void Verifier::Merge(const Batch& batch,
                     std::span<const Candidate> candidates) {
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Verdict verdict = batch.verdicts[i];
    if (verdict.near == 0) continue;
    const Candidate& pair = candidates[i];
    ++found_.grid[options_.grid.Place(verdict.near, verdict.far)];
    if (options_.copies && verdict.near > copy_near_edge_ &&
        verdict.far > copy_far_edge_ && copies_.Join(pair.first, pair.second))
      found_.similar.push_back({pair.first, pair.second, 0, 0});
    if (verdict.near <= near_edge_) continue;
    ++found_.near_pairs;
    ++found_.near_counts[pair.first];
    ++found_.near_counts[pair.second];
  }
  for (const BlindPair& pair : batch.blind) {
    ++found_.blind_counts[pair.row_a];
    ++found_.blind_counts[pair.row_b];
  }
  found_.blind.insert(found_.blind.end(), batch.blind.begin(),
                      batch.blind.end());
}

Findings Verifier::Take() {
  Findings found(near_.rows->count(), options_.grid.bins());
  std::swap(found, found_);
  return found;
}

void Verifier::Know(std::span<const SimilarPair> similar) {
  for (const SimilarPair& pair : similar) copies_.Join(pair.row_a, pair.row_b);
}

}  // namespace eyechart::mining
