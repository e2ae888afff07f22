#include "probes/detection/tensor_nms.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/bitwise_left_shift.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <limits>
#include <span>
#include <tuple>
#include <vector>

#include "core/error.h"
#include "probes/detection/nms_cuda.h"

namespace eyechart::detection {
namespace {

constexpr std::int64_t kWordBits = 64;
// batched_nms of torchvision 0.29.1 off the CPU: the trick up to so many
// coordinates.
constexpr std::int64_t kOffsetCoordinates = 100'000;
// Pairs compared at a time: 64 MiB a step of the formula.
constexpr std::int64_t kMostPairs = std::int64_t{1} << 24;

void CheckTensors(const at::Tensor& boxes,
                  const at::Tensor& scores,
                  const at::Tensor& classes,
                  const NmsOptions& options) {
  EYECHART_REQUIRE(boxes.defined() && boxes.dim() == 2 && boxes.size(1) == 4,
                   "nms: boxes are of {} dimensions, (N, 4) is due",
                   boxes.defined() ? boxes.dim() : 0);
  EYECHART_REQUIRE(
      scores.defined() && scores.dim() == 1 && scores.size(0) == boxes.size(0),
      "nms: scores do not fit {} boxes, one each is due", boxes.size(0));
  EYECHART_REQUIRE(
      boxes.scalar_type() == at::kFloat && scores.scalar_type() == at::kFloat,
      "nms: boxes are {} and scores {}, float32 is due",
      c10::toString(boxes.scalar_type()), c10::toString(scores.scalar_type()));
  EYECHART_REQUIRE(boxes.device() == scores.device(),
                   "nms: boxes are on {} and scores on {}, one device is due",
                   boxes.device().str(), scores.device().str());
  if (options.classes == NmsClasses::kAgnostic) return;
  EYECHART_REQUIRE(classes.defined() && classes.dim() == 1 &&
                       classes.size(0) == boxes.size(0) &&
                       classes.scalar_type() == at::kLong &&
                       classes.device() == boxes.device(),
                   "nms: classes do not fit {} boxes, one int64 each on {} is "
                   "due",
                   boxes.size(0), boxes.device().str());
}

template <typename T>
std::span<const T> SpanOf(const at::Tensor& tensor) {
  return {tensor.const_data_ptr<T>(), static_cast<std::size_t>(tensor.numel())};
}

at::Tensor NmsOnCpu(const at::Tensor& boxes,
                    const at::Tensor& scores,
                    const at::Tensor& classes,
                    const NmsOptions& options) {
  const at::Tensor own_boxes = boxes.contiguous();
  const at::Tensor own_scores = scores.contiguous();
  at::Tensor own_classes;
  std::span<const std::int64_t> ids;
  if (options.classes != NmsClasses::kAgnostic) {
    own_classes = classes.contiguous();
    ids = SpanOf<std::int64_t>(own_classes);
  }
  std::vector<std::int64_t> kept =
      Nms(SpanOf<float>(own_boxes), SpanOf<float>(own_scores), ids, options);
  return at::from_blob(kept.data(), {static_cast<std::int64_t>(kept.size())},
                       at::kLong)
      .clone();
}

// Boxes best first, in columns.
struct Sorted {
  at::Tensor x1, y1, x2, y2;  // (n)
  at::Tensor product;         // width times height in double, exactly
  at::Tensor classes;         // (n), or undefined: one class

  Sorted Rows(std::int64_t begin, std::int64_t count) const {
    return Map([=](const at::Tensor& t) { return t.narrow(0, begin, count); });
  }
  Sorted At(const at::Tensor& index) const {
    return Map([&](const at::Tensor& t) { return t.index_select(0, index); });
  }

