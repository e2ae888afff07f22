#include "probes/multiple_choice/text_rows.h"

#include <algorithm>

#include "core/interrupt.h"

namespace eyechart::multiple_choice {
namespace {

constexpr std::size_t kBatch = 64;

}  // namespace

Embeddings EncodeTexts(encoders::TextEncoder& encoder,
                       const std::vector<std::string>& texts,
                       Progress& progress) {
  Embeddings rows;
  rows.problem.resize(texts.size());
  progress.Begin("encoding texts", static_cast<std::int64_t>(texts.size()));
  for (std::size_t begin = 0; begin < texts.size(); begin += kBatch) {
    ThrowIfInterrupted();
    const std::size_t end = std::min(begin + kBatch, texts.size());
    const at::Tensor batch =
        encoder
            .Encode({texts.begin() + static_cast<std::ptrdiff_t>(begin),
                     texts.begin() + static_cast<std::ptrdiff_t>(end)})
            .contiguous();
    rows.dim = static_cast<std::size_t>(batch.size(1));
    const float* values = batch.const_data_ptr<float>();
    rows.values.insert(rows.values.end(), values, values + batch.numel());
    progress.Update(static_cast<std::int64_t>(end));
  }
  progress.End();
  return rows;
}

}  // namespace eyechart::multiple_choice
