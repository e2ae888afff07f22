#include "probes/heads/device_neighbours.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/interrupt.h"
#include "probes/heads/cosine_bank.h"
#include "probes/heads/device_tensors.h"
#include "probes/heads/neighbour_decision.h"

namespace eyechart::probes {
namespace {

// The greatest cosines of some queries, the greatest first, on their way to the
// host.
struct Selected {
  std::int64_t begin = 0;  // the first query
  std::int64_t count = 0;
  at::Tensor cosines;  // (count, keep) float32
  at::Tensor rows;     // (count, keep) int64
  std::vector<c10::Event> down;

  void Wait() const {
    for (const c10::Event& event : down) event.synchronize();
  }
};

// Rows of length 1 in parts, on the device where all of them fit.
class UnitRows {
 public:
  UnitRows(const CosineBank& bank, c10::Device device, std::int64_t rows)
      : device_(device), rows_(rows) {
    const at::Tensor& values = bank.rows();
    const auto bytes = static_cast<std::int64_t>(values.nbytes());
    const bool fits = bytes <= FreeBytes(device) / 2;
    for (std::int64_t first = 0; first < bank.size(); first += rows) {
      const std::int64_t n = std::min(rows, bank.size() - first);
      const at::Tensor part = DividedBy(values.narrow(0, first, n),
                                        bank.norms().narrow(0, first, n));
      parts_.push_back(fits ? OnDevice(part, device) : part);
    }
  }

  // Of `queries` (count, d), unit rows on the host.
  Selected Select(const at::Tensor& queries, std::int64_t keep) const {
    const at::Tensor q = OnDevice(queries, device_);
    at::Tensor best;
    at::Tensor rows;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      const at::Tensor part = OnDevice(parts_[i], device_);
      auto [values, places] = at::mm(q, part.t())
                                  .topk(std::min(keep, part.size(0)), 1,
                                        /*largest=*/true, /*sorted=*/false);
      places.add_(static_cast<std::int64_t>(i) * rows_);
      best = i == 0 ? values : at::cat({best, values}, 1);
      rows = i == 0 ? places : at::cat({rows, places}, 1);
      if (best.size(1) <= keep) continue;
      const auto [kept, which] = best.topk(keep, 1, true, false);
      best = kept;
      rows = rows.gather(1, which);
    }
    const auto [sorted, order] = best.sort(1, /*descending=*/true);
    Selected selected;
    selected.count = queries.size(0);
    selected.cosines = Down(sorted, selected);
    selected.rows = Down(rows.gather(1, order), selected);
    return selected;
  }

 private:
  at::Tensor Down(const at::Tensor& x, Selected& selected) const {
    if (!device_.is_cuda()) return x.contiguous();
    const at::Tensor host = HostMemory(x.sizes(), x.scalar_type(), device_);
    host.copy_(x, /*non_blocking=*/true);
    selected.down.push_back(MarkOf(device_));
    return host;
  }

  c10::Device device_;
  std::int64_t rows_;
  std::vector<at::Tensor> parts_;
};

// Decides on the queries of `selected`; marks in `open` those whose candidates
// may not be all.
void Decide(const Selected& selected,
            std::int64_t k,
            bool all,
            NeighbourQuestion& question,
            std::vector<char>& open) {
  selected.Wait();
  const std::int64_t keep = selected.cosines.size(1);
  const auto* cosines = selected.cosines.const_data_ptr<float>();
  const auto* rows = selected.rows.const_data_ptr<std::int64_t>();
  constexpr std::int64_t kGrain = 16;
  at::parallel_for(
      0, selected.count, kGrain, [&](std::int64_t low, std::int64_t high) {
        NeighbourDecision decision(question);
        std::vector<FoundRow> list;
        for (std::int64_t i = low; i < high; ++i) {
          const float* own = cosines + i * keep;
          const float least = own[k - 1] - question.slack();
          const std::int64_t query = selected.begin + i;
          if (!all && !(own[keep - 1] < least)) {
            open[static_cast<std::size_t>(query)] = 1;
            continue;
          }
          list.clear();
          for (std::int64_t j = 0; j < keep && !(own[j] < least); ++j)
            list.emplace_back(own[j], rows[i * keep + j]);
          decision.Decide(query, list);
        }
      });
}

// Answers the queries marked in `open` by the CPU's own search.
void AnswerOpen(const at::Tensor& train,
                const at::Tensor& test,
                std::int64_t k,
                const VoteUse* use,
                const std::vector<char>& open,
                Neighbours& found) {
  std::vector<std::int64_t> places;
  for (std::size_t i = 0; i < open.size(); ++i)
    if (open[i] != 0) places.push_back(static_cast<std::int64_t>(i));
  if (places.empty()) return;
  const at::Tensor index = at::tensor(places, at::kLong);
  NearestOptions options;
  options.k = k;
  VoteUse asked;
  if (use != nullptr) {
    asked = *use;
    if (use->truth.defined()) asked.truth = use->truth.index_select(0, index);
  }
  const Neighbours answers = FindNearest(train, test.index_select(0, index),
                                         options, use ? &asked : nullptr);
  found.cosines.index_copy_(0, index, answers.cosines);
  found.rows.index_copy_(0, index, answers.rows);
}

}  // namespace

Neighbours FindNearestOnDevice(const at::Tensor& train,
                               const at::Tensor& test,
                               std::int64_t k,
                               const VoteUse* use,
                               c10::Device device,
                               const DeviceSearchOptions& options) {
  const std::int64_t n = train.size(0);
  const std::int64_t m = test.size(0);
  EYECHART_CHECK(k > 0 && k <= n && options.spare >= 0,
                 "{} neighbours of {} rows", k, n);
  const FullPrecision precision(device);
  const CosineBank bank(train, /*packed=*/false);
  NeighbourQuestion question(bank, test, k, use);
  const UnitRows unit(bank, device, options.rows);
  const std::int64_t keep = std::min(n, k + options.spare);
  std::vector<char> open(static_cast<std::size_t>(m));
  // The device takes the next queries while the CPU decides on the last.
  Selected last;
  for (std::int64_t begin = 0; begin < m; begin += options.queries) {
    ThrowIfInterrupted();
    const std::int64_t count = std::min(options.queries, m - begin);
    Selected next =
        unit.Select(DividedBy(question.queries().narrow(0, begin, count),
                              question.norms().narrow(0, begin, count)),
                    keep);
    next.begin = begin;
    if (last.count > 0) Decide(last, k, keep == n, question, open);
    last = std::move(next);
  }
  if (last.count > 0) Decide(last, k, keep == n, question, open);
  Neighbours found = question.found();
  AnswerOpen(train, test, k, use, open, found);
  return found;
}

}  // namespace eyechart::probes
