#include "probes/multiple_choice/embeddings.h"

#include <cmath>

#include "core/error.h"

namespace eyechart::multiple_choice {

Embeddings PictureEmbeddings(const data::FeatureStore& store) {
  Embeddings rows;
  rows.dim = static_cast<std::size_t>(store.dim());
  rows.values.resize(static_cast<std::size_t>(store.count()) * rows.dim);
  store.ReadPooled(0, store.count(), rows.values.data());
  for (const data::StoreItem& item : store.items())
    rows.problem.push_back(item.ok() ? "" : item.status);
  return rows;
}

double Cosine(const Embeddings& a,
              std::size_t row_a,
              const Embeddings& b,
              std::size_t row_b) {
  EYECHART_CHECK(a.dim == b.dim, "widths {} and {}", a.dim, b.dim);
  const float* x = a.row(row_a);
  const float* y = b.row(row_b);
  double dot = 0;
  double xx = 0;
  double yy = 0;
  for (std::size_t i = 0; i < a.dim; ++i) {
    dot += static_cast<double>(x[i]) * y[i];
    xx += static_cast<double>(x[i]) * x[i];
    yy += static_cast<double>(y[i]) * y[i];
  }
  return dot / std::sqrt(xx * yy);  // 0 / 0: no direction, no cosine
}

}  // namespace eyechart::multiple_choice
