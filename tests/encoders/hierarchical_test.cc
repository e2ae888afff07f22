// DaViT and Hiera on toy weights: shapes, how the outputs hang together, and
// what bad checkpoints and pictures are answered with. That the numbers are
// right is tests/oracle/'s to say.
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <initializer_list>

#include "encoders/image_encoder.h"
#include "tests/encoders/toy_families.h"
#include "tests/fixture.h"

namespace eyechart::encoders {
namespace {

using eyechart::testing::InputErrorOf;
using eyechart::testing::TempFolder;
using testing::HieraTensors;
using testing::ToyTensors;
using testing::WriteCheckpoint;

using Shape = std::vector<std::int64_t>;

// Keys with a default are left out, so that defaults are built with, too.
Json Without(Json config, std::initializer_list<const char*> keys) {
  for (const char* key : keys) config.erase(key);
  return config;
}

Json DavitConfig() {
  return Without(testing::DavitConfig(), {"qkv_bias", "activation_function"});
}

Json HieraConfig() {
  return Without(testing::HieraConfig(),
                 {"embed_dim_multiplier", "patch_size", "patch_stride",
                  "patch_padding", "query_stride"});
}

class HierarchicalTest : public ::testing::Test {
 protected:
  std::unique_ptr<ImageEncoder> Make(const Json& config,
                                     const ToyTensors& tensors) {
    WriteCheckpoint(temp_ / "model", config, tensors);
    return ImageEncoder::Create(OpenCheckpoint((temp_ / "model").string()), {});
  }

  // What a checkpoint is refused with when `key` of its config is `value`.
  std::string ErrorWith(Json config,
                        const ToyTensors& tensors,
                        const std::string& key,
                        const Json& value) {
    config[key] = value;
    return InputErrorOf([&] { Make(config, tensors); });
  }

