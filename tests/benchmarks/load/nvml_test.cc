#include "benchmarks/load/nvml.h"

#include <gtest/gtest.h>

namespace eyechart::benchmarks {
namespace {

TEST(Nvml, TellsWhatTheLibraryTells) {
  const auto facts = ReadNvml("0000:3B:00.0", NVML_LIBRARY);
  ASSERT_TRUE(facts.has_value());
  EXPECT_EQ(facts->driver, "580.1");
  EXPECT_EQ(facts->max_sm_mhz, 1980);
  EXPECT_FALSE(facts->max_memory_mhz.has_value());
  EXPECT_EQ(facts->power_limit_w, 350.5);
}

TEST(Nvml, IsNoneWithoutTheGpuOrTheLibrary) {
  EXPECT_FALSE(ReadNvml("0000:00:00.0", NVML_LIBRARY).has_value());
  EXPECT_FALSE(ReadNvml("0000:3B:00.0", "libnosuch.so.1").has_value());
}

}  // namespace
}  // namespace eyechart::benchmarks