 private:
  template <typename F>
  Sorted Map(const F& f) const {
    return {f(x1), f(y1),      f(x2),
            f(y2), f(product), classes.defined() ? f(classes) : classes};
  }
};

// (a, b) bool: IoU > threshold, of one class. In torchvision's CUDA kernel, as
// its machine code shows, the area of the better box is rounded, and the other
// area is added to it by a fused multiply-add: here in double, then rounded.
at::Tensor Above(const Sorted& a, const Sorted& b, float threshold) {
  const auto side = [](const at::Tensor& low_a, const at::Tensor& high_a,
                       const at::Tensor& low_b, const at::Tensor& high_b) {
    return (at::minimum(high_a.unsqueeze(1), high_b) -
            at::maximum(low_a.unsqueeze(1), low_b))
        .clamp_min_(0);
  };
  const at::Tensor shared =
      side(a.x1, a.x2, b.x1, b.x2).mul_(side(a.y1, a.y2, b.y1, b.y2));
  const at::Tensor rounded = a.product.to(at::kFloat).to(at::kDouble);
  const at::Tensor whole =
      (rounded.unsqueeze(1) + b.product).to(at::kFloat).sub_(shared);
  const at::Tensor above = shared.div(whole).gt(threshold);
  if (a.classes.defined())
    above.logical_and_(a.classes.unsqueeze(1).eq(b.classes));
  return above;
}

// (r, r) bool to (r, words) int64 on the host; bit k of word w is column
// 64 w + k.
at::Tensor Packed(const at::Tensor& mask) {
  const std::int64_t rows = mask.size(0);
  const std::int64_t words = (mask.size(1) + kWordBits - 1) / kWordBits;
  const at::Tensor bits = at::bitwise_left_shift(
      at::Scalar(1), at::arange(kWordBits, mask.options().dtype(at::kLong)));
  return at::constant_pad_nd(mask, {0, words * kWordBits - mask.size(1)})
      .view({rows, words, kWordBits})
      .to(at::kLong)
      .mul_(bits)
      .sum(-1)
      .cpu();
}

// Greedy within a block: rows that stay, given those struck out before.
std::vector<std::int64_t> Scan(const at::Tensor& packed,
                               const at::Tensor& struck) {
  const std::int64_t rows = packed.size(0);
  const std::int64_t words = packed.size(1);
  const auto* masks = packed.const_data_ptr<std::int64_t>();
  const bool* out = struck.const_data_ptr<bool>();
  std::vector<std::uint64_t> gone(static_cast<std::size_t>(words));
  std::vector<std::int64_t> stay;
  for (std::int64_t row = 0; row < rows; ++row) {
    const auto word = static_cast<std::size_t>(row / kWordBits);
    if (out[row] || ((gone[word] >> (row % kWordBits)) & 1) != 0) continue;
    stay.push_back(row);
    for (std::size_t w = word; w < gone.size(); ++w)
      gone[w] |= static_cast<std::uint64_t>(
          masks[row * words + static_cast<std::int64_t>(w)]);
  }
  return stay;
}

// Marks what `kept` strikes out of boxes `begin` and later.
void Strike(const Sorted& kept,
            const Sorted& all,
            std::int64_t begin,
            float threshold,
            at::Tensor& struck) {
  const std::int64_t n = struck.size(0);
  const std::int64_t step =
      std::max<std::int64_t>(1, kMostPairs / kept.x1.size(0));
  for (std::int64_t from = begin; from < n; from += step) {
    const std::int64_t count = std::min(step, n - from);
    struck.narrow(0, from, count)
        .logical_or_(Above(kept, all.Rows(from, count), threshold).any(0));
  }
}

// Places of the boxes that stay, ascending, on the device.
at::Tensor Greedy(const Sorted& boxes, float threshold, std::int64_t block) {
  const std::int64_t n = boxes.x1.size(0);
  const at::TensorOptions options = boxes.x1.options();
  at::Tensor struck = at::zeros({n}, options.dtype(at::kBool));
  std::vector<std::int64_t> places;
  for (std::int64_t begin = 0; begin < n; begin += block) {
    const std::int64_t rows = std::min(block, n - begin);
    const Sorted own = boxes.Rows(begin, rows);
    // A box strikes out those after it.
    const at::Tensor packed = Packed(Above(own, own, threshold).triu(1));
    std::vector<std::int64_t> stay =
        Scan(packed, struck.narrow(0, begin, rows).cpu());
    for (const std::int64_t row : stay) places.push_back(begin + row);
    if (stay.empty() || begin + rows >= n) continue;
    const at::Tensor index =
        at::from_blob(stay.data(), {static_cast<std::int64_t>(stay.size())},
                      at::kLong)
            .to(boxes.x1.device(), /*non_blocking=*/false, /*copy=*/true);
    Strike(own.At(index), boxes, begin + rows, threshold, struck);
  }
  return at::from_blob(places.data(),
                       {static_cast<std::int64_t>(places.size())}, at::kLong)
      .to(boxes.x1.device(), /*non_blocking=*/false, /*copy=*/true);
}

// Indices of the candidates, best first.
at::Tensor CandidateOrder(const at::Tensor& scores, const NmsOptions& options) {
  at::Tensor order =
      std::get<1>(scores.sort(/*stable=*/true, /*dim=*/0, /*descending=*/true));
  if (options.score_threshold != -std::numeric_limits<float>::infinity())
    order = order.masked_select(
        scores.index_select(0, order).gt(options.score_threshold));
  if (options.top_k > 0 && order.size(0) > options.top_k)
    order = order.narrow(0, 0, options.top_k);
  return order;
}

// The candidates best first, and what keeps classes apart.
struct Candidates {
  at::Tensor order;    // (n) their places in the given boxes
  at::Tensor rows;     // (n, 4), moved apart with kOffset
  at::Tensor classes;  // (n) with kPerClass, else undefined
};

Candidates FindCandidates(const at::Tensor& boxes,
                          const at::Tensor& scores,
                          const at::Tensor& classes,
                          const NmsOptions& options) {
  Candidates found;
  found.order = CandidateOrder(scores, options);
  found.rows = boxes.index_select(0, found.order);
  if (found.order.numel() == 0) return found;
  NmsClasses method = options.classes;
  if (method == NmsClasses::kAuto)
    method = found.rows.numel() > kOffsetCoordinates ? NmsClasses::kPerClass
                                                     : NmsClasses::kOffset;
  if (method == NmsClasses::kPerClass)
    found.classes = classes.index_select(0, found.order);
  if (method == NmsClasses::kOffset)
    found.rows =
        found.rows + (classes.index_select(0, found.order).to(at::kFloat) *
                      (found.rows.max() + 1))
                         .unsqueeze(1);
  return found;
}

at::Tensor First(const at::Tensor& kept, std::int64_t most) {
  return most > 0 && kept.size(0) > most ? kept.narrow(0, 0, most) : kept;
}

at::Tensor NmsOnCuda(const at::Tensor& boxes,
                     const at::Tensor& scores,
                     const at::Tensor& classes,
                     const NmsOptions& options) {
#ifdef EYECHART_CUDA
  const Candidates found = FindCandidates(boxes, scores, classes, options);
  const at::Tensor stays = internal::CudaGreedy(
      found.rows, found.classes, static_cast<float>(options.iou_threshold));
  return First(found.order.masked_select(stays), options.max_kept);
#else
  // A tensor of such a device cannot be made without such a LibTorch.
  return internal::BlockwiseNms(boxes, scores, classes, options);
#endif
}

}  // namespace

at::Tensor internal::BlockwiseNms(const at::Tensor& boxes,
                                  const at::Tensor& scores,
                                  const at::Tensor& classes,
                                  const NmsOptions& options,
                                  std::int64_t block_rows) {
  const Candidates found = FindCandidates(boxes, scores, classes, options);
  if (found.order.numel() == 0) return found.order;
  Sorted sorted;
  sorted.classes = found.classes;
  sorted.x1 = found.rows.select(1, 0).contiguous();
  sorted.y1 = found.rows.select(1, 1).contiguous();
  sorted.x2 = found.rows.select(1, 2).contiguous();
  sorted.y2 = found.rows.select(1, 3).contiguous();
  sorted.product = (sorted.x2 - sorted.x1).to(at::kDouble) *
                   (sorted.y2 - sorted.y1).to(at::kDouble);
  const at::Tensor places =
      Greedy(sorted, static_cast<float>(options.iou_threshold), block_rows);
  return First(found.order.index_select(0, places), options.max_kept);
}

at::Tensor TensorNms(const at::Tensor& boxes,
                     const at::Tensor& scores,
                     const at::Tensor& classes,
                     const NmsOptions& options) {
  CheckTensors(boxes, scores, classes, options);
  if (boxes.is_cpu()) return NmsOnCpu(boxes, scores, classes, options);
  EYECHART_REQUIRE(boxes.is_cuda(),
                   "nms: tensors are on {}, the CPU or CUDA is due",
                   boxes.device().str());
  EYECHART_REQUIRE(
      options.semantics == NmsSemantics::kTorchvision,
      "nms: torchvision's semantics alone are there off the CPU; the "
      "boxes are on {}",
      boxes.device().str());
  CheckNmsOptions(options);
  return NmsOnCuda(boxes, scores, classes, options);
}

}  // namespace eyechart::detection
