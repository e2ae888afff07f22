#include "encoders/attention.h"

#include <ATen/Parallel.h>
#include <ATen/native/CPUBlas.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/scaled_dot_product_attention.h>

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "core/error.h"
#include "encoders/attention_kernels.h"
#include "encoders/rounding.h"
#include "encoders/scratch.h"

// LibTorch's own list of the oneDNN kernels that it passes on.
#if defined(CPUBLAS_BRGEMM_F32F32F32) && defined(CPUBLAS_BRGEMM_BF16BF16F32)
#define EYECHART_HAS_BRGEMM
#endif

namespace eyechart::encoders {
namespace {

#if defined(EYECHART_HAS_BRGEMM)

namespace blas = at::native::cpublas;

// Below it there is nothing to win: a head's keys are packed for few queries.
constexpr std::int64_t kFewestQueries = 16;
// Scores of a block of queries, in floats: 256 KiB, which the second cache
// holds beside a head's keys and values.
constexpr std::int64_t kBlockScores = 1 << 16;
constexpr std::int64_t kMostBlockRows = 256;
// Beyond, a block of a few rows no longer fits, and LibTorch's kernel, which
// walks over the keys, is the better one.
constexpr std::int64_t kMostKeys = 2048;
// No model has heads as wide; their memory would be bounded by nothing.
constexpr std::int64_t kMostWidth = 512;

bool HasKernels(c10::ScalarType dtype) {
  if (dtype == c10::kFloat) return internal::HasAttentionKernels();
  // Without AMX LibTorch's own is faster in bfloat16.
  return dtype == c10::kBFloat16 && internal::HasBf16AttentionKernels() &&
         blas::could_pack(c10::kBFloat16);
}

bool Serves(const at::Tensor& query,
            const at::Tensor& key,
            const at::Tensor& value) {
  const auto readable = [](const at::Tensor& x) {
    // Pairs of bfloat16 are read as words of 32 bits.
    return x.dim() == 4 && x.stride(3) == 1 && x.stride(2) % 2 == 0;
  };
  if (!query.is_cpu() || !HasKernels(query.scalar_type()) || !readable(query) ||
      !readable(key) || !readable(value) || key.sizes() != value.sizes() ||
      key.size(0) != query.size(0) || key.size(1) != query.size(1) ||
      key.size(3) != query.size(3))
    return false;  // also what LibTorch broadcasts, or refuses
  const std::int64_t keys = key.size(2);
  const std::int64_t width = query.size(3);
  return query.numel() > 0 && query.size(2) >= kFewestQueries && keys > 0 &&
         keys <= kMostKeys && width > 0 && width <= kMostWidth &&
         width % 2 == 0;
}

// Rows of one head where they stand.
template <typename T>
struct Rows {
  const T* data = nullptr;
  std::int64_t stride = 0;  // in elements
};

template <typename T>
Rows<T> HeadRows(const at::Tensor& x, std::int64_t picture, std::int64_t head) {
  return {x.const_data_ptr<T>() + picture * x.stride(0) + head * x.stride(1),
          x.stride(2)};
}

// Of one thread.
struct HeadMemory {
  Scratch keys;
  Scratch values;
  Scratch scores;
  Scratch shares;
  Scratch sums;
  Scratch inverse;
};

// One head at a time, in memory that is used again for the next. Sizes are
// rounded up, so that few kernels serve many: oneDNN compiles one a shape.
template <typename T>
class HeadAttention {
 public:
  HeadAttention(std::int64_t keys,
                std::int64_t width,
                std::int64_t block_rows,
                HeadMemory& memory)
      : keys_(keys),
        width_(width),
        key_columns_(RoundUp(keys, 16)),
        value_rows_(RoundUp(keys, kNarrow ? 32 : 16)),
        value_columns_(RoundUp(width, 16)),
        scale_(static_cast<float>(1 / std::sqrt(static_cast<double>(width)))) {
    packed_keys_ = Elements(memory.keys, width * key_columns_);
    packed_values_ = Elements(memory.values, value_rows_ * value_columns_);
    scores_ = memory.scores.Floats(block_rows * value_rows_);
    if constexpr (kNarrow)
      shares_ = Elements(memory.shares, block_rows * value_rows_);
    else
      shares_ = scores_;
    sums_ = memory.sums.Floats(block_rows * value_columns_);
    inverse_ = memory.inverse.Floats(block_rows);
  }

  void Pack(const Rows<T>& key, const Rows<T>& value) {
    const internal::Padding size{keys_, width_, value_rows_, value_columns_};
    if constexpr (kNarrow) {
      internal::TransposeWords(key.data, keys_, width_ / 2, key.stride / 2,
                               packed_keys_);
      internal::InterleaveRows(Bits(value.data), value.stride, size,
                               Bits(packed_values_));
    } else {
      internal::TransposeWords(key.data, keys_, width_, key.stride,
                               packed_keys_);
      internal::CopyRows(value.data, value.stride, size, packed_values_);
    }
  }