  TempFolder temp_;
};

TEST_F(HierarchicalTest, GivesOnlyWhatIsAskedFor) {
  for (const bool davit : {true, false}) {
    const auto encoder = davit ? Make(DavitConfig(), testing::DavitTensors(""))
                               : Make(HieraConfig(), HieraTensors());
    const at::Tensor pixels = at::randn({2, 3, 32, 48});
    EncodeRequest request;
    EXPECT_TRUE(encoder->Encode(pixels, request).pyramid.empty());
    request.pool = Pool::kMean;
    request.tokens = request.feature_map = request.pyramid = true;
    const Features all = encoder->Encode(pixels, request);
    const std::int64_t c = davit ? 12 : 16;
    // DaViT's second kernel has no padding here: 8 x 12 cells become 3 x 5.
    const Shape map = davit ? Shape{2, c, 3, 5} : Shape{2, c, 4, 6};
    ASSERT_EQ(all.pyramid.size(), 2U);
    EXPECT_EQ(all.pyramid[0].sizes().vec(), (Shape{2, 8, 8, 12}));
    EXPECT_EQ(all.feature_map.sizes().vec(), map);
    EXPECT_TRUE(all.pyramid[1].equal(all.feature_map));
    EXPECT_TRUE(all.feature_map.flatten(2).transpose(1, 2).equal(all.tokens));
    EXPECT_TRUE(all.tokens.mean(1).allclose(all.pooled, 1e-5, 1e-6));
    EXPECT_EQ(encoder->TokenCount(32, 48), map[2] * map[3]);
    const EncoderInfo& info = encoder->info();
    EXPECT_FALSE(info.pools.contains(Pool::kCls));
    EXPECT_EQ(info.pools.contains(Pool::kHead), !davit);
    ASSERT_EQ(info.pyramid.size(), 2U);
    EXPECT_EQ(info.pyramid[0].stride, 4);
    EXPECT_EQ(info.pyramid[1].stride, 8);
    EXPECT_EQ(info.pyramid[1].width, c);
    // A plain request gives the same.
    request = {};
    request.pool = Pool::kMean;
    EXPECT_TRUE(encoder->Encode(pixels, request).pooled.equal(all.pooled));
  }
}

TEST_F(HierarchicalTest, PicturesDoNotDependOnTheirNeighbours) {
  for (const bool davit : {true, false}) {
    const auto encoder = davit ? Make(DavitConfig(), testing::DavitTensors(""))
                               : Make(HieraConfig(), HieraTensors());
    const at::Tensor pixels = at::randn({3, 3, 32, 32});
    EncodeRequest request;
    request.pool = encoder->info().default_pool;
    const at::Tensor together = encoder->Encode(pixels, request).pooled;
    // Another size between, so that Hiera's positions are made anew.
    encoder->Encode(at::randn({1, 3, 48, 32}), request);
    for (std::int64_t i = 0; i < 3; ++i)
      EXPECT_TRUE(encoder->Encode(pixels.narrow(0, i, 1), request)
                      .pooled.allclose(together.narrow(0, i, 1), 1e-4, 1e-5));
  }
}

TEST_F(HierarchicalTest, MissingTensorsAreNamed) {
  ToyTensors tensors = testing::DavitTensors("");
  tensors.erase("blocks.1.0.channel_block.channel_attn.proj.weight");
  EXPECT_NE(InputErrorOf([&] {
              Make(DavitConfig(), tensors);
            }).find("channel_attn.proj.weight is missing"),
            std::string::npos);
  tensors = HieraTensors();
  tensors.erase("encoder.stages.1.layers.0.proj.bias");
  EXPECT_NE(InputErrorOf([&] {
              Make(HieraConfig(), tensors);
            }).find("encoder.stages.1.layers.0.proj.bias is missing"),
            std::string::npos);
  // Half a pooler is damage, none is another kind of folder.
  tensors = HieraTensors();
  tensors.erase("pooler.layernorm.weight");
  EXPECT_NE(InputErrorOf([&] {
              Make(HieraConfig(), tensors);
            }).find("pooler.layernorm.weight is missing"),
            std::string::npos);
  tensors.erase("pooler.layernorm.bias");
  EXPECT_EQ(Make(HieraConfig(), tensors)->info().default_pool, Pool::kMean);
}

TEST_F(HierarchicalTest, BadDavitConfigsNameFileKeyAndValue) {
  const ToyTensors tensors = testing::DavitTensors("");
  const std::vector<std::pair<std::string, Json>> cases = {
      {"depths", {1}},
      {"depths", {1, 0}},
      {"depths", {1, -3}},
      {"depths", 2},
      {"depths", Json::array()},
      {"embed_dim", {8, 1LL << 40}},
      {"embed_dim", {8, 12.5}},
      {"num_heads", {2, 3, 4}},
      {"num_groups", {4, 5}},
      {"patch_size", {7}},
      {"patch_stride", {4, 0}},
      {"patch_stride", {1 << 14, 1 << 14}},
      {"patch_padding", {3, -1}},
      {"patch_padding", {3, 4}},
      {"patch_prenorm", {0, 1}},
      {"patch_prenorm", {true}},
      {"window_size", 0},
      {"window_size", 1 << 20},
      {"mlp_ratio", 1e9},
      {"mlp_ratio", 0.01},
      {"in_channels", 4},
      {"activation_function", "mish"}};
  for (const auto& [key, value] : cases) {
    const std::string error = ErrorWith(DavitConfig(), tensors, key, value);
    EXPECT_NE(error.find("config.json"), std::string::npos) << key << value;
    EXPECT_NE(error.find(key), std::string::npos) << error;
  }
  EXPECT_NE(ErrorWith(DavitConfig(), tensors, "num_heads", {3, 3})
                .find("3 attention heads do not divide a width of 8"),
            std::string::npos);
  // Refused by the file's shapes before memory is taken for them.
  EXPECT_NE(ErrorWith(DavitConfig(), tensors, "embed_dim", {3 << 20, 12})
                .find("has shape"),
            std::string::npos);
  EXPECT_NE(ErrorWith(DavitConfig(), tensors, "depths", {1, 1 << 20})
                .find("blocks.1.1.spatial_block"),
            std::string::npos);
  const Json whole = {{"model_type", "florence2"}, {"vision_config", 3}};
  EXPECT_NE(InputErrorOf([&] { Make(whole, tensors); }).find("vision_config"),
            std::string::npos);
}

TEST_F(HierarchicalTest, BadHieraConfigsNameFileKeyAndValue) {
  const ToyTensors tensors = HieraTensors();
  const std::vector<std::pair<std::string, Json>> cases = {
      {"depths", {1, 1, 1}},
      {"num_heads", {1}},
      {"num_heads", {0, 2}},
      {"masked_unit_attention", {true}},
      {"masked_unit_attention", {1, 0}},
      {"masked_unit_size", {5, 5}},
      {"masked_unit_size", {1, 1}},
      {"masked_unit_size", {4, 8}},
      {"query_stride", {8, 8}},
      {"query_stride", {0, 0}},
      {"num_query_pool", 2},
      {"num_query_pool", -1},
      {"embed_dim", 0},
      {"embed_dim_multiplier", 0},
      {"embed_dim_multiplier", 1},
      {"embed_dim_multiplier", 1e300},
      {"embed_dim_multiplier", -2},
      {"image_size", {32, 64}},
      {"image_size", {1 << 20, 1 << 20}},
      {"image_size", {2, 2}},
      {"patch_padding", {3}},
      {"patch_padding", {9, 9}},
      {"mlp_ratio", -1},
      {"layer_norm_eps", -1},
      {"layer_norm_eps", 1e30},
      {"num_channels", 1},
      {"hidden_act", "mish"}};
  for (const auto& [key, value] : cases) {
    const std::string error = ErrorWith(HieraConfig(), tensors, key, value);
    EXPECT_NE(error.find("config.json"), std::string::npos) << key << value;
    EXPECT_NE(error.find(key), std::string::npos) << error;
  }
  EXPECT_NE(
      ErrorWith(HieraConfig(), tensors, "embed_dim", 3 << 20).find("has shape"),
      std::string::npos);
}

TEST_F(HierarchicalTest, RefusesPicturesThatDoNotFit) {
  const auto refusal = [](ImageEncoder& encoder, std::int64_t height,
                          std::int64_t width) {
    return InputErrorOf([&] {
      encoder.Encode(at::randn({1, 3, height, width}), {});
    });
  };
  const auto davit = Make(DavitConfig(), testing::DavitTensors(""));
  // 8 x 32 pixels are 2 x 8 cells: fewer than the second kernel's 3 x 3.
  EXPECT_NE(refusal(*davit, 8, 32).find("stage 2 gets 2 x 8 cells"),
            std::string::npos);
  EXPECT_NE(refusal(*davit, 8, 32).find(".safetensors: a picture of 8 x 32"),
            std::string::npos);
  EXPECT_NE(InputErrorOf([&] { davit->Flops(8, 32); }).find("too small"),
            std::string::npos);
  const auto hiera = Make(HieraConfig(), HieraTensors());
  EXPECT_NE(refusal(*hiera, 36, 32).find("multiples of 8"), std::string::npos);
  EXPECT_NE(refusal(*hiera, 36, 32).find(".safetensors: a picture of 36 x 32"),
            std::string::npos);
  EXPECT_NE(refusal(*hiera, 8, 8).find("mask units of 16"), std::string::npos);
  EXPECT_NE(InputErrorOf([&] { hiera->TokenCount(30, 32); }).find("30 x 32"),
            std::string::npos);
}

}  // namespace
}  // namespace eyechart::encoders
