// The rows of a feature store that a probe is trained or tested on.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "data/feature_store.h"
#include "probes/heads/train_grid.h"
#include "probes/pipeline/label_set.h"

namespace eyechart::probes {

/// Readable rows with a label, in the store's order. Pooled features are read
/// at once, tokens when they are asked for: they need not fit into memory.
class ProbeSide {
 public:
  /// `tokens` asks for tokens (n, T, C) instead of pooled features (n, d).
  /// Throws InputError: a store without tokens, without a label, without a
  /// readable row, or with features that are not finite numbers, which names
  /// the first. Messages call the pictures `source`, or by the store's folder
  /// where that is empty.
  ProbeSide(std::shared_ptr<const data::FeatureStore> store,
            bool tokens,
            std::string source = {});

  /// Tokens of two encoders for mixtures: the patch tokens of both, on the
  /// coarser of the two grids, side by side (n, N, C1 + C2). Rows are those
  /// that are readable in both. Throws InputError where the stores are of other
  /// pictures.
  ProbeSide(std::shared_ptr<const data::FeatureStore> first,
            std::shared_ptr<const data::FeatureStore> second,
            std::string source = {});

  const data::FeatureStore& store() const { return *store_; }
  const std::string& source() const { return source_; }
  bool tokens() const { return tokens_; }
  std::int64_t size() const { return static_cast<std::int64_t>(rows_.size()); }
  /// Width of a row or of a token; of a mixture the first encoder's.
  std::int64_t width() const;
  /// The other encoder of a mixture, or null.
  const ProbeSide* second() const { return second_.get(); }
  /// Rows of the store that are left out.
  std::int64_t unreadable() const { return unreadable_; }
  std::int64_t unlabelled() const { return unlabelled_; }

  /// Of side row i: its place in the store, its id and its label.
  const std::vector<std::int64_t>& rows() const { return rows_; }
  const std::string& id(std::int64_t i) const;
  std::vector<std::string> labels() const;

  /// Side rows `index` (m) int64: (m, d) or (m, T, C) float32, on the host, in
  /// memory that `reader` copies from fastest. Throws InputError for tokens
  /// that are not finite numbers.
  at::Tensor Load(const at::Tensor& index,
                  c10::Device reader = c10::kCPU) const;
  /// All pooled features (n, d), float32.
  const at::Tensor& pooled() const { return pooled_; }

 private:
  void RequireFinite() const;
  at::Tensor LoadTokens(const at::Tensor& index, c10::Device reader) const;

  std::shared_ptr<const data::FeatureStore> store_;
  bool tokens_;
  std::string source_;
  std::vector<std::int64_t> rows_;
  std::int64_t unreadable_ = 0;
  std::int64_t unlabelled_ = 0;
  at::Tensor pooled_;
  std::unique_ptr<ProbeSide> second_;
};

/// What two stores must agree in to be of the same features: width, pool,
/// weights, preprocessing, dtype. Throws InputError naming both values.
void RequireSameFeatures(const data::FeatureStore& train,
                         const data::FeatureStore& test);

}  // namespace eyechart::probes
