// The two ViT families on toy weights: shapes, and how the outputs hang
// together. That the numbers are right is tests/oracle/'s to say.
#include "encoders/vit.h"

#include <ATen/Context.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "tests/encoders/toy_checkpoint.h"
#include "tests/fixture.h"

namespace eyechart::encoders {
namespace {

using eyechart::testing::InputErrorOf;
using eyechart::testing::TempFolder;
using testing::ClipVisionConfig;
using testing::ClipVisionTensors;
using testing::Dinov2Config;
using testing::Dinov2Tensors;
using testing::kInner;
using testing::kLayers;
using testing::kPatch;
using testing::kWidth;
using testing::ToyTensors;
using testing::WriteCheckpoint;

using Shape = std::vector<std::int64_t>;

bool Near(const at::Tensor& a, const at::Tensor& b) {
  return a.sizes() == b.sizes() && (a - b).abs().max().item<float>() < 1e-5F;
}

class VitTest : public ::testing::Test {
 protected:
  std::unique_ptr<ImageEncoder> Make(const Json& config,
                                     const ToyTensors& tensors,
                                     const EncoderOptions& options = {}) {
    WriteCheckpoint(temp_ / "model", config, tensors);
    return ImageEncoder::Create(OpenCheckpoint((temp_ / "model").string()),
                                options);
  }
  std::string MakeError(const Json& config, const ToyTensors& tensors) {
    return InputErrorOf([&] { Make(config, tensors); });
  }

