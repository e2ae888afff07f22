// The activations that linear layers end in.
#pragma once

#include <string>
#include <string_view>

namespace eyechart::encoders {

enum class Activation { kNone, kGelu, kGeluTanh, kQuickGelu, kSilu, kRelu };

/// The activation that transformers calls `name`. Throws InputError, naming
/// `source`, for one that is not known.
Activation ParseActivation(std::string_view name, const std::string& source);

}  // namespace eyechart::encoders
