#include "mining/verifier.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "mining/kernels.h"

namespace eyechart::mining {
namespace {

// Rows that are converted to float32 at a time, in each space.
constexpr std::size_t kSlots = 4096;
// Pairs that one thread tests at a time.
constexpr std::int64_t kChunk = 1024;

}  // namespace

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
  if (!near_rows.in_place() || !far_rows.in_place())
    slot_of_.assign(near_counts_.size(), -1);
}

void Verifier::Add(std::span<const Candidate> candidates) {
  if (slot_of_.empty()) {
    AddSome(candidates);
    return;
  }
  std::size_t begin = 0;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    for (const std::uint32_t row :
         {candidates[i].first, candidates[i].second}) {
      if (slot_of_[row] >= 0) continue;
      slot_of_[row] = static_cast<std::int32_t>(slots_.size());
      slots_.push_back(row);
    }
    const bool last = i + 1 == candidates.size();
    if (!last && slots_.size() + 2 <= kSlots) continue;
    Convert(near_);
    Convert(far_);
    AddSome(candidates.subspan(begin, i + 1 - begin));
    begin = i + 1;
    for (const std::uint32_t row : slots_) slot_of_[row] = -1;
    slots_.clear();
  }
}

void Verifier::Convert(Space& space) {
  if (space.rows->in_place()) return;
  const std::int64_t dim = space.rows->dim();
  space.copies.resize(kSlots * static_cast<std::size_t>(dim));
  at::parallel_for(0, static_cast<std::int64_t>(slots_.size()), 16,
                   [&](std::int64_t begin, std::int64_t end) {
                     for (std::int64_t s = begin; s < end; ++s)
                       space.rows->Read(slots_[s],
                                        space.copies.data() + s * dim);
                   });
}

void Verifier::AddSome(std::span<const Candidate> candidates) {
  const auto n = static_cast<std::int64_t>(candidates.size());
  const std::int64_t chunks = (n + kChunk - 1) / kChunk;
  std::vector<std::vector<Blind>> blind(static_cast<std::size_t>(chunks));
  verdicts_.resize(candidates.size());
  at::parallel_for(0, chunks, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t chunk = begin; chunk < end; ++chunk)
      for (std::int64_t i = chunk * kChunk;
           i < std::min(n, (chunk + 1) * kChunk); ++i)
        verdicts_[i] = Test(candidates[i], blind[chunk]);
  });
  for (std::int64_t i = 0; i < n; ++i) {
    if (verdicts_[i] == Verdict::kNeither) continue;
    ++near_pairs_;
    ++near_counts_[candidates[i].first];
    ++near_counts_[candidates[i].second];
  }
  for (const std::vector<Blind>& some : blind) {
    for (const Blind& pair : some) {
      ++blind_counts_[pair.first];
      ++blind_counts_[pair.second];
    }
    blind_.insert(blind_.end(), some.begin(), some.end());
  }
}

const float* Verifier::Row(const Space& space, std::uint32_t index) const {
  return space.rows->in_place()
             ? space.rows->InPlace(index)
             : space.copies.data() + slot_of_[index] * space.rows->dim();
}

float Verifier::FastCosine(const Space& space, const Candidate& pair) const {
  return DotFast(Row(space, pair.first), Row(space, pair.second),
                 space.rows->dim()) *
         space.inverse_norm[pair.first] * space.inverse_norm[pair.second];
}

double Verifier::Cosine(const Space& space, const Candidate& pair) const {
  return ExactCosine(Row(space, pair.first), space.rows->norm(pair.first),
                     Row(space, pair.second), space.rows->norm(pair.second),
                     space.rows->dim());
}

// Comparisons with a cosine that is not a number are false and leave the
// decision to the double.
Verifier::Verdict Verifier::Test(const Candidate& pair,
                                 std::vector<Blind>& blind) const {
  const double near =
      std::isnan(pair.cosine) ? FastCosine(near_, pair) : double{pair.cosine};
  if (near < near_min_ - near_.error) return Verdict::kNeither;
  if (!(near > near_min_ + near_.error) && !(Cosine(near_, pair) > near_min_))
    return Verdict::kNeither;
  if (double{FastCosine(far_, pair)} > far_max_ + far_.error)
    return Verdict::kNear;
  const double far = Cosine(far_, pair);
  if (!(far < far_max_)) return Verdict::kNear;
  blind.push_back({pair.first, pair.second, Cosine(near_, pair), far});
  return Verdict::kBlind;
}

}  // namespace eyechart::mining
