// Batches through an engine: kept under way while the next is made ready, cut
// smaller where memory falls short, handed out in order.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "encoders/batch_engine.h"

namespace eyechart::encoders {

struct BatchRunnerOptions {
  std::int64_t batch = 32;     // pictures a forward pass at most
  std::string device = "cpu";  // for errors and warnings
};

/// Feeds `engine`. Results come back in the order of the calls, on the caller's
/// thread, from within Submit, Then and Finish. For one thread.
class BatchRunner {
 public:
  /// Takes features of some pictures of a batch, of which the first is picture
  /// `first` of it.
  using Sink =
      std::function<void(const Features& features, std::int64_t first)>;

  /// `engine` outlives the runner.
  BatchRunner(BatchEngine& engine, const BatchRunnerOptions& options);

  /// As the engine's.
  at::Tensor HostPixels(const std::vector<std::int64_t>& shape) {
    return engine_.HostPixels(shape);
  }

  /// Runs `pixels` (B, 3, H, W), in one forward pass or, where B is more than
  /// batch(), in several. Where the engine runs out of memory, batch() is
  /// halved for good and the pictures go through it again; InputError, which
  /// names what would help, where one alone does not fit.
  void Submit(const at::Tensor& pixels, Sink sink);

  /// Calls `action` once all that was submitted before is handed out.
  void Then(std::function<void()> action);

  /// Waits for all that is under way. To be called before the last results are
  /// used; without it they are dropped.
  void Finish();

  /// Pictures a forward pass, as it stands.
  std::int64_t batch() const { return batch_; }

  /// What is worth telling the user: a batch that was halved, the engine's
  /// note.
  std::vector<std::string> Warnings() const;

 private:
  struct Entry {
    Sink sink;  // of a piece under way, from picture `first` on
    std::int64_t first = 0;
    at::Tensor pixels;             // kept until the device has read them
    std::function<void()> action;  // or this
  };

  void Halve(std::int64_t count,
             const at::Tensor& pixels,
             const std::string& reason);
  void HandOut(int remaining);

  BatchEngine& engine_;
  const BatchRunnerOptions options_;
  std::int64_t batch_;
  std::deque<Entry> entries_;
  int under_way_ = 0;  // entries with a sink
};

}  // namespace eyechart::encoders
