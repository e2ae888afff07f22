#include "probes/heads/nearest_neighbours.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros.h>
#include <faiss/IndexFlat.h>

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/interrupt.h"

namespace eyechart::probes {
namespace {

// A tile of cosines (4 MiB) stays in cache while its best are picked out.
constexpr std::int64_t kTestRows = 256;
constexpr std::int64_t kTrainRows = 4096;

at::Tensor Normalized(const at::Tensor& rows) {
  const at::Tensor x = rows.to(at::kDouble);
  const at::Tensor norms = x.norm(2, {1}, /*keepdim=*/true);
  return x / norms.masked_fill(norms == 0, 1);
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
    for (std::int64_t i = 0; i < n; ++i) {
      if (cosines[i] < least_) continue;
      found_.emplace_back(cosines[i], first_row + i);
      if (found_.size() >= limit_) Narrow();
    }
  }

  const std::vector<std::pair<float, std::int64_t>>& Finish() {
    if (found_.size() > k_) Narrow();
    return found_;
  }

 private:
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

double Dot(const double* a, const double* b, std::int64_t d) {
  double sum = 0;
  for (std::int64_t i = 0; i < d; ++i) sum += a[i] * b[i];
  return sum;
}

Neighbours FindExact(const at::Tensor& train,
                     const at::Tensor& test,
                     std::int64_t k) {
  const at::Tensor bank = Normalized(train).contiguous();
  const at::Tensor queries = Normalized(test).contiguous();
  const at::Tensor bank32 = bank.to(at::kFloat);
  const at::Tensor queries32 = queries.to(at::kFloat);
  const std::int64_t n = train.size(0);
  const std::int64_t m = test.size(0);
  const std::int64_t d = train.size(1);
  // Two cosines of unit rows of d values, each off by at most (d + 3) 2^-24:
  // Higham 2002, (3.5), with the rows' own rounding.
  const float slack = 2 * static_cast<float>(d + 3) * 0x1p-24f;

  Neighbours found{at::empty({m, k}, at::kDouble),
                   at::empty({m, k}, at::kLong)};
  auto* cosines = found.cosines.mutable_data_ptr<double>();
  auto* rows = found.rows.mutable_data_ptr<std::int64_t>();
  const auto* bank_data = bank.const_data_ptr<double>();
  const auto* query_data = queries.const_data_ptr<double>();
  std::vector<Candidates> candidates(
      static_cast<std::size_t>(std::min(kTestRows, m)));
  for (std::int64_t begin = 0; begin < m; begin += kTestRows) {
    ThrowIfInterrupted();
    const std::int64_t count = std::min(kTestRows, m - begin);
    for (Candidates& one : candidates) one.Reset(k, slack);
    for (std::int64_t first = 0; first < n; first += kTrainRows) {
      const std::int64_t width = std::min(kTrainRows, n - first);
      const at::Tensor tile = at::matmul(queries32.narrow(0, begin, count),
                                         bank32.narrow(0, first, width).t())
                                  .contiguous();
      const auto* data = tile.const_data_ptr<float>();
      at::parallel_for(0, count, 8, [&](std::int64_t low, std::int64_t high) {
        for (std::int64_t i = low; i < high; ++i)
          candidates[static_cast<std::size_t>(i)].Look(data + i * width, width,
                                                       first);
      });
    }
    at::parallel_for(0, count, 8, [&](std::int64_t low, std::int64_t high) {
      std::vector<std::pair<double, std::int64_t>> exact;
      for (std::int64_t i = low; i < high; ++i) {
        exact.clear();
        for (const auto& [rounded, row] :
             candidates[static_cast<std::size_t>(i)].Finish())
          exact.emplace_back(
              Dot(query_data + (begin + i) * d, bank_data + row * d, d), row);
        std::partial_sort(exact.begin(), exact.begin() + k, exact.end(),
                          [](const auto& a, const auto& b) {
                            return a.first != b.first ? a.first > b.first
                                                      : a.second < b.second;
                          });
        for (std::int64_t j = 0; j < k; ++j) {
          cosines[(begin + i) * k + j] =
              exact[static_cast<std::size_t>(j)].first;
          rows[(begin + i) * k + j] = exact[static_cast<std::size_t>(j)].second;
        }
      }
    });
  }
  return found;
}

Neighbours FindByFaiss(const at::Tensor& train,
                       const at::Tensor& test,
                       std::int64_t k) {
  const at::Tensor bank = Normalized(train).to(at::kFloat).contiguous();
  const at::Tensor queries = Normalized(test).to(at::kFloat).contiguous();
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
