#include "reports/gate/environments.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace eyechart::reports {
namespace {

using Differences = std::map<std::string, std::pair<Json, Json>>;

Differences Between(const Json& was,
                    const Json& is,
                    const Policy& policy = {},
                    bool lacking = false) {
  return EnvironmentDifferences({{"a", was}}, "a", {{"b", is}}, "b", policy,
                                lacking);
}

Policy MustAgree(const std::vector<std::string>& keys) {
  Policy policy;
  policy.must_agree = keys;
  return policy;
}

// As `run` and `bench` write it, shortened.
Json Full() {
  return {{"schema", 1},
          {"command", "eyechart run x"},
          {"eyechart", "1"},
          {"commit", "abc"},
          {"cpu", "A"},
          {"device", "cuda"},
          {"memory", "8 kB"},
          {"libraries", {{"faiss", "1.7.3"}, {"onednn", "3.7"}}},
          {"gpus", Json::array({{{"name", "H100"}, {"power_limit_w", 700}}})},
          {"hardware",
           {{"governors", {"performance"}},
            {"cpu_quota", nullptr},
            {"numa_nodes", Json::array({{{"cpus", 4}}, {{"cpus", 4}}})}}},
          {"build", {{"flags", "-O3"}, {"allocator", "glibc 2.36"}}}};
}

TEST(Environments, DifferByTheFactThatDiffers) {
  Json other = Full();
  other["hardware"]["governors"] = {"powersave"};
  other["libraries"]["onednn"] = "3.8";
  const Differences found = Between(Full(), other);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found.at("hardware.governors").first, Json({"performance"}));
  EXPECT_EQ(found.at("libraries.onednn").second, "3.8");
  other = Full();
  other["hardware"]["cpu_quota"] = 2;  // none before
  EXPECT_TRUE(Between(Full(), other).contains("hardware.cpu_quota"));
}

TEST(Environments, OfAnotherGpuDiffer) {
  Json other = Full();
  other["gpus"][0]["name"] = "H200";
  EXPECT_TRUE(Between(Full(), other).contains("gpus"));
  other["gpus"] = Json::array();
  EXPECT_TRUE(Between(Full(), other).contains("gpus"));
  other = Full();
  other["gpus"].push_back(other["gpus"][0]);
  EXPECT_TRUE(Between(Full(), other).contains("gpus"));
  // Where the management library was absent, the cap is not known.
  other = Full();
  other["gpus"][0].erase("power_limit_w");
  EXPECT_TRUE(Between(Full(), other).empty());
  EXPECT_TRUE(Between(other, Full()).empty());
}

TEST(Environments, OfOneMachineAgreeWhateverIsUnderTest) {
  Json other = Full();
  other["command"] = "eyechart run y";
  other["eyechart"] = "2";
  other["commit"] = "def-dirty";
  other["memory"] = "9 kB";
  other["build"]["flags"] = "-O2";
  EXPECT_TRUE(Between(Full(), other).empty());
}

TEST(Environments, OfAnOlderEyechartLackKeysAndCanBeCompared) {
  Json old = Full();
  for (const char* key : {"libraries", "gpus", "hardware", "build", "commit"})
    old.erase(key);
  EXPECT_TRUE(Between(old, Full()).empty());
  EXPECT_TRUE(Between(Full(), old).empty());
  old["hardware"] = {{"governors", {"performance"}}};
  EXPECT_TRUE(Between(old, Full()).empty());
  old["cpu"] = "B";
  EXPECT_EQ(Between(old, Full()).size(), 1u);
  // Who shows all that differs, and who asked for this one.
  EXPECT_EQ(Between(old, Full(), {}, true).count("gpus"), 1u);
  EXPECT_EQ(Between(old, Full(), {}, true).count("hardware.cpu_quota"), 1u);
  const Differences asked = Between(old, Full(), MustAgree({"gpus"}));
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_TRUE(asked.at("gpus").first.is_null());
}

TEST(Environments, ArePartsWhereAPolicyNamesTheWhole) {
  Json other = Full();
  other["hardware"]["governors"] = {"powersave"};
  Policy policy;
  policy.may_differ.emplace_back("hardware");
  EXPECT_TRUE(Between(Full(), other, policy).empty());
  policy.may_differ.back() = "hardware.governors";
  EXPECT_TRUE(Between(Full(), other, policy).empty());
  policy.may_differ.back() = "hard";
  EXPECT_FALSE(Between(Full(), other, policy).empty());
  EXPECT_FALSE(Between(Full(), other, MustAgree({"hardware"})).empty());
  EXPECT_TRUE(
      Between(Full(), other, MustAgree({"hardware.isa", "cpu"})).empty());
}

TEST(Environments, WithNothingInCommonAreNotTheSame) {
  EXPECT_TRUE(Between({{"cpu", "A"}}, Json::object()).contains("fingerprint"));
  // What they share must count.
  EXPECT_TRUE(Between({{"schema", 1}, {"cpu", "A"}}, {{"schema", 1}})
                  .contains("fingerprint"));
  EXPECT_TRUE(
      EnvironmentDifferences({}, "a", {}, "b", {}).contains("fingerprint"));
  EXPECT_TRUE(EnvironmentDifferences({}, "a", {}, "a", {}).empty());
}

}  // namespace
}  // namespace eyechart::reports
