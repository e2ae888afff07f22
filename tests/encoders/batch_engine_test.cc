#include "encoders/batch_engine.h"

#include <ATen/ops/rand.h>
#include <gtest/gtest.h>

namespace eyechart::encoders {
namespace {

// Gives strided float64 features, which no engine may hand out as they are.
class StridedEncoder final : public ImageEncoder {
 public:
  const EncoderInfo& info() const override { return info_; }
  Features Encode(const at::Tensor& pixels,
                  const EncodeRequest& request) override {
    Features features;
    if (request.pool)
      features.pooled =
          pixels.mean({2, 3}).to(c10::kDouble).t().contiguous().t();
    if (request.tokens)
      features.tokens = pixels.flatten(2).to(c10::kDouble).transpose(1, 2);
    return features;
  }
  std::int64_t TokenCount(int height, int width) const override {
    return std::int64_t{height} * width;
  }
  double Flops(int, int) const override { return 0; }

 private:
  EncoderInfo info_;
};

TEST(CpuEngine, HandsOutContiguousFeaturesOfTheTypesAskedFor) {
  StridedEncoder encoder;
  BatchEngineOptions options;
  options.request = {Pool::kMean, true, false};
  options.token_dtype = c10::kBFloat16;
  const auto engine = BatchEngine::Create(encoder, options);
  EXPECT_EQ(engine->ahead(), 0);
  const at::Tensor pixels = engine->HostPixels({4, 3, 2, 5});
  EXPECT_EQ(pixels.sizes(), (std::vector<std::int64_t>{4, 3, 2, 5}));
  EXPECT_EQ(pixels.scalar_type(), c10::kFloat);
  pixels.copy_(at::rand({4, 3, 2, 5}));
  engine->Start(pixels);
  const Features features = engine->Finish();
  EXPECT_EQ(features.pooled.scalar_type(), c10::kFloat);
  EXPECT_TRUE(features.pooled.is_contiguous());
  EXPECT_TRUE(features.pooled.allclose(pixels.mean({2, 3})));
  EXPECT_EQ(features.tokens.scalar_type(), c10::kBFloat16);
  EXPECT_TRUE(features.tokens.is_contiguous());
  EXPECT_TRUE(features.tokens.equal(
      pixels.flatten(2).transpose(1, 2).to(c10::kBFloat16)));
}

TEST(CpuEngine, ComputesOnlyWhatIsAskedFor) {
  StridedEncoder encoder;
  BatchEngineOptions options;
  options.request = {Pool::kMean, false, false};
  const auto engine = BatchEngine::Create(encoder, options);
  engine->Start(at::rand({1, 3, 2, 2}));
  EXPECT_FALSE(engine->Finish().tokens.defined());
}

}  // namespace
}  // namespace eyechart::encoders
