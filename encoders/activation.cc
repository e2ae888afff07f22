#include "encoders/activation.h"

#include <fmt/ranges.h>

#include <array>
#include <vector>

#include "core/error.h"

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

}  // namespace eyechart::encoders
