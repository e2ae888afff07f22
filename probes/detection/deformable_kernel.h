// The loops of deformable attention on plain float arrays.
#pragma once

#include <cstdint>
#include <vector>

namespace eyechart::detection {

/// One map of a pyramid whose cells lie flattened behind those of the finer
/// ones, row-major.
struct LevelSize {
  std::int64_t height = 0;
  std::int64_t width = 0;
};

/// What is sampled, and how much of it.
struct DeformableSizes {
  std::int64_t pictures = 0;        // B
  std::int64_t queries = 0;         // Q
  std::int64_t heads = 0;           // H
  std::int64_t width = 0;           // D, values a head
  std::int64_t points = 0;          // P, samples a level
  std::vector<LevelSize> levels;    // L of them
  std::int64_t tokens = 0;          // S, cells of all levels
  std::int64_t token_stride = 0;    // floats from one cell's values to the next
  std::int64_t picture_stride = 0;  // and from one picture's to the next
};

/// out (B, Q, H, D) = sum over (L, P) of `weights` (B, Q, H, L, P) times the
/// value at `locations` (B, Q, H, L, P, 2), x and y in parts of the map.
/// `values`: (B, S, H, D) by the strides in `sizes`.
void SampleValues(const DeformableSizes& sizes,
                  const float* values,
                  const float* locations,
                  const float* weights,
                  float* out);

/// The slopes of SampleValues for `slope` (B, Q, H, D) of its output.
/// `values_slope` is dense (B, S, H, D) and starts as zeros.
void SampleSlopes(const DeformableSizes& sizes,
                  const float* values,
                  const float* locations,
                  const float* weights,
                  const float* slope,
                  float* values_slope,
                  float* locations_slope,
                  float* weights_slope);

}  // namespace eyechart::detection
