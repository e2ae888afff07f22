#include "encoders/linear.h"

#include <ATen/core/List.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/sigmoid.h>
#include <fmt/ranges.h>

#include <array>
#include <vector>

#include "core/error.h"
#include "core/text.h"
#include "encoders/onednn.h"

namespace eyechart::encoders {
namespace {

struct ActivationRow {
  std::string_view name;
  Activation activation;
};

constexpr std::array kActivations = {
    ActivationRow{"gelu", Activation::kGelu},
    ActivationRow{"gelu_python", Activation::kGelu},
    ActivationRow{"gelu_pytorch_tanh", Activation::kGeluTanh},
    ActivationRow{"gelu_python_tanh", Activation::kGeluTanh},
    ActivationRow{"gelu_new", Activation::kGeluTanh},
    ActivationRow{"quick_gelu", Activation::kQuickGelu},
    ActivationRow{"silu", Activation::kSilu},
    ActivationRow{"swish", Activation::kSilu},
    ActivationRow{"relu", Activation::kRelu},
};

using Scalars = c10::List<std::optional<at::Scalar>>;
using PackSignature = at::Tensor(const at::Tensor&,
                                 std::optional<std::int64_t>);
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

struct OneDnn {
  std::optional<c10::TypedOperatorHandle<PackSignature>> pack =
      FindOperator<PackSignature>("mkldnn::_reorder_linear_weight");
  std::optional<c10::TypedOperatorHandle<LinearSignature>> linear =
      FindOperator<LinearSignature>("mkldnn::_linear_pointwise");
  std::optional<c10::TypedOperatorHandle<LinearAddSignature>> linear_add =
      FindOperator<LinearAddSignature>("mkldnn::_linear_pointwise", "binary");

  bool Serves(const Placement& placement) const {
    return pack && linear && linear_add && placement.device.is_cpu() &&
           OneDnnComputes(placement.dtype);
  }
};

const OneDnn& GetOneDnn() {
  static const OneDnn one_dnn;
  return one_dnn;
}

struct Fused {
  std::string_view attribute;
  std::optional<std::string_view> algorithm;
};

// oneDNN's name for an activation; quick GELU has none (see Mlp).
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

Activation ParseActivation(std::string_view name, const std::string& source) {
  std::vector<std::string> names;
  for (const ActivationRow& row : kActivations) {
    if (row.name == name) return row.activation;
    names.emplace_back(row.name);
  }
  ThrowInput("{}: activation \"{}\" is not supported; known are {}", source,
             name, fmt::join(names, ", "));
}

at::Tensor Activate(at::Tensor x, Activation activation) {
  switch (activation) {
    case Activation::kNone:
      return x;
    case Activation::kGelu:
      return at::gelu(x, "none");
    case Activation::kGeluTanh:
      return at::gelu(x, "tanh");
    case Activation::kQuickGelu:
      return x.mul_(at::sigmoid(x * 1.702));
    case Activation::kSilu:
      return x.mul_(at::sigmoid(x));
    case Activation::kRelu:
      return x.clamp_min_(0);
  }
  return x;
}

Linear::Linear(const at::Tensor& weight,
               const at::Tensor& bias,
               const Placement& placement,
               Activation activation)
    : activation_(activation), in_(weight.size(1)), out_(weight.size(0)) {
  weight_ = placement.Put(weight);
  if (bias.defined()) bias_ = placement.Put(bias);
  packed_ = GetOneDnn().Serves(placement) && FusedActivation(activation);
  if (packed_) weight_ = GetOneDnn().pack->call(weight_, std::nullopt);
}

at::Tensor Linear::Forward(const at::Tensor& x) const {
  if (!packed_) return Activate(at::linear(x, weight_, bias_), activation_);
  const Fused fused = *FusedActivation(activation_);
  return GetOneDnn().linear->call(x, weight_, bias_, fused.attribute, Scalars(),
                                  fused.algorithm);
}

at::Tensor Linear::ForwardAdd(const at::Tensor& x,
                              const at::Tensor& residual) const {
  EYECHART_CHECK(activation_ == Activation::kNone, "fused sum");
  if (!packed_) return at::linear(x, weight_, bias_).add_(residual);
  return GetOneDnn().linear_add->call(x, residual, weight_, bias_, "add");
}

}  // namespace eyechart::encoders
