#include "encoders/onednn.h"

#include <gtest/gtest.h>

#include "encoders/placement.h"

namespace eyechart::encoders {
namespace {

TEST(OneDnnPays, InFloatAlwaysAndElsewhereOnlyWhereItComputes) {
  EXPECT_TRUE(OneDnnComputes(c10::kFloat));
  EXPECT_TRUE(OneDnnPays(c10::kFloat));
  for (const auto dtype : {c10::kBFloat16, c10::kHalf})
    EXPECT_LE(OneDnnPays(dtype), OneDnnComputes(dtype)) << dtype;
  EXPECT_FALSE(OneDnnComputes(c10::kDouble));
  EXPECT_FALSE(OneDnnPays(c10::kDouble));
}

TEST(MakePlacement, ComputesInFloatWhereHalfPrecisionDoesNotPay) {
  for (const auto dtype : {c10::kFloat, c10::kBFloat16, c10::kHalf}) {
    const Placement placement = MakePlacement(dtype, c10::kCPU);
    EXPECT_EQ(placement.rounded, dtype);
    EXPECT_EQ(placement.dtype, OneDnnPays(dtype) ? dtype : c10::kFloat);
    // 1 + 2^-12 fits neither half: what is put is rounded wherever it is kept.
    const at::Tensor put = placement.Put(at::full({1}, 1 + 0x1p-12));
    EXPECT_EQ(put.scalar_type(), placement.dtype);
    EXPECT_EQ(put.to(c10::kDouble).item<double>() == 1.0, dtype != c10::kFloat)
        << dtype;
  }
}

TEST(MakePlacement, ComputesInHalfPrecisionWhereverItCanIfAsked) {
  for (const auto dtype : {c10::kFloat, c10::kBFloat16, c10::kHalf}) {
    const Placement placement =
        MakePlacement(dtype, c10::kCPU, HalfUse::kWhereItComputes);
    EXPECT_EQ(placement.rounded, dtype);
    EXPECT_EQ(placement.dtype, OneDnnComputes(dtype) ? dtype : c10::kFloat);
  }
}

}  // namespace
}  // namespace eyechart::encoders
