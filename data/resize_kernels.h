// The two inner loops of Resize: fixed-point weighted sums of 8-bit samples.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace eyechart::data::internal {

/// Weights are in units of 2^-22: 8 bits of sample and 2 of headroom (bicubic
/// and Lanczos overshoot) in 32. Source: Pillow's PRECISION_BITS.
inline constexpr int kPrecisionBits = 32 - 8 - 2;

/// What each output position sums: `count` inputs from `first`, with
/// weights[out * taps .. + count), the rest of a row being 0.
struct AxisWeights {
  int taps = 0;
  std::vector<int> first;
  std::vector<int> count;
  std::vector<std::int32_t> weights;
};

/// Horizontal pass: `rows` rows of `in_width` RGB pixels to rows of
/// across.first.size() pixels. As fast as the processor allows.
void ResizeRows(const std::uint8_t* in,
                int in_width,
                int rows,
                const AxisWeights& across,
                std::uint8_t* out);

/// Vertical pass: rows of `row_bytes` samples to down.first.size() such rows.
void ResizeColumns(const std::uint8_t* in,
                   std::size_t row_bytes,
                   const AxisWeights& down,
                   std::uint8_t* out);

/// The same in plain C++: what runs elsewhere, and what the others must equal.
void ResizeRowsPlain(const std::uint8_t* in,
                     int in_width,
                     int rows,
                     const AxisWeights& across,
                     std::uint8_t* out);
void ResizeColumnsPlain(const std::uint8_t* in,
                        std::size_t row_bytes,
                        const AxisWeights& down,
                        std::uint8_t* out);

#if defined(__x86_64__)
/// The same for processors with AVX2.
void ResizeRowsAvx2(const std::uint8_t* in,
                    int in_width,
                    int rows,
                    const AxisWeights& across,
                    std::uint8_t* out);
void ResizeColumnsAvx2(const std::uint8_t* in,
                       std::size_t row_bytes,
                       const AxisWeights& down,
                       std::uint8_t* out);

/// The same for processors with AVX-512 F and BW.
void ResizeRowsAvx512(const std::uint8_t* in,
                      int in_width,
                      int rows,
                      const AxisWeights& across,
                      std::uint8_t* out);
void ResizeColumnsAvx512(const std::uint8_t* in,
                         std::size_t row_bytes,
                         const AxisWeights& down,
                         std::uint8_t* out);
#endif

}  // namespace eyechart::data::internal
