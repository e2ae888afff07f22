// What the built binaries load, and how one hands over to the other.
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
  const std::string loaded = testing::EyechartTorch({}).out;
  ::unsetenv("LD_TRACE_LOADED_OBJECTS");
  const std::size_t torch = loaded.find("libtorch_cpu");
  ASSERT_NE(torch, std::string::npos) << loaded;
  for (const char* other : {"libblas", "libopenblas", "liblapack", "libmkl"})
    EXPECT_GT(loaded.find(other), torch) << other << " in\n" << loaded;
}

TEST(Libraries, WhatNeedsNoTensorStartsWithoutLibTorch) {
  ::setenv("LD_TRACE_LOADED_OBJECTS", "1", 1);
  const std::string loaded = testing::Eyechart({}).out;
  ::unsetenv("LD_TRACE_LOADED_OBJECTS");
  EXPECT_NE(loaded.find("libc."), std::string::npos) << loaded;
  for (const char* heavy : {"libtorch", "libopencv"})
    EXPECT_EQ(loaded.find(heavy), std::string::npos) << loaded;
}

TEST(Libraries, BothProgramsKnowEveryCommand) {
  const testing::ProcessResult help = testing::Eyechart({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_EQ(help.out, testing::EyechartTorch({"--help"}).out);
  for (const char* name : {"run", "probe", "coco-eval", "report"})
    EXPECT_NE(help.out.find(name), std::string::npos) << name;
  for (const char* name : {"coco-eval", "report"})
    EXPECT_EQ(testing::Eyechart({name, "--help"}).out,
              testing::EyechartTorch({name, "--help"}).out);
  EXPECT_EQ(testing::Eyechart({"--version"}).out,
            testing::EyechartTorch({"--version"}).out);
  const testing::ProcessResult unknown = testing::Eyechart({"coco-evil"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_NE(unknown.err.find("coco-eval"), std::string::npos) << unknown.err;
}

}  // namespace
}  // namespace eyechart
