// How OpenAI and open_clip name CLIP's tensors.
#pragma once

#include <span>
#include <string>

#include "encoders/foreign_model.h"
#include "encoders/key_map.h"

namespace eyechart::encoders {

/// OpenAI's release and open_clip's two kinds of model.
std::span<const KeyLayout> ClipLayouts();

/// Sizes of OpenAI's ViT models from their shapes; heads are 64 wide and the
/// activation is quick GELU, as in all of that release. open_clip has the same
/// names, and neither of the two is in the weights: theirs are told apart by
/// the numbers that OpenAI's archives hold beside them. Without those, shapes
/// of OpenAI's ViTs are taken with a note, and others throw InputError; both
/// name open_clip_config.json.
/// Source: the facts in build_model of openai/CLIP.
ForeignModel DescribeOpenAiClip(const TensorShapes& shapes,
                                const std::string& source);

}  // namespace eyechart::encoders
