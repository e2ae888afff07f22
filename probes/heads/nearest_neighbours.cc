#include "probes/heads/nearest_neighbours.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>
#include <faiss/IndexFlat.h>

#include <algorithm>
#include <vector>

#include "core/error.h"
#include "core/interrupt.h"
#include "probes/heads/cosine_bank.h"
#include "probes/heads/cosine_candidates.h"
#include "probes/heads/device_neighbours.h"
#include "probes/heads/neighbour_decision.h"

namespace eyechart::probes {
namespace {

Neighbours FindExact(const at::Tensor& train,
                     const at::Tensor& test,
                     std::int64_t k,
                     const VoteUse* use) {
  const CosineBank bank(train);
  NeighbourQuestion question(bank, test, k, use);
  const at::Tensor normed = DividedBy(question.queries(), question.norms());
  const std::int64_t m = test.size(0);
  constexpr std::int64_t kTile = CosineBank::kQueries;
  // A thread takes a tile of queries through all of the bank by itself: nothing
  // waits, and products inside a parallel region stay on its thread.
  const std::int64_t tiles = (m + kTile - 1) / kTile;
  at::parallel_for(0, tiles, 1, [&](std::int64_t low, std::int64_t high) {
    const c10::InferenceMode inference;
    std::vector<CosineCandidates> candidates(static_cast<std::size_t>(kTile));
    NeighbourDecision decision(question);
    // Taken once: a fresh megabyte a product would come page by page.
    const at::Tensor memory =
        at::empty({kTile * CosineBank::kRows}, at::kFloat);
    for (std::int64_t tile = low; tile < high; ++tile) {
      ThrowIfInterrupted();
      const std::int64_t begin = tile * kTile;
      const std::int64_t count = std::min(kTile, m - begin);
      for (CosineCandidates& one : candidates) one.Reset(k, question.slack());
      bank.ForCosines(
          normed.narrow(0, begin, count), memory,
          [&](const float* data, std::int64_t first, std::int64_t width) {
            for (std::int64_t i = 0; i < count; ++i)
              candidates[static_cast<std::size_t>(i)].Look(data + i * width,
                                                           width, first);
          });
      for (std::int64_t i = 0; i < count; ++i)
        decision.Decide(begin + i,
                        candidates[static_cast<std::size_t>(i)].Finish());
    }
  });
  return question.found();
}

Neighbours FindByFaiss(const at::Tensor& train,
                       const at::Tensor& test,
                       std::int64_t k) {
  const auto unit = [](const at::Tensor& rows) {
    const at::Tensor x = rows.to(at::kFloat).contiguous();
    return DividedBy(x, RowNormsOf(x)).contiguous();
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
                       const NearestOptions& options,
                       const VoteUse* use) {
  EYECHART_CHECK(train.dim() == 2 && test.dim() == 2 &&
                     train.size(1) == test.size(1) && train.size(0) > 0,
                 "k-NN of {} rows", train.size(0));
  RequireKnown(options);
  if (use != nullptr) {
    EYECHART_CHECK(
        use->labels.dim() == 1 && use->labels.size(0) == train.size(0),
        "{} rows with {} labels", train.size(0), use->labels.numel());
    EYECHART_CHECK(!use->truth.defined() || use->truth.numel() == test.size(0),
                   "{} queries of {} classes", test.size(0),
                   use->truth.numel());
  }
  const std::int64_t k = std::min(options.k, train.size(0));
  if (options.engine != "exact") return FindByFaiss(train, test, k);
  if (!options.device.is_cpu())
    return FindNearestOnDevice(train, test, k, use, options.device);
  return FindExact(train, test, k, use);
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
  const VoteUse use{labels, classes, {options.k}, options.temperature, {}};
  return VotesOf(FindNearest(train, test, options, &use), labels, classes,
                 options.k, options.temperature);
}

}  // namespace eyechart::probes
