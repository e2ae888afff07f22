#include "encoders/trainable_blocks.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/rms_norm.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/silu.h>
#include <fmt/ranges.h>

#include <optional>

#include "core/error.h"
#include "encoders/registry.h"

namespace eyechart::encoders {
namespace {

// Activate() without writing over what the backward pass reads.
at::Tensor Activated(const at::Tensor& x, Activation activation) {
  switch (activation) {
    case Activation::kNone:
      return x;
    case Activation::kGelu:
      return at::gelu(x, "none");
    case Activation::kGeluTanh:
      return at::gelu(x, "tanh");
    case Activation::kQuickGelu:
      return x * at::sigmoid(x * 1.702);
    case Activation::kSilu:
      return at::silu(x);
    case Activation::kRelu:
      return at::relu(x);
  }
  return x;
}

at::Tensor Affine(const at::Tensor& x,
                  const at::Tensor& weight,
                  const at::Tensor& bias) {
  return at::linear(x, weight,
                    bias.defined() ? std::optional(bias) : std::nullopt);
}

at::Tensor Scaled(const at::Tensor& x, const at::Tensor& scale) {
  return scale.defined() ? x * scale : x;
}

}  // namespace

std::int64_t FirstOfLast(std::int64_t count,
                         std::int64_t layers,
                         const std::string& model) {
  EYECHART_REQUIRE(count > 0 && count <= layers,
                   "--unfreeze {}: {} has {} blocks; give 1 to {}, or 0 to "
                   "train none of them",
                   count, model, layers, layers);
  return layers - count;
}

std::unique_ptr<TrainableBlocks> TrainableBlocks::Create(
    const Checkpoint& checkpoint, std::int64_t count, c10::Device device) {
  const Family& family = FindFamily(checkpoint);
  if (family.read_last_blocks == nullptr) {
    std::vector<std::string_view> can;
    for (const Family& one : Families())
      if (one.read_last_blocks != nullptr) can.push_back(one.model_type);
    ThrowInput(
        "--unfreeze {}: blocks of {} ({}) cannot be trained, as they are no "
        "stack of like ViT blocks; those of {} can",
        count, checkpoint.name, checkpoint.model_type, fmt::join(can, ", "));
  }
  return std::make_unique<TrainableBlocks>(
      family.read_last_blocks(checkpoint, count), device);
}

TrainableBlocks::TrainableBlocks(LastBlocks parts, c10::Device device)
    : parts_(std::move(parts)) {
  const auto add = [&](const std::string& name, at::Tensor& tensor) {
    if (!tensor.defined()) return;
    tensor = tensor.to(device).contiguous().requires_grad_(true);
    parameters_.emplace_back(name, tensor);
  };
  for (std::size_t i = 0; i < parts_.blocks.size(); ++i) {
    BlockWeights& block = parts_.blocks[i];
    const std::string place =
        fmt::format("{}.", parts_.first + static_cast<std::int64_t>(i));
    add(place + "norm1.weight", block.norm1_weight);
    add(place + "norm1.bias", block.norm1_bias);
    add(place + "qkv.weight", block.qkv_weight);
    add(place + "qkv.bias", block.qkv_bias);
    add(place + "out.weight", block.out_weight);
    add(place + "out.bias", block.out_bias);
    add(place + "scale1", block.scale1);
    add(place + "norm2.weight", block.norm2_weight);
    add(place + "norm2.bias", block.norm2_bias);
    add(place + "up.weight", block.up_weight);
    add(place + "up.bias", block.up_bias);
    add(place + "down.weight", block.down_weight);
    add(place + "down.bias", block.down_bias);
    add(place + "scale2", block.scale2);
  }
  add("norm.weight", parts_.norm_weight);
  add("norm.bias", parts_.norm_bias);
}

at::Tensor TrainableBlocks::Normed(const at::Tensor& x,
                                   const at::Tensor& weight,
                                   const at::Tensor& bias) const {
  const double epsilon = parts_.options.epsilon;
  if (parts_.options.norm == NormKind::kRms)
    return at::rms_norm(x, {x.size(-1)}, weight, epsilon);
  return at::layer_norm(x, {x.size(-1)}, weight, bias, epsilon);
}

at::Tensor TrainableBlocks::Attend(const BlockWeights& block,
                                   const at::Tensor& normed) const {
  const std::int64_t heads = parts_.options.heads;
  const at::Tensor triple =  // (3, B, H, T, C / H)
      Affine(normed, block.qkv_weight, block.qkv_bias)
          .view({normed.size(0), normed.size(1), 3, heads,
                 normed.size(2) / heads})
          .permute({2, 0, 3, 1, 4});
  const at::Tensor mixed = at::scaled_dot_product_attention(
      triple[0], triple[1], triple[2], {}, /*dropout_p=*/0.0,
      parts_.options.causal);
  return Affine(mixed.transpose(1, 2).reshape(normed.sizes()), block.out_weight,
                block.out_bias);
}

at::Tensor TrainableBlocks::Inner(const BlockWeights& block,
                                  const at::Tensor& normed) const {
  at::Tensor hidden = Affine(normed, block.up_weight, block.up_bias);
  if (parts_.options.gated) {
    const std::vector<at::Tensor> parts = hidden.chunk(2, -1);
    hidden = at::silu(parts[0]) * parts[1];
  } else {
    hidden = Activated(hidden, parts_.options.activation);
  }
  return Affine(hidden, block.down_weight, block.down_bias);
}

at::Tensor TrainableBlocks::Map(const at::Tensor& hidden,
                                std::int64_t rows) const {
  const std::int64_t patches = hidden.size(1) - parts_.prefix;
  EYECHART_CHECK(rows > 0 && patches > 0 && patches % rows == 0,
                 "{} patches in {} rows", patches, rows);
  at::Tensor x = hidden;
  for (const BlockWeights& block : parts_.blocks) {
    x = x +
        Scaled(Attend(block, Normed(x, block.norm1_weight, block.norm1_bias)),
               block.scale1);
    x = x +
        Scaled(Inner(block, Normed(x, block.norm2_weight, block.norm2_bias)),
               block.scale2);
  }
  x = x.narrow(1, parts_.prefix, patches);
  if (parts_.norm_weight.defined())
    x = Normed(x, parts_.norm_weight, parts_.norm_bias);
  return x.transpose(1, 2)
      .reshape({x.size(0), x.size(2), rows, patches / rows})
      .contiguous();
}

}  // namespace eyechart::encoders
