// From the tensor names of other layouts to those that a family is written in,
// which are Hugging Face's own.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "encoders/weight_file.h"

namespace eyechart::encoders {

enum class KeyAction {
  kKeep,       // the tensor as it is
  kTranspose,  // (A, B) -> (B, A)
  kSqueeze,    // (1, ...) -> (...)
  kSplit,      // equal parts along the first dimension, one a name in `to`
  kIgnore,     // carries nothing that is needed
};

/// One row of a layout's table.
struct KeyRule {
  /// The layout's own name; `*` stands for one number, and a last `**` for any
  /// rest.
  std::string_view from;
  /// The native name, its stars filled in order. For kSplit one part of it is a
  /// list in braces: "layers.*.{q_proj,k_proj,v_proj}.weight".
  std::string_view to;
  KeyAction action = KeyAction::kKeep;
};

/// How one project names the tensors of a family.
struct KeyLayout {
  std::string_view name;    // for `inspect`
  std::string_view marker;  // a name, stars allowed, that only it has
  std::span<const KeyRule> rules;
};

/// Whether `name` is `pattern`; if so `stars` holds what its stars stand for.
bool MatchesKey(std::string_view name,
                std::string_view pattern,
                std::vector<std::string_view>* stars = nullptr);

/// The first of `layouts` whose marker is among `names`; null: none, so the
/// names are native.
template <typename Map>
const KeyLayout* FindLayout(std::span<const KeyLayout> layouts,
                            const Map& names) {
  for (const KeyLayout& layout : layouts)
    for (const auto& [name, tensor] : names)
      if (MatchesKey(name, layout.marker)) return &layout;
  return nullptr;
}

/// A native name and its part of a stored tensor.
struct MappedTensor {
  std::string name;
  StoredTensor tensor;
};

/// What the tensor `name` of a file is in native terms: one or more tensors;
/// none where it carries nothing; itself under its own name where no rule
/// matches, so that it is listed as unused. Throws InputError naming `source`
/// where its shape does not fit the rule.
std::vector<MappedTensor> MapKey(const KeyLayout& layout,
                                 const std::string& name,
                                 const StoredTensor& tensor,
                                 const std::string& source);

}  // namespace eyechart::encoders
