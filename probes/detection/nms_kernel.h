// The greedy part of non-maximum suppression as CUDA kernels; there only where
// LibTorch is built with CUDA.
#pragma once

#include <cstdint>

struct CUstream_st;

namespace eyechart::detection {

/// What the kernels read and write, all on the device. Rows are in order of
/// score, the best first.
struct NmsKernelArguments {
  const float* boxes = nullptr;  // (count, 4): x1, y1, x2, y2
  // (count), or null: one class. Boxes of two classes never meet.
  const std::int64_t* classes = nullptr;
  std::int64_t count = 0;
  float threshold = 0;  // a box goes where IoU > threshold
  // Room for the mask of a band of rows: band_rows x NmsWords(count).
  std::uint64_t* mask = nullptr;
  std::int64_t band_rows = 0;  // a multiple of 64
  // (NmsWords(count)), all zero: bit k of word w is row 64 w + k, struck out.
  std::uint64_t* struck = nullptr;
  bool* stays = nullptr;  // (count), written: which rows stay
};

/// 64-bit words that hold one bit a row.
constexpr std::int64_t NmsWords(std::int64_t count) {
  return (count + 63) / 64;
}

/// Launches the kernels on `stream` and does not wait for them. IoU is rounded
/// as torchvision's CUDA kernel rounds it (tensor_nms.h). Returns the error of
/// the launches, cudaSuccess (0) where there is none.
///
/// Band after band of rows: one kernel compares the band with all later rows,
/// a thread one row with 64 columns; another, of one block, walks down the
/// band 64 rows at a time.
int LaunchNmsKernels(const NmsKernelArguments& arguments, CUstream_st* stream);

}  // namespace eyechart::detection
