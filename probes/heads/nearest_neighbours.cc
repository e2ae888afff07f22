#include "probes/heads/nearest_neighbours.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>
#include <faiss/IndexFlat.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/interrupt.h"
#include "encoders/linear.h"
#include "encoders/placement.h"

namespace eyechart::probes {
namespace {

// A tile of cosines (1 MiB) stays in cache while its best are picked out.
constexpr std::int64_t kTestRows = 128;
constexpr std::int64_t kTrainRows = 2048;

// Several sums side by side, or each addition would wait for the last.
__attribute__((target_clones("default", "avx2,fma"))) double Dot(
    const float* a, const float* b, std::int64_t d) {
  constexpr std::int64_t kSums = 8;
  std::array<double, kSums> sums = {};
  std::int64_t i = 0;
  for (; i + kSums <= d; i += kSums)
    for (std::int64_t k = 0; k < kSums; ++k)
      sums[static_cast<std::size_t>(k)] +=
          static_cast<double>(a[i + k]) * static_cast<double>(b[i + k]);
  double sum = 0;
  for (; i < d; ++i)
    sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  for (const double one : sums) sum += one;
  return sum;
}

// The first block from `i` on, blocks of kGlance values, that holds one of at
// least `least`; the last whole block's end where none does.
constexpr std::int64_t kGlance = 32;
__attribute__((target_clones("default", "avx2"))) std::int64_t NextBlock(
    const float* x, std::int64_t i, std::int64_t n, float least) {
  for (; i + kGlance <= n; i += kGlance) {
    int any = 0;
    for (std::int64_t j = 0; j < kGlance; ++j) any |= x[i + j] >= least ? 1 : 0;
    if (any != 0) return i;
  }
  return i;
}

// Asks for memory that is read next: rows of a large bank lie anywhere.
void Prefetch(const float* row, std::int64_t d) {
  constexpr std::int64_t kLine = 16;  // floats
  for (std::int64_t i = 0; i < d; i += kLine) __builtin_prefetch(row + i);
}

// Norms (n) float64 of rows (n, d) float32, 1 in place of 0.
at::Tensor NormsOf(const at::Tensor& rows) {
  const std::int64_t d = rows.size(1);
  at::Tensor norms = at::empty({rows.size(0)}, at::kDouble);
  const auto* data = rows.const_data_ptr<float>();
  auto* out = norms.mutable_data_ptr<double>();
  at::parallel_for(0, rows.size(0), 64,
                   [&](std::int64_t low, std::int64_t high) {
                     for (std::int64_t i = low; i < high; ++i) {
                       const double square = Dot(data + i * d, data + i * d, d);
                       out[i] = square > 0 ? std::sqrt(square) : 1;
                     }
                   });
  return norms;
}

// Rows divided by their norms, float32.
at::Tensor Normalized(const at::Tensor& rows, const at::Tensor& norms) {
  const at::Tensor scales = norms.reciprocal().to(at::kFloat);
  return rows * scales.unsqueeze(1);
}

// The rows that may be among the k nearest of one query.
class Candidates {
 public:
  void Reset(std::int64_t k, float slack) {
    k_ = static_cast<std::size_t>(k);
    slack_ = slack;
    least_ = -std::numeric_limits<float>::infinity();
    limit_ = 4 * k_ + 256;
    found_.clear();
  }

  void Look(const float* cosines, std::int64_t n, std::int64_t first_row) {
    std::int64_t i = 0;
    // Most blocks hold nothing and cost one glance.
    while ((i = NextBlock(cosines, i, n, least_)) + kGlance <= n)
      for (const std::int64_t end = i + kGlance; i < end; ++i)
        Take(cosines[i], first_row + i);
    for (; i < n; ++i) Take(cosines[i], first_row + i);
  }

  const std::vector<std::pair<float, std::int64_t>>& Finish() {
    if (found_.size() > k_) Narrow();
    return found_;
  }

 private:
  void Take(float cosine, std::int64_t row) {
    if (cosine < least_) return;
    found_.emplace_back(cosine, row);
    if (found_.size() >= limit_) Narrow();
  }

  // Drops what rounding could not lift among the k nearest. Where very many are
  // equal nothing can be dropped, and the next look comes later.
  void Narrow() {
    const auto kth = found_.begin() + static_cast<std::ptrdiff_t>(k_ - 1);
    std::nth_element(
        found_.begin(), kth, found_.end(),
        [](const auto& a, const auto& b) { return a.first > b.first; });
    least_ = kth->first - slack_;
    std::erase_if(found_,
                  [this](const auto& one) { return one.first < least_; });
    limit_ = std::max(limit_, 2 * found_.size());
  }

