#include "encoders/convolution.h"

#include <ATen/core/List.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv2d.h>

#include <array>
#include <string_view>

#include "core/error.h"
#include "encoders/onednn.h"

namespace eyechart::encoders {
namespace {

using Scalars = c10::List<std::optional<at::Scalar>>;
using PackConvolution = at::Tensor(const at::Tensor&,
                                   at::IntArrayRef,
                                   at::IntArrayRef,
                                   at::IntArrayRef,
                                   std::int64_t,
                                   at::OptionalIntArrayRef);
using PlainSignature = at::Tensor(const at::Tensor&,
                                  const at::Tensor&,
                                  const std::optional<at::Tensor>&,
                                  at::IntArrayRef,
                                  at::IntArrayRef,
                                  at::IntArrayRef,
                                  std::int64_t,
                                  std::string_view,
                                  Scalars,
                                  std::optional<std::string_view>);
using AddSignature = at::Tensor(const at::Tensor&,
                                const at::Tensor&,
                                const at::Tensor&,
                                const std::optional<at::Tensor>&,
                                at::IntArrayRef,
                                at::IntArrayRef,
                                at::IntArrayRef,
                                std::int64_t,
                                std::string_view,
                                std::optional<at::Scalar>,
                                std::optional<std::string_view>,
                                Scalars,
                                std::optional<std::string_view>);

struct ConvolutionOperators {
  std::optional<c10::TypedOperatorHandle<PackConvolution>> pack =
      FindOperator<PackConvolution>("mkldnn::_reorder_convolution_weight");
  std::optional<c10::TypedOperatorHandle<PlainSignature>> plain =
      FindOperator<PlainSignature>("mkldnn::_convolution_pointwise");
  std::optional<c10::TypedOperatorHandle<AddSignature>> add =
      FindOperator<AddSignature>("mkldnn::_convolution_pointwise", "binary");
};

const ConvolutionOperators& GetConvolutionOperators() {
  static const ConvolutionOperators operators;
  return operators;
}

}  // namespace

Convolution::Convolution(const at::Tensor& weight,
                         const at::Tensor& bias,
                         const ConvolutionShape& shape,
                         const Placement& placement)
    : placement_(placement),
      shape_(shape),
      kernel_(weight.size(2)),
      cell_multiply_adds_(weight.numel()) {
  EYECHART_CHECK(weight.size(3) == kernel_, "a square kernel");
  // Patches that do not overlap are rows of a linear layer. oneDNN's
  // convolution with AMX computes some of them wrongly in bfloat16 (kernels of
  // 4 on 16 or 24 channels), and writes outside its memory for others; the like
  // is known of strides above the kernel (oneDNN's pull request 5494).
  if (placement.device.is_cpu() && kernel_ <= shape.stride &&
      shape.groups == 1) {
    on_patches_.emplace(weight.permute({0, 2, 3, 1}).flatten(1), bias,
                        placement);
    return;
  }
  weight_ = placement.Put(weight).to(c10::MemoryFormat::ChannelsLast);
  if (bias.defined()) bias_ = placement.Put(bias);
  const ConvolutionOperators& operators = GetConvolutionOperators();
  packed_ = placement.device.is_cpu() && OneDnnComputes(placement.dtype) &&
            operators.pack && operators.plain && operators.add;
  if (!packed_) return;
  const std::array both{shape.padding, shape.padding};
  const std::array stride{shape.stride, shape.stride};
  const std::array<std::int64_t, 2> dilation{1, 1};
  weight_ = operators.pack->call(weight_, both, stride, dilation, shape.groups,
                                 std::nullopt);
}

at::Tensor Convolution::Run(const at::Tensor& x, bool add) const {
  const std::array padding{shape_.padding, shape_.padding};
  const std::array stride{shape_.stride, shape_.stride};
  const std::array<std::int64_t, 2> dilation{1, 1};
  at::Tensor map = x.to(placement_.dtype).permute({0, 3, 1, 2});
  // With AMX, oneDNN's convolution in bfloat16 to a map of one column reads
  // memory that nothing has written. A second column of zeros behind changes
  // nothing in the first.
  const bool narrow = packed_ && map.scalar_type() == c10::kBFloat16 &&
                      OutputSide(map.size(3)) == 1;
  if (narrow)
    map = at::constant_pad_nd(map, {0, shape_.stride})
              .contiguous(c10::MemoryFormat::ChannelsLast);
  at::Tensor y;
  if (packed_ && add) {
    y = GetConvolutionOperators().add->call(
        map, map, weight_, bias_, padding, stride, dilation, shape_.groups,
        "add", std::nullopt, std::nullopt, Scalars(), std::nullopt);
  } else if (packed_) {
    y = GetConvolutionOperators().plain->call(map, weight_, bias_, padding,
                                              stride, dilation, shape_.groups,
                                              "none", Scalars(), std::nullopt);
  } else {
    y = at::conv2d(map, weight_, bias_, stride, padding, dilation,
                   shape_.groups);
    if (add) y = y.add_(map);
  }
  if (narrow) y = y.narrow(3, 0, 1);
  return y.permute({0, 2, 3, 1}).contiguous();
}

// (B, H, W, I) -> (B, rows, columns, K * K * I).
at::Tensor Convolution::Patches(const at::Tensor& x) const {
  const std::int64_t p = shape_.padding;
  const at::Tensor map = x.to(placement_.dtype);
  return (p == 0 ? map : at::constant_pad_nd(map, {0, 0, p, p, p, p}))
      .unfold(1, kernel_, shape_.stride)
      .unfold(2, kernel_, shape_.stride)
      .permute({0, 1, 2, 4, 5, 3})
      .flatten(3);
}

at::Tensor Convolution::Forward(const at::Tensor& x) const {
  return on_patches_ ? on_patches_->Forward(Patches(x)) : Run(x, false);
}

at::Tensor Convolution::ForwardAdd(const at::Tensor& x) const {
  return on_patches_ ? on_patches_->ForwardAdd(Patches(x), x) : Run(x, true);
}

std::int64_t Convolution::OutputSide(std::int64_t side) const {
  const std::int64_t room = side + 2 * shape_.padding - kernel_;
  return room < 0 ? 0 : room / shape_.stride + 1;
}

}  // namespace eyechart::encoders
