#include "mining/verifier.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "mining/kernels.h"
#include "mining/stopwatch.h"

namespace eyechart::mining {

Verifier::Space::Space(const FeatureRows& view)
    : rows(&view), error(CosineError(view.dim())) {
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
                   double near_min,
                   double far_max)
    : near_(near_rows),
      far_(far_rows),
      near_min_(near_min),
      far_max_(far_max),
      near_counts_(static_cast<std::size_t>(near_rows.count())),
      blind_counts_(near_counts_.size()) {
  EYECHART_CHECK(near_rows.count() == far_rows.count(), "{} and {} rows",
                 near_rows.count(), far_rows.count());
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

// Comparisons with a cosine that is not a number are false and leave the
// decision to the double.
Verifier::Verdict Verifier::TestPair(Batch& batch,
                                     const Candidate& pair) const {
  const double near = std::isnan(pair.cosine)
                          ? double{batch.FastCosine(batch.near, pair)}
                          : double{pair.cosine};
  if (near < near_min_ - near_.error) return Verdict::kNeither;
  if (!(near > near_min_ + near_.error) &&
      !(batch.Cosine(batch.near, pair) > near_min_))
    return Verdict::kNeither;
  if (double{batch.FastCosine(batch.far, pair)} > far_max_ + far_.error)
    return Verdict::kNear;
  const double far = batch.Cosine(batch.far, pair);
  if (!(far < far_max_)) return Verdict::kNear;
  batch.blind.push_back(
      {pair.first, pair.second, batch.Cosine(batch.near, pair), far});
  return Verdict::kBlind;
}

void Verifier::Merge(const Batch& batch,
                     std::span<const Candidate> candidates) {
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (batch.verdicts[i] == Verdict::kNeither) continue;
    ++near_pairs_;
    ++near_counts_[candidates[i].first];
    ++near_counts_[candidates[i].second];
  }
  for (const BlindPair& pair : batch.blind) {
    ++blind_counts_[pair.row_a];
    ++blind_counts_[pair.row_b];
  }
  blind_.insert(blind_.end(), batch.blind.begin(), batch.blind.end());
}

}  // namespace eyechart::mining
