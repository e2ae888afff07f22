// From a model and a data set to a feature store.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/progress.h"
#include "data/dataset.h"
#include "encoders/loaded_model.h"

namespace eyechart::encoders {

struct EncodeOptions {
  int batch = 32;       // pictures a forward pass
  int workers = 0;      // decoding threads; 0: one a hardware thread
  bool tokens = false;  // store tokens beside the pooled features
  /// CUDA: record the forward pass of a batch shape once and replay it.
  bool cuda_graphs = true;
};

struct EncodeSummary {
  std::int64_t images = 0;
  std::int64_t unreadable = 0;
  std::int64_t noted = 0;    // pictures with a warning in their row
  std::int64_t encoded = 0;  // in this call; the others were there already
  std::int64_t batch = 0;    // pictures a forward pass, in the end
  double seconds = 0;        // wall time of this call
  std::string items_sha256;
  std::string preprocess_sha256;
  std::string weights_sha256;
  std::string first_problem;          // of an unreadable picture: "id: reason"
  std::vector<std::string> warnings;  // of the run, such as a halved batch
};

/// Encodes every picture of `dataset` into the store `folder`, going on where a
/// former call was stopped. Pictures of finished shards are hashed again, so
/// that a changed picture is found; nothing else of them is done again.
/// Unreadable pictures become rows with a status. Throws InputError if none is
/// readable or the store is of something else, where no feature of the first
/// shard is a finite number (rows of others get a note, and a warning), or
/// where a batch of one picture does not fit into memory; Interrupted between
/// batches on a signal. A batch that does not fit is halved, for good, and
/// `warnings` says so.
///
/// Memory stays below the sum of
/// - the weights: parameters x bytes(dtype), packed, once (4 bytes for any
///   dtype that the CPU has no units for);
/// - two batches of activations, one being batch x T x (4 C + I) x bytes(dtype)
///   for a ViT of T tokens, width C and MLP width I: residual, norm and output
///   beside the hidden layer. While loading, when there are none yet, two
///   layers in float32 instead, if that is more;
/// - the decode queue: (3 batch + workers) pictures of 3 H W float32, of which
///   one batch is that of the model, and one decoded picture a worker;
/// - two shards of features, each at most 64 MiB and less than a batch more;
/// - the program with LibTorch.
/// On CUDA weights and activations lie on the device, and the host holds the
/// pixels and features of two batches in pinned memory.
/// benchmarks/compare/memory.py measures it.
EncodeSummary EncodeDataset(LoadedModel& model,
                            const data::Dataset& dataset,
                            const std::filesystem::path& folder,
                            const EncodeOptions& options,
                            Progress& progress);

}  // namespace eyechart::encoders
