// Embeddings as plain numbers: rows of pictures or texts, to be compared.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "data/feature_store.h"

namespace eyechart::multiple_choice {

/// Rows of float32 features, not normalised.
struct Embeddings {
  std::size_t dim = 0;
  std::vector<float> values;         // (n, dim)
  std::vector<std::string> problem;  // of each row; "": none

  std::size_t size() const { return problem.size(); }
  const float* row(std::size_t i) const { return values.data() + i * dim; }
};

/// Pooled features of every picture of `store`; an unreadable picture's row has
/// its status as its problem.
Embeddings PictureEmbeddings(const data::FeatureStore& store);

/// Cosine of two rows in double precision; NaN where one has no length or is
/// not finite. Throws std::logic_error where their widths differ.
double Cosine(const Embeddings& a,
              std::size_t row_a,
              const Embeddings& b,
              std::size_t row_b);

}  // namespace eyechart::multiple_choice
