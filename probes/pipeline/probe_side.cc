#include "probes/pipeline/probe_side.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/isfinite.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/error.h"
#include "probes/heads/device_tensors.h"
#include "probes/mixture/token_grid.h"

namespace eyechart::probes {
namespace {

constexpr std::int64_t kGrain = 8;  // rows a thread copies at a time

// Sums of finite numbers of ordinary size are finite: one pass without memory.
bool AllFinite(const at::Tensor& x) {
  return std::isfinite(x.sum().item<float>());
}

}  // namespace

ProbeSide::ProbeSide(std::shared_ptr<const data::FeatureStore> store,
                     bool tokens,
                     std::string source)
    : store_(std::move(store)), tokens_(tokens), source_(std::move(source)) {
  if (source_.empty()) source_ = store_->folder().string();
  EYECHART_REQUIRE(!tokens || store_->manifest().tokens,
                   "{}: the store holds no tokens, which this probe reads; "
                   "make it by eyechart encode with --tokens",
                   source_);
  bool any_label = false;
  const std::vector<data::StoreItem>& items = store_->items();
  for (std::size_t i = 0; i < items.size(); ++i) {
    any_label = any_label || !items[i].label.empty();
    if (!items[i].ok()) {
      ++unreadable_;
    } else if (items[i].label.empty()) {
      ++unlabelled_;
    } else {
      rows_.push_back(static_cast<std::int64_t>(i));
    }
  }
  EYECHART_REQUIRE(any_label,
                   "{}: no picture has a label; labels come from subfolders, a "
                   "CSV's column label (--label-column names another), or an "
                   "IDX file of labels",
                   source_);
  EYECHART_REQUIRE(!rows_.empty(), "{}: no labelled picture is readable",
                   source_);
  if (tokens_) return;
  pooled_ = at::empty({size(), store_->dim()}, at::kFloat);
  auto* out = pooled_.mutable_data_ptr<float>();
  at::parallel_for(0, size(), kGrain, [&](std::int64_t low, std::int64_t high) {
    for (std::int64_t i = low; i < high; ++i)
      store_->ReadPooled(rows_[static_cast<std::size_t>(i)], 1,
                         out + i * store_->dim());
  });
  RequireFinite();
}

void ProbeSide::RequireFinite() const {
  if (AllFinite(pooled_)) return;
  const at::Tensor bad =
      at::isfinite(pooled_).all(1).logical_not().nonzero().flatten();
  if (bad.numel() == 0) return;
  ThrowInput(
      "{}: the features of {} pictures are not finite numbers; the first is "
      "\"{}\"",
      source(), bad.numel(), id(bad[0].item<std::int64_t>()));
}

ProbeSide::ProbeSide(std::shared_ptr<const data::FeatureStore> first,
                     std::shared_ptr<const data::FeatureStore> second,
                     std::string source)
    : ProbeSide(std::move(first), /*tokens=*/true, source) {
  second_ = std::make_unique<ProbeSide>(std::move(second), /*tokens=*/true,
                                        std::move(source));
  const std::vector<data::StoreItem>& here = store_->items();
  const std::vector<data::StoreItem>& there = second_->store_->items();
  const bool same = std::equal(
      here.begin(), here.end(), there.begin(), there.end(),
      [](const data::StoreItem& a, const data::StoreItem& b) {
        return a.id == b.id &&
               (a.sha256.empty() || b.sha256.empty() || a.sha256 == b.sha256);
      });
  EYECHART_REQUIRE(same,
                   "{} and {} are not of the same pictures in the same order, "
                   "which a mixture needs",
                   source_, second_->source());
  std::erase_if(rows_, [&there](std::int64_t row) {
    return !there[static_cast<std::size_t>(row)].ok();
  });
  second_->rows_ = rows_;
}

std::int64_t ProbeSide::width() const {
  return tokens_ ? store_->manifest().tokens->dim : store_->dim();
}

const std::string& ProbeSide::id(std::int64_t i) const {
  return store_
      ->items()[static_cast<std::size_t>(rows_[static_cast<std::size_t>(i)])]
      .id;
}

std::vector<std::string> ProbeSide::labels() const {
  std::vector<std::string> labels;
  for (const std::int64_t row : rows_)
    labels.push_back(store_->items()[static_cast<std::size_t>(row)].label);
  return labels;
}

at::Tensor ProbeSide::Load(const at::Tensor& index, c10::Device reader) const {
  if (!tokens_) {
    at::Tensor rows =
        HostMemory({index.size(0), pooled_.size(1)}, at::kFloat, reader);
    return at::index_select_out(rows, pooled_, 0, index);
  }
  const at::Tensor x = LoadTokens(index, reader);
  if (second_ == nullptr) return x;
  const at::Tensor other = second_->LoadTokens(index, reader);
  const TokenGrid a = GridOf(x.size(1), source());
  const TokenGrid b = GridOf(other.size(1), second_->source());
  const std::int64_t side = std::min(a.side, b.side);
  return at::cat({PatchTokens(x, a, side), PatchTokens(other, b, side)}, 2);
}

at::Tensor ProbeSide::LoadTokens(const at::Tensor& index,
                                 c10::Device reader) const {
  const data::TokenShape shape = *store_->manifest().tokens;
  const at::Tensor wanted = index.contiguous();
  const auto* places = wanted.const_data_ptr<std::int64_t>();
  at::Tensor x =
      HostMemory({index.size(0), shape.count, shape.dim}, at::kFloat, reader);
  auto* out = x.mutable_data_ptr<float>();
  const std::int64_t stride = shape.count * shape.dim;
  at::parallel_for(
      0, index.size(0), 1, [&](std::int64_t low, std::int64_t high) {
        for (std::int64_t i = low; i < high; ++i)
          store_->ReadTokens(rows_[static_cast<std::size_t>(places[i])], 1,
                             out + i * stride);
      });
  if (AllFinite(x)) return x;
  const at::Tensor bad =
      at::isfinite(x).flatten(1).all(1).logical_not().nonzero().flatten();
  if (bad.numel() > 0)
    ThrowInput("{}: the tokens of picture \"{}\" are not finite numbers",
               source(), id(places[bad[0].item<std::int64_t>()]));
  return x;
}

void RequireSameFeatures(const data::FeatureStore& train,
                         const data::FeatureStore& test) {
  const auto same = [&](const char* what, const auto& here, const auto& there) {
    EYECHART_REQUIRE(
        here == there, "{} and {} are not of the same features: {} {} and {}",
        train.folder().string(), test.folder().string(), what, here, there);
  };
  const data::StoreManifest& a = train.manifest();
  const data::StoreManifest& b = test.manifest();
  same("width", a.dim, b.dim);
  same("pool", a.pool, b.pool);
  same("weights", a.weights_sha256, b.weights_sha256);
  same("preprocessing", a.preprocess_sha256, b.preprocess_sha256);
  same("dtype", a.dtype, b.dtype);
  if (a.tokens && b.tokens) {
    same("tokens", a.tokens->count, b.tokens->count);
    same("token width", a.tokens->dim, b.tokens->dim);
  }
}

}  // namespace eyechart::probes
