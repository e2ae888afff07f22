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

TEST(Environment, SaysWhatTheMachineAndTheBuildAre) {
  const Json environment = DescribeEnvironment("cpu", 2);
  for (const char* key :
       {"isa", "governors", "caches", "numa_nodes", "cpu_quota", "huge_pages"})
    EXPECT_TRUE(environment.at("hardware").contains(key)) << key;
  for (const char* key : {"flags", "allocator", "asserts", "sanitizers"})
    EXPECT_TRUE(environment.at("build").contains(key)) << key;
  EXPECT_TRUE(environment.contains("commit"));
  EXPECT_FALSE(environment.at("libraries").at("opencv").empty());
#ifdef __x86_64__
  // At least what every such processor has.
  EXPECT_NE(environment.at("libraries")
                .at("opencv_cpu_features")
                .get<std::string>()
                .find("SSE2"),
            std::string::npos);
#endif
  EXPECT_EQ(environment.at("gpus"), Json::array());
  EXPECT_EQ(DescribeEnvironment("as in the suite", 2, {"cpu", "cpu"})["gpus"],
            Json::array());
}

// Bytes of memory, loads and clocks of the moment are no part of it.
TEST(Environment, HoldsNothingThatMoves) {
  const Json environment = DescribeEnvironment("cpu", 2);
  EXPECT_EQ(environment, DescribeEnvironment("cpu", 2));
  EXPECT_FALSE(environment.at("hardware").contains("memory_bytes"));
  for (const Json& node : environment.at("hardware").at("numa_nodes"))
    EXPECT_FALSE(node.contains("memory_bytes"));
  EXPECT_FALSE(environment.at("build").contains("commit"));
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
