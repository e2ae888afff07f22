// The k-NN read-out of DINOv2's evaluation.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <string>
#include <vector>

namespace eyechart::probes {

struct NearestOptions {
  /// Neighbours that vote; all where there are fewer. DINOv2: 10, 20, 100, 200,
  /// with 20 "usually working the best".
  std::int64_t k = 20;
  /// Of the softmax over cosines that weighs the votes. DINOv2: 0.07.
  double temperature = 0.07;
  /// "exact", or "faiss-flat": FAISS's flat index of normed float32 rows, whose
  /// rounding decides between neighbours closer than about 1e-6.
  std::string engine = "exact";
  /// Where the exact engine multiplies; decisions are made on the CPU.
  c10::Device device = c10::kCPU;
};

/// Throws InputError for an engine that is not known, a k below 1 or a
/// temperature that is not positive.
void RequireKnown(const NearestOptions& options);

/// The k nearest rows of m queries, nearest first; ties by the lower row.
struct Neighbours {
  at::Tensor cosines;  // (m, k) float64
  at::Tensor rows;     // (m, k) int64
};

/// What neighbours are looked for.
struct VoteUse {
  at::Tensor labels;  // (n) int64 of the rows of `train`, 0 ... classes - 1
  std::int64_t classes = 0;
  std::vector<std::int64_t> k;  // each votes by itself; none above options.k
  double temperature = 0.07;
  at::Tensor truth;  // (m) int64 of the rows of `test`; or not defined
};

/// The options.k rows of `train` (n, d) with the greatest cosine to each row of
/// `test` (m, d); all n where there are fewer. Rows of zeros have cosine 0 to
/// everything. The exact engine multiplies in float32, keeps every row that
/// rounding could have put behind, and decides in float64; with `use` it leaves
/// float32 cosines to a query where their worst rounding (see VoteCheck) could
/// change neither the class with the most votes nor the set of the first five
/// nor the rank of the true one. Without `use` the rows and cosines are the
/// same on every device, bit for bit. Throws std::logic_error for shapes that
/// do not fit.
Neighbours FindNearest(const at::Tensor& train,
                       const at::Tensor& test,
                       const NearestOptions& options,
                       const VoteUse* use = nullptr);

/// Votes (m, classes) float64 of the first `k` of `found` (all where there are
/// fewer), weighted by the softmax of cosine / temperature over them, its
/// maximum subtracted; a row sums to 1. `labels` (n) is int64 below
/// `classes`. Source: Oquab et al. 2023, dinov2/eval/knn.py.
at::Tensor VotesOf(const Neighbours& found,
                   const at::Tensor& labels,
                   std::int64_t classes,
                   std::int64_t k,
                   double temperature);

/// FindNearest and VotesOf in one.
at::Tensor NearestVotes(const at::Tensor& train,
                        const at::Tensor& labels,
                        const at::Tensor& test,
                        std::int64_t classes,
                        const NearestOptions& options = {});

}  // namespace eyechart::probes
