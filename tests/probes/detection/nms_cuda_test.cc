// The kernels against the same in tensor operations, which the tests of
// tensor_nms hold against torchvision's rounding without a GPU.
#include "probes/detection/nms_cuda.h"

#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <limits>

#include "probes/detection/tensor_nms.h"

namespace eyechart::detection {
namespace {

class NmsCuda : public testing::Test {
 protected:
  void SetUp() override {
    if (!at::hasCUDA()) GTEST_SKIP() << "no CUDA device is here";
  }
};

at::Tensor OnDevice(const at::Tensor& tensor) {
  return tensor.to(c10::Device(c10::kCUDA, 0));
}

void ExpectSame(const at::Tensor& boxes,
                const at::Tensor& scores,
                const at::Tensor& classes,
                const NmsOptions& options) {
  const at::Tensor found = TensorNms(boxes, scores, classes, options);
  const at::Tensor due =
      internal::BlockwiseNms(boxes, scores, classes, options);
  EXPECT_TRUE(found.is_cuda());
  EXPECT_TRUE(at::equal(found, due))
      << boxes.size(0) << " boxes, " << found.numel() << " and " << due.numel()
      << " stay";
}

TEST_F(NmsCuda, IsTheSameInTensorOperations) {
  for (const std::int64_t count : {0, 1, 63, 64, 65, 1000, 5000, 30'000})
    for (const NmsClasses method :
         {NmsClasses::kOffset, NmsClasses::kPerClass, NmsClasses::kAgnostic})
      for (const double threshold : {0.0, 0.5, 0.7}) {
        const at::Tensor low = at::rand({count, 2}) * 300;
        const at::Tensor boxes =
            OnDevice(at::cat({low, low + at::rand({count, 2}) * 60}, 1));
        const at::Tensor scores =
            OnDevice(at::randint(2000, {count}).to(at::kFloat));
        const at::Tensor classes = OnDevice(at::randint(5, {count}, at::kLong));
        NmsOptions options;
        options.classes = method;
        options.iou_threshold = threshold;
        ExpectSame(boxes, scores, classes, options);
        options.score_threshold = 400;
        options.top_k = 700;
        options.max_kept = 50;
        ExpectSame(boxes, scores, classes, options);
      }
}

// More rows than one band of the mask holds.
TEST_F(NmsCuda, BandsFollowEachOther) {
  const std::int64_t count = 60'000;
  const at::Tensor low = at::rand({count, 2}) * 3000;
  const at::Tensor boxes =
      OnDevice(at::cat({low, low + at::rand({count, 2}) * 90}, 1));
  const at::Tensor scores = OnDevice(at::rand({count}));
  NmsOptions options;
  options.classes = NmsClasses::kAgnostic;
  ExpectSame(boxes, scores, {}, options);
}

// IoUs on the threshold, boxes without area, and what has no order.
TEST_F(NmsCuda, IsTheSameOnALattice) {
  const std::int64_t count = 3000;
  const at::Tensor low = at::randint(12, {count, 2});
  const at::Tensor boxes = OnDevice(
      at::cat({low, low + at::randint(5, {count, 2})}, 1).to(at::kFloat));
  const at::Tensor scores = OnDevice(at::randint(9, {count}).to(at::kFloat));
  const at::Tensor classes = OnDevice(at::randint(3, {count}, at::kLong));
  for (const double threshold : {0.0, 0.25, 0.5, 0.6}) {
    NmsOptions options;
    options.classes = NmsClasses::kPerClass;
    options.iou_threshold = threshold;
    ExpectSame(boxes, scores, classes, options);
  }
}

TEST_F(NmsCuda, WhatIsNotANumberSuppressesNothing) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  const at::Tensor boxes = OnDevice(
      at::tensor({3.f, 3.f, 3.f, 3.f, nan, nan, nan, nan, -infinity, 0.f,
                  9.f, 9.f, 0.f, 0.f, 9.f, 9.f, 0.f, 0.f, 9.f,       9.f})
          .view({5, 4}));
  const at::Tensor scores = OnDevice(at::tensor({5.f, 4.f, 3.f, 2.f, 1.f}));
  NmsOptions options;
  options.classes = NmsClasses::kAgnostic;
  options.iou_threshold = 0.1;
  EXPECT_TRUE(at::equal(TensorNms(boxes, scores, {}, options).cpu(),
                        at::tensor({0, 1, 2, 3}, at::kLong)));
}

}  // namespace
}  // namespace eyechart::detection
