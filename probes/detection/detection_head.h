// The seam of a detection head: it reads a frozen encoder's maps, learns boxes
// and says boxes.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace eyechart::detection {

/// Tensors by name.
using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

/// The true boxes of one picture; on the CPU, where targets are made, whatever
/// the head's device.
struct BoxTargets {
  at::Tensor corners;  // (n, 4) float32: x1, y1, x2, y2 in input pixels
  at::Tensor classes;  // (n) int64, 0 ... K - 1
  /// (m, 4): corners of crowds and the like, where what is found is neither
  /// right nor wrong; undefined where there are none. A head may pass over
  /// them.
  at::Tensor ignored = {};
};

/// The boxes a head finds in one picture, on the device of the maps.
struct FoundBoxes {
  at::Tensor corners;  // (n, 4) float32: x1, y1, x2, y2 in input pixels
  at::Tensor scores;   // (n) float32, 0 ... 1, highest first
  at::Tensor classes;  // (n) int64, 0 ... K - 1
};

/// One map of the encoder: (B, width, h, w), a cell every `stride` pixels.
struct MapLevel {
  std::int64_t width = 0;
  int stride = 0;
};

/// A part of the loss: a scalar that gradients flow through. The loss that is
/// minimised is their sum: weights are in them.
struct LossTerm {
  std::string name;
  at::Tensor value;
};

struct DetectOptions {
  /// Boxes below this score are left out. 0.001 is what average precision is
  /// customarily measured with; deployments take 0.05 and more.
  double min_score = 0.001;
  /// Boxes a picture, the highest scores first, before suppression.
  std::int64_t most = 1000;
};

/// Its parameters are on the device that its options name, and so are the maps
/// it reads. Deterministic on the CPU for the same input and number of threads;
/// on CUDA gradients are summed in an order that is not fixed.
class DetectionHead {
 public:
  virtual ~DetectionHead() = default;

  /// Whether what Detect says still holds several boxes an object.
  virtual bool needs_nms() const = 0;

  /// Losses of a batch: `maps` are the encoder's levels (B, C, h, w) float32,
  /// finest first; one entry of `targets` a picture, possibly without boxes.
  /// Whatever a head draws by chance depends on its seed and `draw` alone: the
  /// number of the step, so that an interrupted run goes on alike.
  virtual std::vector<LossTerm> Losses(const std::vector<at::Tensor>& maps,
                                       const std::vector<BoxTargets>& targets,
                                       std::uint64_t draw) const = 0;

  /// Boxes of each picture, without suppression; inside the input's h x stride
  /// by w x stride pixels.
  virtual std::vector<FoundBoxes> Detect(
      const std::vector<at::Tensor>& maps,
      const DetectOptions& options) const = 0;

  /// The learned tensors, leaves that require gradients; what a head file
  /// holds. They share the head's memory.
  virtual NamedTensors Parameters() const = 0;

  /// What is learned beside them and read by Losses alone: trained with the
  /// others, and in no head file.
  virtual NamedTensors TrainingParameters() const { return {}; }
};

}  // namespace eyechart::detection