  std::size_t k_ = 1;
  float slack_ = 0;
  float least_ = 0;        // cosines below this are of no use any more
  std::size_t limit_ = 0;  // found before the next Narrow
  std::vector<std::pair<float, std::int64_t>> found_;
};

// The rows to be searched: normed, rounded and packed for products a part at a
// time, and as they are for the decision.
class Bank {
 public:
  explicit Bank(const at::Tensor& rows)
      : rows_(rows.to(at::kFloat).contiguous()), norms_(NormsOf(rows_)) {
    const encoders::Placement placement =
        encoders::MakePlacement(at::kFloat, at::kCPU);
    for (std::int64_t first = 0; first < rows_.size(0); first += kTrainRows) {
      const std::int64_t n = std::min(kTrainRows, rows_.size(0) - first);
      parts_.emplace_back(
          Normalized(rows_.narrow(0, first, n), norms_.narrow(0, first, n)),
          at::Tensor(), placement);
    }
  }

  std::int64_t size() const { return rows_.size(0); }

  /// Calls f(cosines, first row, rows) with float32 cosines (m, rows) of the
  /// normed `queries` (m, d), part by part; `memory` holds kTestRows x
  /// kTrainRows floats.
  template <typename F>
  void ForCosines(const at::Tensor& queries,
                  const at::Tensor& memory,
                  const F& f) const {
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      const std::int64_t first = static_cast<std::int64_t>(i) * kTrainRows;
      const std::int64_t n = std::min(kTrainRows, size() - first);
      const at::Tensor tile =
          memory.narrow(0, 0, queries.size(0) * n).view({-1, n});
      parts_[i].ForwardTo(queries, tile);
      f(tile.const_data_ptr<float>(), first, n);
    }
  }

  void PrefetchRow(std::int64_t row) const {
    const std::int64_t d = rows_.size(1);
    Prefetch(rows_.const_data_ptr<float>() + row * d, d);
  }

  /// The cosine of `row` and `query`, which has `norm`, in float64.
  double Cosine(const float* query, double norm, std::int64_t row) const {
    const std::int64_t d = rows_.size(1);
    return Dot(query, rows_.const_data_ptr<float>() + row * d, d) /
           (norm * norms_.const_data_ptr<double>()[row]);
  }

