#include "mining/drift/shared_neighbours.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "core/parallel.h"
#include "core/random.h"
#include "mining/kernels.h"

namespace eyechart::mining {
namespace {

using data::FeatureStore;

// DINOv2's k-NN, dinov2/eval/knn.py.
constexpr double kTemperature = 0.07;
// Rows held at a time.
constexpr std::size_t kBlock = 512;

struct Neighbour {
  double cosine = 0;
  std::size_t picture = 0;  // into the rows that take part
};

// Nearest first; of equal ones the earlier picture.
bool Nearer(const Neighbour& a, const Neighbour& b) {
  return a.cosine != b.cosine ? a.cosine > b.cosine : a.picture < b.picture;
}

// One store's side: rows in the order of the pictures that take part.
class Space {
 public:
  Space(const FeatureStore& store, std::vector<std::int64_t> rows)
      : store_(&store), rows_(std::move(rows)) {
    for (std::size_t i = 0; i < rows_.size(); ++i)
      norms_.push_back(std::sqrt(Dot(Row(i), Row(i))));
  }

  std::vector<float> Row(std::size_t picture) const {
    std::vector<float> row(static_cast<std::size_t>(store_->dim()));
    store_->ReadPooled(rows_[picture], 1, row.data());
    return row;
  }
  double Dot(const std::vector<float>& a, const std::vector<float>& b) const {
    return DotExact(a.data(), b.data(), store_->dim());
  }
  double Cosine(std::size_t a, std::size_t b) const {
    return Dot(Row(a), Row(b)) / norms_[a] / norms_[b];
  }
  std::size_t size() const { return rows_.size(); }

  // The k nearest others of each asked picture, nearest first.
  std::vector<std::vector<Neighbour>> Nearest(
      std::span<const std::size_t> asked, std::size_t k, int threads) const {
    std::vector<std::vector<float>> queries;
    for (const std::size_t picture : asked) queries.push_back(Row(picture));
    std::vector<std::vector<Neighbour>> nearest(asked.size());
    for (std::size_t begin = 0; begin < size(); begin += kBlock) {
      const std::size_t end = std::min(begin + kBlock, size());
      std::vector<std::vector<float>> block;
      for (std::size_t i = begin; i < end; ++i) block.push_back(Row(i));
      ParallelFor(asked.size(), threads, [&](std::size_t q, int) {
        std::vector<Neighbour>& kept = nearest[q];
        for (std::size_t i = begin; i < end; ++i) {
          if (i == asked[q]) continue;
          const double cosine =
              Dot(queries[q], block[i - begin]) / norms_[asked[q]] / norms_[i];
          Keep({cosine, i}, k, kept);
        }
      });
    }
    return nearest;
  }

 private:
  static void Keep(const Neighbour& found,
                   std::size_t k,
                   std::vector<Neighbour>& kept) {
    if (kept.size() == k && !Nearer(found, kept.back())) return;
    kept.insert(std::ranges::upper_bound(kept, found, Nearer), found);
    if (kept.size() > k) kept.pop_back();
  }

  const FeatureStore* store_;
  std::vector<std::int64_t> rows_;
  std::vector<double> norms_;
};

bool HasDirection(const FeatureStore& store, std::int64_t row) {
  std::vector<float> values(static_cast<std::size_t>(store.dim()));
  store.ReadPooled(row, 1, values.data());
  const double square = DotExact(values.data(), values.data(), store.dim());
  return square > 0 && std::isfinite(square);
}

// Every neighbour of one space is as near as the last one of the other.
bool Within(const std::vector<Neighbour>& neighbours,
            const Space& other,
            const std::vector<Neighbour>& of_other,
            std::size_t asked) {
  const double least = of_other.back().cosine - kCosineTie;
  return std::ranges::all_of(neighbours, [&](const Neighbour& neighbour) {
    return std::ranges::any_of(of_other,
                               [&](const Neighbour& same) {
                                 return same.picture == neighbour.picture;
                               }) ||
           other.Cosine(asked, neighbour.picture) >= least;
  });
}

std::vector<std::size_t> Sample(std::size_t n,
                                const NeighbourOptions& options) {
  std::vector<std::size_t> all(n);
  for (std::size_t i = 0; i < n; ++i) all[i] = i;
  const auto wanted =
      static_cast<std::size_t>(std::max<std::int64_t>(0, options.sample));
  if (wanted >= n) return all;
  Random random(options.seed);
  for (std::size_t i = 0; i < wanted; ++i)
    std::swap(all[i], all[i + random.Below(n - i)]);
  all.resize(wanted);
  std::ranges::sort(all);
  return all;
}

// What the neighbours vote for; "" without a labelled one.
std::string Vote(const std::vector<Neighbour>& neighbours,
                 const std::vector<std::string>& labels) {
  std::map<std::string, double> votes;
  for (const Neighbour& neighbour : neighbours)
    if (const std::string& label = labels[neighbour.picture]; !label.empty())
      votes[label] += std::exp((neighbour.cosine - 1) / kTemperature);
  std::string most;
  double weight = 0;
  for (const auto& [label, sum] : votes) {
    if (sum <= weight) continue;
    most = label;
    weight = sum;
  }
  return most;
}

}  // namespace

SharedNeighbours CompareNeighbours(const FeatureStore& first,
                                   const FeatureStore& second,
                                   std::span<const RowPair> rows,
                                   const NeighbourOptions& options) {
  std::vector<std::int64_t> first_rows;
  std::vector<std::int64_t> second_rows;
  std::vector<std::string> labels;
  for (const RowPair& row : rows) {
    if (!HasDirection(first, row.first) || !HasDirection(second, row.second))
      continue;
    first_rows.push_back(row.first);
    second_rows.push_back(row.second);
    labels.push_back(first.items()[static_cast<std::size_t>(row.first)].label);
  }
  SharedNeighbours shared;
  const std::size_t n = first_rows.size();
  shared.pictures = static_cast<std::int64_t>(n);
  if (n < 2) return shared;
  shared.k = std::min(kNeighbours, n - 1);
  const Space a(first, first_rows);
  const Space b(second, second_rows);
  const std::vector<std::size_t> asked = Sample(n, options);
  shared.asked = static_cast<std::int64_t>(asked.size());
  const auto near_a = a.Nearest(asked, shared.k, options.threads);
  const auto near_b = b.Nearest(asked, shared.k, options.threads);
  std::set<std::string> distinct(labels.begin(), labels.end());
  distinct.erase("");
  for (std::size_t q = 0; q < asked.size(); ++q) {
    const bool same_top1 =
        Within({near_a[q].front()}, b, {near_b[q].front()}, asked[q]) &&
        Within({near_b[q].front()}, a, {near_a[q].front()}, asked[q]);
    const bool same_set = Within(near_a[q], b, near_b[q], asked[q]) &&
                          Within(near_b[q], a, near_a[q], asked[q]);
    shared.same_top1 += same_top1 ? 1 : 0;
    shared.same_set += same_set ? 1 : 0;
    if (!same_set && shared.first_different.empty())
      shared.first_different =
          first.items()[static_cast<std::size_t>(first_rows[asked[q]])].id;
    const std::string& label = labels[asked[q]];
    if (distinct.size() > 1 && !label.empty())
      shared.votes.push_back(
          {Vote(near_a[q], labels) == label, Vote(near_b[q], labels) == label});
  }
  return shared;
}

}  // namespace eyechart::mining
