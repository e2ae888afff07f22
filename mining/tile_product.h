// How the products of a tile are made: in which numbers, and where.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "mining/pair_engine.h"

namespace eyechart::mining {

/// A run of loaded rows as the products take them.
struct Block {
  at::Tensor values;  // (rows, width)
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

/// What lies above the threshold in a tile: row and column within it.
struct TileHit {
  std::int64_t row = 0;
  std::int64_t column = 0;
  float product = 0;
};

/// Multiplies rows of length up to 1, in one of three ways.
///
/// In float32 on the CPU.
///
/// In bfloat16 on the CPU, where that pays (OneDnnPays): half the bytes and
/// more products a second. That is a first pass: each factor is off by up to
/// 2^-9 of itself and the result by as much, so that the threshold is lowered
/// by error() and what passes is decided in float32 and double.
///
/// In float32 on a GPU, where what is above the threshold is picked out before
/// it comes back. TF32, a setting of the process, is turned off for it: its
/// products err by more than CosineError.
class TileProduct {
 public:
  /// `options.precision`: "auto", "fp32" or "bf16"; `options.device`: as
  /// encoders::ParseDevice takes it. Throws InputError for others.
  TileProduct(const EngineOptions& options, std::int64_t width);
  /// Throws as the constructor does for a precision.
  static void RequireKnown(const std::string& precision);

  /// Bound on |product - product in float32|.
  double error() const;
  /// Products are float32's own, within CosineError.
  bool full_precision() const { return !bf16_; }
  bool on_device() const { return !device_.is_cpu(); }

  /// Takes n rows of `width` values; they may be written over afterwards unless
  /// this is float32 on the CPU, where they are used where they lie.
  Block Take(float* values, std::int64_t begin, std::int64_t end) const;

  /// Products of rows [row, row + n) with rows [column, column + m) to `out` (n
  /// x m, on the CPU).
  void Multiply(const Block& rows,
                std::int64_t row,
                std::int64_t n,
                const Block& columns,
                std::int64_t column,
                std::int64_t m,
                float* out) const;

  /// Those of them that are above `threshold`, in no order; none of the others
  /// leaves the device.
  std::vector<TileHit> Above(const Block& rows,
                             std::int64_t row,
                             std::int64_t n,
                             const Block& columns,
                             std::int64_t column,
                             std::int64_t m,
                             float threshold) const;

 private:
  std::int64_t width_;
  bool bf16_ = false;
  at::Device device_;
};

}  // namespace eyechart::mining