  // `count` queries of the packed head to rows of `out`, `out_stride` apart.
  void Attend(const Rows<T>& query,
              std::int64_t count,
              T* out,
              std::int64_t out_stride) {
    blas::brgemm(count, key_columns_, width_, query.stride, key_columns_,
                 value_rows_, /*add_C=*/false, query.data, packed_keys_,
                 scores_, kNarrow);
    for (std::int64_t i = 0; i < count; ++i) {
      float* row = scores_ + i * value_rows_;
      inverse_[i] = internal::Softmax(row, keys_, value_rows_, scale_);
      if constexpr (kNarrow)
        internal::Scale(row, 1, value_rows_, Bits(shares_ + i * value_rows_));
    }
    blas::brgemm(count, value_columns_, value_rows_, value_rows_,
                 value_columns_, value_columns_, /*add_C=*/false, shares_,
                 packed_values_, sums_, kNarrow);
    for (std::int64_t i = 0; i < count; ++i) {
      const float* row = sums_ + i * value_columns_;
      if constexpr (kNarrow)
        internal::Scale(row, inverse_[i], width_, Bits(out + i * out_stride));
      else
        internal::Scale(row, inverse_[i], width_, out + i * out_stride);
    }
  }

 private:
  static constexpr bool kNarrow = std::is_same_v<T, at::BFloat16>;

  static T* Elements(Scratch& scratch, std::int64_t count) {
    constexpr std::int64_t kPerFloat = sizeof(float) / sizeof(T);
    return reinterpret_cast<T*>(scratch.Floats(DivideUp(count, kPerFloat)));
  }
  static const internal::Bf16Bits* Bits(const at::BFloat16* x) {
    return reinterpret_cast<const internal::Bf16Bits*>(x);
  }
  static internal::Bf16Bits* Bits(at::BFloat16* x) {
    return reinterpret_cast<internal::Bf16Bits*>(x);
  }

  std::int64_t keys_;
  std::int64_t width_;
  std::int64_t key_columns_;    // of the first product
  std::int64_t value_rows_;     // summed over by the second
  std::int64_t value_columns_;  // of the second product
  float scale_;
  T* packed_keys_ = nullptr;
  T* packed_values_ = nullptr;
  float* scores_ = nullptr;
  T* shares_ = nullptr;  // of float32, the scores
  float* sums_ = nullptr;
  float* inverse_ = nullptr;  // of each query's sum of shares
};

// Queries of a task: equal parts of all, a multiple of 16, no more than cache
// holds, and tasks enough for every thread where pictures and heads are few.
std::int64_t BlockRows(std::int64_t queries,
                       std::int64_t keys,
                       std::int64_t heads) {
  const std::int64_t most =
      std::clamp<std::int64_t>(kBlockScores / keys, 16, kMostBlockRows);
  const std::int64_t threads = at::get_num_threads();
  const std::int64_t blocks =
      std::max(DivideUp(queries, most), DivideUp(threads, heads));
  return RoundUp(DivideUp(queries, blocks), 16);
}

template <typename T>
at::Tensor AttendInCache(const at::Tensor& query,
                         const at::Tensor& key,
                         const at::Tensor& value) {
  const std::int64_t batch = query.size(0);
  const std::int64_t heads = query.size(1);
  const std::int64_t queries = query.size(2);
  const std::int64_t width = query.size(3);
  at::Tensor out = at::empty({batch, queries, heads * width}, query.options());
  T* data = out.mutable_data_ptr<T>();
  const std::int64_t rows = BlockRows(queries, key.size(2), batch * heads);
  const std::int64_t blocks = DivideUp(queries, rows);
  at::parallel_for(
      0, batch * heads * blocks, 1, [&](std::int64_t begin, std::int64_t end) {
        thread_local HeadMemory memory;
        HeadAttention<T> attention(key.size(2), width, rows, memory);
        std::int64_t packed = -1;
        for (std::int64_t task = begin; task < end; ++task) {
          const std::int64_t unit = task / blocks;
          const std::int64_t picture = unit / heads;
          const std::int64_t head = unit % heads;
          if (unit != packed)
            attention.Pack(HeadRows<T>(key, picture, head),
                           HeadRows<T>(value, picture, head));
          packed = unit;
          const std::int64_t row = task % blocks * rows;
          Rows<T> from = HeadRows<T>(query, picture, head);
          from.data += row * from.stride;
          attention.Attend(
              from, std::min(rows, queries - row),
              data + ((picture * queries + row) * heads + head) * width,
              heads * width);
        }
        // The tiles' state, which costs other programs a wider switch.
        blas::brgemm_release(std::is_same_v<T, at::BFloat16>);
      });
  return out;
}

#endif

}  // namespace

at::Tensor DotProductAttention(const at::Tensor& query,
                               const at::Tensor& key,
                               const at::Tensor& value,
                               const std::optional<at::Tensor>& mask,
                               bool causal) {
#if defined(EYECHART_HAS_BRGEMM)
  if (!mask && !causal && Serves(query, key, value)) {
    if (query.scalar_type() == c10::kFloat)
      return AttendInCache<float>(query, key, value);
    return AttendInCache<at::BFloat16>(query, key, value);
  }
#endif
  return at::scaled_dot_product_attention(query, key, value, mask,
                                          /*dropout_p=*/0.0, causal)
      .transpose(1, 2)
      .reshape({query.size(0), query.size(2), query.size(1) * value.size(3)});
}

}  // namespace eyechart::encoders
