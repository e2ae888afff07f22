#include "probes/multiple_choice/read_out.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "core/error.h"
#include "probes/heads/logistic.h"

namespace eyechart::multiple_choice {
namespace {

using Pairs = std::vector<std::size_t>;

// One of so many training pairs chooses among them.
constexpr std::int64_t kHeldOut = 5;

void RequireGenerated(const Benchmark& benchmark) {
  EYECHART_REQUIRE(
      benchmark.kind == "generated" && !benchmark.pairs.empty(),
      "{}: a read-out needs pairs that `eyechart generate patterns` made, "
      "whose first pictures show one class; this is of kind {}",
      benchmark.source.string(), benchmark.kind);
}

Pairs PairsOf(const Benchmark& benchmark, const std::string& pattern) {
  Pairs pairs;
  for (std::size_t p = 0; p < benchmark.pairs.size(); ++p)
    if (benchmark.items[benchmark.pairs[p][0]].pattern == pattern)
      pairs.push_back(p);
  return pairs;
}

const float* EmbeddingRow(const Benchmark& benchmark,
                          const Embeddings& pictures,
                          std::size_t pair,
                          std::size_t side) {
  const std::size_t picture =
      benchmark.items[benchmark.pairs[pair][side]].picture;
  return pictures.problem[picture].empty() ? pictures.row(picture) : nullptr;
}

void RequireEnough(const Benchmark& train, std::size_t pairs) {
  EYECHART_REQUIRE(pairs >= 2 * kHeldOut,
                   "{}: {} readable pairs of a pattern are too few to train a "
                   "read-out on; there should be at least {}",
                   train.source.string(), pairs, 2 * kHeldOut);
}

// Rows of both pictures of readable pairs, with their side and what is held
// out.
struct TrainingSet {
  at::Tensor features;  // (n, d)
  at::Tensor labels;    // (n), 0 or 1
  at::Tensor held_out;  // (n), bool
};

TrainingSet MakeTrainingSet(const Benchmark& train,
                            const Embeddings& pictures,
                            const Pairs& pairs) {
  std::vector<const float*> rows;
  for (const std::size_t pair : pairs) {
    const float* a = EmbeddingRow(train, pictures, pair, 0);
    const float* b = EmbeddingRow(train, pictures, pair, 1);
    if (a == nullptr || b == nullptr) continue;
    rows.push_back(a);
    rows.push_back(b);
  }
  RequireEnough(train, rows.size() / 2);
  const auto count = static_cast<std::int64_t>(rows.size());
  const auto width = static_cast<std::int64_t>(pictures.dim);
  TrainingSet set{at::empty({count, width}, at::kFloat),
                  at::zeros({count}, at::kLong), at::zeros({count}, at::kBool)};
  auto* features = set.features.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < count; ++i) {
    std::copy_n(rows[static_cast<std::size_t>(i)], width, features + i * width);
    set.labels.mutable_data_ptr<std::int64_t>()[i] = i % 2;
    set.held_out.mutable_data_ptr<bool>()[i] = i / 2 % kHeldOut == 0;
  }
  return set;
}

// The log-odds that `row` is a second picture; NaN for none.
double LogOdds(const probes::LogisticReadOut& read_out,
               const float* row,
               std::size_t width) {
  if (row == nullptr) return std::nan("");
  const at::Tensor features =
      at::tensor(at::ArrayRef<float>(row, width)).unsqueeze(0);
  const at::Tensor scores = read_out.Scores(features)[0];
  return scores[1].item<double>() - scores[0].item<double>();
}

}  // namespace

void RequireTrainable(const Benchmark& benchmark, const Benchmark& train) {
  RequireGenerated(benchmark);
  RequireGenerated(train);
  EYECHART_REQUIRE(benchmark.questions_sha256 != train.questions_sha256,
                   "{}: a read-out trained on it cannot be asked about the "
                   "same pairs; generate others with another --seed",
                   benchmark.source.string());
  for (const std::string& pattern : benchmark.patterns)
    if (!PairsOf(benchmark, pattern).empty())
      RequireEnough(train, PairsOf(train, pattern).size());
}

Result ScoreReadOut(const Benchmark& benchmark,
                    const Embeddings& pictures,
                    const Benchmark& train,
                    const Embeddings& train_pictures) {
  RequireTrainable(benchmark, train);
  EYECHART_REQUIRE(pictures.dim == train_pictures.dim,
                   "features of {} have {} values and those of {} {}",
                   benchmark.source.string(), pictures.dim,
                   train.source.string(), train_pictures.dim);
  Result result;
  result.scoring = Scoring::kReadOut;
  result.items.resize(benchmark.items.size());
  for (const std::string& pattern : benchmark.patterns) {
    const Pairs of_pattern = PairsOf(benchmark, pattern);
    if (of_pattern.empty()) continue;
    const TrainingSet set =
        MakeTrainingSet(train, train_pictures, PairsOf(train, pattern));
    const probes::LogisticReadOut read_out =
        probes::FitSelected(set.features, set.labels, /*classes=*/2,
                            set.held_out, probes::kPenaltyGrid);
    for (const std::size_t p : of_pattern) {
      const auto id = [&](std::size_t side) {
        return benchmark
            .pictures[benchmark.items[benchmark.pairs[p][side]].picture]
            .id;
      };
      for (const std::size_t side : {0u, 1u}) {
        Outcome& outcome = result.items[benchmark.pairs[p][side]];
        outcome.truth = id(side);
        const float* row = EmbeddingRow(benchmark, pictures, p, side);
        const double odds = LogOdds(read_out, row, pictures.dim);
        outcome.score = side == 1 ? odds : -odds;
        if (row == nullptr)
          outcome.status = Status::kUnreadable;
        else if (!std::isfinite(odds))
          outcome.status = Status::kNotFinite;
        else if (odds == 0)
          outcome.status = Status::kTie;
        else
          outcome.prediction = id(odds > 0 ? 1 : 0);
        outcome.correct = outcome.status == Status::kOk && outcome.score > 0;
      }
    }
  }
  JoinPairs(benchmark, result);
  result.setting["train_sha256"] = train.questions_sha256;
  return result;
}

}  // namespace eyechart::multiple_choice
