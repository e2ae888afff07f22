#include "benchmarks/environment.h"

#include <gtest/gtest.h>

namespace eyechart::benchmarks {
namespace {

TEST(Environment, SaysWhatNumbersDependOn) {
  const Json environment = DescribeEnvironment("cpu", 2);
  for (const char* key : {"eyechart", "libtorch", "compiler", "build_type",
                          "kernel", "machine", "device"})
    EXPECT_FALSE(environment.at(key).get<std::string>().empty()) << key;
  EXPECT_GT(environment.at("hardware_threads").get<int>(), 0);
  EXPECT_EQ(environment.at("threads"), 2);
}

TEST(Environment, HashesAlikeOnlyWhereItIsAlike) {
  const Json two = DescribeEnvironment("cpu", 2);
  EXPECT_EQ(EnvironmentHash(two),
            EnvironmentHash(DescribeEnvironment("cpu", 2)));
  EXPECT_NE(EnvironmentHash(two),
            EnvironmentHash(DescribeEnvironment("cpu", 1)));
  EXPECT_EQ(EnvironmentHash(two).size(), 16u);
}

}  // namespace
}  // namespace eyechart::benchmarks
