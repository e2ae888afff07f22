#include "encoders/forward_pass.h"

#include <ATen/ops/full.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "encoders/device.h"
#include "tests/fixture.h"

namespace eyechart::encoders {
namespace {

c10::Device FirstCuda() { return {c10::kCUDA, 0}; }

at::Tensor Filled(std::int64_t count,
                  std::int64_t side,
                  double value,
                  const c10::Device& device) {
  return at::full({count, 3, side, side}, value,
                  at::TensorOptions().dtype(at::kFloat).device(device));
}

// One of each kind of feature, that tell the pixels by their sum.
Features Summed(const at::Tensor& pixels) {
  Features features;
  features.pooled = pixels.sum({2, 3});
  features.feature_map = pixels * 2;
  features.pyramid = {pixels * 3, pixels * 4};
  return features;
}

void ExpectSummed(const Features& features, const at::Tensor& pixels) {
  const Features want = Summed(pixels);
  EXPECT_TRUE(features.pooled.equal(want.pooled));
  EXPECT_TRUE(features.feature_map.equal(want.feature_map));
  ASSERT_EQ(features.pyramid.size(), 2u);
  EXPECT_TRUE(features.pyramid[0].equal(want.pyramid[0]));
  EXPECT_TRUE(features.pyramid[1].equal(want.pyramid[1]));
  EXPECT_FALSE(features.tokens.defined());
}

TEST(ForwardPass, CallsOnACpuWhatItIsGiven) {
  int calls = 0;
  const auto pass = ForwardPass::Create(
      [&](const at::Tensor& pixels) {
        ++calls;
        return Summed(pixels);
      },
      c10::kCPU, /*cuda_graphs=*/true);
  for (int i = 1; i <= 3; ++i) {
    const at::Tensor pixels = Filled(2, 4, i, c10::kCPU);
    ExpectSummed(pass->Run(pixels), pixels);
    EXPECT_EQ(calls, i);
  }
  pass->DropGraphs();
  EXPECT_EQ(pass->note(), "");
}

class ForwardGraphsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string none =
        eyechart::testing::InputErrorOf([] { ParseDevice("cuda"); });
    if (!none.empty()) GTEST_SKIP() << none;
    const c10::impl::VirtualGuardImpl backend(c10::kCUDA);
    guard_.emplace(backend.getStreamFromGlobalPool(FirstCuda(), false));
    pass = ForwardPass::Create(
        [this](const at::Tensor& pixels) {
          ++calls;
          return Summed(pixels);
        },
        FirstCuda(), /*cuda_graphs=*/true);
  }

  void ExpectRuns(std::int64_t count, std::int64_t side, double value) {
    const at::Tensor pixels = Filled(count, side, value, FirstCuda());
    ExpectSummed(pass->Run(pixels), pixels);
  }

  int calls = 0;
  std::unique_ptr<ForwardPass> pass;

 private:
  const c10::InferenceMode inference_;
  std::optional<c10::StreamGuard> guard_;
};

TEST_F(ForwardGraphsTest, ReplaysFromTheSecondTimeOn) {
  for (int i = 1; i <= 5; ++i) ExpectRuns(2, 8, i);
  EXPECT_EQ(calls, 2);  // once as it is, once recorded
  // A size of its own.
  for (int i = 1; i <= 5; ++i) ExpectRuns(3, 8, -i);
  EXPECT_EQ(calls, 4);
  ExpectRuns(2, 8, 0.5);
  EXPECT_EQ(calls, 4);
  EXPECT_EQ(pass->note(), "");
}

TEST_F(ForwardGraphsTest, FeaturesStayWhenOthersFollow) {
  const at::Tensor first = Filled(2, 8, 7, FirstCuda());
  for (int i = 0; i < 2; ++i) ExpectRuns(2, 8, i);
  const Features kept = pass->Run(first);
  ExpectRuns(2, 8, 9);
  ExpectSummed(kept, first);
}

TEST_F(ForwardGraphsTest, BeginsAnewWhenDropped) {
  for (int i = 0; i < 3; ++i) ExpectRuns(2, 8, i);
  pass->DropGraphs();
  for (int i = 0; i < 3; ++i) ExpectRuns(2, 8, i);
  EXPECT_EQ(calls, 4);
}

TEST_F(ForwardGraphsTest, KeepsNoneOfPicturesOfTwoSizes) {
  for (int i = 0; i < 3; ++i) ExpectRuns(2, 8, i);
  for (int i = 0; i < 3; ++i) ExpectRuns(2, 16, i);
  for (int i = 0; i < 3; ++i) ExpectRuns(2, 8, i);
  EXPECT_EQ(calls, 2 + 6);
}

// What waits for the device cannot be recorded.
TEST_F(ForwardGraphsTest, GoesOnWithoutWhereNoneCanBeRecorded) {
  pass = ForwardPass::Create(
      [this](const at::Tensor& pixels) {
        ++calls;
        const double sum = pixels.sum().item<double>();
        EXPECT_GT(sum, 0);
        return Summed(pixels);
      },
      FirstCuda(), /*cuda_graphs=*/true);
  for (int i = 1; i <= 4; ++i) ExpectRuns(2, 8, i);
  EXPECT_NE(pass->note().find("no CUDA graph could be recorded"),
            std::string::npos)
      << pass->note();
}

}  // namespace
}  // namespace eyechart::encoders
