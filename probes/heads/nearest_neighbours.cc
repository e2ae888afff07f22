#include "probes/heads/nearest_neighbours.h"

#include <ATen/ops/matmul.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "core/error.h"

namespace eyechart::probes {
namespace {

// Test rows at a time: what bounds the memory of their cosines.
constexpr std::int64_t kRows = 1024;

at::Tensor Normalized(const at::Tensor& rows) {
  const at::Tensor x = rows.to(at::kFloat);
  return x / x.norm(2, {1}, true).clamp_min(1e-12);
}

}  // namespace

at::Tensor NearestVotes(const at::Tensor& train,
                        const at::Tensor& labels,
                        const at::Tensor& test,
                        std::int64_t classes,
                        const NearestOptions& options) {
  EYECHART_CHECK(train.dim() == 2 && test.dim() == 2 &&
                     train.size(1) == test.size(1) && train.size(0) > 0 &&
                     labels.dim() == 1 && labels.size(0) == train.size(0),
                 "k-NN of {} rows with {} labels", train.size(0),
                 labels.numel());
  EYECHART_CHECK(options.k > 0 && options.temperature > 0, "k = {}, T = {}",
                 options.k, options.temperature);
  const std::int64_t k = std::min(options.k, train.size(0));
  const at::Tensor bank = Normalized(train).t();
  const at::Tensor queries = Normalized(test);
  at::Tensor votes = at::zeros({test.size(0), classes}, at::kFloat);
  for (std::int64_t begin = 0; begin < test.size(0); begin += kRows) {
    const std::int64_t count = std::min(kRows, test.size(0) - begin);
    const auto [cosines, nearest] =
        at::matmul(queries.narrow(0, begin, count), bank).topk(k, 1);
    const at::Tensor weights = at::softmax(cosines / options.temperature, 1);
    votes.narrow(0, begin, count)
        .scatter_add_(
            1, labels.index_select(0, nearest.flatten()).view({count, k}),
            weights);
  }
  return votes;
}

}  // namespace eyechart::probes