 private:
  at::Tensor rows_;   // (n, d) float32
  at::Tensor norms_;  // (n) float64
  std::vector<encoders::Linear> parts_;
};

Neighbours FindExact(const at::Tensor& train,
                     const at::Tensor& test,
                     std::int64_t k) {
  const Bank bank(train);
  const at::Tensor queries = test.to(at::kFloat).contiguous();
  const at::Tensor norms = NormsOf(queries);
  const at::Tensor normed = Normalized(queries, norms);
  const std::int64_t m = test.size(0);
  const std::int64_t d = train.size(1);
  // Two cosines of unit rows of d values, each off by at most (d + 5) 2^-24:
  // Higham 2002, (3.5), with the rounding of the rows and of their scales.
  const float slack = 2 * static_cast<float>(d + 5) * 0x1p-24f;

  Neighbours found{at::empty({m, k}, at::kDouble),
                   at::empty({m, k}, at::kLong)};
  auto* cosines = found.cosines.mutable_data_ptr<double>();
  auto* rows = found.rows.mutable_data_ptr<std::int64_t>();
  const auto* query_data = queries.const_data_ptr<float>();
  const auto* norm_data = norms.const_data_ptr<double>();
  // A thread takes a tile of queries through all of the bank by itself: nothing
  // waits, and products inside a parallel region stay on its thread.
  const std::int64_t tiles = (m + kTestRows - 1) / kTestRows;
  at::parallel_for(0, tiles, 1, [&](std::int64_t low, std::int64_t high) {
    const c10::InferenceMode inference;
    std::vector<Candidates> candidates(static_cast<std::size_t>(kTestRows));
    std::vector<std::pair<double, std::int64_t>> exact;
    // Taken once: a fresh megabyte a product would come page by page.
    const at::Tensor memory = at::empty({kTestRows * kTrainRows}, at::kFloat);
    for (std::int64_t tile = low; tile < high; ++tile) {
      ThrowIfInterrupted();
      const std::int64_t begin = tile * kTestRows;
      const std::int64_t count = std::min(kTestRows, m - begin);
      for (Candidates& one : candidates) one.Reset(k, slack);
      bank.ForCosines(
          normed.narrow(0, begin, count), memory,
          [&](const float* data, std::int64_t first, std::int64_t width) {
            for (std::int64_t i = 0; i < count; ++i)
              candidates[static_cast<std::size_t>(i)].Look(data + i * width,
                                                           width, first);
          });
      for (std::int64_t i = begin; i < begin + count; ++i) {
        exact.clear();
        const auto& found_rows =
            candidates[static_cast<std::size_t>(i - begin)].Finish();
        for (std::size_t j = 0; j < found_rows.size(); ++j) {
          const std::int64_t row = found_rows[j].second;
          if (j + 1 < found_rows.size())
            bank.PrefetchRow(found_rows[j + 1].second);
          exact.emplace_back(bank.Cosine(query_data + i * d, norm_data[i], row),
                             row);
        }
        std::partial_sort(exact.begin(), exact.begin() + k, exact.end(),
                          [](const auto& a, const auto& b) {
                            return a.first != b.first ? a.first > b.first
                                                      : a.second < b.second;
                          });
        for (std::int64_t j = 0; j < k; ++j) {
          cosines[i * k + j] = exact[static_cast<std::size_t>(j)].first;
          rows[i * k + j] = exact[static_cast<std::size_t>(j)].second;
        }
      }
    }
  });
  return found;
}

Neighbours FindByFaiss(const at::Tensor& train,
                       const at::Tensor& test,
                       std::int64_t k) {
  const auto unit = [](const at::Tensor& rows) {
    const at::Tensor x = rows.to(at::kFloat).contiguous();
    return Normalized(x, NormsOf(x)).contiguous();
  };
  const at::Tensor bank = unit(train);
  const at::Tensor queries = unit(test);
  faiss::IndexFlatIP index(bank.size(1));
  index.add(bank.size(0), bank.const_data_ptr<float>());
  const std::int64_t m = test.size(0);
  at::Tensor cosines = at::empty({m, k}, at::kFloat);
  at::Tensor rows = at::empty({m, k}, at::kLong);
  index.search(m, queries.const_data_ptr<float>(), k,
               cosines.mutable_data_ptr<float>(),
               rows.mutable_data_ptr<std::int64_t>());
  return {cosines.to(at::kDouble), rows};
}

}  // namespace

void RequireKnown(const NearestOptions& options) {
  EYECHART_REQUIRE(options.engine == "exact" || options.engine == "faiss-flat",
                   "--engine {}: should be exact or faiss-flat",
                   options.engine);
  EYECHART_REQUIRE(options.k > 0, "--k {}: should be at least 1", options.k);
  EYECHART_REQUIRE(options.temperature > 0,
                   "--temperature {}: should be positive", options.temperature);
}

Neighbours FindNearest(const at::Tensor& train,
                       const at::Tensor& test,
                       const NearestOptions& options) {
  EYECHART_CHECK(train.dim() == 2 && test.dim() == 2 &&
                     train.size(1) == test.size(1) && train.size(0) > 0,
                 "k-NN of {} rows", train.size(0));
  RequireKnown(options);
  const std::int64_t k = std::min(options.k, train.size(0));
  return options.engine == "exact" ? FindExact(train, test, k)
                                   : FindByFaiss(train, test, k);
}

at::Tensor VotesOf(const Neighbours& found,
                   const at::Tensor& labels,
                   std::int64_t classes,
                   std::int64_t k,
                   double temperature) {
  EYECHART_CHECK(k > 0 && temperature > 0 && labels.dim() == 1,
                 "k = {}, T = {}", k, temperature);
  const std::int64_t m = found.rows.size(0);
  const std::int64_t used = std::min(k, found.rows.size(1));
  const at::Tensor weights =
      at::softmax(found.cosines.narrow(1, 0, used) / temperature, 1);
  const at::Tensor rows = found.rows.narrow(1, 0, used);
  at::Tensor votes = at::zeros({m, classes}, at::kDouble);
  votes.scatter_add_(1, labels.index_select(0, rows.flatten()).view({m, used}),
                     weights);
  return votes;
}

at::Tensor NearestVotes(const at::Tensor& train,
                        const at::Tensor& labels,
                        const at::Tensor& test,
                        std::int64_t classes,
                        const NearestOptions& options) {
  EYECHART_CHECK(labels.dim() == 1 && labels.size(0) == train.size(0),
                 "{} rows with {} labels", train.size(0), labels.numel());
  return VotesOf(FindNearest(train, test, options), labels, classes, options.k,
                 options.temperature);
}

}  // namespace eyechart::probes
