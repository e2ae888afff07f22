// Protocol clip-zero-shot: the class whose prompts lie nearest; nothing is
// trained.
#include "probes/pipeline/probe.h"

namespace eyechart::probes {

const Protocol kZeroShotProtocol = {
    "clip-zero-shot",
    "zero-shot",
    "the class whose prompts' mean embedding is nearest; templates of a file",
    "Radford et al. 2021, 3.1.4",
    false,
    false,
    false,
    nullptr};

}  // namespace eyechart::probes
