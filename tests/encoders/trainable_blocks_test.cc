// Trainable blocks against the encoders' own, on toy weights of each family.
// That both are right is tests/oracle/'s to say.
#include "encoders/trainable_blocks.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <cmath>
#include <utility>

#include "encoders/image_encoder.h"
#include "tests/encoders/toy_checkpoint.h"
#include "tests/encoders/toy_families.h"
#include "tests/fixture.h"

namespace eyechart::encoders {
namespace {

using eyechart::testing::InputErrorOf;
using eyechart::testing::TempFolder;
using testing::kLayers;
using testing::kSide;
using testing::kWidth;
using testing::RandomTensor;
using testing::ToyTensors;

struct Toy {
  Json config;
  ToyTensors tensors;
};

// With registers and a SwiGLU, whose width is two thirds of the MLP's, rounded
// up to a multiple of 8.
Toy Dinov2WithRegisters() {
  Toy toy{testing::Dinov2Config(), testing::Dinov2Tensors()};
  toy.config.update({{"model_type", "dinov2_with_registers"},
                     {"num_register_tokens", 2},
                     {"use_swiglu_ffn", true}});
  toy.tensors["embeddings.register_tokens"] = RandomTensor({1, 2, kWidth});
  for (std::int64_t i = 0; i < kLayers; ++i) {
    const std::string mlp = fmt::format("encoder.layer.{}.mlp.", i);
    for (const char* name : {"fc1", "fc2"})
      for (const char* kind : {".weight", ".bias"})
        toy.tensors.erase(mlp + name + kind);
    testing::AddLinear(toy.tensors, mlp + "weights_in", 32, kWidth);
    testing::AddLinear(toy.tensors, mlp + "weights_out", kWidth, 16);
  }
  return toy;
}

Toy Aimv2() {
  Toy toy{testing::ClipVisionConfig(), testing::Aimv2Tensors()};
  toy.config.update({{"model_type", "aimv2_vision_model"},
                     {"is_native", true},
                     {"use_head", false}});
  std::erase_if(toy.tensors, [](const auto& tensor) {
    return tensor.first.starts_with("head.") ||
           tensor.first.starts_with("embeddings.position_embedding");
  });
  return toy;
}

std::vector<Toy> Toys() {
  return {{testing::ClipVisionConfig(), testing::ClipVisionTensors("")},
          {testing::SiglipVisionConfig(),
           testing::SiglipVisionTensors("vision_model.")},
          {testing::Dinov2Config(), testing::Dinov2Tensors()},
          Dinov2WithRegisters(),
          Aimv2()};
}

class TrainableBlocksTest : public ::testing::Test {
 protected:
  Checkpoint Write(const Toy& toy) {
    testing::WriteCheckpoint(temp_ / "model", toy.config, toy.tensors);
    return OpenCheckpoint((temp_ / "model").string());
  }

  static at::Tensor Hidden(ImageEncoder& encoder,
                           const at::Tensor& pixels,
                           std::int64_t count) {
    // Out of inference mode.
    return encoder.Encode(pixels, {.pool = {}, .before_last = count})
        .hidden.clone();
  }

