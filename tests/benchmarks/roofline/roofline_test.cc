#include "benchmarks/roofline/roofline.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

#include "core/error.h"
#include "tests/fixture.h"

namespace eyechart::benchmarks {
namespace {

using eyechart::testing::InputErrorOf;

// The ridge is at 20 operations a byte.
constexpr Ceiling kCeiling{200, 10};

TEST(Utilise, LeftOfTheRidgeMemoryBinds) {
  // 10 operations a byte: 100 GFLOP/s are attainable, 50 are reached.
  const Utilisation used = Utilise(5e10, 5e9, 1, kCeiling);
  EXPECT_DOUBLE_EQ(used.gflops, 50);
  EXPECT_DOUBLE_EQ(used.gbps, 5);
  EXPECT_DOUBLE_EQ(used.intensity, 10);
  EXPECT_DOUBLE_EQ(used.attainable, 100);
  EXPECT_DOUBLE_EQ(used.share, 0.5);
  EXPECT_EQ(used.bound, Bound::kMemory);
  // Where memory binds, the share is that of the bandwidth too.
  EXPECT_DOUBLE_EQ(used.share, used.gbps / kCeiling.gbps);
}

TEST(Utilise, RightOfItComputeBinds) {
  const Utilisation used = Utilise(3e11, 3e9, 2, kCeiling);
  EXPECT_DOUBLE_EQ(used.intensity, 100);
  EXPECT_DOUBLE_EQ(used.attainable, 200);
  EXPECT_DOUBLE_EQ(used.share, 0.75);
  EXPECT_EQ(used.bound, Bound::kCompute);
}

TEST(Utilise, AtTheRidgeBothRoofsMeet) {
  EXPECT_DOUBLE_EQ(RidgePoint(kCeiling), 20);
  EXPECT_DOUBLE_EQ(AttainableGflops(20, kCeiling), 200);
  EXPECT_EQ(Utilise(2e10, 1e9, 1, kCeiling).bound, Bound::kCompute);
}

TEST(Utilise, WithoutBytesComputeBinds) {
  const Utilisation used = Utilise(1e11, 0, 1, kCeiling);
  EXPECT_TRUE(std::isinf(used.intensity));
  EXPECT_DOUBLE_EQ(used.share, 0.5);
  EXPECT_EQ(used.bound, Bound::kCompute);
}

TEST(Utilise, RefusesWhatCannotBe) {
  EXPECT_THROW(Utilise(0, 1, 1, kCeiling), std::logic_error);
  EXPECT_THROW(Utilise(1, -1, 1, kCeiling), std::logic_error);
  EXPECT_THROW(Utilise(1, 1, 0, kCeiling), std::logic_error);
  EXPECT_THROW(Utilise(1, 1, 1, {200, 0}), std::logic_error);
}

MachineCeilings Measured() {
  MachineCeilings ceilings;
  ceilings.threads = 2;
  ceilings.repetitions = 7;
  ceilings.copy = {10, 9, 1 << 26};
  ceilings.products = {{"fp32", 200, 190, "onednn, packed", 8, 16, 32},
                       {"bf16", 400, 390, "onednn, packed", 8, 16, 32}};
  return ceilings;
}

TEST(RooflineJson, HasEveryPointUnderTheRoofOfItsDtype) {
  const Json json =
      RooflineJson(Measured(), {{"clip", "fp32", 8, 1e11, 1e9, 1, ""},
                                {"clip", "bf16", 8, 1e11, 0, 1, "dense head"}});
  EXPECT_EQ(json.at("schema"), 1);
  EXPECT_EQ(json.at("products")[0].at("ridge"), 20);
  EXPECT_EQ(json.at("products")[1].at("shape"), Json({8, 16, 32}));
  EXPECT_EQ(json.at("points")[0].at("share"), 0.5);
  EXPECT_EQ(json.at("points")[0].at("bound"), "compute");
  EXPECT_EQ(json.at("points")[1].at("share"), 0.25);
  EXPECT_TRUE(json.at("points")[1].at("intensity").is_null());
  EXPECT_FALSE(json.at("points")[0].contains("setting"));
  EXPECT_EQ(json.at("points")[1].at("setting"), "dense head");
  EXPECT_EQ(json.at("valid"), true);
  EXPECT_TRUE(json.at("meanwhile").is_null());
}

// The host's threads bear no part of a GPU's roofs.
TEST(RooflineJson, NamesTheProcessorsThreadsAlone) {
  MachineCeilings ceilings = Measured();
  EXPECT_EQ(RooflineJson(ceilings, {}).at("threads"), 2);
  ceilings.device = "cuda:0";
  EXPECT_FALSE(RooflineJson(ceilings, {}).contains("threads"));
}

TEST(RooflineJson, SaysWhereTheMachineWasDisturbed) {
  MachineCeilings ceilings = Measured();
  ceilings.findings = {{true, "roofs: others", "end them"},
                       {false, "roofs: warm", "wait"}};
  ceilings.meanwhile = {{"load1", 3}};
  const Json json = RooflineJson(ceilings, {});
  EXPECT_EQ(json.at("valid"), false);
  EXPECT_EQ(json.at("reasons"), Json::array({"roofs: others"}));
  EXPECT_EQ(json.at("advice"), Json::array({"end them"}));
  EXPECT_EQ(json.at("warnings"), Json::array({"roofs: warm; wait"}));
  EXPECT_EQ(json.at("meanwhile").at("load1"), 3);
}

TEST(MachineCeilings, NamesTheDtypesThereAre) {
  EXPECT_DOUBLE_EQ(Measured().Of("bf16").gflops, 400);
  EXPECT_DOUBLE_EQ(Measured().Of("bf16").gbps, 10);
  EXPECT_NE(InputErrorOf([] { Measured().Of("fp16"); }).find("fp32, bf16"),
            std::string::npos);
}

}  // namespace
}  // namespace eyechart::benchmarks
