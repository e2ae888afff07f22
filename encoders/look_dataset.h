// The pictures of a data set, as a model that writes has looked at them.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/progress.h"
#include "data/dataset.h"
#include "encoders/loaded_captioner.h"

namespace eyechart::encoders {

struct LookOptions {
  /// Pictures a forward pass. Fewer than of an encoder: each is a few hundred
  /// tokens to the language model, times the prompts about it.
  int batch = 8;
  int workers = 0;  // decoding threads; 0: one a hardware thread
};

/// One picture of a batch.
struct LookedPicture {
  std::size_t index = 0;  // in the data set
  int width = 0;          // of the picture itself, in pixels
  int height = 0;
};

/// What could not be read or came with a remark.
struct LookSummary {
  /// A picture's problem by its place in the data set; empty: it was readable.
  std::vector<std::string> problems;
  std::int64_t unreadable = 0;
  std::int64_t noted = 0;  // pictures with a note
  std::string items_sha256;
};

/// Called with pictures and what Captioner::Look gave for them (n, P, D).
using LookSink = std::function<void(const std::vector<LookedPicture>& pictures,
                                    const at::Tensor& tokens)>;

/// Hands every readable picture to `sink`, in the data set's order. Throws
/// InputError where none is readable, Interrupted between batches on a signal.
LookSummary LookAtDataset(LoadedCaptioner& model,
                          const data::Dataset& dataset,
                          const LookOptions& options,
                          Progress& progress,
                          const LookSink& sink);

}  // namespace eyechart::encoders
