#include "encoders/onednn_linear.h"

#include <ATen/core/List.h>

#include <string_view>

#include "encoders/onednn.h"

namespace eyechart::encoders {
namespace {

using Scalars = c10::List<std::optional<at::Scalar>>;
using PackLinear = at::Tensor(const at::Tensor&, std::optional<std::int64_t>);
using LinearSignature = at::Tensor(const at::Tensor&,
                                   const at::Tensor&,
                                   const std::optional<at::Tensor>&,
                                   std::string_view,
                                   Scalars,
                                   std::optional<std::string_view>);
using LinearAddSignature = at::Tensor(const at::Tensor&,
                                      const at::Tensor&,
                                      const at::Tensor&,
                                      const std::optional<at::Tensor>&,
                                      std::string_view);

struct LinearOperators {
  std::optional<c10::TypedOperatorHandle<PackLinear>> pack =
      FindOperator<PackLinear>("mkldnn::_reorder_linear_weight");
  std::optional<c10::TypedOperatorHandle<LinearSignature>> linear =
      FindOperator<LinearSignature>("mkldnn::_linear_pointwise");
  std::optional<c10::TypedOperatorHandle<LinearAddSignature>> linear_add =
      FindOperator<LinearAddSignature>("mkldnn::_linear_pointwise", "binary");
};

const LinearOperators& GetLinearOperators() {
  static const LinearOperators operators;
  return operators;
}

struct Fused {
  std::string_view attribute;
  std::optional<std::string_view> algorithm;
};

// oneDNN's name for an activation.
std::optional<Fused> FusedActivation(Activation activation) {
  switch (activation) {
    case Activation::kNone:
      return Fused{"none", std::nullopt};
    case Activation::kGelu:
      return Fused{"gelu", "none"};
    case Activation::kGeluTanh:
      return Fused{"gelu", "tanh"};
    case Activation::kSilu:
      return Fused{"swish", std::nullopt};
    case Activation::kRelu:
      return Fused{"relu", std::nullopt};
    case Activation::kQuickGelu:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

bool OneDnnLinear::Serves(const Placement& placement, Activation activation) {
  const LinearOperators& operators = GetLinearOperators();
  return operators.pack && operators.linear && operators.linear_add &&
         placement.device.is_cpu() && OneDnnComputes(placement.dtype) &&
         FusedActivation(activation);
}

OneDnnLinear::OneDnnLinear(const at::Tensor& weight,
                           const at::Tensor& bias,
                           const Placement& placement,
                           Activation activation)
    : weight_(
          GetLinearOperators().pack->call(placement.Put(weight), std::nullopt)),
      activation_(activation) {
  if (bias.defined()) bias_ = placement.Put(bias);
}

at::Tensor OneDnnLinear::Forward(const at::Tensor& x) const {
  const Fused fused = *FusedActivation(activation_);
  return GetLinearOperators().linear->call(x, weight_, bias_, fused.attribute,
                                           Scalars(), fused.algorithm);
}

at::Tensor OneDnnLinear::ForwardAdd(const at::Tensor& x,
                                    const at::Tensor& residual) const {
  return GetLinearOperators().linear_add->call(x, residual, weight_, bias_,
                                               "add");
}

}  // namespace eyechart::encoders
