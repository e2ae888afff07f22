// Texts through a text tower.
#pragma once

#include <string>
#include <vector>

#include "core/progress.h"
#include "encoders/text_encoder.h"
#include "probes/multiple_choice/embeddings.h"

namespace eyechart::multiple_choice {

/// Embeddings of `texts` in their order, not normalised. Throws Interrupted on
/// a signal.
Embeddings EncodeTexts(encoders::TextEncoder& encoder,
                       const std::vector<std::string>& texts,
                       Progress& progress);

}  // namespace eyechart::multiple_choice
