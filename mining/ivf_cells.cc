#include "mining/ivf_cells.h"

#include <faiss/Clustering.h>
#include <faiss/IndexFlat.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "core/hash.h"
#include "core/random.h"

namespace eyechart::mining {
namespace {

constexpr std::string_view kMagic = "eyechart ivf 1\n";
constexpr std::size_t kCellsDigest = 64;
// Training rows are copied: no more of them than this, bytes.
constexpr std::int64_t kTrainingBytes = std::int64_t{512} << 20;

std::int64_t CellsFor(std::int64_t rows, std::int64_t asked) {
  if (asked > 0) return std::min(asked, rows);
  const auto root = static_cast<std::int64_t>(
      std::lround(4 * std::sqrt(static_cast<double>(rows))));
  return std::max<std::int64_t>(1, std::min(root, rows / 40));
}

// `count` different numbers below n, in order (Floyd's algorithm would need a
// set; a partial shuffle of all is small beside the features).
std::vector<std::int64_t> Pick(std::int64_t n,
                               std::int64_t count,
                               std::uint64_t seed) {
  std::vector<std::int64_t> all(static_cast<std::size_t>(n));
  std::iota(all.begin(), all.end(), std::int64_t{0});
  Random random(seed);
  for (std::int64_t i = 0; i < count; ++i) {
    const auto rest = static_cast<std::uint64_t>(n - i);
    std::swap(all[i], all[i + static_cast<std::int64_t>(random.Below(rest))]);
  }
  all.resize(static_cast<std::size_t>(count));
  std::sort(all.begin(), all.end());
  return all;
}

template <typename T>
void PutValue(std::string& out, const T& value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

template <typename T>
T TakeValue(std::string_view& in) {
  T value;
  std::memcpy(&value, in.data(), sizeof(value));
  in.remove_prefix(sizeof(value));
  return value;
}

}  // namespace

IvfCells::IvfCells(std::int64_t dim, std::vector<float> centroids)
    : dim_(dim),
      centroids_(std::move(centroids)),
      index_(std::make_unique<faiss::IndexFlatIP>(dim)) {
  index_->add(count(), centroids_.data());
}

IvfCells::~IvfCells() = default;
IvfCells::IvfCells(IvfCells&&) noexcept = default;
IvfCells& IvfCells::operator=(IvfCells&&) noexcept = default;

std::int64_t IvfCells::count() const {
  return static_cast<std::int64_t>(centroids_.size()) / dim_;
}

IvfCells IvfCells::Train(const FeatureRows& rows,
                         const IvfCellsOptions& options,
                         Progress& progress) {
  const std::int64_t dim = rows.dim();
  const std::int64_t cells = CellsFor(rows.count(), options.cells);
  const std::int64_t most =
      std::max(cells, kTrainingBytes / (dim * std::int64_t{sizeof(float)}));
  const std::vector<std::int64_t> picked =
      Pick(rows.count(),
           std::min({rows.count(), cells * options.training_rows, most}),
           options.seed);
  const auto n = static_cast<std::int64_t>(picked.size());
  std::vector<float> sample(static_cast<std::size_t>(n * dim));
  for (std::int64_t i = 0; i < n; ++i)
    rows.ReadUnit(picked[i], sample.data() + i * dim);

  faiss::ClusteringParameters parameters;
  parameters.spherical = true;
  parameters.niter = 1;  // at a time, so that it can be watched and broken off
  parameters.min_points_per_centroid = 1;
  parameters.max_points_per_centroid = static_cast<int>(n / cells + 1);
  parameters.seed = static_cast<int>(options.seed % 0x7fffffff);
  std::vector<float> centroids;
  progress.Begin("training cells", options.iterations);
  for (int k = 0; k < options.iterations; ++k) {
    faiss::Clustering clustering(static_cast<int>(dim), static_cast<int>(cells),
                                 parameters);
    clustering.centroids = std::move(centroids);  // goes on from these
    faiss::IndexFlatIP index(dim);
    clustering.train(n, sample.data(), index);
    centroids = std::move(clustering.centroids);
    progress.Update(k + 1);
  }
  progress.End();
  IvfCells trained(dim, std::move(centroids));
  trained.training_products_ = n * cells * options.iterations;
  return trained;
}

void IvfCells::Probe(const float* rows,
                     std::int64_t n,
                     std::int64_t probes,
                     std::int32_t* cells) const {
  std::vector<float> products(static_cast<std::size_t>(n * probes));
  std::vector<faiss::Index::idx_t> found(products.size());
  index_->search(n, rows, probes, products.data(), found.data());
  std::copy(found.begin(), found.end(), cells);
}

std::string IvfCells::ToBytes(const std::string& identity) const {
  std::string content = Sha256Hex(identity);
  PutValue(content, dim_);
  PutValue(content, training_products_);
  content.append(reinterpret_cast<const char*>(centroids_.data()),
                 centroids_.size() * sizeof(float));
  return std::string(kMagic) + Sha256Hex(content) + content;
}

std::optional<IvfCells> IvfCells::FromBytes(std::string_view bytes,
                                            const std::string& identity) {
  constexpr std::size_t kNumbers = 2 * sizeof(std::int64_t);
  if (!bytes.starts_with(kMagic) ||
      bytes.size() < kMagic.size() + 2 * kCellsDigest + kNumbers)
    return std::nullopt;
  bytes.remove_prefix(kMagic.size());
  const std::string_view digest = bytes.substr(0, kCellsDigest);
  bytes.remove_prefix(kCellsDigest);
  if (Sha256Hex(bytes) != digest ||
      bytes.substr(0, kCellsDigest) != Sha256Hex(identity))
    return std::nullopt;
  bytes.remove_prefix(kCellsDigest);
  const auto dim = TakeValue<std::int64_t>(bytes);
  const auto products = TakeValue<std::int64_t>(bytes);
  if (dim <= 0 || bytes.empty() || bytes.size() % (dim * sizeof(float)) != 0)
    return std::nullopt;
  std::vector<float> centroids(bytes.size() / sizeof(float));
  std::memcpy(centroids.data(), bytes.data(), bytes.size());
  IvfCells cells(dim, std::move(centroids));
  cells.training_products_ = products;
  return cells;
}

}  // namespace eyechart::mining
