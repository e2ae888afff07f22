#include "data/resize_kernels.h"

#include <algorithm>

namespace eyechart::data::internal {
namespace {

std::uint8_t Round(std::int32_t sum) {
  return static_cast<std::uint8_t>(
      std::clamp(sum >> kPrecisionBits, std::int32_t{0}, std::int32_t{255}));
}

#if defined(__x86_64__)
bool HasAvx2() {
  static const bool has = __builtin_cpu_supports("avx2") != 0;
  return has;
}

bool HasAvx512() {
  static const bool has = __builtin_cpu_supports("avx512f") != 0 &&
                          __builtin_cpu_supports("avx512bw") != 0;
  return has;
}
#endif

}  // namespace

void ResizeRows(const std::uint8_t* in,
                int in_width,
                int rows,
                const AxisWeights& across,
                std::uint8_t* out) {
#if defined(__x86_64__)
  if (HasAvx512()) return ResizeRowsAvx512(in, in_width, rows, across, out);
  if (HasAvx2()) return ResizeRowsAvx2(in, in_width, rows, across, out);
#endif
  ResizeRowsPlain(in, in_width, rows, across, out);
}

void ResizeColumns(const std::uint8_t* in,
                   std::size_t row_bytes,
                   const AxisWeights& down,
                   std::uint8_t* out) {
#if defined(__x86_64__)
  if (HasAvx512()) return ResizeColumnsAvx512(in, row_bytes, down, out);
  if (HasAvx2()) return ResizeColumnsAvx2(in, row_bytes, down, out);
#endif
  ResizeColumnsPlain(in, row_bytes, down, out);
}

void ResizeRowsPlain(const std::uint8_t* in,
                     int in_width,
                     int rows,
                     const AxisWeights& across,
                     std::uint8_t* out) {
  const std::size_t out_width = across.first.size();
  for (int row = 0; row < rows; ++row) {
    const std::uint8_t* from =
        in + static_cast<std::size_t>(row) * in_width * 3;
    for (std::size_t x = 0; x < out_width; ++x, out += 3) {
      const std::uint8_t* pixel =
          from + static_cast<std::size_t>(across.first[x]) * 3;
      const std::int32_t* weights = across.weights.data() + x * across.taps;
      std::int32_t r = 1 << (kPrecisionBits - 1);
      std::int32_t g = r;
      std::int32_t b = r;
      for (int i = 0; i < across.count[x]; ++i, pixel += 3) {
        r += pixel[0] * weights[i];
        g += pixel[1] * weights[i];
        b += pixel[2] * weights[i];
      }
      out[0] = Round(r);
      out[1] = Round(g);
      out[2] = Round(b);
    }
  }
}

void ResizeColumnsPlain(const std::uint8_t* in,
                        std::size_t row_bytes,
                        const AxisWeights& down,
                        std::uint8_t* out) {
  // Sums of a strip of one row, small enough to stay in the nearest cache.
  constexpr std::size_t kStrip = 1024;
  std::int32_t sums[kStrip];
  for (std::size_t y = 0; y < down.first.size(); ++y, out += row_bytes) {
    const std::int32_t* weights = down.weights.data() + y * down.taps;
    const std::uint8_t* rows =
        in + static_cast<std::size_t>(down.first[y]) * row_bytes;
    for (std::size_t begin = 0; begin < row_bytes; begin += kStrip) {
      const std::size_t n = std::min(kStrip, row_bytes - begin);
      std::fill_n(sums, n, 1 << (kPrecisionBits - 1));
      for (int i = 0; i < down.count[y]; ++i) {
        const std::uint8_t* row =
            rows + static_cast<std::size_t>(i) * row_bytes + begin;
        const std::int32_t weight = weights[i];
        for (std::size_t x = 0; x < n; ++x) sums[x] += row[x] * weight;
      }
      for (std::size_t x = 0; x < n; ++x) out[begin + x] = Round(sums[x]);
    }
  }
}

}  // namespace eyechart::data::internal
