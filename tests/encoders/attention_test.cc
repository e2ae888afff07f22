#include "encoders/attention.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <tuple>
#include <vector>

#include "encoders/attention_kernels.h"
#include "tests/encoders/normal_tensor.h"

namespace eyechart::encoders {
namespace {

using eyechart::testing::NormalTensor;

// By its definition in double precision: (B, Q, H * D).
at::Tensor Reference(const at::Tensor& query,
                     const at::Tensor& key,
                     const at::Tensor& value) {
  const at::Tensor scores =
      at::matmul(query.to(at::kDouble), key.to(at::kDouble).transpose(2, 3)) /
      std::sqrt(static_cast<double>(query.size(3)));
  return at::matmul(at::softmax(scores, -1), value.to(at::kDouble))
      .transpose(1, 2)
      .flatten(2);
}

double LargestDifference(const at::Tensor& a, const at::Tensor& b) {
  return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

// Heads of a fused projection (B, T, 3, H, D), as views.
std::vector<at::Tensor> Heads(const at::Tensor& fused) {
  const at::Tensor parts = fused.permute({2, 0, 3, 1, 4});
  return {parts[0], parts[1], parts[2]};
}

struct Shape {
  std::int64_t batch;
  std::int64_t heads;
  std::int64_t queries;
  std::int64_t keys;
  std::int64_t width;
};

// Towers of CLIP, So400m's heads of 72, windows of DaViT and Hiera, and sizes
// around the kernels' multiples of 16 and 32. 700 keys need several blocks.
const Shape kShapes[] = {
    {2, 3, 197, 197, 64}, {1, 2, 257, 257, 72}, {5, 4, 144, 144, 32},
    {3, 2, 64, 64, 56},   {1, 1, 16, 1, 2},     {1, 2, 17, 15, 6},
    {2, 1, 31, 33, 96},   {1, 1, 700, 700, 16}, {1, 1, 50, 300, 128},
    {2, 2, 16, 64, 8},    {1, 1, 15, 15, 64},
};

TEST(AttentionTest, IsTheSoftmaxOfScoresTimesValues) {
  for (const Shape& s : kShapes) {
    for (const c10::ScalarType dtype : {c10::kFloat, c10::kBFloat16}) {
      SCOPED_TRACE(fmt::format("{} x {} heads, {} queries, {} keys of {}, {}",
                               s.batch, s.heads, s.queries, s.keys, s.width,
                               dtype == c10::kFloat ? "fp32" : "bf16"));
      const at::Tensor query =
          NormalTensor({s.batch, s.heads, s.queries, s.width}, 2).to(dtype);
      const at::Tensor key =
          NormalTensor({s.batch, s.heads, s.keys, s.width}, 2).to(dtype);
      const at::Tensor value =
          NormalTensor({s.batch, s.heads, s.keys, s.width}).to(dtype);
      const at::Tensor out = DotProductAttention(query, key, value);
      EXPECT_EQ(out.scalar_type(), dtype);
      EXPECT_TRUE(out.is_contiguous());
      const at::Tensor expected = Reference(query, key, value);
      ASSERT_EQ(out.sizes(), expected.sizes());
      // bf16: half a unit of shares and of the output, each 2^-9.
      const double bound = dtype == c10::kFloat ? 1e-5 : 0.02;
      EXPECT_LT(LargestDifference(out, expected), bound);
    }
  }
}

TEST(AttentionTest, ReadsViewsOfAFusedProjection) {
  for (const c10::ScalarType dtype : {c10::kFloat, c10::kBFloat16}) {
    for (const std::int64_t width : {64, 72, 5}) {
      const auto parts = Heads(NormalTensor({2, 100, 3, 3, width}).to(dtype));
      const at::Tensor viewed =
          DotProductAttention(parts[0], parts[1], parts[2]);
      const at::Tensor copied = DotProductAttention(
          parts[0].contiguous(), parts[1].contiguous(), parts[2].contiguous());
      EXPECT_TRUE(at::equal(viewed, copied)) << width;
      EXPECT_LT(
          LargestDifference(viewed, Reference(parts[0], parts[1], parts[2])),
          dtype == c10::kFloat ? 1e-5 : 0.02);
    }
  }
}

// What a picture gets depends neither on those beside it nor on threads.
TEST(AttentionTest, IsTheSameInAnyBatchAndOnAnyThreads) {
  const int threads = at::get_num_threads();
  for (const c10::ScalarType dtype : {c10::kFloat, c10::kBFloat16}) {
    const auto parts = Heads(NormalTensor({3, 300, 3, 2, 64}).to(dtype));
    at::set_num_threads(1);
    const at::Tensor one = DotProductAttention(parts[0], parts[1], parts[2]);
    for (const int count : {2, 5, 16}) {
      at::set_num_threads(count);
      EXPECT_TRUE(
          at::equal(one, DotProductAttention(parts[0], parts[1], parts[2])))
          << count << " threads";
      for (std::int64_t i = 0; i < 3; ++i) {
        const auto alone = [&](std::size_t part) {
          return parts[part].narrow(0, i, 1);
        };
        EXPECT_TRUE(
            at::equal(one.narrow(0, i, 1),
                      DotProductAttention(alone(0), alone(1), alone(2))))
            << "picture " << i << ", " << count << " threads";
      }
    }
    at::set_num_threads(threads);
  }
}

TEST(AttentionTest, ScoresFarApartLeaveOneKey) {
  for (const c10::ScalarType dtype : {c10::kFloat, c10::kBFloat16}) {
    at::Tensor query = at::zeros({1, 1, 16, 32});
    at::Tensor key = at::zeros({1, 1, 40, 32});
    query.select(3, 0).fill_(1e15);
    key[0][0][17][0] = 1e15;
    key[0][0][18][0] = -1e15;
    const at::Tensor value = NormalTensor({1, 1, 40, 32}).to(dtype);
    const at::Tensor out =
        DotProductAttention(query.to(dtype), key.to(dtype), value);
    for (std::int64_t i = 0; i < 16; ++i)
      EXPECT_TRUE(at::equal(out[0][i], value[0][0][17]));
  }
}

// A defect upstream must not come out as plausible features, nor reach other
// heads: products over a part of AMX's 32 columns are known to have leaked
// (oneDNN's issue 5717). Of infinite queries and keys LibTorch's own kernel
// makes finite features in bfloat16.
TEST(AttentionTest, NanStaysVisibleAndInItsHead) {
  for (const c10::ScalarType dtype : {c10::kFloat, c10::kBFloat16}) {
    for (const std::int64_t width : {32, 40, 72}) {
      for (const std::size_t part : {0U, 1U, 2U}) {
        auto parts = Heads(NormalTensor({2, 50, 3, 3, width}));
        parts[part][0][1][20][3] = std::nanf("");
        const at::Tensor out = DotProductAttention(
            parts[0].to(dtype), parts[1].to(dtype), parts[2].to(dtype));
        const at::Tensor finite = out.isfinite().view({2, 50, 3, width}).all(3);
        // A query's own row alone; keys and values reach all of the head.
        EXPECT_FALSE(finite[0][20][1].item<bool>());
        EXPECT_EQ(finite.sum().item<std::int64_t>(), 300 - (part == 0 ? 1 : 50))
            << "part " << part << ", heads of " << width << ", "
            << toString(dtype);
      }
    }
  }
}

TEST(AttentionTest, TakesNoPictures) {
  const at::Tensor none = at::empty({0, 2, 20, 8}, at::kFloat);
  EXPECT_EQ(DotProductAttention(none, none, none).sizes(),
            (at::IntArrayRef{0, 20, 16}));
}

TEST(AttentionTest, MasksAndCausalOrderAreHeeded) {
  const auto parts = Heads(NormalTensor({2, 40, 3, 2, 32}));
  const at::Tensor causal =
      DotProductAttention(parts[0], parts[1], parts[2], {}, true);
  // A query that sees no further than itself: the first `n` rows alone.
  for (const std::int64_t n : {1, 17, 40}) {
    const at::Tensor first =
        Reference(parts[0].narrow(2, n - 1, 1), parts[1].narrow(2, 0, n),
                  parts[2].narrow(2, 0, n));
    EXPECT_LT(LargestDifference(causal.narrow(1, n - 1, 1), first), 1e-5);
  }
  at::Tensor mask = at::ones({1, 1, 1, 40}, at::kBool);
  mask.narrow(3, 25, 15).fill_(false);
  const at::Tensor masked =
      DotProductAttention(parts[0], parts[1], parts[2], mask);
  EXPECT_LT(
      LargestDifference(masked, Reference(parts[0], parts[1].narrow(2, 0, 25),
                                          parts[2].narrow(2, 0, 25))),
      1e-5);
}

class AttentionKernelsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!internal::HasAttentionKernels()) GTEST_SKIP() << "needs AVX-512";
  }
};

