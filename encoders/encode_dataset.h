// From a model and a data set to a feature store.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "core/progress.h"
#include "data/dataset.h"
#include "encoders/loaded_model.h"

namespace eyechart::encoders {

struct EncodeOptions {
  int batch = 32;       // pictures a forward pass
  int workers = 0;      // decoding threads; 0: one a hardware thread
  bool tokens = false;  // store tokens beside the pooled features
};

struct EncodeSummary {
  std::int64_t images = 0;
  std::int64_t unreadable = 0;
  std::int64_t noted = 0;    // pictures with a warning in their row
  std::int64_t encoded = 0;  // in this call; the others were there already
  double seconds = 0;        // wall time of this call
  std::string items_sha256;
  std::string preprocess_sha256;
  std::string weights_sha256;
  std::string first_problem;  // of an unreadable picture: "id: reason"
};

/// Encodes every picture of `dataset` into the store `folder`, going on where a
/// former call was stopped. Pictures of finished shards are hashed again, so
/// that a changed picture is found; nothing else of them is done again.
/// Unreadable pictures become rows with a status. Throws InputError if none is
/// readable or the store is of something else; Interrupted between batches on a
/// signal.
EncodeSummary EncodeDataset(LoadedModel& model,
                            const data::Dataset& dataset,
                            const std::filesystem::path& folder,
                            const EncodeOptions& options,
                            Progress& progress);

}  // namespace eyechart::encoders