  TempFolder temp_;
};

TEST_F(VitTest, GivesOnlyWhatIsAskedFor) {
  for (const bool clip : {true, false}) {
    const auto encoder = clip ? Make(ClipVisionConfig(), ClipVisionTensors(""))
                              : Make(Dinov2Config(), Dinov2Tensors());
    const at::Tensor pixels = at::randn({2, 3, 12, 20});
    const Features all = encoder->Encode(
        pixels, {.pool = Pool::kMean, .tokens = true, .feature_map = true});
    EXPECT_EQ(all.tokens.sizes().vec(), (Shape{2, 16, kWidth}));
    EXPECT_EQ(all.feature_map.sizes().vec(), (Shape{2, kWidth, 3, 5}));
    EXPECT_EQ(encoder->TokenCount(12, 20), 16);
    // Row-major patches behind the class token, and their mean.
    const at::Tensor patches = all.tokens.narrow(1, 1, 15);
    EXPECT_TRUE(Near(all.feature_map.flatten(2).transpose(1, 2), patches));
    EXPECT_TRUE(Near(all.pooled, patches.mean(1)));

    const Features none = encoder->Encode(pixels, {});
    EXPECT_FALSE(none.pooled.defined() || none.tokens.defined() ||
                 none.feature_map.defined());
    // The short cut for the class token alone changes nothing.
    for (const Pool pool : {Pool::kHead, Pool::kCls}) {
      const Features alone = encoder->Encode(pixels, {.pool = pool});
      EXPECT_FALSE(alone.tokens.defined());
      EXPECT_TRUE(
          Near(alone.pooled,
               encoder->Encode(pixels, {.pool = pool, .tokens = true}).pooled));
    }
  }
}

TEST_F(VitTest, Dinov2PoolsTheClassTokenAsItStands) {
  const auto encoder = Make(Dinov2Config(), Dinov2Tensors());
  const at::Tensor pixels = at::randn({2, 3, 12, 12});
  const Features features =
      encoder->Encode(pixels, {.pool = Pool::kHead, .tokens = true});
  EXPECT_TRUE(Near(features.pooled, features.tokens.select(1, 0)));
}

TEST_F(VitTest, ClipProjectsTheNormedClassToken) {
  ToyTensors tensors = ClipVisionTensors("vision_model.");
  tensors["visual_projection.weight"] = testing::RandomTensor({5, kWidth});
  Json config = ClipVisionConfig();
  config["projection_dim"] = 5;
  const auto encoder = Make(config, tensors);
  EXPECT_EQ(encoder->info().pools.at(Pool::kHead), 5);
  EXPECT_EQ(encoder->info().pools.at(Pool::kCls), kWidth);
  const at::Tensor pixels = at::randn({2, 3, 12, 12});
  at::Tensor projection = at::zeros({5, kWidth});
  const auto& values = tensors["visual_projection.weight"].values;
  std::copy(values.begin(), values.end(), projection.data_ptr<float>());
  EXPECT_TRUE(Near(encoder->Encode(pixels, {.pool = Pool::kHead}).pooled,
                   encoder->Encode(pixels, {.pool = Pool::kCls})
                       .pooled.matmul(projection.t())));
}

TEST_F(VitTest, PicturesDoNotDependOnTheirNeighbours) {
  const auto encoder = Make(Dinov2Config(), Dinov2Tensors());
  const at::Tensor pixels = at::randn({3, 3, 12, 12});
  const at::Tensor together =
      encoder->Encode(pixels, {.pool = Pool::kHead}).pooled;
  // Another size between, so that the cached positions are made anew.
  encoder->Encode(at::randn({1, 3, 20, 8}), {.pool = Pool::kHead});
  for (std::int64_t i = 0; i < 3; ++i)
    EXPECT_TRUE(Near(
        together.narrow(0, i, 1),
        encoder->Encode(pixels.narrow(0, i, 1), {.pool = Pool::kHead}).pooled));
}

// Closed formulas, in multiply-adds, for 9 patches of 3 * 4 * 4 values.
constexpr double kPatchWork = 9.0 * 48 * kWidth;

// A block of `tokens` of which the first `rows` go on: keys and values of all;
// queries, scores, weighted sums, output and the MLP of those rows.
double BlockWork(double tokens, double rows, double mlp) {
  const double c = kWidth;
  return tokens * 2 * c * c + rows * (2 * c * c + mlp) + 2 * rows * tokens * c;
}

double Done(const ImageEncoder& encoder, const EncodeRequest& request) {
  return dynamic_cast<const Vit&>(encoder).FlopsDone(12, 12, request);
}

TEST_F(VitTest, CountsParametersAndOperations) {
  const auto encoder = Make(ClipVisionConfig(), ClipVisionTensors(""));
  std::int64_t parameters = 0;
  for (const auto& [name, tensor] : ClipVisionTensors(""))
    parameters += static_cast<std::int64_t>(tensor.values.size());
  EXPECT_EQ(encoder->info().parameters, parameters);
  const double whole = BlockWork(10, 10, 2 * kWidth * kInner);
  EXPECT_DOUBLE_EQ(encoder->Flops(12, 12), 2 * (kPatchWork + kLayers * whole));
}

TEST_F(VitTest, CountsWhatIsDoneOfClipWithProjection) {
  ToyTensors tensors = ClipVisionTensors("vision_model.");
  tensors["visual_projection.weight"] = testing::RandomTensor({5, kWidth});
  Json config = ClipVisionConfig();
  config["projection_dim"] = 5;
  const auto encoder = Make(config, tensors);
  const double mlp = 2 * kWidth * kInner;
  const double whole = BlockWork(10, 10, mlp);
  const double before = kPatchWork + (kLayers - 1) * whole;
  const double projection = 5 * kWidth;
  const double published = 2 * (before + whole + projection);
  EXPECT_DOUBLE_EQ(encoder->Flops(12, 12), published);
  const double short_cut = BlockWork(10, 1, mlp);
  EXPECT_LT(short_cut, whole / 2);
  EXPECT_DOUBLE_EQ(Done(*encoder, {.pool = Pool::kHead}),
                   2 * (before + short_cut + projection));
  EXPECT_DOUBLE_EQ(Done(*encoder, {.pool = Pool::kCls}),
                   2 * (before + short_cut));
  EXPECT_DOUBLE_EQ(Done(*encoder, {.pool = Pool::kHead, .tokens = true}),
                   published);
  EXPECT_DOUBLE_EQ(Done(*encoder, {.pool = Pool::kMean}), 2 * (before + whole));
  EncodeRequest hidden;
  hidden.before_last = 1;
  EXPECT_DOUBLE_EQ(Done(*encoder, hidden), 2 * before);
  EXPECT_DOUBLE_EQ(Done(*encoder, {}), 0);
}

TEST_F(VitTest, CountsWhatIsDoneOfDinov2WithRegistersAndSwiGlu) {
  // Two thirds of 24, rounded up to a multiple of 8.
  constexpr std::int64_t kGated = 16;
  constexpr std::int64_t kRegisters = 3;
  ToyTensors tensors = Dinov2Tensors();
  tensors["embeddings.register_tokens"] =
      testing::RandomTensor({1, kRegisters, kWidth});
  for (std::int64_t i = 0; i < kLayers; ++i) {
    const std::string mlp = fmt::format("encoder.layer.{}.mlp.", i);
    for (const char* name :
         {"fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"})
      tensors.erase(mlp + name);
    testing::AddLinear(tensors, mlp + "weights_in", 2 * kGated, kWidth);
    testing::AddLinear(tensors, mlp + "weights_out", kWidth, kGated);
  }
  Json config = Dinov2Config();
  config["model_type"] = "dinov2_with_registers";
  config["num_register_tokens"] = kRegisters;
  config["use_swiglu_ffn"] = true;
  const auto encoder = Make(config, tensors);
  const double tokens = 1 + kRegisters + 9;
  const double mlp = 3 * kWidth * kGated;
  const double whole = BlockWork(tokens, tokens, mlp);
  const double before = kPatchWork + (kLayers - 1) * whole;
  EXPECT_DOUBLE_EQ(encoder->Flops(12, 12), 2 * (before + whole));
  EXPECT_DOUBLE_EQ(Done(*encoder, {.pool = Pool::kHead}),
                   2 * (before + BlockWork(tokens, 1, mlp)));
  EXPECT_DOUBLE_EQ(Done(*encoder, {.pool = Pool::kBlocks}),
                   2 * (before + whole));
}

TEST_F(VitTest, HalfPrecisionStaysNear) {
  const at::Tensor pixels = at::randn({2, 3, 12, 12});
  const at::Tensor whole = Make(Dinov2Config(), Dinov2Tensors())
                               ->Encode(pixels, {.pool = Pool::kMean})
                               .pooled;
  eyechart::testing::Rng().seed(eyechart::testing::kSeed);
  const ToyTensors tensors = Dinov2Tensors();
  const auto encode = [&](c10::ScalarType dtype) {
    return Make(Dinov2Config(), tensors, {.dtype = dtype})
        ->Encode(pixels, {.pool = Pool::kMean, .tokens = true});
  };
  const Features single = encode(c10::kFloat);
  for (const auto dtype : {c10::kBFloat16, c10::kHalf}) {
    const Features half = encode(dtype);
    EXPECT_EQ(half.tokens.scalar_type(), PlacementOf({.dtype = dtype}).dtype);
    EXPECT_EQ(half.pooled.scalar_type(), c10::kFloat);
    EXPECT_LT((half.pooled - single.pooled).abs().max().item<float>(),
              0.05F * single.pooled.abs().max().item<float>());
  }
}

TEST_F(VitTest, BadCheckpointsNameThePlace) {
  ToyTensors tensors = Dinov2Tensors();
  tensors.erase("encoder.layer.1.mlp.fc2.bias");
  EXPECT_NE(MakeError(Dinov2Config(), tensors)
                .find("encoder.layer.1.mlp.fc2.bias is missing"),
            std::string::npos);

  tensors = Dinov2Tensors();
  tensors["layernorm.weight"] = testing::RandomTensor({kWidth + 1});
  const std::string shape = MakeError(Dinov2Config(), tensors);
  EXPECT_NE(shape.find("layernorm.weight has shape [13]"), std::string::npos)
      << shape;
  EXPECT_NE(shape.find("[12]"), std::string::npos) << shape;

  tensors = Dinov2Tensors();
  tensors["surprise"] = testing::RandomTensor({1});
  const std::string unknown = MakeError(Dinov2Config(), tensors);
  EXPECT_NE(unknown.find("surprise"), std::string::npos) << unknown;
  EncoderOptions options;
  options.allow_unused = true;
  EXPECT_EQ(Make(Dinov2Config(), tensors, options)->info().unused_keys,
            std::vector<std::string>{"surprise"});
}

TEST_F(VitTest, BadConfigsNameTheKey) {
  const auto error = [&](const char* key, const Json& value) {
    Json config = Dinov2Config();
    config[key] = value;
    return MakeError(config, Dinov2Tensors());
  };
  for (const auto& [key, value] :
       std::map<std::string, Json>{{"hidden_size", -1},
                                   {"num_hidden_layers", 0},
                                   {"patch_size", "four"},
                                   {"image_size", Json::array({12, 16})},
                                   {"num_channels", 1},
                                   {"mlp_ratio", 1e9},
                                   {"layer_norm_eps", -1},
                                   {"hidden_act", "mish"}})
    EXPECT_NE(error(key.c_str(), value).find(key), std::string::npos) << key;
  EXPECT_NE(error("num_attention_heads", 5).find("5 attention heads"),
            std::string::npos);
  // Refused by the file's shapes before memory is taken for them.
  EXPECT_NE(error("hidden_size", 3 << 20).find("shape"), std::string::npos);
}

TEST_F(VitTest, EpsilonsAreFromNoughtToOne) {
  for (const double epsilon : {-1.0, -1e-9, 1.5, 1e30}) {
    for (const bool clip : {true, false}) {
      Json config = clip ? ClipVisionConfig() : Dinov2Config();
      config["layer_norm_eps"] = epsilon;
      const std::string error =
          MakeError(config, clip ? ClipVisionTensors("") : Dinov2Tensors());
      EXPECT_NE(error.find("config.json: \"layer_norm_eps\" is"),
                std::string::npos)
          << epsilon << error;
    }
  }
  for (const double epsilon : {0.0, 1e-12, 1e-2, 1.0}) {
    Json config = ClipVisionConfig();
    config["layer_norm_eps"] = epsilon;
    EXPECT_EQ(MakeError(config, ClipVisionTensors("")), "") << epsilon;
  }
}

TEST_F(VitTest, RefusesPicturesSmallerThanAPatch) {
  const auto encoder = Make(Dinov2Config(), Dinov2Tensors());
  EXPECT_NE(InputErrorOf([&] {
              encoder->Encode(at::randn({1, 3, kPatch - 1, 12}),
                              {.pool = Pool::kHead});
            }).find("smaller than one patch"),
            std::string::npos);
}

TEST_F(VitTest, SaysThatThereIsNoGpu) {
  if (at::globalContext().hasCUDA()) GTEST_SKIP() << "there is one";
  const std::string error = InputErrorOf([&] {
    Make(Dinov2Config(), Dinov2Tensors(), {.device = c10::Device("cuda:0")});
  });
  EXPECT_NE(error.find("no CUDA device"), std::string::npos) << error;
}

}  // namespace
}  // namespace eyechart::encoders
