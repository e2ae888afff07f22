#include "probes/heads/neighbour_decision.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <span>

namespace eyechart::probes {
namespace {

// Ties go to the lower row.
constexpr auto kHigher = [](const auto& a, const auto& b) {
  return a.first != b.first ? a.first > b.first : a.second < b.second;
};

}  // namespace

NeighbourQuestion::NeighbourQuestion(const CosineBank& bank,
                                     const at::Tensor& test,
                                     std::int64_t k,
                                     const VoteUse* use)
    : bank_(bank),
      k_(k),
      error_(bank.CosineError()),
      queries_(test.to(at::kFloat).contiguous()),
      norms_(RowNormsOf(queries_)),
      found_{at::empty({test.size(0), k}, at::kDouble),
             at::empty({test.size(0), k}, at::kLong)} {
  if (use == nullptr) return;
  use_ = *use;
  labels_ = use->labels.contiguous();
  if (use->truth.defined()) truth_ = use->truth.contiguous();
}

NeighbourDecision::NeighbourDecision(NeighbourQuestion& question)
    : question_(question),
      cosines_(question.found_.cosines.mutable_data_ptr<double>()),
      rows_(question.found_.rows.mutable_data_ptr<std::int64_t>()) {
  if (!question.use_) return;
  const VoteUse& use = *question.use_;
  check_.emplace(std::span(question.labels_.const_data_ptr<std::int64_t>(),
                           static_cast<std::size_t>(question.labels_.numel())),
                 use.classes, use.k, use.temperature, question.error_);
}

template <typename List>
void NeighbourDecision::Give(std::int64_t query, const List& list) {
  const std::int64_t k = question_.k_;
  for (std::int64_t j = 0; j < k; ++j) {
    cosines_[query * k + j] = list[static_cast<std::size_t>(j)].first;
    rows_[query * k + j] = list[static_cast<std::size_t>(j)].second;
  }
}

void NeighbourDecision::Decide(std::int64_t query,
                               std::vector<FoundRow>& list) {
  if (check_) {
    std::sort(list.begin(), list.end(), kHigher);
    const at::Tensor& truth = question_.truth_;
    const std::int64_t own =
        truth.defined() ? truth.const_data_ptr<std::int64_t>()[query] : -1;
    if (check_->Certain(list, own)) return Give(query, list);
  }
  const CosineBank& bank = question_.bank_;
  const float* values = question_.queries_.const_data_ptr<float>() +
                        query * question_.queries_.size(1);
  const double norm = question_.norms_.const_data_ptr<double>()[query];
  exact_.clear();
  for (std::size_t j = 0; j < list.size(); ++j) {
    if (j + 1 < list.size()) bank.Prefetch(list[j + 1].second);
    const std::int64_t row = list[j].second;
    exact_.emplace_back(bank.Cosine(values, norm, row), row);
  }
  std::partial_sort(exact_.begin(), exact_.begin() + question_.k_, exact_.end(),
                    kHigher);
  Give(query, exact_);
}

}  // namespace eyechart::probes
