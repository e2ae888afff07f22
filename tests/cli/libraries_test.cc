// What the built binary loads.
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/cli/process.h"

namespace eyechart {
namespace {

// Matrix products by name (sgemm_) go to the first library that has the name.
// LibTorch's MKL must be it: OpenBLAS beside it takes several times as long and
// keeps threads of its own spinning.
TEST(Libraries, LibTorchStandsBeforeOtherBlas) {
  ::setenv("LD_TRACE_LOADED_OBJECTS", "1", 1);  // as ldd does
  const std::string loaded = testing::Eyechart({}).out;
  ::unsetenv("LD_TRACE_LOADED_OBJECTS");
  const std::size_t torch = loaded.find("libtorch_cpu");
  ASSERT_NE(torch, std::string::npos) << loaded;
  for (const char* other : {"libblas", "libopenblas", "liblapack", "libmkl"})
    EXPECT_GT(loaded.find(other), torch) << other << " in\n" << loaded;
}

}  // namespace
}  // namespace eyechart
