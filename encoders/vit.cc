#include "encoders/vit.h"

#include <ATen/ops/cat.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <utility>

#include "core/error.h"

namespace eyechart::encoders {
namespace {

// DINOv2's linear protocol reads one block or four.
constexpr std::size_t kLinearBlocks = 4;

// Of `block`, `width` wide, for the first `rows` of `tokens` tokens.
double BlockMultiplyAdds(const Block& block,
                         std::int64_t width,
                         std::int64_t tokens,
                         std::int64_t rows) {
  // Keys and values are made of the other tokens too, and scored and summed.
  const auto others = static_cast<double>(tokens - rows);
  const auto c = static_cast<double>(width);
  return block.multiply_adds(rows) +
         2 * others * c * (c + static_cast<double>(rows));
}

}  // namespace

Vit::Vit(VitParts parts, EncoderInfo info, const Placement& placement)
    : parts_(std::move(parts)), info_(std::move(info)), placement_(placement) {
  for (std::size_t k = std::min(kLinearBlocks, parts_.blocks.size()); k > 0;
       --k)
    info_.block_parts.push_back(fmt::format("block-{}", k));
  if (parts_.embedding.has_class_token()) info_.block_parts.push_back("mean");
}

Vit::Reads Vit::ReadsOf(const EncodeRequest& request) const {
  Reads reads;
  reads.head_of_all = request.pool == Pool::kHead && parts_.pool_head;
  reads.of_blocks = request.pool == Pool::kBlocks;
  reads.first = request.pool && request.pool != Pool::kMean &&
                !reads.of_blocks && !reads.head_of_all;
  reads.all = request.tokens || request.feature_map || reads.of_blocks ||
              request.pool == Pool::kMean || reads.head_of_all;
  return reads;
}

Features Vit::Encode(const at::Tensor& pixels, const EncodeRequest& request) {
  EYECHART_CHECK(!request.pool || info_.PoolWidth(*request.pool) > 0,
                 "{} has no such pool", info_.family);
  const c10::InferenceMode inference;
  at::Tensor x = parts_.embedding.Forward(pixels.to(placement_.device));
  if (parts_.pre_norm) x = parts_.pre_norm->Forward(x);

  const Reads reads = ReadsOf(request);
  const std::int64_t entered = request.before_last;
  EYECHART_CHECK(entered <= static_cast<std::int64_t>(parts_.blocks.size()),
                 "the last {} of {} blocks", entered, parts_.blocks.size());
  if (!reads.any() && entered == 0) return {};
  Features features;
  std::vector<at::Tensor> last_blocks;
  for (const Block& block : parts_.blocks) {
    const std::ptrdiff_t left = &parts_.blocks.back() - &block;
    if (left + 1 == entered) {
      features.hidden = x;
      if (!reads.any()) return features;
    }
    // Nothing reads the last block's patches where only the class token goes
    // out.
    x = block.Forward(x, left == 0 && !reads.all ? 1 : x.size(1));
    if (reads.of_blocks && left < static_cast<std::ptrdiff_t>(kLinearBlocks))
      last_blocks.push_back(x);
  }

  if (reads.of_blocks) features.pooled = PoolBlocks(last_blocks);
  const at::Tensor all = parts_.normed_tokens ? parts_.post_norm.Forward(x) : x;
  if (reads.first) {
    at::Tensor first = all.select(1, 0).contiguous();
    if (!parts_.normed_tokens) first = parts_.post_norm.Forward(first);
    if (request.pool == Pool::kHead) first = Project(first);
    features.pooled = first.to(c10::kFloat);
  }
  if (reads.head_of_all)
    features.pooled = Project(parts_.pool_head->Forward(all)).to(c10::kFloat);
  if (!reads.all) return features;

  const std::int64_t prefix = parts_.embedding.prefix();
  const at::Tensor patches = all.narrow(1, prefix, all.size(1) - prefix);
  if (request.pool == Pool::kMean)
    features.pooled = patches.mean(1, /*keepdim=*/false, c10::kFloat);
  if (request.tokens) features.tokens = all;
  if (request.feature_map) {
    const std::int64_t rows = pixels.size(2) / parts_.embedding.patch();
    features.feature_map =
        patches.transpose(1, 2)
            .reshape({x.size(0), x.size(2), rows, patches.size(1) / rows})
            .contiguous();
  }
  return features;
}

at::Tensor Vit::PoolBlocks(const std::vector<at::Tensor>& blocks) const {
  const std::int64_t prefix = parts_.embedding.prefix();
  const bool has_class = parts_.embedding.has_class_token();
  const auto mean = [prefix](const at::Tensor& normed) {
    return normed.narrow(1, prefix, normed.size(1) - prefix)
        .mean(1, /*keepdim=*/false, c10::kFloat);
  };
  std::vector<at::Tensor> parts;
  for (const at::Tensor& x : blocks) {
    const bool last = &x == &blocks.back();
    const at::Tensor normed = parts_.post_norm.Forward(
        has_class && !last ? x.narrow(1, 0, 1).contiguous() : x);
    parts.push_back(has_class ? normed.select(1, 0).to(c10::kFloat)
                              : mean(normed));
    if (has_class && last) parts.push_back(mean(normed));
  }
  return at::cat(parts, 1);
}

at::Tensor Vit::Project(const at::Tensor& pooled) const {
  return parts_.projection ? parts_.projection->Forward(pooled) : pooled;
}

std::int64_t Vit::TokenCount(int height, int width) const {
  const std::int64_t patch = parts_.embedding.patch();
  return parts_.embedding.prefix() + (height / patch) * (width / patch);
}

double Vit::Flops(int height, int width) const {
  const std::int64_t tokens = TokenCount(height, width);
  double sum = static_cast<double>(tokens - parts_.embedding.prefix()) *
               static_cast<double>(parts_.embedding.multiply_adds());
  for (const Block& block : parts_.blocks) sum += block.multiply_adds(tokens);
  if (parts_.pool_head) sum += parts_.pool_head->multiply_adds(tokens);
  if (parts_.projection)
    sum += static_cast<double>(parts_.projection->multiply_adds());
  return 2 * sum;
}

double Vit::FlopsDone(int height,
                      int width,
                      const EncodeRequest& request) const {
  const Reads reads = ReadsOf(request);
  if (!reads.any() && request.before_last == 0) return 0;
  const auto blocks = static_cast<std::int64_t>(parts_.blocks.size());
  const std::int64_t run = reads.any() ? blocks : blocks - request.before_last;
  const std::int64_t tokens = TokenCount(height, width);
  double sum = static_cast<double>(tokens - parts_.embedding.prefix()) *
               static_cast<double>(parts_.embedding.multiply_adds());
  for (std::int64_t i = 0; i < run; ++i)
    sum += BlockMultiplyAdds(parts_.blocks[static_cast<std::size_t>(i)],
                             info_.token_width, tokens,
                             i + 1 == blocks && !reads.all ? 1 : tokens);
  if (reads.head_of_all) sum += parts_.pool_head->multiply_adds(tokens);
  if (request.pool == Pool::kHead && parts_.projection)
    sum += static_cast<double>(parts_.projection->multiply_adds());
  return 2 * sum;
}

}  // namespace eyechart::encoders
