#include "mining/screen.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/linalg_eigh.h>
#include <ATen/ops/linalg_qr.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/outer.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "mining/kernels.h"

#ifndef _OPENMP
#error "at::parallel_for is serial in a file compiled without OpenMP"
#endif

namespace eyechart::mining {
namespace {

constexpr std::int64_t kSampleRows = 512;
constexpr std::int64_t kSampleBytes = std::int64_t{8} << 20;
constexpr std::int64_t kBlockRows = 256;
// Widths that are tried.
constexpr std::int64_t kWidths[] = {16, 32, 48, 64, 96, 128, 192, 256, 384};
// A single dot product costs about so many times its share of a blocked
// matrix product (measured: 12 to 20).
constexpr double kSingleDotCost = 16;
// A screen that saves less than this share is not worth its estimate.
constexpr double kWorthwhile = 0.7;
// Above the rounding of |p|^2 in double, for up to a million values a row.
constexpr double kLeftoverSlack = 1e-10;

at::Tensor Blob(double* data, std::int64_t rows, std::int64_t columns) {
  return at::from_blob(data, {rows, columns}, at::kDouble);
}

// Every `stride`-th row from `first` on, of unit length, in double.
at::Tensor Sample(const FeatureRows& rows,
                  std::int64_t first,
                  std::int64_t stride,
                  std::int64_t count) {
  std::vector<float> row(static_cast<std::size_t>(rows.dim()));
  std::vector<double> values;
  values.reserve(static_cast<std::size_t>(count * rows.dim()));
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t index = first + i * stride;
    rows.Read(index, row.data());
    for (const float value : row)
      values.push_back(double{value} / rows.norm(index));
  }
  return Blob(values.data(), count, rows.dim()).clone();
}

// (dim, k) orthonormal, the sample's leading directions first: one step of
// subspace iteration from a random start (Halko, Martinsson and Tropp 2011,
// arXiv 0909.4061), then a rotation to principal axes.
at::Tensor LeadingDirections(const at::Tensor& sample, std::int64_t k) {
  std::mt19937 generator(1);
  std::normal_distribution<double> normal;
  const std::int64_t dim = sample.size(1);
  std::vector<double> start(static_cast<std::size_t>(dim * k));
  for (double& value : start) value = normal(generator);
  const at::Tensor image = sample.t().mm(sample.mm(Blob(start.data(), dim, k)));
  const at::Tensor basis = std::get<0>(at::linalg_qr(image));
  const at::Tensor inside = sample.mm(basis);
  const at::Tensor axes =
      std::get<1>(at::linalg_eigh(inside.t().mm(inside)));  // ascending
  return basis.mm(axes.flip(1));
}

// Share of the sample's pairs that the first k columns of `inside` let through;
// `left` are the squared lengths outside of them.
double ShareLetThrough(const at::Tensor& products,
                       const at::Tensor& left,
                       double near_min) {
  const auto n = static_cast<double>(products.size(0));
  const at::Tensor r = left.clamp_min(0).sqrt();
  const auto above = static_cast<double>(
      (products + at::outer(r, r)).gt(near_min).sum().item<std::int64_t>());
  return std::max(0.0, above - n) / (n * (n - 1));  // less the diagonal
}

}  // namespace

std::optional<Screen> Screen::Plan(const FeatureRows& rows, double near_min) {
  // Inside a parallel region the linear algebra keeps to one thread. Its many
  // small steps would meet at thousands of barriers, each of which may wait for
  // a time slice where other programs run on the same cores.
  std::optional<Screen> screen;
  at::parallel_for(0, 2, 1, [&](std::int64_t begin, std::int64_t) {
    if (begin == 0) screen = PlanSerially(rows, near_min);
  });
  return screen;
}

std::optional<Screen> Screen::PlanSerially(const FeatureRows& rows,
                                           double near_min) {
  const std::int64_t dim = rows.dim();
  const std::int64_t sampled =
      std::min({rows.count() / 2, kSampleRows,
                kSampleBytes / (dim * std::int64_t{sizeof(double)})});
  const std::int64_t widest = std::min({dim / 2, sampled / 2, kWidths[8]});
  if (widest < kWidths[0]) return std::nullopt;
  // The basis comes from other rows than those it is judged by.
  const std::int64_t stride = rows.count() / sampled;
  const at::Tensor basis =
      LeadingDirections(Sample(rows, 0, stride, sampled), widest);
  const at::Tensor inside = Sample(rows, stride / 2, stride, sampled).mm(basis);

  double best_cost = kWorthwhile * static_cast<double>(dim);
  std::int64_t best = 0;
  std::int64_t done = 0;
  at::Tensor products = inside.new_zeros({sampled, sampled});
  at::Tensor left = inside.new_ones({sampled});
  for (const std::int64_t k : kWidths) {
    if (k > widest || static_cast<double>(k) >= best_cost) break;
    const at::Tensor part = inside.slice(1, done, k);
    products.addmm_(part, part.t());
    left.sub_(part.square().sum(1));
    done = k;
    const double cost = static_cast<double>(k + 1) +
                        kSingleDotCost * static_cast<double>(dim) *
                            ShareLetThrough(products, left, near_min);
    if (cost >= best_cost) continue;
    best_cost = cost;
    best = k;
  }
  if (best == 0) return std::nullopt;
  const at::Tensor chosen = basis.slice(1, 0, best).contiguous();
  const double* values = chosen.const_data_ptr<double>();
  return Screen(dim, best + 1, {values, values + dim * best});
}

double Screen::Threshold(double near_min) const {
  return near_min - CosineError(width_) - kLeftoverSlack;
}

void Screen::Load(const FeatureRows& rows,
                  std::int64_t begin,
                  std::int64_t n,
                  float* out) const {
  const std::int64_t k = width_ - 1;
  const at::Tensor basis = Blob(const_cast<double*>(basis_.data()), dim_, k);
  const std::int64_t blocks = (n + kBlockRows - 1) / kBlockRows;
  at::parallel_for(0, blocks, 1, [&](std::int64_t first, std::int64_t last) {
    std::vector<double> unit(static_cast<std::size_t>(kBlockRows * dim_));
    std::vector<double> inside(static_cast<std::size_t>(kBlockRows * k));
    std::vector<float> copy(static_cast<std::size_t>(dim_));
    for (std::int64_t top = first * kBlockRows;
         top < std::min(n, last * kBlockRows); top += kBlockRows) {
      const std::int64_t count = std::min(kBlockRows, n - top);
      for (std::int64_t i = 0; i < count; ++i) {
        const std::int64_t index = begin + top + i;
        const float* row = rows.InPlace(index);
        if (row == nullptr) {
          rows.Read(index, copy.data());
          row = copy.data();
        }
        ScaleToDouble(row, 1 / rows.norm(index), dim_, unit.data() + i * dim_);
      }
      at::Tensor projected = Blob(inside.data(), count, k);
      at::mm_out(projected, Blob(unit.data(), count, dim_), basis);
      for (std::int64_t i = 0; i < count; ++i)
        Finish(inside.data() + i * k, out + (top + i) * width_);
    }
  });
}

// (p, r) in float32 of p in double.
void Screen::Finish(const double* p, float* out) const {
  const std::int64_t k = width_ - 1;
  double length = 0;
  for (std::int64_t d = 0; d < k; ++d) {
    length += p[d] * p[d];
    out[d] = static_cast<float>(p[d]);
  }
  out[k] =
      static_cast<float>(std::sqrt(std::max(0.0, 1 - length) + kLeftoverSlack));
}

}  // namespace eyechart::mining