TEST_F(AttentionKernelsTest, TransposesWithZerosBehind) {
  for (const auto& [rows, columns] :
       {std::pair{1, 1}, {16, 16}, {17, 5}, {40, 36}}) {
    const std::int64_t stride = columns + 3;
    const at::Tensor from = NormalTensor({rows, stride});
    const std::int64_t padded = (rows + 15) / 16 * 16;
    // One guard behind the last row.
    at::Tensor to = at::empty({columns + 1, padded}, at::kFloat).fill_(7);
    internal::TransposeWords(from.const_data_ptr<float>(), rows, columns,
                             stride, to.mutable_data_ptr<float>());
    const at::Tensor inner = to.narrow(0, 0, columns);
    EXPECT_TRUE(at::equal(inner.narrow(1, 0, rows),
                          from.narrow(1, 0, columns).transpose(0, 1)));
    EXPECT_TRUE((inner.narrow(1, rows, padded - rows) == 0).all().item<bool>());
    EXPECT_TRUE((to[columns] == 7).all().item<bool>());
  }
}

TEST_F(AttentionKernelsTest, SoftmaxIsExactToFloatsLastPlaces) {
  for (const std::int64_t count : {1, 15, 16, 100}) {
    const std::int64_t padded = (count + 31) / 32 * 32;
    at::Tensor x = NormalTensor({padded}, 20);
    const at::Tensor expected =
        at::softmax(x.narrow(0, 0, count).to(at::kDouble) * 0.125, 0);
    const float inverse =
        internal::Softmax(x.mutable_data_ptr<float>(), count, padded, 0.125F);
    const at::Tensor shares =
        x.narrow(0, 0, count).to(at::kDouble) * static_cast<double>(inverse);
    EXPECT_LT(((shares - expected) / expected).abs().max().item<double>(), 4e-6)
        << count;
    EXPECT_TRUE((x.narrow(0, count, padded - count) == 0).all().item<bool>());
  }
}

}  // namespace
}  // namespace eyechart::encoders
