#include "encoders/packed_mlp.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "encoders/scratch.h"

namespace eyechart::encoders {

PackedMlp::PackedMlp(PackedProduct up, PackedProduct down)
    : up_(std::move(up)), down_(std::move(down)) {
  EYECHART_CHECK(up_.outputs() == down_.inputs(), "{} outputs for {} inputs",
                 up_.outputs(), down_.inputs());
}

at::Tensor PackedMlp::ForwardAdd(const at::Tensor& x,
                                 const at::Tensor& residual) const {
  EYECHART_CHECK(
      x.size(-1) == up_.inputs() && residual.size(-1) == down_.outputs() &&
          residual.numel() / down_.outputs() == x.numel() / up_.inputs(),
      "rows of an MLP");
  const at::Tensor in = x.contiguous();
  const at::Tensor add = residual.contiguous();
  at::Tensor out = at::empty(add.sizes(), add.options());
  const std::int64_t rows = in.numel() / up_.inputs();
  const std::int64_t block = ProductBlockRows(rows);
  thread_local Scratch input_scratch;
  thread_local Scratch inner_scratch;
  const std::int64_t most = std::min(block, rows);
  float* packed = input_scratch.Floats(up_.RowLayout(most).size());
  float* inner = inner_scratch.Floats(down_.RowLayout(most).size());
  for (std::int64_t row = 0; row < rows; row += block) {
    const std::int64_t count = std::min(block, rows - row);
    up_.Pack(in.const_data_ptr<float>() + row * up_.inputs(), count, packed);
    const internal::PackedLayout layout = down_.RowLayout(count);
    internal::ProductOutput between;
    between.data = inner;
    between.packed = &layout;
    up_.Multiply({packed, count}, between);
    internal::ProductOutput end;
    end.data = out.mutable_data_ptr<float>() + row * down_.outputs();
    end.residual = add.const_data_ptr<float>() + row * down_.outputs();
    down_.Multiply({inner, count}, end);
  }
  return out;
}

}  // namespace eyechart::encoders
