// The sphere cut into cells, so that near pairs are looked for in few of them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/progress.h"
#include "mining/feature_rows.h"

namespace faiss {
struct IndexFlat;
}

namespace eyechart::mining {

struct IvfCellsOptions {
  /// 0: 4 sqrt(n), FAISS's advice for up to a million rows, and no more than
  /// one for 40 rows, below which k-means has too little to go by.
  std::int64_t cells = 0;
  int iterations = 10;  // of k-means
  /// Rows a cell that training sees, FAISS's least number without a warning.
  std::int64_t training_rows = 40;
  std::uint64_t seed = 0;
};

/// Centroids of spherical k-means (faiss::Clustering); a row is in the cell of
/// the centroid with which its product is greatest.
class IvfCells {
 public:
  IvfCells(std::int64_t dim, std::vector<float> centroids);
  ~IvfCells();
  IvfCells(IvfCells&&) noexcept;
  IvfCells& operator=(IvfCells&&) noexcept;

  /// Trains on a sample of the rows.
  static IvfCells Train(const FeatureRows& rows,
                        const IvfCellsOptions& options,
                        Progress& progress);

  std::int64_t count() const;
  std::int64_t dim() const { return dim_; }
  const std::vector<float>& centroids() const { return centroids_; }
  /// Dot products that training made.
  std::int64_t training_products() const { return training_products_; }

  /// The `probes` cells nearest to each of n rows of length 1, nearest first,
  /// to `cells` (n x probes).
  void Probe(const float* rows,
             std::int64_t n,
             std::int64_t probes,
             std::int32_t* cells) const;

  /// The content of an index file of features that `identity` names.
  std::string ToBytes(const std::string& identity) const;
  /// Nothing where the file is of other features or is not whole.
  static std::optional<IvfCells> FromBytes(std::string_view bytes,
                                           const std::string& identity);

 private:
  std::int64_t dim_;
  std::vector<float> centroids_;  // (cells, dim)
  std::int64_t training_products_ = 0;
  std::unique_ptr<faiss::IndexFlat> index_;
};

}  // namespace eyechart::mining
