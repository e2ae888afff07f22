#include "encoders/tensor_memory.h"

#include <ATen/Functions.h>
#include <c10/core/CPUAllocator.h>
#include <c10/util/Exception.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <string>

namespace eyechart::encoders {
namespace {

constexpr std::int64_t kMib = std::int64_t{1} << 20;

class TensorMemoryTest : public ::testing::Test {
 protected:
  void SetUp() override {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "there is no pool under a sanitizer";
#endif
    KeepTensorMemory();
    ReleaseTensorMemory();
  }
};

TEST_F(TensorMemoryTest, LargeTensorsComeFromThePool) {
  const std::size_t before = GetTensorMemory().in_use;
  const at::Tensor small = at::zeros({1000});
  EXPECT_EQ(GetTensorMemory().in_use, before);
  at::Tensor large = at::ones({kMib, 2});  // 8 MiB
  EXPECT_EQ(GetTensorMemory().in_use, before + 8 * kMib);
  EXPECT_EQ(large.sum().item<double>(), 2.0 * kMib);
  const void* const place = large.const_data_ptr();
  large = at::Tensor();
  EXPECT_EQ(GetTensorMemory().in_use, before);
  EXPECT_EQ(GetTensorMemory().kept, std::size_t{8 * kMib});
  const at::Tensor next = at::empty({kMib, 2});
  EXPECT_EQ(next.const_data_ptr(), place);
}

TEST_F(TensorMemoryTest, ZerosAreZeroInAKeptBlock) {
  at::full({kMib}, 3.0F);
  const at::Tensor zeros = at::zeros({kMib});
  EXPECT_EQ(zeros.abs().max().item<float>(), 0);
}

TEST_F(TensorMemoryTest, CopiesAndResizesAreWhole) {
  const at::Tensor count = at::arange(kMib, at::kFloat);
  EXPECT_TRUE(at::equal(count.clone(), count));
  at::Tensor grown = count.clone();
  grown.resize_({2 * kMib});
  EXPECT_TRUE(at::equal(grown.narrow(0, 0, kMib), count));
}

// As oneDNN takes its memory.
TEST_F(TensorMemoryTest, ServesThoseWhoKeepBarePointers) {
  c10::Allocator* const allocator = c10::GetCPUAllocator();
  const std::size_t before = GetTensorMemory().in_use;
  for (const std::size_t bytes : {std::size_t{100}, std::size_t{4} << 20}) {
    void* const memory = allocator->raw_allocate(bytes);
    std::memset(memory, 1, bytes);
    allocator->raw_deallocate(memory);
  }
  EXPECT_EQ(GetTensorMemory().in_use, before);
}

TEST_F(TensorMemoryTest, ReleasedMemoryGoes) {
  at::ones({4 * kMib});
  EXPECT_GT(GetTensorMemory().kept, 0u);
  ReleaseTensorMemory();
  EXPECT_EQ(GetTensorMemory().kept, 0u);
}

TEST_F(TensorMemoryTest, TooMuchIsAnErrorThatSaysHowMuch) {
  try {
    at::empty({std::int64_t{1} << 60});
    FAIL() << "there was room";
  } catch (const c10::Error& error) {
    EXPECT_NE(
        std::string(error.what_without_backtrace()).find("4611686018427387904"),
        std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace eyechart::encoders
