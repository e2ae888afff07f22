// A model that writes asked a benchmark: how likely it finds each option, or
// what it answers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/progress.h"
#include "encoders/loaded_captioner.h"
#include "encoders/look_dataset.h"
#include "probes/multiple_choice/ask_encoder.h"
#include "probes/multiple_choice/benchmark.h"
#include "probes/multiple_choice/result.h"

namespace eyechart::multiple_choice {

/// Whether `options` ask for "likelihood", "likelihood-mean" (divided by the
/// number of tokens) or "generate" with `checkpoint` and `benchmark`;
/// "auto" does where the model writes and the benchmark has options, and is
/// then set to "likelihood". Throws InputError for a scoring that cannot be.
bool AsksCaptioner(const Benchmark& benchmark,
                   const encoders::Checkpoint& checkpoint,
                   AskOptions& options);

struct CaptionerResult {
  Result result;
  std::string items_sha256;  // see LookSummary
};

/// Scores the items of `benchmark`, which have options. The prompt is
/// `options.prompt` with {question} and {options} ("(a) open (b) shut") put in,
/// the question alone by default; a prompt without {question} stands before it.
/// Generated answers go through the option parser. Only where AsksCaptioner.
CaptionerResult AskCaptioner(const Benchmark& benchmark,
                             encoders::LoadedCaptioner& model,
                             const AskOptions& options,
                             const encoders::LookOptions& look,
                             Progress& progress);

}  // namespace eyechart::multiple_choice
