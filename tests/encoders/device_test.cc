#include "encoders/device.h"

#include <ATen/Context.h>
#include <gtest/gtest.h>

#include "tests/fixture.h"

namespace eyechart::encoders {
namespace {

using testing::InputErrorOf;

TEST(ParseDevice, SaysWhatWouldBeRight) {
  EXPECT_EQ(ParseDevice("cpu"), c10::Device(c10::kCPU));
  for (const char* bad : {"", "gpu", "cuda:", "cuda:x", "cuda:-1", "cuda:1000"})
    EXPECT_NE(
        InputErrorOf([&] { ParseDevice(bad); }).find("cpu, cuda or cuda:N"),
        std::string::npos)
        << bad;
}

// Of a build without CUDA, of one without a device, and of one with some: no
// machine has a hundred.
TEST(ParseDevice, RefusesADeviceThatIsNotThereInOneLine) {
  const std::string error = InputErrorOf([] { ParseDevice("cuda:99"); });
  EXPECT_EQ(error.rfind("device \"cuda:99\": ", 0), 0u) << error;
  EXPECT_NE(error.find("--device cpu"), std::string::npos) << error;
  EXPECT_EQ(error.find('\n'), std::string::npos) << error;
}

TEST(ParseTf32, IsForCudaAlone) {
  const c10::Device cuda(c10::kCUDA, 1);
  EXPECT_FALSE(ParseTf32("off", c10::kCPU));
  EXPECT_FALSE(ParseTf32("off", cuda));
  EXPECT_TRUE(ParseTf32("on", cuda));
  EXPECT_EQ(InputErrorOf([&] { ParseTf32("yes", cuda); }),
            "tf32 \"yes\": should be off or on");
  EXPECT_NE(InputErrorOf([] {
              ParseTf32("on", c10::kCPU);
            }).find("only CUDA devices have it"),
            std::string::npos);
}

TEST(AllowTf32, CoversProductsAndConvolutions) {
  AllowTf32(true);
  EXPECT_TRUE(at::globalContext().allowTF32CuBLAS());
  EXPECT_TRUE(at::globalContext().allowTF32CuDNN());
  AllowTf32(false);
  EXPECT_FALSE(at::globalContext().allowTF32CuBLAS());
  EXPECT_FALSE(at::globalContext().allowTF32CuDNN());
}

}  // namespace
}  // namespace eyechart::encoders
