#include <cuda_runtime_api.h>

#include <cstdint>

#include "probes/detection/nms_kernel.h"

namespace eyechart::detection {
namespace {

constexpr int kWordBits = 64;
constexpr int kSweepThreads = 1024;

// torchvision's rounding, written out: the better box's area is rounded, the
// other's goes into the sum by a fused multiply-add, and nothing else is fused.
// fminf and fmaxf pass over what is not a number, as max and min do there.
__device__ bool Above(const float4& better,
                      const float4& other,
                      float threshold) {
  const float width =
      fmaxf(__fsub_rn(fminf(better.z, other.z), fmaxf(better.x, other.x)), 0.f);
  const float height =
      fmaxf(__fsub_rn(fminf(better.w, other.w), fmaxf(better.y, other.y)), 0.f);
  const float shared = __fmul_rn(width, height);
  const float area =
      __fmul_rn(__fsub_rn(better.z, better.x), __fsub_rn(better.w, better.y));
  const float areas =
      __fmaf_rn(__fsub_rn(other.z, other.x), __fsub_rn(other.w, other.y), area);
  return __fdiv_rn(shared, __fsub_rn(areas, shared)) > threshold;
}

// A block is 64 rows against 64 columns: word (row, blockIdx.x) of the mask.
__global__ void CompareBand(NmsKernelArguments arguments,
                            std::int64_t begin,
                            std::int64_t words) {
  const std::int64_t first_column = std::int64_t{blockIdx.x} * kWordBits;
  const std::int64_t first_row = begin + std::int64_t{blockIdx.y} * kWordBits;
  // A box strikes out later ones only.
  if (first_column + kWordBits <= first_row) return;

  __shared__ float4 boxes[kWordBits];
  __shared__ std::int64_t classes[kWordBits];
  const int lane = static_cast<int>(threadIdx.x);
  const auto* rows = reinterpret_cast<const float4*>(arguments.boxes);
  const bool apart = arguments.classes != nullptr;
  if (first_column + lane < arguments.count) {
    boxes[lane] = rows[first_column + lane];
    if (apart) classes[lane] = arguments.classes[first_column + lane];
  }
  __syncthreads();

  const std::int64_t row = first_row + lane;
  if (row >= arguments.count) return;
  const float4 own = rows[row];
  const std::int64_t own_class = apart ? arguments.classes[row] : 0;
  const std::int64_t left = arguments.count - first_column;
  const int columns = left < kWordBits ? static_cast<int>(left) : kWordBits;
  const int from = first_column == first_row ? lane + 1 : 0;
  std::uint64_t word = 0;
  for (int k = from; k < columns; ++k) {
    const bool meet = !apart || classes[k] == own_class;
    if (meet && Above(own, boxes[k], arguments.threshold))
      word |= std::uint64_t{1} << k;
  }
  arguments.mask[(row - begin) * words + blockIdx.x] = word;
}

// One block walks down the band. Of 64 rows a thread finds those that stay;
// then all threads, a word each, strike out what these rows strike out.
__global__ void SweepBand(NmsKernelArguments arguments,
                          std::int64_t begin,
                          std::int64_t rows,
                          std::int64_t words) {
  __shared__ std::uint64_t diagonal[kWordBits];
  __shared__ std::uint64_t stay;
  for (std::int64_t base = 0; base < rows; base += kWordBits) {
    const std::int64_t word = (begin + base) / kWordBits;
    const std::int64_t left = rows - base;
    const int count = left < kWordBits ? static_cast<int>(left) : kWordBits;
    if (static_cast<int>(threadIdx.x) < count)
      diagonal[threadIdx.x] =
          arguments.mask[(base + threadIdx.x) * words + word];
    __syncthreads();
    if (threadIdx.x == 0) {
      std::uint64_t gone = arguments.struck[word];
      std::uint64_t staying = 0;
      for (int k = 0; k < count; ++k) {
        if ((gone >> k) & 1) continue;
        staying |= std::uint64_t{1} << k;
        gone |= diagonal[k];
      }
      arguments.struck[word] = gone;
      stay = staying;
    }
    __syncthreads();
    const std::uint64_t staying = stay;
    if (static_cast<int>(threadIdx.x) < count)
      arguments.stays[begin + base + threadIdx.x] =
          ((staying >> threadIdx.x) & 1) != 0;
    for (std::int64_t w = word + 1 + threadIdx.x; w < words;
         w += kSweepThreads) {
      const std::uint64_t* column = arguments.mask + base * words + w;
      std::uint64_t gone = arguments.struck[w];
      // Not bit by bit: these reads do not wait for each other.
#pragma unroll 16
      for (int k = 0; k < kWordBits; ++k)
        if ((staying >> k) & 1) gone |= column[k * words];
      arguments.struck[w] = gone;
    }
    __syncthreads();
  }
}

}  // namespace

int LaunchNmsKernels(const NmsKernelArguments& arguments, CUstream_st* stream) {
  const std::int64_t words = NmsWords(arguments.count);
  for (std::int64_t begin = 0; begin < arguments.count;
       begin += arguments.band_rows) {
    const std::int64_t left = arguments.count - begin;
    const std::int64_t rows =
        left < arguments.band_rows ? left : arguments.band_rows;
    const dim3 blocks(static_cast<unsigned>(words),
                      static_cast<unsigned>(NmsWords(rows)));
    CompareBand<<<blocks, kWordBits, 0, stream>>>(arguments, begin, words);
    SweepBand<<<1, kSweepThreads, 0, stream>>>(arguments, begin, rows, words);
  }
  return static_cast<int>(cudaGetLastError());
}

}  // namespace eyechart::detection
