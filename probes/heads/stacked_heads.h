// The parameters of a grid's heads, stacked, under AdamW.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "probes/heads/head_grid.h"
#include "probes/heads/schedule.h"

namespace eyechart::probes {

/// Peak rate and weight decay of one head.
struct HeadRate {
  double rate = 0;
  double decay = 0;
};

/// Named stacks (G, ...) with their moments, and the batch norm without weights
/// that the heads' input passes: its running mean and variance (C).
class StackedHeads {
 public:
  /// `width` is C. All tensors lie on `device`.
  StackedHeads(std::vector<HeadRate> rates,
               std::int64_t width,
               c10::Device device);

  /// Adds a stack in which every head starts from `start`, drawn on the CPU.
  void Add(const std::string& name, const at::Tensor& start);

  std::int64_t count() const {
    return static_cast<std::int64_t>(rates_.size());
  }
  std::size_t stacks() const { return stacks_.size(); }
  c10::Device device() const { return mean_.device(); }
  const at::Tensor& stack(std::size_t i) const { return stacks_[i].values; }
  /// Marks all stacks as what a graph's slopes are wanted of.
  void RequireSlopes();

  /// The batch's mean and 1 / deviation (C) of x (B, T, C), which also go into
  /// the running averages (by 0.1, as PyTorch's default).
  struct Norm {
    at::Tensor mean;
    at::Tensor inverse;
  };
  Norm Observe(const at::Tensor& x);
  /// The running ones.
  Norm Running() const;

  /// One step of AdamW on `slopes`, one a stack, each head's cut to the norm
  /// `clip` as if it were alone.
  void Update(std::span<const at::Tensor> slopes,
              const Schedule& schedule,
              double clip,
              std::int64_t step);

  /// As HeadGrid's.
  NamedTensors State() const;
  NamedTensors Head(std::int64_t point) const;

 private:
  struct Stack {
    std::string name;
    at::Tensor values;
    at::Tensor first;  // moments
    at::Tensor second;
  };

  std::vector<HeadRate> rates_;
  std::vector<Stack> stacks_;
  at::Tensor mean_;
  at::Tensor variance_;  // unbiased
};

}  // namespace eyechart::probes
