// Batches from the encoder itself, on pictures that are augmented anew each
// epoch.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <future>
#include <memory>
#include <vector>

#include "data/augment.h"
#include "data/dataset.h"
#include "encoders/batch_engine.h"
#include "encoders/loaded_model.h"
#include "probes/heads/train_grid.h"

namespace eyechart::probes {

struct LiveOptions {
  data::AugmentOptions augment;
  bool tokens = false;      // give tokens, else the model's pool
  std::int64_t batch = 32;  // pictures a forward pass
  int workers = 0;          // decoding threads; 0: one a hardware thread
  std::uint64_t seed = 0;
  /// Where batches are wanted: a device's go up piece by piece from the memory
  /// that the encoder's results came down to.
  c10::Device device = c10::kCPU;
};

/// Decodes, augments and encodes the pictures `rows` of a data set. What a
/// picture becomes depends on (seed, epoch, picture) alone.
class LiveSource final : public BatchSource {
 public:
  /// `model` and `dataset` outlive the source; `rows` are pictures of the data
  /// set, all readable, with their `targets`. Throws InputError for an input
  /// size that varies.
  LiveSource(encoders::LoadedModel& model,
             const data::Dataset& dataset,
             std::vector<std::int64_t> rows,
             Targets targets,
             const LiveOptions& options);

  std::int64_t size() const override {
    return static_cast<std::int64_t>(rows_.size());
  }
  const Targets& targets() const override { return targets_; }
  /// Throws InputError for a picture that can no longer be read.
  at::Tensor Load(const at::Tensor& index, std::int64_t epoch) override;

 private:
  // Pictures index[begin], ... as pixels (n, 3, H, W).
  at::Tensor Prepare(const std::vector<std::int64_t>& pictures,
                     std::int64_t epoch) const;

  encoders::LoadedModel& model_;
  const data::Dataset& dataset_;
  std::vector<std::int64_t> rows_;
  Targets targets_;
  LiveOptions options_;
  std::unique_ptr<encoders::BatchEngine> engine_;
};

}  // namespace eyechart::probes
