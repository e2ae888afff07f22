// An encoder's maps of pictures, laid on its input anew each epoch, or as often
// as memory allows.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "encoders/loaded_model.h"
#include "encoders/trainable_blocks.h"
#include "probes/detection/transfer/box_examples.h"

namespace eyechart::detection {

struct MapSourceOptions {
  Canvas canvas;
  /// None: every picture whole, as for evaluation.
  std::optional<JitterOptions> jitter;
  /// How many ways a picture is laid: epochs repeat after so many. 0: anew each
  /// epoch.
  std::int64_t variants = 0;
  /// Maps of variants are made once and kept, rounded to float16; else the
  /// encoder makes them each time.
  bool keep = false;
  /// Where kept maps lie: the CPU, from which a batch is sent to the model's
  /// device when it is due, or that device.
  at::Device kept_on = at::kCPU;
  /// The stages' own maps of a hierarchical encoder, else its last map.
  bool own_stages = false;
  /// Last blocks that stand in for the encoder's own: what is made and kept is
  /// what enters them. They outlive the source, on the model's device; null:
  /// the encoder's.
  const encoders::TrainableBlocks* blocks = nullptr;
  std::int64_t batch = 32;  // pictures a forward pass
  int workers = 0;          // decoding threads; 0: one a hardware thread
  std::uint64_t seed = 0;   // of the placings
};

/// Means and scales that bring each channel of each map to mean 0 and deviation
/// 1 over some training pictures: encoders differ in both by orders of
/// magnitude, and the recipe is the same for all. On the CPU.
struct MapScale {
  std::vector<at::Tensor> shift;  // a level: (C) float32, subtracted first
  std::vector<at::Tensor> scale;  // (C), then multiplied with
};

/// A batch as a head reads it.
struct MapBatch {
  /// A level: (B, C, h, w) float32, on the model's device.
  std::vector<at::Tensor> maps;
  std::vector<BoxTargets> targets;
  std::vector<Placing> placings;
  /// Of the pictures, as decoded; {0, 0} where one could not be read.
  std::vector<data::PictureSize> sizes;
};

/// What a picture becomes depends on (seed, epoch, picture) alone. For one
/// thread.
class MapSource {
 public:
  /// `model` and `examples` outlive the source. Throws InputError for an
  /// encoder without maps, or without stages where own ones are asked for.
  MapSource(encoders::LoadedModel& model,
            const BoxExamples& examples,
            const MapSourceOptions& options);
  ~MapSource();

  /// The maps' widths and strides, finest first.
  const std::vector<MapLevel>& levels() const { return levels_; }
  const BoxExamples& examples() const { return examples_; }
  const Canvas& canvas() const { return options_.canvas; }
  /// Null: the encoder is frozen whole.
  const encoders::TrainableBlocks* blocks() const { return options_.blocks; }

  /// Pictures `index` of the examples, as in `epoch`; scaled by SetScale's. One
  /// that cannot be read is black, without targets, and told by `problems`.
  /// Where gradients are wanted they flow from the maps into `blocks`.
  MapBatch Load(const std::vector<std::int64_t>& index, std::int64_t epoch);

  /// Means and scales over the first `pictures` of a seeded order.
  MapScale MeasureScale(std::int64_t pictures);
  void SetScale(const MapScale& scale);

  /// "path: why" of each picture that could not be read so far.
  std::vector<std::string> problems() const;

  /// Bytes that keeping `variants` of `examples` pictures takes.
  std::int64_t BytesToKeep(std::int64_t examples, std::int64_t variants) const;

 private:
  struct Made {
    /// A level: (C, h, w); with `blocks` what enters them alone, (T, C).
    std::vector<at::Tensor> maps;
    BoxTargets targets;
    Placing placing;
    data::PictureSize size;
    std::string problem;
  };
  struct Prepared;

  std::vector<Made> Make(const std::vector<std::int64_t>& index,
                         std::int64_t variant);
  Prepared Prepare(const std::vector<std::int64_t>& index,
                   std::int64_t variant) const;
  // What is made of pixels (B, 3, H, W): maps, or what enters `blocks`.
  std::vector<at::Tensor> Encode(const at::Tensor& pixels) const;
  // Rows of one level, as they were kept, as a batch on the model's device.
  at::Tensor Gather(const std::vector<at::Tensor>& rows) const;
  // Of Encode's the maps (B, C, h, w).
  std::vector<at::Tensor> MapsOf(std::vector<at::Tensor> encoded) const;

  encoders::LoadedModel& model_;
  const BoxExamples& examples_;
  MapSourceOptions options_;
  std::vector<MapLevel> levels_;
  std::int64_t values_ = 0;                      // of a picture as it is kept
  std::unordered_map<std::int64_t, Made> kept_;  // by variant and picture
  MapScale scale_;                               // on the model's device
  std::map<std::size_t, std::string> problems_;  // by image
};

}  // namespace eyechart::detection