  TempFolder temp_;
};

TEST_F(TrainableBlocksTest, MapIsTheEncodersOwn) {
  for (const Toy& toy : Toys()) {
    const Checkpoint checkpoint = Write(toy);
    const auto encoder = ImageEncoder::Create(checkpoint, {});
    const at::Tensor pixels = at::randn({2, 3, 12, 20});
    const at::Tensor map =
        encoder->Encode(pixels, {.pool = {}, .feature_map = true}).feature_map;
    for (std::int64_t count = 1; count <= kLayers; ++count) {
      const auto blocks = TrainableBlocks::Create(checkpoint, count);
      EXPECT_EQ(blocks->count(), count);
      const at::NoGradGuard no_grad;
      const at::Tensor ours =
          blocks->Map(Hidden(*encoder, pixels, count), /*rows=*/3);
      ASSERT_EQ(ours.sizes(), map.sizes());
      EXPECT_LE((ours - map).abs().max().item<float>(),
                1e-5F * map.abs().max().item<float>())
          << checkpoint.model_type << " " << count;
    }
  }
}

TEST_F(TrainableBlocksTest, HiddenComesBesideWhatElseIsAskedFor) {
  const Checkpoint checkpoint = Write(Toys()[2]);
  const auto encoder = ImageEncoder::Create(checkpoint, {});
  const at::Tensor pixels = at::randn({2, 3, 12, 12});
  const Features alone =
      encoder->Encode(pixels, {.pool = {}, .before_last = 1});
  EXPECT_FALSE(alone.feature_map.defined() || alone.pooled.defined());
  const Features all = encoder->Encode(
      pixels, {.pool = Pool::kHead, .feature_map = true, .before_last = 1});
  EXPECT_TRUE(at::equal(all.hidden, alone.hidden));
  const Features without =
      encoder->Encode(pixels, {.pool = Pool::kHead, .feature_map = true});
  EXPECT_FALSE(without.hidden.defined());
  EXPECT_TRUE(at::equal(all.feature_map, without.feature_map));
  EXPECT_TRUE(at::equal(all.pooled, without.pooled));
}

TEST_F(TrainableBlocksTest, SlopesAreThoseOfTheLoss) {
  for (const Toy& toy : Toys()) {
    const Checkpoint checkpoint = Write(toy);
    const auto encoder = ImageEncoder::Create(checkpoint, {});
    const auto blocks = TrainableBlocks::Create(checkpoint, kLayers);
    const at::Tensor hidden =
        Hidden(*encoder, at::randn({2, 3, 12, 12}), kLayers);
    const at::Tensor along = at::randn({2, kWidth, kSide, kSide});
    const auto loss = [&] {
      return (blocks->Map(hidden, kSide) * along).sum();
    };
    loss().backward();
    for (const auto& [name, tensor] : blocks->Parameters()) {
      const at::Tensor slope = tensor.grad();
      ASSERT_TRUE(slope.defined()) << name;
      // The difference that a step along the slope makes, to both sides.
      const at::NoGradGuard no_grad;
      const double squares = slope.square().sum().item<double>();
      const double step = 1e-2 / std::sqrt(squares);
      const at::Tensor values = tensor.detach();
      values.add_(slope, step);
      const double above = loss().item<double>();
      values.sub_(slope, 2 * step);
      const double below = loss().item<double>();
      values.add_(slope, step);
      EXPECT_NEAR((above - below) / (2 * step * squares), 1, 0.02)
          << checkpoint.model_type << " " << name;
    }
  }
}

TEST_F(TrainableBlocksTest, WhatCannotBeTrainedIsNamed) {
  const Checkpoint checkpoint = Write(Toys()[0]);
  const std::string many =
      InputErrorOf([&] { TrainableBlocks::Create(checkpoint, kLayers + 1); });
  EXPECT_NE(many.find("--unfreeze 3"), std::string::npos) << many;
  EXPECT_NE(many.find("has 2 blocks"), std::string::npos) << many;
  for (const char* family : {"hiera", "florence2", "exported"}) {
    Checkpoint other = checkpoint;
    other.model_type = family;
    if (other.model_type == "exported") other.config_source = "eyechart.json";
    const std::string error =
        InputErrorOf([&] { TrainableBlocks::Create(other, 1); });
    EXPECT_NE(error.find(family), std::string::npos) << error;
    EXPECT_NE(error.find("dinov2_with_registers"), std::string::npos) << error;
  }
  Toy toy = Toys()[0];
  toy.tensors.erase("encoder.layers.1.mlp.fc2.bias");
  const Checkpoint lacking = Write(toy);
  EXPECT_NE(InputErrorOf([&] {
              TrainableBlocks::Create(lacking, 1);
            }).find("encoder.layers.1.mlp.fc2.bias is missing"),
            std::string::npos);
}

}  // namespace
}  // namespace eyechart::encoders
